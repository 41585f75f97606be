"""A job on disk: begun once, continued as it was begun, counted by its parts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.detector import Bundle
from covid_d.errors import CovidDError
from covid_d.provenance import this_code
from covid_d.screen import ScreenJob, ScreenOptions
from covid_d.screen.job import FILE, GROUP, MOST_LOTS
from covid_d.screen.listing import ListedFilm
from covid_d.screen.table import FILM
from covid_d.settings import settings


def many(count: int) -> Iterator[ListedFilm]:
    return (ListedFilm(f"/archive/{number:07}.dcm", number) for number in range(count))


@pytest.fixture
def options(bundle: Path) -> ScreenOptions:
    return ScreenOptions("/archive", Bundle.load(bundle).id, 0.1, "ours")


@pytest.fixture
def job(tmp_path: Path, options: ScreenOptions) -> ScreenJob:
    return ScreenJob.begin(tmp_path / "job", options)


def row(number: int) -> dict[str, object]:
    answer = {"path": f"/{number}", "path_bytes": None, "outcome": "negative"}
    return {**dict.fromkeys(name for name, _ in FILM), **answer, "number": number}


class TestBegin:
    def test_what_is_recorded(self, job: ScreenJob, options: ScreenOptions) -> None:
        kept = json.loads(job.place.read("job.json"))
        assert kept["options"] == {
            "archive": "/archive",
            "bundle": options.bundle.to_dict(),
            "prevalence": 0.1,
            "table": "ours",
            "identifiers": False,
        }
        assert kept["code"] == this_code()
        assert kept["films"] is None
        assert ScreenOptions.from_dict(kept["options"]) == options

    def test_begun_again_it_is_the_same(
        self, job: ScreenJob, options: ScreenOptions, tmp_path: Path
    ) -> None:
        job.write_list(many(3))
        again = ScreenJob.begin(tmp_path / "job", options)
        assert again.record == job.record
        assert again.films == 3
        assert ScreenJob.open(tmp_path / "job").record == job.record

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"archive": "/other"}, "another archive: /archive, not /other"),
            ({"prevalence": 0.2}, "another prevalence: 0.1, not 0.2"),
            ({"table": None}, "another table: ours, not None"),
            ({"identifiers": True}, "another identifiers: False, not True"),
        ],
    )
    def test_other_options_are_refused(
        self,
        job: ScreenJob,
        options: ScreenOptions,
        tmp_path: Path,
        changed: dict[str, object],
        said: str,
    ) -> None:
        before = job.place.read("job.json")
        with pytest.raises(CovidDError, match=said):
            ScreenJob.begin(tmp_path / "job", replace(options, **changed))  # type: ignore[arg-type]
        assert job.place.read("job.json") == before

    def test_another_bundle_is_refused(
        self, job: ScreenJob, options: ScreenOptions, tmp_path: Path
    ) -> None:
        other = Bundle.load(make_bundle(tmp_path / "other", version="2.0"))
        with pytest.raises(CovidDError, match=r"another bundle: phantom 1\.0 .*, not phantom 2\.0"):
            ScreenJob.begin(tmp_path / "job", replace(options, bundle=other.id))

    def test_other_code_is_refused(
        self, job: ScreenJob, options: ScreenOptions, tmp_path: Path
    ) -> None:
        job.record["code"] = "0.0.1 (source abc)"
        job.save()
        with pytest.raises(CovidDError, match=r"begun by COVID-D 0\.0\.1 \(source abc\)"):
            ScreenJob.begin(tmp_path / "job", options)

    def test_a_folder_of_something_else_is_left_alone(
        self, options: ScreenOptions, tmp_path: Path
    ) -> None:
        (tmp_path / "thesis.odt").write_text("years of work")
        with pytest.raises(CovidDError, match="is not empty and holds no job"):
            ScreenJob.begin(tmp_path, options)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]

    def test_no_job_to_open(self, tmp_path: Path) -> None:
        with pytest.raises(CovidDError, match="There is no job at"):
            ScreenJob.open(tmp_path)

    @pytest.mark.parametrize("content", ["{", '{"format": 99}'])
    def test_a_record_that_cannot_be_read(
        self, job: ScreenJob, tmp_path: Path, content: str
    ) -> None:
        job.place.write("job.json", content)
        with pytest.raises(CovidDError, match="cannot be read"):
            ScreenJob.open(tmp_path / "job")


class TestSalt:
    def test_of_the_settings_it_is_not_written(self, job: ScreenJob) -> None:
        assert job.salt() == b"salt of the tests"
        assert "salt" not in job.place.names("")

    def test_its_own_is_kept_for_its_owner(
        self, options: ScreenOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("COVID_D_SCREEN_SALT")
        settings.cache_clear()
        jobs = [ScreenJob.begin(tmp_path / name, options) for name in ("a", "b")]
        salts = [job.salt() for job in jobs]
        assert [len(salt) for salt in salts] == [32, 32]
        assert salts[0] != salts[1]
        assert salts[0].hex() not in json.dumps(jobs[0].record)
        if os.name != "nt":
            assert (tmp_path / "a" / "salt").stat().st_mode & 0o777 == 0o600

    def test_another_one_is_no_salt_of_this_job(
        self, job: ScreenJob, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COVID_D_SCREEN_SALT", "another")
        settings.cache_clear()
        with pytest.raises(CovidDError, match="has lost its salt"):
            job.salt()

    def test_without_its_file(
        self, options: ScreenOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("COVID_D_SCREEN_SALT")
        settings.cache_clear()
        job = ScreenJob.begin(tmp_path / "job", options)
        job.place.remove("salt")
        with pytest.raises(CovidDError, match="has lost its salt"):
            job.salt()


class TestLots:
    def test_every_film_lies_in_one_lot(self, job: ScreenJob) -> None:
        job.write_list(many(150))
        assert (job.films, job.lot, job.lots) == (150, 64, 3)
        lots = [job.films_of(lot) for lot in range(3)]
        assert [first for first, _ in lots] == [0, 64, 128]
        assert [film for _, films in lots for film in films] == list(many(150))

    def test_across_groups_and_files(self, job: ScreenJob) -> None:
        listed: list[int] = []
        job.write_list(many(FILE + 70), listed.append)
        assert listed == [FILE, FILE + 70]
        assert job.place.names("list") == ["000000.parquet", "000001.parquet"]
        for number in (0, GROUP - 1, GROUP, FILE - 1, FILE, FILE + 69):
            first, films = job.films_of(number // job.lot)
            assert films[number - first] == ListedFilm(f"/archive/{number:07}.dcm", number)
        assert len(job.films_of(job.lots - 1)[1]) == 6

    def test_lots_grow_with_the_archive_and_stay_within_a_group(self, job: ScreenJob) -> None:
        job.record |= {"films": None}
        most = 64 * MOST_LOTS
        job.record |= {"films": most, "lot": 64}
        assert job.lots == MOST_LOTS
        # As write_list chooses for a number of films, without writing them.
        chosen = {
            count: next(
                lot for lot in (64, 128, 256, 512, 1024, 2048, 4096) if count <= lot * MOST_LOTS
            )
            for count in (most, most + 1, 20 * most)
        }
        assert chosen == {most: 64, most + 1: 128, 20 * most: 2048}
        assert GROUP % 64 == 0
        assert FILE % GROUP == 0

    def test_what_is_missing(self, job: ScreenJob) -> None:
        job.write_list(many(150))
        assert job.missing() == [0, 1, 2]
        assert job.films_in(job.missing()) == 150
        job.write_part(2, [row(number) for number in range(128, 150)])
        assert job.missing() == [0, 1]
        assert job.films_in([2]) == 22
        assert job.films_in([0, 1]) == 128
        assert job.written() == 22
        job.write_part(0, [row(number) for number in range(64)])
        assert [rows[0]["number"] for rows in job.rows()] == [0, 128]
        assert job.done() == {0, 2}

    def test_an_unfinished_write_is_no_part(self, job: ScreenJob) -> None:
        job.write_list(many(10))
        assert isinstance(job.place.address, str)
        partial = Path(job.place.address) / "films" / ".00000000.parquet.partial-x"
        partial.parent.mkdir()
        partial.write_bytes(b"PAR1")
        assert job.done() == set()


class TestNotes:
    def test_a_note_stays_until_its_part_is_written(self, job: ScreenJob) -> None:
        job.write_list(many(3))
        assert job.tried(0) is None
        job.note(0, {"film": "2"})
        assert job.tried(0) == {"film": "2"}
        job.write_part(0, [row(number) for number in range(3)])
        assert job.tried(0) is None

    def test_one_that_was_cut_off_still_says_that_somebody_died(self, job: ScreenJob) -> None:
        job.place.write("trying/00000005", b"")
        assert job.tried(5) == {}

    def test_taking_it_back(self, job: ScreenJob) -> None:
        job.note(1, {})
        job.forget(1)
        job.forget(1)
        assert job.tried(1) is None


def test_the_end_is_recorded(job: ScreenJob, tmp_path: Path) -> None:
    job.end({"films": 3})
    kept = ScreenJob.open(tmp_path / "job").record
    assert kept["counts"] == {"films": 3}
    assert kept["ended"] >= kept["began"]


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_two_runs_do_not_work_on_one_job(job: ScreenJob, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom covid_d.screen import ScreenJob\n"
        "with ScreenJob.open(sys.argv[1]).alone(): print('alone')"
    )
    other = [sys.executable, "-c", script, str(tmp_path / "job")]
    with job.alone():
        refused = subprocess.run(other, capture_output=True, text=True)
        assert "Another run works on the job" in refused.stderr
    assert subprocess.run(other, capture_output=True, text=True).stdout == "alone\n"
