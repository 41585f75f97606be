"""A film's bytes: its own path here; of stores see ``test_s3.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from covid_d.places import StoreError
from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.radiograph.readers.limits import MAX_BYTES
from covid_d.screen.fetch import fetch


def test_a_path_is_read_by_the_door_itself(tmp_path: Path) -> None:
    assert fetch(str(tmp_path / "none.png")) == tmp_path / "none.png"


class TestStore:
    """Obstore's own store in memory, in the place of a bucket."""

    @pytest.fixture
    def store(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        from obstore.store import MemoryStore

        store = MemoryStore()
        monkeypatch.setattr("covid_d.screen.fetch.store_of", lambda root: store)
        return store

    def test_what_the_store_holds(self, store: Any) -> None:
        store.put("2020/a.png", b"\x89PNG")
        assert fetch("s3://bucket/2020/a.png") == b"\x89PNG"

    def test_what_it_does_not(self, store: Any) -> None:
        with pytest.raises(RadiographError) as caught:
            fetch("s3://bucket/none.png")
        assert caught.value.refusal.code is RefusalCode.NOT_FOUND

    def test_what_is_too_large_is_not_fetched(
        self, store: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("covid_d.screen.fetch.MAX_BYTES", 10)
        store.put("a.png", b"x" * 11)
        with pytest.raises(RadiographError) as caught:
            fetch("s3://bucket/a.png")
        assert caught.value.refusal.code is RefusalCode.TOO_LARGE
        assert MAX_BYTES == 256 * 1024**2

    def test_no_film_is_blamed_for_its_store(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from obstore.store import S3Store

        nobody = S3Store(
            "bucket",
            endpoint="http://127.0.0.1:9",
            access_key_id="a",
            secret_access_key="b",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )
        monkeypatch.setattr("covid_d.screen.fetch.store_of", lambda root: nobody)
        with pytest.raises(StoreError, match=r"s3://bucket/a\.png does not answer"):
            fetch("s3://bucket/a.png")
