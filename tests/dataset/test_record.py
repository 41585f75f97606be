"""The record of a data set: its counts, and what its one hash covers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.dataset.manifest import (
    ADDED,
    COLUMNS,
    SET_ASIDE,
    Label,
    Split,
    class_folder,
)
from covid_d.dataset.record import HASHED, REQUIRED, TEST_COLUMNS, count, dataset_sha256

RECORD: dict[str, Any] = {"protocol": "grouped", "seed": 7, "counts": {"train": {"covid": 1}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in HASHED:
        (tmp_path / name).write_text(f"content of {name}\n", encoding="utf-8")
    return tmp_path


def test_the_hash_can_be_reckoned_without_this_program(folder: Path) -> None:
    # As docs promise: JSON with sorted keys and no spaces, of the record and each table's digest.
    files = ",".join(
        f'"{name}":"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"'
        for name in sorted(HASHED)
    )
    said = '{"counts":{"train":{"covid":1}},"protocol":"grouped","seed":7}'
    text = f'{{"files":{{{files}}},"record":{said}}}'
    assert dataset_sha256(folder, RECORD) == hashlib.sha256(text.encode()).hexdigest()


def test_the_record_s_own_hash_is_no_part_of_it(folder: Path) -> None:
    sealed = RECORD | {"sha256": dataset_sha256(folder, RECORD)}
    assert dataset_sha256(folder, sealed) == sealed["sha256"]


def test_the_order_of_keys_is_of_no_consequence(folder: Path) -> None:
    turned = dict(reversed(RECORD.items()))
    assert dataset_sha256(folder, turned) == dataset_sha256(folder, RECORD)


@pytest.mark.parametrize("name", HASHED)
def test_a_missing_table_is_not_an_empty_one(folder: Path, name: str) -> None:
    whole = dataset_sha256(folder, RECORD)
    (folder / name).write_text("", encoding="utf-8")
    empty = dataset_sha256(folder, RECORD)
    (folder / name).unlink()
    assert len({whole, empty, dataset_sha256(folder, RECORD)}) == 3


def test_two_tables_that_change_places_change_the_hash(folder: Path) -> None:
    whole = dataset_sha256(folder, RECORD)
    one, other = (folder / name for name in HASHED[:2])
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert dataset_sha256(folder, RECORD) != whole


def test_accents_are_hashed_as_utf_8(folder: Path) -> None:
    composed = RECORD | {"understood": ["diagn\u00f3stico"]}
    apart = RECORD | {"understood": ["diagno\u0301stico"]}
    assert dataset_sha256(folder, composed) != dataset_sha256(folder, apart)


@given(st.lists(st.tuples(st.sampled_from(Split), st.sampled_from(["", *Label]))))
def test_counts_hold_every_film_once(films: list[tuple[Split, str]]) -> None:
    counts = count((split.value, str(label)) for split, label in films)
    assert list(counts) == [split.value for split in Split]
    assert sum(sum(found.values()) for found in counts.values()) == len(films)
    for split in Split:
        own = [str(label) for name, label in films if name is split]
        assert counts[split.value] == {label: own.count(label) for label in set(own)}
        assert list(counts[split.value]) == sorted(set(own))


def test_a_split_that_is_none_is_not_counted_under_another() -> None:
    assert count([("training", "covid")]) == {split.value: {} for split in Split}


def test_the_manifest_s_columns_hold_what_the_other_tables_need() -> None:
    assert set(TEST_COLUMNS) <= set(COLUMNS)
    assert set(ADDED) <= set(COLUMNS)
    assert "sha256" in REQUIRED
    assert all(COLUMNS.values())


def test_what_is_set_aside_is_no_split_to_learn_from() -> None:
    assert set(Split) - set(SET_ASIDE) == {Split.TRAIN, Split.VALIDATION, Split.TEST}


@pytest.mark.parametrize(
    ("label", "appearance", "folder"),
    [
        ("covid", "", "covid"),
        ("covid", "typical", "covid"),
        ("", "typical", "typical"),
        ("", "", ""),
    ],
)
def test_a_film_lies_by_its_label_and_else_by_its_appearance(
    label: str, appearance: str, folder: str
) -> None:
    assert class_folder(label, appearance) == folder
