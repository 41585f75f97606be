"""Counts of requests that two servers add to: together they let through what one would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from limits.errors import StorageError
from sqlalchemy import Engine, func, select, text, update

from covid_d.clinic.app import create_app
from covid_d.clinic.database.engine import open_engine
from covid_d.clinic.database.shared import RateCount
from covid_d.clinic.errors import TooManyError
from covid_d.clinic.http.rate_limits import GENERAL, RateLimits, Rule
from covid_d.clinic.http.shared_counts import SharedCounts, counts_of
from covid_d.clinic.installation import Installation, database_url
from covid_d.clinic.settings import ClinicSettings

FEW = Rule("few", 3, 60)
ON_POSTGRESQL = pytest.mark.only_on("postgresql")


@pytest.fixture
def counts(installation: Installation) -> SharedCounts:
    found = counts_of(installation.engine)
    assert found is not None
    return found


@pytest.fixture
def other(installation: Installation, clinic_settings: ClinicSettings) -> Iterator[SharedCounts]:
    """The same counts, through another server's connections."""
    assert installation
    engine = open_engine(database_url(clinic_settings))
    yield SharedCounts(engine)
    engine.dispose()


def _age(engine: Engine, seconds: float, width: float) -> None:
    """Have everything be counted some slices earlier, as if time had passed."""
    with engine.begin() as connection:
        connection.execute(
            update(RateCount).values(
                slice=RateCount.slice - round(seconds / width), until=RateCount.until - seconds
            )
        )


def _rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(RateCount)) or 0


@pytest.mark.only_on("sqlite")
def test_a_server_of_its_own_counts_in_its_memory(installation: Installation) -> None:
    assert counts_of(installation.engine) is None
    assert not RateLimits(1.0, None).waits


@ON_POSTGRESQL
class TestSharedCounts:
    def test_both_count_as_one(self, counts: SharedCounts, other: SharedCounts) -> None:
        here, there = RateLimits(1.0, counts), RateLimits(1.0, other)
        assert here.waits
        here.hit(FEW, "a")
        there.hit(FEW, "a")
        here.hit(FEW, "a")
        for limits in (here, there):
            with pytest.raises(TooManyError) as caught:
                limits.hit(FEW, "a")
            assert 1 <= (caught.value.retry_after or 0) <= FEW.seconds + FEW.seconds / 12
            with pytest.raises(TooManyError):
                limits.check(FEW, "a")
        there.hit(FEW, "b")
        there.hit(Rule("other", 3, 60), "a")

    def test_looking_does_not_count(self, counts: SharedCounts) -> None:
        limits = RateLimits(1.0, counts)
        for _ in range(10):
            limits.check(FEW, "a")
        assert counts.get_moving_window("nothing", 3, 60)[1] == 0
        for _ in range(3):
            limits.hit(FEW, "a")

    def test_many_at_once_are_let_through_up_to_the_limit_and_no_more(
        self, counts: SharedCounts, other: SharedCounts
    ) -> None:
        def ask(number: int) -> bool:
            return (counts if number % 2 else other).acquire_entry("many", 20, 60)

        with ThreadPoolExecutor(8) as threads:
            passed = list(threads.map(ask, range(60)))
        assert sum(passed) == 20
        assert counts.get_moving_window("many", 20, 60)[1] == 20

    @pytest.mark.parametrize(("passed", "free"), [(55, False), (70, True)])
    def test_a_time_is_over_when_it_is_over(
        self, counts: SharedCounts, installation: Installation, passed: float, free: bool
    ) -> None:
        """At 60 seconds and slices of 5: never before, and at the latest a slice after."""
        assert all(counts.acquire_entry("a", 3, 60) for _ in range(3))
        _age(installation.engine, passed, 5)
        assert counts.acquire_entry("a", 3, 60) is free

    def test_who_waits_as_long_as_was_said_is_let_in(
        self, counts: SharedCounts, installation: Installation
    ) -> None:
        before = time.time()
        counts.acquire_entry("a", 1, 60)
        began, hits = counts.get_moving_window("a", 1, 60)
        assert hits == 1
        assert began + 60 - before + 1 >= 60
        assert began + 60 - time.time() <= 65
        _age(installation.engine, 65, 5)
        assert counts.acquire_entry("a", 1, 60)

    def test_what_nobody_needs_is_swept(
        self, counts: SharedCounts, installation: Installation
    ) -> None:
        counts.acquire_entry("old", 3, 60)
        _age(installation.engine, 120, 5)
        counts.acquire_entry("new", 3, 60)
        assert _rows(installation.engine) == 2
        counts.sweep()
        assert _rows(installation.engine) == 1
        assert counts.get_moving_window("new", 3, 60)[1] == 1

    def test_they_can_be_forgotten(self, counts: SharedCounts, installation: Installation) -> None:
        for name in ("a", "a", "b"):
            counts.acquire_entry(name, 3, 60)
        counts.clear("a")
        assert counts.get_moving_window("a", 3, 60)[1] == 0
        assert counts.get_moving_window("b", 3, 60)[1] == 1
        assert counts.reset() == 1
        assert counts.check()

    def test_nothing_of_it_is_written_to_the_databases_log(
        self, installation: Installation
    ) -> None:
        with installation.engine.connect() as connection:
            kind = "SELECT relpersistence FROM pg_class WHERE relname = 'rate_count'"
            assert connection.scalar(text(kind)) == "u"  # unlogged: no request waits for a disk

    def test_while_the_database_is_away_each_counts_alone(self) -> None:
        engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
        away = SharedCounts(engine)
        assert not away.check()
        with pytest.raises(StorageError):
            away.acquire_entry("a", 3, 60)
        limits = RateLimits(1.0, away)
        for _ in range(3):
            limits.hit(FEW, "a")
        with pytest.raises(TooManyError):
            limits.hit(FEW, "a")

    def test_two_applications_let_through_what_one_would(
        self, clinic_settings: ClinicSettings, installation: Installation
    ) -> None:
        assert installation
        chosen = clinic_settings.model_copy(update={"rate_limit_factor": 0.01})
        places = [Installation.open(chosen) for _ in range(2)]
        browsers = [TestClient(create_app(place), follow_redirects=False) for place in places]
        most = round(GENERAL.amount / 100)
        found = [browsers[n % 2].get("/healthz").status_code for n in range(most + 4)]
        for place in places:
            place.close()
        assert found == [200] * most + [429] * 4
