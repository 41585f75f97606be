"""The local engine: workers that die are replaced, and what stops a run leaves no trace."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from covid_d.errors import CovidDError
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob
from covid_d.screen.local import run_local
from covid_d.screen.screener import ScreenerOrder
from deadly_films import deadly_environment

from .conftest import MakeJob

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Three lots: 130 films."""
    folder = tmp_path / "films"
    folder.mkdir()
    draw_phantom(1, size=128).to_image().save(folder / "000.png")
    content = (folder / "000.png").read_bytes()
    for number in range(1, 130):
        (folder / f"{number:03}.png").write_bytes(content)
    return folder


def rows(job: ScreenJob) -> list[dict[str, Any]]:
    return [row for part in job.rows() for row in part]


def test_every_lot_is_answered_and_counted(
    make_job: MakeJob, order: ScreenerOrder, films: Path
) -> None:
    job = make_job(films)
    ticks: list[int] = []
    run_local(job, order, job.missing(), 2, ticks.append)
    assert job.missing() == []
    assert [row["number"] for row in rows(job)] == list(range(130))
    assert sum(ticks) == 130
    assert job.place.names("trying") == []


def test_a_worker_that_is_killed_is_replaced(
    make_job: MakeJob, order: ScreenerOrder, films: Path
) -> None:
    job = make_job(films)
    ticks: list[int] = []
    killed: list[int] = []

    def on_films(more: int) -> None:
        ticks.append(more)
        if sum(ticks) >= 20 and not killed:
            import multiprocessing

            victim = multiprocessing.active_children()[0]
            os.kill(victim.pid or 0, signal.SIGKILL)
            killed.append(1)

    run_local(job, order, job.missing(), 1, on_films)
    assert killed
    assert min(ticks) < 0, "what the dead one had answered is counted back"
    assert sum(ticks) == 130
    assert [row["number"] for row in rows(job)] == list(range(130))
    assert {row["outcome"] == "refused" for row in rows(job)} == {False}


@pytest.mark.slow
def test_a_film_that_kills_costs_itself_alone(
    make_job: MakeJob,
    order: ScreenerOrder,
    films: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in deadly_environment(tmp_path / "site").items():
        monkeypatch.setenv(name, value)
    (films / "070.png").rename(films / "deadly.png")
    job = make_job(films)
    run_local(job, order, job.missing(), 2, lambda more: None)
    refused = [row for row in rows(job) if row["outcome"] == "refused"]
    assert [Path(row["path"]).name for row in refused] == ["deadly.png"]
    assert "SIGSEGV" in refused[0]["refusal"]["message"]["en"]
    assert len(rows(job)) == 130


def test_what_is_stopped_died_of_nothing(
    make_job: MakeJob, order: ScreenerOrder, films: Path
) -> None:
    job = make_job(films)
    ticks: list[int] = []

    def on_films(more: int) -> None:
        ticks.append(more)
        if len(ticks) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_local(job, order, job.missing(), 2, on_films)
    assert job.place.names("trying") == []
    import multiprocessing

    assert multiprocessing.active_children() == []
    run_local(job, order, job.missing(), 2, ticks.append)
    assert [row["number"] for row in rows(job)] == list(range(130))


def test_a_workers_error_is_ours(make_job: MakeJob, order: ScreenerOrder, films: Path) -> None:
    job = make_job(films)
    with pytest.raises(CovidDError, match="There is no bundle at") as caught:
        run_local(job, replace(order, bundle="/none"), job.missing(), 2, lambda more: None)
    said, next_step = caught.value.in_language("es")
    assert said != caught.value.message, "its Spanish came along"
    assert next_step
    assert job.place.names("trying") == []


def test_workers_that_cannot_even_start(
    make_job: MakeJob,
    order: ScreenerOrder,
    films: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_job(films)
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CovidDError, match=r"keep dying \(exit code 3\)"):
        run_local(job, order, job.missing(), 1, lambda more: None)
