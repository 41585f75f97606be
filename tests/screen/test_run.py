"""A screening from archive to counts, in one piece and in several."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.detector import Detector, expand
from covid_d.errors import CovidDError
from covid_d.screen import ScreenJob, screen
from covid_d.screen.run import Watcher
from covid_d.screen.table import answer_of


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job"


def test_every_film_has_its_answer(archive: Path, bundle: Path, job: Path) -> None:
    counts = screen(archive, job, bundle=bundle, prevalence=0.2, workers=2)
    films = expand([archive])
    assert (counts.films, counts.numbers) == (len(films), len(films))
    kept = [answer_of(row) for rows in ScreenJob.open(job).rows() for row in rows]
    detector = Detector.load(bundle)
    assert kept == [answer.to_dict() for answer in detector.assess_many(films, prevalence=0.2)]
    record = ScreenJob.open(job).record
    assert record["counts"] == counts.to_dict()
    assert record["ended"] is not None


def test_run_again_it_does_nothing_more(archive: Path, bundle: Path, job: Path) -> None:
    first = screen(archive, job, bundle=bundle, workers=1)
    before = {path: path.stat().st_mtime_ns for path in job.rglob("*.parquet")}
    ended = ScreenJob.open(job).record["ended"]
    told: list[tuple[int, int]] = []
    watcher = Watcher(begun=lambda films, done: told.append((films, done)))
    assert screen(archive, job, bundle=bundle, watcher=watcher) == first
    assert told == [(4, 4)]
    assert {path: path.stat().st_mtime_ns for path in job.rglob("*.parquet")} == before
    assert ScreenJob.open(job).record["ended"] == ended


def test_films_that_come_later_are_another_job(archive: Path, bundle: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    shutil.copytree(archive, films)
    screen(films, tmp_path / "one", bundle=bundle, workers=1)
    shutil.copy(films / "2020" / "a.png", films / "new.png")
    assert screen(films, tmp_path / "one", bundle=bundle, workers=1).films == 4
    assert screen(films, tmp_path / "two", bundle=bundle, workers=1).films == 5


def test_a_relative_archive_is_the_same_from_elsewhere(
    archive: Path, bundle: Path, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive.parent)
    screen(archive.name, job, bundle=bundle, workers=1)
    monkeypatch.chdir(job)
    assert screen(archive, job, bundle=bundle, workers=1).films == 4


def test_another_bundle_is_another_job(
    archive: Path, bundle: Path, job: Path, tmp_path: Path
) -> None:
    screen(archive, job, bundle=bundle, workers=1)
    with pytest.raises(CovidDError, match="answered by another bundle"):
        screen(archive, job, bundle=make_bundle(tmp_path / "b", version="2.0"))


def test_nothing_is_begun_for_an_archive_that_is_not_there(
    bundle: Path, job: Path, tmp_path: Path
) -> None:
    with pytest.raises(CovidDError, match="There is no archive"):
        screen(tmp_path / "none", job, bundle=bundle)
    assert not job.exists()


def test_an_empty_archive(bundle: Path, job: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CovidDError, match="There is no film in"):
        screen(tmp_path / "empty", job, bundle=bundle)


def test_rows_that_do_not_add_up_are_no_end(archive: Path, bundle: Path, job: Path) -> None:
    screen(archive, job, bundle=bundle, workers=1)
    shutil.copy(job / "films" / "00000000.parquet", job / "films" / "00000001.parquet")
    with pytest.raises(CovidDError, match="has 8 rows of 4 films"):
        screen(archive, job, bundle=bundle, workers=1)


def test_how_far_it_is(archive: Path, bundle: Path, job: Path) -> None:
    listed: list[int] = []
    answered: list[int] = []
    begun: list[tuple[int, int]] = []
    watcher = Watcher(
        listed.append, lambda films, done: begun.append((films, done)), answered.append
    )
    screen(archive, job, bundle=bundle, workers=1, watcher=watcher)
    assert listed == [4]
    assert begun == [(4, 0)]
    assert sum(answered) == 4
