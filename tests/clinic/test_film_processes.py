"""Films answered beside the server: as within it, in order, whoever kills a process, and pages."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bundle_factory import make_bundle
from clinic_factory import csrf_of, phantom_png
from covid_d.clinic import film_processes, film_work
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.film_processes import FilmProcesses, beside
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.detector import Bundle, BundleId, Detector
from covid_d.errors import BundleError
from covid_d.likeness.film_print import FilmPrint
from covid_d.radiograph import RefusalCode, read

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

SignIn = Callable[[Role], TestClient]
LONG = 300.0  # seconds that a machine may take that does much else


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle.load(make_bundle(tmp_path_factory.mktemp("bundle") / "phantom"))


@pytest.fixture(scope="module")
def shared() -> Iterator[FilmProcesses]:
    """One process, for tests that leave it as it was or kill it."""
    processes = FilmProcesses(1)
    yield processes
    processes.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _print(seed: int) -> bytes:
    return FilmPrint.of(read(phantom_png(seed))).packed()


def _is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def halted(shared: FilmProcesses, bundle: Bundle) -> Iterator[int]:
    """The one process, stopped in its tracks: whatever it is asked waits."""
    shared.examine(bundle, phantom_png(1))
    (number,) = shared.numbers
    os.kill(number, signal.SIGSTOP)
    yield number
    if _is_there(number):
        os.kill(number, signal.SIGCONT)


def _is_busy(processes: FilmProcesses, waiting: int = 0) -> bool:
    return not processes._idle and len(processes._line) == waiting


@pytest.mark.parametrize("preview", [False, True])
def test_a_film_is_examined_as_within_the_server(
    shared: FilmProcesses, bundle: Bundle, preview: bool
) -> None:
    content = phantom_png(4)
    found = shared.examine(bundle, content, preview=preview)
    here = film_work.examine(Detector(bundle), content, preview=preview)
    assert found.examination.to_dict() == here.examination.to_dict()
    assert found.examination.bundle == bundle.id
    assert found.sight == here.sight
    assert found.milliseconds > 0
    assert found.sight is not None
    assert (found.sight.preview is not None) is preview


def test_what_cannot_be_read_is_refused_there_too(shared: FilmProcesses, bundle: Bundle) -> None:
    found = shared.examine(bundle, b"no picture")
    assert found.examination.refusal is not None
    assert found.examination.refusal.code is RefusalCode.NOT_AN_IMAGE
    assert found.sight is None


def test_prints_are_compared_there(shared: FilmProcesses) -> None:
    mine, others = _print(2), [_print(3), _print(2)]
    alike = shared.compare(mine, others)
    assert alike == film_work.compare(mine, others)
    assert alike[0] == 0 < 0.99 < alike[1]


def test_another_bundle_is_sent_when_it_is_asked_for(
    shared: FilmProcesses, bundle: Bundle, tmp_path: Path
) -> None:
    other = Bundle.load(make_bundle(tmp_path / "other", name="other"))
    for each in (bundle, other, bundle):
        assert shared.examine(each, phantom_png(1)).examination.bundle == each.id


def test_a_bundle_that_cannot_be_used_is_told_and_leaves_none_that_answers(
    shared: FilmProcesses, bundle: Bundle
) -> None:
    files = {**bundle.files, bundle.spec.network.file: b"no network"}
    name = BundleId(bundle.id.name, bundle.id.version, "f" * 64)
    broken = dataclasses.replace(bundle, files=files, id=name)
    for _ in range(2):
        with pytest.raises(BundleError, match="cannot be loaded"):
            shared.examine(broken, phantom_png(1))
    (before,) = shared.numbers
    assert shared.examine(bundle, phantom_png(1)).examination.refusal is None
    assert shared.numbers == [before], "nobody died of it"


def test_it_steps_back_and_stays_when_all_are_told_to_stop(
    shared: FilmProcesses, bundle: Bundle
) -> None:
    shared.examine(bundle, phantom_png(1))
    (number,) = shared.numbers
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, number) == min(19, own + 10)
    for told in (signal.SIGTERM, signal.SIGINT):  # systemd, Ctrl-C: to every process of the service
        os.kill(number, told)
    shared.examine(bundle, phantom_png(2))
    assert shared.numbers == [number]


def test_one_that_was_killed_while_it_had_nothing_to_do(
    shared: FilmProcesses, bundle: Bundle
) -> None:
    shared.examine(bundle, phantom_png(1))
    (number,) = shared.numbers
    os.kill(number, signal.SIGKILL)
    assert shared.examine(bundle, phantom_png(2)).examination.refusal is None
    assert shared.numbers != [number]


def test_a_film_whose_process_is_killed_is_answered_by_another(
    shared: FilmProcesses, bundle: Bundle, halted: int, pool: ThreadPoolExecutor
) -> None:
    film = pool.submit(shared.examine, bundle, phantom_png(5))
    _wait_until(lambda: _is_busy(shared))
    assert not film.done()
    os.kill(halted, signal.SIGKILL)
    expected = film_work.examine(Detector(bundle), phantom_png(5)).examination
    assert film.result(LONG).examination.to_dict() == expected.to_dict()
    assert len(shared.numbers) == 1


def test_films_come_in_order_and_the_rest_of_one_before_the_next(
    shared: FilmProcesses, bundle: Bundle, halted: int, pool: ThreadPoolExecutor
) -> None:
    done: list[str] = []

    def ask(name: str, call: Callable[[], Any]) -> Future[Any]:
        asked = pool.submit(call)
        asked.add_done_callback(lambda _: done.append(name))
        return asked

    asked = [ask("first", lambda: shared.examine(bundle, phantom_png(1)))]
    _wait_until(lambda: _is_busy(shared))
    for waiting, seed in enumerate((2, 3, 4), 1):
        asked.append(ask(f"film {seed}", partial(shared.examine, bundle, phantom_png(seed))))
        _wait_until(partial(_is_busy, shared, waiting))
    asked.append(ask("rest", lambda: shared.compare(_print(1), [_print(2)])))
    _wait_until(lambda: _is_busy(shared, 4))
    assert done == []
    os.kill(halted, signal.SIGCONT)
    for each in asked:
        each.result(LONG)
    assert sorted(done) == ["film 2", "film 3", "film 4", "first", "rest"]
    assert [name for name in done if name.startswith("film")] == ["film 2", "film 3", "film 4"]
    assert done.index("rest") < done.index("film 3"), "before the films that waited longer"


def _dies(_: None, pipe: Connection) -> None:
    pipe.recv()
    os.kill(os.getpid(), signal.SIGSEGV)


def _sleeps(_: None, pipe: Connection) -> None:
    pipe.recv()
    time.sleep(LONG)


def _fails(_: None, pipe: Connection) -> None:
    while True:
        pipe.recv()
        pipe.send(("fault", "KeyError('x')"))


@pytest.fixture
def processes() -> Iterator[FilmProcesses]:
    """One process of a test's own."""
    found = FilmProcesses(1)
    yield found
    found.close()


def test_a_film_that_ends_every_process_is_given_up(
    processes: FilmProcesses, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_processes, "_answer", _dies)
    with pytest.raises(UnavailableError, match="SIGSEGV") as told:
        processes.examine(bundle, phantom_png(1))
    assert (told.value.status, told.value.code) == (503, "film_ends_process")
    assert "No se guardó nada" in told.value.text.in_language("es")
    monkeypatch.undo()
    assert processes.examine(bundle, phantom_png(1)).examination.refusal is None


def test_a_film_without_end_is_ended_once(
    processes: FilmProcesses, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_processes, "_answer", _sleeps)
    monkeypatch.setattr(film_processes, "LONGEST_S", 0.2)
    with pytest.raises(UnavailableError, match="0 s") as told:
        processes.examine(bundle, phantom_png(1))
    assert told.value.code == "film_ends_process"
    assert processes.numbers == []


def test_a_fault_of_ours_is_told_and_ends_nothing(
    processes: FilmProcesses, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_processes, "_answer", _fails)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"KeyError\('x'\)"):
            processes.examine(bundle, phantom_png(1))
    assert len(processes.numbers) == 1
    assert _is_busy(processes) is False


def test_who_waits_when_the_server_stops_is_told(
    bundle: Bundle, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_processes, "_answer", _sleeps)
    processes = FilmProcesses(1)
    asked = [pool.submit(processes.examine, bundle, phantom_png(1))]
    _wait_until(lambda: _is_busy(processes) and bool(processes.numbers))
    asked.append(pool.submit(processes.examine, bundle, phantom_png(2)))
    _wait_until(lambda: _is_busy(processes, 1))
    (number,) = processes.numbers
    processes.close()
    for each in asked:
        with pytest.raises(UnavailableError) as told:
            each.result(LONG)
        assert told.value.code == "server_stops"
    with pytest.raises(UnavailableError):
        processes.compare(b"", [])
    processes.begin(bundle)
    assert processes.numbers == []
    assert not _is_there(number)


def test_as_many_as_are_wanted_are_ready_before_the_first_film_and_none_is_left(
    installation: Installation,
) -> None:
    active = installation.active_detector
    active.prepare()
    assert active.processes is None
    with beside(active, 0):
        assert active.processes is None
    with beside(active, 2):
        assert active.processes is not None
        active.prepare()
        numbers = active.processes.numbers
        assert len(set(numbers)) == 2
        assert active.examine(phantom_png(3)).examination.bundle == active.detector.bundle.id
        assert active.processes.numbers == numbers
        assert active.compare(_print(3), [_print(3)])[0] > 0.99
    assert active.processes is None
    assert not any(map(_is_there, numbers))
    with beside(active):
        assert active.processes is not None
        assert len(active.processes._desks) == max(1, len(os.sched_getaffinity(0)) - 1)


def test_pages_are_answered_while_films_wait_and_a_killed_process_costs_nobody_a_film(
    installation: Installation, signed_in: SignIn, pool: ThreadPoolExecutor
) -> None:
    doctor = signed_in(Role.DOCTOR)
    token = csrf_of(installation, doctor)

    def send(seed: int) -> int:
        headers = {"x-csrf-token": token, "content-type": "image/png"}
        return doctor.post("/films/staged", content=phantom_png(seed), headers=headers).status_code

    with beside(installation.active_detector, 1):
        processes = installation.active_detector.processes
        assert processes is not None
        assert send(1) == 201
        (number,) = processes.numbers
        os.kill(number, signal.SIGSTOP)
        films = [pool.submit(send, seed) for seed in range(2, 7)]
        _wait_until(lambda: _is_busy(processes, 4))
        for page in ("/cases", "/cases/new", "/dashboard"):
            assert doctor.get(page).status_code == 200
        assert not any(film.done() for film in films)
        os.kill(number, signal.SIGKILL)
        assert [film.result(LONG) for film in films] == [201] * 5
        assert processes.numbers != [number]


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("covid_d.clinic.film_processes", ("numpy", "onnxruntime", "sqlalchemy", "torch")),
        ("covid_d.clinic.film_work", ("sqlalchemy", "fastapi", "uvicorn", "torch")),
    ],
)
def test_a_process_loads_no_more_than_films_need(module: str, without: tuple[str, ...]) -> None:
    asked = f"import {module}, sys; print(*sorted(set(sys.modules) & set({without!r})))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
