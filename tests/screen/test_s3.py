"""Archives and jobs in a real S3-compatible store (OpenStack Swift): ``tests/s3_server.py``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pyarrow as pa
import pytest
from pyarrow import parquet

from covid_d.cli.main import main
from covid_d.detector import Detector, expand
from covid_d.errors import CovidDError
from covid_d.places import BucketPlace, StoreError, store_of
from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.screen import ScreenJob, screen
from covid_d.screen.fetch import fetch
from covid_d.screen.listing import films_of
from covid_d.screen.table import answer_of
from s3_server import S3Server, create_bucket, s3_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the store is one of Linux"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        create_bucket(running, "films")
        create_bucket(running, "jobs")
        yield running


@pytest.fixture(autouse=True)
def at_the_store(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    store_of.cache_clear()
    yield
    store_of.cache_clear()


@pytest.fixture(scope="module")
def uploaded(server: S3Server, archive: Path) -> str:
    """The small archive in the store, and what is no film beside it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        store_of.cache_clear()
        store = store_of("s3://films")
        for path in archive.rglob("*"):
            if path.is_file():
                name = f"années 2020/{path.relative_to(archive).as_posix()}"
                obstore.put(store, name, path.read_bytes())
        for name in ("années 2020/.hidden.png", "années 2020-21/other.png"):
            obstore.put(store, name, b"x")
        obstore.put(store, "années 2020/empty/", b"")
        store_of.cache_clear()
    return "s3://films/années 2020"


def answers(job: str | Path) -> list[dict[str, Any]]:
    return [answer_of(row) for rows in ScreenJob.open(job).rows() for row in rows]


def expected(archive: Path, bundle: Path, uploaded: str) -> list[dict[str, Any]]:
    """Return what the films' bytes are answered with, in the order of a store."""
    detector = Detector.load(bundle)
    names = {path.relative_to(archive).as_posix(): path for path in expand([archive])}
    return [
        detector.assess(names[name].read_bytes(), name=f"{uploaded}/{name}").to_dict()
        for name in sorted(names)
    ]


class TestArchive:
    def test_what_is_listed(self, uploaded: str, archive: Path) -> None:
        found = list(films_of(uploaded))
        assert [film.path for film in found] == [
            f"{uploaded}/{name}" for name in ("2020/a.png", "2020/b.png", "film.dcm", "torn.png")
        ]
        for film in found:
            assert film.size == (archive / film.path.removeprefix(f"{uploaded}/")).stat().st_size
            assert film.etag
        assert films_of(f"{uploaded}/2020").__next__().path == f"{uploaded}/2020/a.png"

    def test_it_is_answered_as_files_are(
        self, uploaded: str, archive: Path, bundle: Path, tmp_path: Path
    ) -> None:
        counts = screen(uploaded, tmp_path / "job", bundle=bundle, workers=2)
        assert counts.films == 4
        assert answers(tmp_path / "job") == expected(archive, bundle, uploaded)
        rows = [row for part in ScreenJob.open(tmp_path / "job").rows() for row in part]
        assert {row["unit"] for row in rows} == {None, "Hospital del Sur"}
        assert all(row["sha256"] and row["etag"] for row in rows)

    def test_more_than_one_page_of_a_listing(self, uploaded: str) -> None:
        store = store_of("s3://films")
        names = [f"many/{number:03}.png" for number in range(120)]  # the store gives 50 at once
        for name in names:
            obstore.put(store, name, b"x")
        assert [film.path for film in films_of("s3://films/many")] == [
            f"s3://films/{name}" for name in names
        ]

    def test_tables_that_lie_there(self, uploaded: str, tmp_path: Path) -> None:
        store = store_of("s3://films")
        paths = [f"{uploaded}/film.dcm", f"{uploaded}/2020/a.png"]
        obstore.put(store, "lists/some.csv", "\n".join(["path", *paths]).encode())
        parquet.write_table(pa.table({"path": paths}), tmp_path / "t.parquet")
        obstore.put(store, "lists/some.parquet", (tmp_path / "t.parquet").read_bytes())
        for name in ("some.csv", "some.parquet"):
            assert [film.path for film in films_of(f"s3://films/lists/{name}")] == paths

    def test_an_object_that_is_gone_is_a_refusal(self, uploaded: str) -> None:
        with pytest.raises(RadiographError) as caught:
            fetch(f"{uploaded}/none.dcm")
        assert caught.value.refusal.code is RefusalCode.NOT_FOUND


class TestJob:
    def test_a_job_in_the_store(
        self, uploaded: str, archive: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        job = "s3://jobs/one"
        first = screen(uploaded, job, bundle=bundle, workers=1)
        assert answers(job) == expected(archive, bundle, uploaded)
        assert screen(uploaded, job, bundle=bundle, workers=1) == first
        with pytest.raises(SystemExit) as caught:
            main(["screen", "report", job])
        assert not caught.value.code
        assert capsys.readouterr().out == "s3://jobs/one/report.html\n"
        assert "Revisión de un archivo" in BucketPlace(job).read("report.html").decode()

    def test_other_work_is_not_written_over(self, uploaded: str, bundle: Path) -> None:
        BucketPlace("s3://jobs/thesis").write("thesis.odt", b"years of work")
        with pytest.raises(CovidDError, match="holds no job"):
            screen(uploaded, "s3://jobs/thesis", bundle=bundle)

    def test_a_place_keeps_files(self) -> None:
        place = BucketPlace("s3://jobs/place")
        assert place.names("") == []
        place.write("films/b", b"2")
        place.write("films/a", "ñ")
        assert place.names("films") == ["a", "b"]
        assert place.read("films/a") == "ñ".encode()
        place.remove("films/a")
        place.remove("films/a")
        assert place.names("films") == ["b"]
        with pytest.raises(FileNotFoundError):
            place.read("films/a")


class TestFailing:
    def test_keys_that_are_wrong_blame_no_film(
        self, uploaded: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        store_of.cache_clear()
        with pytest.raises(StoreError, match="does not answer"):
            fetch(f"{uploaded}/film.dcm")
        with pytest.raises(StoreError):
            list(films_of(uploaded))

    def test_a_store_that_stops_in_the_middle_ends_the_run_and_the_same_command_goes_on(
        self,
        server: S3Server,
        archive: Path,
        bundle: Path,
        tmp_path: Path,
    ) -> None:
        store = store_of("s3://films")
        content = (archive / "2020" / "a.png").read_bytes()
        for number in range(150):
            obstore.put(store, f"long/{number:03}.png", content)
        job = tmp_path / "job"
        words = ["screen", "run", "s3://films/long", "--out", job, "--bundle", bundle]
        command = [sys.executable, "-m", "covid_d", *map(str, words), "--workers", "1"]
        # Credentials that run out are the failure that a store tells at once.
        begun = subprocess.run(
            command, env=os.environ | {"AWS_SECRET_ACCESS_KEY": "wrong"}, capture_output=True
        )
        assert begun.returncode == 1
        assert b"does not answer" in begun.stderr
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not list((job / "films").glob("*.parquet")):
                assert run.poll() is None
                time.sleep(0.02)
            server.proxy.send_signal(signal.SIGSTOP)
            run.send_signal(signal.SIGINT)
            assert run.wait(timeout=300) == 130
        finally:
            server.proxy.send_signal(signal.SIGCONT)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found = answers(job)
        assert [answer["path"] for answer in found] == [
            f"s3://films/long/{number:03}.png" for number in range(150)
        ]
        assert {answer["outcome"] == "refused" for answer in found} == {False}
        shutil.rmtree(job)
