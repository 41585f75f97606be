"""What answers a lot: the answers of ``Detector.assess``, and films that kill."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundle_factory import make_bundle
from covid_d.detector import Detector
from covid_d.errors import CovidDError
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob
from covid_d.screen.identity import hashed
from covid_d.screen.listing import ListedFilm
from covid_d.screen.screener import FilmScreener, Screener, ScreenerOrder
from covid_d.screen.table import answer_of, path_of
from deadly_films import deadly_environment

from .conftest import SALT, MakeJob

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


def rows(job: ScreenJob) -> list[dict[str, Any]]:
    return [row for part in job.rows() for row in part]


class TestAnswers:
    def test_they_are_the_detectors(
        self, make_job: MakeJob, order: ScreenerOrder, bundle: Path, archive: Path
    ) -> None:
        job = make_job(prevalence=0.1)
        ticks: list[int] = []
        assert Screener(order)(0, lambda: ticks.append(1)) == 4
        assert len(ticks) == 4
        names = ["film.dcm", "torn.png", "2020/a.png", "2020/b.png"]
        detector = Detector.load(bundle)
        assert [answer_of(row) for row in rows(job)] == [
            detector.assess(archive / name, prevalence=0.1).to_dict() for name in names
        ]
        assert [row["number"] for row in rows(job)] == [0, 1, 2, 3]
        assert job.tried(0) is None

    def test_what_is_known_of_the_films(
        self, make_job: MakeJob, order: ScreenerOrder, archive: Path
    ) -> None:
        job = make_job()
        Screener(order)(0)
        dicom, torn, picture, _ = rows(job)
        assert (dicom["format"], dicom["width"], dicom["height"]) == ("DICOM", 128, 128)
        assert (dicom["unit"], dicom["month"]) == ("Hospital del Sur", "2020-03")
        assert dicom["study"] == hashed("1.2.3", SALT)
        assert dicom["series"] == hashed("1.2.3.4", SALT)
        assert dicom["patient"] == hashed("Hospital del Sur\x0017-4", SALT)
        assert (picture["unit"], picture["month"], picture["study"]) == (None, None, None)
        for row in rows(job):
            content = Path(row["path"]).read_bytes()
            assert row["sha256"] == hashlib.sha256(content).hexdigest()
            assert row["size"] == len(content)
            assert row["seconds"] > 0
        assert torn["format"] is None

    def test_no_identifier_is_written_unless_it_is_asked_for(
        self, make_job: MakeJob, order: ScreenerOrder, tmp_path: Path
    ) -> None:
        job = make_job()
        Screener(order)(0)
        part = (tmp_path / "job" / "films" / "00000000.parquet").read_bytes()
        for secret in (b"17-4", b"1.2.3.4", b"20200317", b"2020-03-17"):
            assert secret not in part
        assert "patient_id" not in rows(job)[0]

    def test_asked_for_they_are(self, make_job: MakeJob, order: ScreenerOrder) -> None:
        job = make_job(identifiers=True)
        Screener(order)(0)
        dicom, *others = rows(job)
        assert dicom["patient_id"] == "17-4"
        assert (dicom["study_uid"], dicom["series_uid"]) == ("1.2.3", "1.2.3.4")
        assert dicom["taken_on"] == "2020-03-17"
        assert {row["patient_id"] for row in others} == {None}

    def test_what_was_listed_and_is_gone_has_its_row(
        self, make_job: MakeJob, order: ScreenerOrder, tmp_path: Path
    ) -> None:
        films = tmp_path / "films"
        films.mkdir()
        draw_phantom(1, size=128).to_image().save(films / "a.png")
        job = make_job(films)
        (films / "a.png").unlink()
        Screener(order)(0)
        (row,) = rows(job)
        assert row["refusal"]["code"] == "not_found"
        assert row["sha256"] is None

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such name")
    def test_a_name_that_is_no_text(
        self, make_job: MakeJob, order: ScreenerOrder, tmp_path: Path
    ) -> None:
        films = tmp_path / "films"
        films.mkdir()
        odd = os.fsdecode(os.fsencode(films) + b"/\xe9\xff.png")
        draw_phantom(1, size=128).to_image().save(films / "a.png")
        (films / "a.png").rename(odd)
        job = make_job(films)
        Screener(order)(0)
        assert path_of(rows(job)[0]) == odd
        assert rows(job)[0]["outcome"] != "refused"


class TestAnother:
    def test_a_machine_with_another_bundle_answers_nothing(
        self, make_job: MakeJob, order: ScreenerOrder, tmp_path: Path
    ) -> None:
        make_job()
        other = make_bundle(tmp_path / "other", version="2.0")
        with pytest.raises(CovidDError, match="not what the job was begun with"):
            Screener(replace(order, bundle=str(other)))

    def test_nor_one_with_other_code(
        self, make_job: MakeJob, order: ScreenerOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_job()
        monkeypatch.setattr("covid_d.screen.screener.this_code", lambda: "0.0.1")
        with pytest.raises(CovidDError, match=r"COVID-D 0\.0\.1, not what"):
            Screener(order)


@posix
class TestCare:
    """Lots that a process died over before."""

    @pytest.fixture
    def films(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name, value in deadly_environment(tmp_path / "site").items():
            monkeypatch.setenv(name, value)
        folder = tmp_path / "films"
        folder.mkdir()
        draw_phantom(1, size=128).to_image().save(folder / "a.png")
        for name in ("deadly.png", "moody.png", "z.png"):
            (folder / name).write_bytes((folder / "a.png").read_bytes())
        return folder

    def test_the_film_that_kills_is_found_and_the_others_are_answered(
        self, make_job: MakeJob, order: ScreenerOrder, films: Path
    ) -> None:
        job = make_job(films)
        job.note(0, {})
        ticks: list[int] = []
        Screener(order)(0, lambda: ticks.append(1))
        good, deadly, moody, last = rows(job)
        assert deadly["refusal"]["code"] == "internal_error"
        assert "SIGSEGV" in deadly["refusal"]["message"]["es"]
        assert (deadly["path"], deadly["size"]) == (str(films / "deadly.png"), good["size"])
        for row in (good, moody, last):
            assert row["outcome"] == good["outcome"] != "refused"
        assert len(ticks) == 4
        assert job.tried(0) is None

    def test_what_the_whole_machine_died_over_three_times_is_not_tried_again(
        self, make_job: MakeJob, order: ScreenerOrder, films: Path
    ) -> None:
        job = make_job(films)
        job.note(0, {"film": "0", "deaths": {"0": 2}})
        Screener(order)(0)
        first, *_ = rows(job)
        assert "killed" in first["refusal"]["message"]["en"]
        assert first["path"] == str(films / "a.png")

    def test_twice_is_not_yet_enough(
        self, make_job: MakeJob, order: ScreenerOrder, films: Path
    ) -> None:
        job = make_job(films)
        job.note(0, {"film": "0", "deaths": {"0": 1}})
        Screener(order)(0)
        assert rows(job)[0]["outcome"] != "refused"

    @pytest.mark.slow
    def test_a_film_that_never_ends(
        self, make_job: MakeJob, order: ScreenerOrder, films: Path
    ) -> None:
        for path in films.iterdir():
            path.rename(films / f"{'endless' if path.name == 'a.png' else 'fine-' + path.stem}.png")
        (films / "fine-deadly.png").unlink()
        job = make_job(films)
        job.note(0, {})
        Screener(replace(order, longest=3.0))(0)
        endless, *others = rows(job)
        assert endless["refusal"]["code"] == "internal_error"
        assert "exit code 1" in endless["refusal"]["message"]["en"]
        assert {row["outcome"] == "refused" for row in others} == {False}


def test_a_refused_film_has_no_number(make_job: MakeJob, order: ScreenerOrder) -> None:
    films = FilmScreener(order, make_job())
    row = films.refused(7, ListedFilm("/x.png", 5, "e"), "SIGKILL")
    assert (row["number"], row["path"], row["size"], row["etag"]) == (7, "/x.png", 5, "e")
    assert row["outcome"] == "refused"
    assert (row["appearance"], row["probability"], row["covid"]) == (None, None, None)
