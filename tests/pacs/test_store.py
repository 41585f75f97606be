"""Films and answers on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from covid_d.pacs.store import NodeStore

PRINT = "ab" * 32
BUNDLE = "cd" * 32


@pytest.fixture
def store(tmp_path: Path) -> NodeStore:
    return NodeStore(tmp_path / "node")


def test_a_film_is_kept_under_its_fingerprint(store: NodeStore) -> None:
    name = store.keep(PRINT, b"film")
    assert name == f"films/ab/{PRINT}.dcm"
    assert store.film(name) == b"film"


def test_what_is_kept_stays(store: NodeStore) -> None:
    name = store.keep(PRINT, b"film")
    assert store.keep(PRINT, b"other bytes of the same film") == name
    assert store.film(name) == b"film"


def test_only_its_owner_can_look(store: NodeStore) -> None:
    store.keep(PRINT, b"film")
    store.keep_answer(PRINT, BUNDLE, "inside/report.dcm", b"r")
    assert store.folder.stat().st_mode & 0o777 == 0o700
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir(mode=0o755)
    NodeStore(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_answers_inside_and_outside_lie_apart(store: NodeStore) -> None:
    for place in ("inside", "outside"):
        for name in ("picture.dcm", "report.dcm", "bundle.json"):
            store.keep_answer(PRINT, BUNDLE, f"{place}/{name}", place.encode())
    inside = store.answers(PRINT, BUNDLE, outside=False)
    assert [path.name for path in inside] == ["report.dcm", "picture.dcm", "bundle.json"]
    assert {path.read_bytes() for path in inside} == {b"inside"}
    outside = store.answers(PRINT, BUNDLE, outside=True)
    assert {path.read_bytes() for path in outside} == {b"outside"}


def test_another_bundles_answers_are_others(store: NodeStore) -> None:
    store.keep_answer(PRINT, BUNDLE, "inside/report.dcm", b"r")
    assert store.answers(PRINT, "ef" * 32, outside=False) == []


def test_a_film_and_all_its_answers_are_forgotten(store: NodeStore) -> None:
    name = store.keep(PRINT, b"film")
    other = store.keep("ab" * 31 + "cd", b"another")
    for bundle in (BUNDLE, "ef" * 32):
        store.keep_answer(PRINT, bundle, "inside/report.dcm", b"r")
    store.forget(name, PRINT)
    assert [path for path in store.folder.rglob("*") if path.is_file()] == [store.folder / other]
    store.forget(name, PRINT)  # again, after a process was killed in between


def test_how_often_a_film_was_begun_and_not_ended(store: NodeStore) -> None:
    assert [store.begin(PRINT) for _ in range(3)] == [0, 1, 2]
    assert NodeStore(store.folder).begin(PRINT) == 3, "a killed process leaves its note"
    assert store.begin("ef" * 32) == 0
    store.end(PRINT)
    store.end(PRINT)
    assert store.begin(PRINT) == 0


@pytest.mark.parametrize("noted", ["", "many"])
def test_a_note_that_was_torn_is_none(store: NodeStore, noted: str) -> None:
    store.begin(PRINT)
    (store.folder / "begun" / PRINT).write_text(noted)
    assert store.begin(PRINT) == 0


def test_without_room_for_a_note_nothing_is_lost(store: NodeStore) -> None:
    (store.folder / "begun").write_text("in the way")
    assert [store.begin(PRINT), store.begin(PRINT)] == [0, 0]
    store.end(PRINT)


def test_what_killed_processes_left_goes(store: NodeStore) -> None:
    known = store.keep(PRINT, b"film")
    store.keep("ef" * 32, b"never acknowledged")
    store.keep_answer(PRINT, BUNDLE, "inside/report.dcm", b"r")
    (store.folder / "films" / "ab" / ".x.dcm.partial-1").write_bytes(b"half")
    (store.folder / "answers" / ".y.partial-2").write_bytes(b"half")
    assert store.tidy(lambda name: name == known) == 3
    left = sorted(path.name for path in store.folder.rglob("*") if path.is_file())
    assert left == sorted([f"{PRINT}.dcm", "report.dcm"])
    assert store.tidy(lambda name: name == known) == 0
