"""Rows in Parquet: what goes in comes out, in the shape of ``predict --json``."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.detector import Detector
from covid_d.screen.listing import ListedFilm
from covid_d.screen.table import (
    ANSWER,
    FILM,
    IDENTIFIERS,
    answer_of,
    count_of,
    film_of,
    group_of,
    listed_bytes,
    named,
    part_bytes,
    path_of,
    rows_of,
    schema,
)

ODD = os.fsdecode(b"/films/\xe9\xff.png")
BLANK = dict.fromkeys(name for name, _ in FILM)


@pytest.fixture(scope="module")
def answers(archive: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What two bundles say of the small archive, with everything an answer can hold."""
    graded = make_appearance_bundle(tmp_path_factory.mktemp("graded") / "bundle", verdict=AUDITED)
    films = sorted(path for path in archive.rglob("*") if path.is_file())
    return [
        answer.to_dict()
        for named in (bundle, graded)
        for answer in Detector.load(named).assess_many(films, prevalence=0.1)
    ]


def test_the_columns_are_those_of_an_answer(answers: list[Any]) -> None:
    for answer in answers:
        assert list(answer) == [name for name, _ in ANSWER]


def test_answers_come_back_to_the_last_digit(answers: list[Any]) -> None:
    assert {answer["outcome"] for answer in answers} >= {"refused"}
    rows = [
        BLANK | answer | named(answer["path"]) | {"number": n} for n, answer in enumerate(answers)
    ]
    kept = rows_of(part_bytes(rows, identifiers=False))
    assert [answer_of(row) for row in kept] == answers
    assert json.dumps([answer_of(row) for row in kept]) == json.dumps(answers)
    assert [film_of(row)["number"] for row in kept] == list(range(len(answers)))


def test_a_name_that_is_no_text_comes_back(answers: list[Any]) -> None:
    row = BLANK | answers[0] | named(ODD)
    (kept,) = rows_of(part_bytes([row], identifiers=False))
    assert kept["path"] == "/films/��.png"
    assert path_of(kept) == ODD
    assert answer_of(kept)["path"] == ODD
    assert named("/films/ñ.png") == {"path": "/films/ñ.png", "path_bytes": None}


def test_identifiers_have_columns_only_where_they_are_kept() -> None:
    extra = {name for name, _ in IDENTIFIERS}
    assert not extra & set(schema(identifiers=False).names)
    assert extra < set(schema(identifiers=True).names)
    assert set(film_of(dict.fromkeys(schema(identifiers=True).names))) >= extra


def test_some_columns_alone(answers: list[Any]) -> None:
    rows = [BLANK | answer | named(answer["path"]) for answer in answers]
    content = part_bytes(rows, identifiers=False)
    kept = rows_of(content, ["outcome", "refusal.code"])
    assert [row["outcome"] for row in kept] == [answer["outcome"] for answer in answers]
    codes = [answer["refusal"] and {"code": answer["refusal"]["code"]} for answer in answers]
    assert [row["refusal"] for row in kept] == codes
    assert count_of(content) == len(answers)


def test_a_list_in_groups() -> None:
    films = [ListedFilm(f"/{n}.png", n, f"e{n}") for n in range(9)] + [ListedFilm(ODD)]
    content = listed_bytes(films, group=4)
    assert parquet.ParquetFile(io.BytesIO(content)).num_row_groups == 3
    groups = [list(group_of(content, group)) for group in range(3)]
    assert [len(group) for group in groups] == [4, 4, 2]
    assert [film for group in groups for film in group] == films
