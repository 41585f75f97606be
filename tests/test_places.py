"""Where jobs lie: whole files or none, and what is said where a store does not answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from covid_d.places import (
    BucketPlace,
    FolderPlace,
    StoreError,
    is_address,
    parted,
    place_of,
    store_of,
    unknown_scheme,
)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("s3://bucket/films", True),
        ("S3://bucket", True),
        ("gs://bucket/films", True),
        ("abfss://films@account/x", True),
        ("/archive/films", False),
        ("archive", False),
        ("s3:/bucket", False),
        ("https://host/films", False),
        ("C:\\films", False),
    ],
)
def test_what_is_an_address(named: str, expected: bool) -> None:
    assert is_address(named) is expected


@pytest.mark.parametrize(
    ("address", "root", "key"),
    [
        ("s3://bucket/a/b.dcm", "s3://bucket", "a/b.dcm"),
        ("s3://bucket", "s3://bucket", ""),
        ("s3://bucket/", "s3://bucket", ""),
        ("gs://b/two words/ñ.png", "gs://b", "two words/ñ.png"),
    ],
)
def test_an_address_in_two(address: str, root: str, key: str) -> None:
    assert parted(address) == (root, key)


def test_an_address_without_a_bucket() -> None:
    with pytest.raises(StoreError, match="names no bucket"):
        parted("s3:///films")


def test_other_schemes_are_named() -> None:
    assert unknown_scheme("/a/b") is None
    assert unknown_scheme("s3://a/b") is None
    said = unknown_scheme("ftp://host/b")
    assert str(said) == "ftp:// is no store that can be read."


def test_which_place_an_address_is() -> None:
    assert isinstance(place_of("s3://bucket/job"), BucketPlace)
    assert isinstance(place_of("jobs/one"), FolderPlace)
    assert place_of("s3://bucket/job/").address == "s3://bucket/job"


class TestFolder:
    @pytest.fixture
    def place(self, tmp_path: Path) -> FolderPlace:
        return FolderPlace(tmp_path / "not yet" / "there")

    def test_what_is_written_is_read(self, place: FolderPlace) -> None:
        place.write("films/1", b"\x00\xff")
        place.write("job.json", "ñ")
        assert place.read("films/1") == b"\x00\xff"
        assert place.read("job.json") == b"\xc3\xb1"

    def test_a_secret_is_its_owners(self, place: FolderPlace) -> None:
        place.write("salt", "x", mode=0o600)
        assert (place.folder / "salt").stat().st_mode & 0o777 == 0o600

    def test_nothing_is_there_at_first(self, place: FolderPlace) -> None:
        assert place.names("") == []
        assert place.names("films") == []
        with pytest.raises(FileNotFoundError):
            place.read("job.json")
        place.remove("job.json")

    def test_names_are_sorted_and_without_what_a_killed_writer_left(
        self, place: FolderPlace
    ) -> None:
        for name in ("b", "a", "c"):
            place.write(f"films/{name}", b"")
        (place.folder / "films" / ".a.partial-x").write_bytes(b"half")
        assert place.names("films") == ["a", "b", "c"]

    def test_what_killed_writers_left_is_swept(self, place: FolderPlace) -> None:
        place.write("films/a", b"whole")
        (place.folder / "films" / ".a.partial-x").write_bytes(b"half")
        (place.folder / ".job.json.partial-y").write_bytes(b"half")
        place.sweep()
        assert [p.name for p in place.folder.rglob("*") if p.is_file()] == ["a"]

    def test_removing(self, place: FolderPlace) -> None:
        place.write("trying/1", b"")
        assert place.has("trying/1")
        place.remove("trying/1")
        assert not place.has("trying/1")
        assert place.names("trying") == []

    def test_everything_below_is_told_with_its_moment(self, place: FolderPlace) -> None:
        before = datetime.now(UTC) - timedelta(seconds=5)
        assert list(place.below("films")) == []
        for name in ("films/ab/1", "films/cd/2", "films/3", "others/4"):
            place.write(name, b"")
        (place.folder / "films" / "ab" / ".1.partial-x").write_bytes(b"half")
        found = {kept.name: kept.written for kept in place.below("films")}
        assert set(found) == {"films/ab/1", "films/cd/2", "films/3", "films/ab/.1.partial-x"}
        assert all(before < moment < before + timedelta(minutes=5) for moment in found.values())


@contextmanager
def patched(store: object) -> Iterator[BucketPlace]:
    """A bucket in a store of the test's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("covid_d.places.store_of", lambda root, patience: store)
        yield BucketPlace("s3://nobody/job")


class TestStore:
    def test_who_waits_before_a_form_does_not_wait_for_minutes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as silent:  # takes what is sent and never answers
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
            monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
            store_of.cache_clear()
            began = time.monotonic()
            with pytest.raises(StoreError):
                BucketPlace("s3://silent/job", patience=0.5).has("a")
        store_of.cache_clear()
        assert time.monotonic() - began < 60  # of ten minutes

    def test_a_store_that_does_not_answer_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as taken:  # bound and not listening: nobody answers there
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        from obstore.store import S3Store

        store_of.cache_clear()
        # Without waiting: what answers late is tried for minutes.
        quick = S3Store("nobody", retry_config={"max_retries": 0})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("covid_d.places.store_of", lambda root, patience: quick)
            with pytest.raises(StoreError, match=r"s3://nobody/job does not answer") as caught:
                BucketPlace("s3://nobody/job").read("job.json")
        assert "\n" not in caught.value.message
        with patched(quick) as place:
            for ask in (
                lambda: place.has("a"),
                lambda: place.write("a", b""),
                lambda: place.remove("a"),
                lambda: place.names(""),
                lambda: list(place.below("a")),
            ):
                with pytest.raises(StoreError):
                    ask()
        assert "AWS_ENDPOINT_URL" in caught.value.next_step

    def test_credentials_that_make_no_store(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
        store_of.cache_clear()
        with pytest.raises(StoreError, match="Missing SecretAccessKey"):
            store_of("s3://half")
