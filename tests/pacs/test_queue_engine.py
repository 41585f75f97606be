"""Where the queue lies: brought up to date as it is opened, by whoever comes first."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text, update

from covid_d.errors import CovidDError
from covid_d.pacs import tables
from covid_d.pacs.queue import Queue
from covid_d.pacs.queue_engine import FILE, SCHEMA, is_there, open_engine
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres: PostgresServer | None) -> str | None:
    """Of a fresh database; ``None`` where the queue is SQLite in its folder."""
    return postgres.new_database() if postgres else None


def in_sql(url: str, *statements: str) -> None:
    """Do something to a queue's database, beside the queue."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_opened_again_it_is_as_it_was(tmp_path: Path, url: str | None) -> None:
    first = Queue.open(tmp_path, url)
    first.setting("secret", "one")
    first.close()
    again = Queue.open(tmp_path, url)
    with again._engine.connect() as connection:
        kept = connection.execute(select(tables.node.c.name, tables.node.c.value)).all()
        names = inspect(connection).get_table_names(schema=SCHEMA if url else None)
    assert dict(tuple(row) for row in kept) == {"version": "1", "secret": "one"}
    assert sorted(names) == ["deliveries", "films", "let_go", "lost", "node"]
    again.close()


def test_a_queue_of_a_later_version_is_left_alone(tmp_path: Path, url: str | None) -> None:
    engine = open_engine(tmp_path, url)
    with engine.begin() as connection:
        connection.execute(
            update(tables.node).where(tables.node.c.name == "version").values(value="99")
        )
    engine.dispose()
    with pytest.raises(CovidDError, match="later version"):
        open_engine(tmp_path, url)


def test_it_is_there_once_a_node_has_opened_it(tmp_path: Path, url: str | None) -> None:
    assert not is_there(tmp_path, url)
    assert not (tmp_path / FILE).exists(), "asking makes none"
    open_engine(tmp_path, url).dispose()
    assert is_there(tmp_path, url)


def test_many_may_open_it_at_once(tmp_path: Path, url: str | None) -> None:
    failed: list[Exception] = []

    def come() -> None:
        try:
            open_engine(tmp_path, url).dispose()
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.only_on("postgresql")
def test_beside_the_clinic_it_has_a_schema_of_its_own(tmp_path: Path, url: str) -> None:
    in_sql(url, "CREATE TABLE films (id INTEGER)", "INSERT INTO films VALUES (5)")
    queue = Queue.open(tmp_path, url)
    assert queue.listed() == []
    queue.close()
    assert not (tmp_path / FILE).exists()
