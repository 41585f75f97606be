from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from covid_d.training.report import write_report

pytestmark = pytest.mark.train


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    keep = shutil.ignore_patterns("cache", "*.pth", "bundle")
    return Path(shutil.copytree(finished_run, tmp_path / "run", ignore=keep))


@pytest.fixture
def record(run: Path) -> dict[str, object]:
    return dict(json.loads((run / "run.json").read_text()))


def test_the_page_holds_everything_and_loads_nothing(run: Path) -> None:
    page = (run / "report.html").read_text()
    for heading in ("Stage 1", "Learning-rate finder", "Stage 2", "Recipe", "Top losses", "Epochs"):
        assert heading in page
    assert page.count("data:image/png;base64,") == 7
    assert "http://" not in page
    assert "https://" not in page
    assert 'src="/' not in page


def test_it_warns_of_pooled_figures(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert "inflated" in page
    assert "Rehearsal" not in page


def test_a_rehearsal_says_so(run: Path, record: dict[str, object]) -> None:
    write_report(run, record | {"limit": 64})
    assert "Rehearsal on about 64 films" in (run / "report.html").read_text()


def test_a_run_within_stage_1_has_a_page_too(run: Path, record: dict[str, object]) -> None:
    shutil.rmtree(run / "stage-2")
    (run / "lr-finder.csv").unlink()
    page = write_report(run, record).read_text()
    assert "Stage 1" in page
    assert "Stage 2" not in page
    assert "Learning-rate finder" not in page


def test_every_epoch_has_its_row(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert page.count(" s</td>") == 5
