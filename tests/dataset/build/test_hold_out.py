"""A source or publisher held out has all its patients in the test split, and nowhere else."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from collection_factory import cohen_row, draw, write_cohen
from covid_d.dataset.build.build import build_dataset
from covid_d.dataset.build.options import BuildOptions, Protocol
from covid_d.dataset.collections import open_collection
from covid_d.errors import DatasetError

_HELD = "https://radiopaedia.org/cases/1"
_OTHER = "https://www.sirm.org/cases/1"


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Make 24 patients of two publishers, and one patient seen by both."""
    rows = []
    for number in range(24):
        name = f"{number}.png"
        draw(tmp_path / "cohen/images" / name, 3000 + number, covid=number % 2 > 0)
        rows.append(
            cohen_row(
                name,
                patientid=str(number),
                finding="COVID-19" if number % 2 else "Streptococcus",
                url=f"{_HELD if number % 4 < 2 else _OTHER}/{number}",
            )
        )
    draw(tmp_path / "cohen/images" / "again.png", 3500, covid=True)
    rows.append(cohen_row("again.png", patientid="1", url=f"{_OTHER}/again"))
    return write_cohen(tmp_path / "cohen", rows)


def _build(collection: Path, out: Path, *hold_out: str) -> list[dict[str, str]]:
    build_dataset([open_collection("cohen", collection)], out, BuildOptions(hold_out=hold_out))
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_film_of_the_publisher_is_in_the_test_split(collection: Path, tmp_path: Path) -> None:
    rows = _build(collection, tmp_path / "out", "radiopaedia.org")

    held = [row for row in rows if row["subsource"] == "radiopaedia.org"]
    assert len(held) == 12
    assert {row["split"] for row in held} == {"test"}
    assert "train" in {row["split"] for row in rows if row["subsource"] == "sirm.org"}


def test_a_held_out_patient_is_held_out_with_every_film(collection: Path, tmp_path: Path) -> None:
    rows = _build(collection, tmp_path / "out", "radiopaedia.org")

    (again,) = [row for row in rows if row["original"].endswith("again.png")]
    assert again["subsource"] == "sirm.org"
    assert again["split"] == "test"


def test_the_choice_is_on_record(collection: Path, tmp_path: Path) -> None:
    _build(collection, tmp_path / "out", "radiopaedia.org")

    record = json.loads((tmp_path / "out/dataset.json").read_text(encoding="utf-8"))
    assert record["options"]["hold_out"] == ["radiopaedia.org"]


def test_without_it_the_publisher_is_also_learnt_from(collection: Path, tmp_path: Path) -> None:
    rows = _build(collection, tmp_path / "out")

    assert "train" in {row["split"] for row in rows if row["subsource"] == "radiopaedia.org"}


def test_an_unknown_source_is_an_error_that_names_the_known_ones(
    collection: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=r"'radiopedia\.org'.*cohen"):
        _build(collection, tmp_path / "out", "radiopedia.org")
    assert not (tmp_path / "out").exists()


def test_the_article_holds_nothing_out() -> None:
    with pytest.raises(DatasetError, match="holds no source out"):
        BuildOptions(protocol=Protocol.ARTICLE, hold_out=("cohen",))
