from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covid_d.dataset import Dataset
from covid_d.dataset.describe.describe import AGE_BANDS, DIMENSIONS, UNKNOWN, age_bands, describe
from covid_d.dataset.describe.page import PAGE, SHEET, tables, write_description
from covid_d.errors import CovidDError, DatasetError
from covid_d.language import INTENDED_USE

if TYPE_CHECKING:
    from pathlib import Path

    from dataset.conftest import Handmade


@pytest.fixture
def dataset(handmade: Handmade) -> Dataset:
    return Dataset.open(handmade.folder)


def _with(handmade: Handmade, **columns: str) -> Dataset:
    """The dataset with the films' facts changed; the films stay."""
    for row in handmade.rows:
        row.update(columns)
    handmade.seal()
    return Dataset.open(handmade.folder)


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "0-17"),
        (17.99, "0-17"),
        (18, "18-39"),
        (40, "40-59"),
        (59, "40-59"),
        (60, "60-79"),
        (80, "80+"),
        (104, "80+"),
        (float("nan"), UNKNOWN),
    ],
)
def test_age_bands_hold_their_lower_edge(age: float, band: str) -> None:
    assert age_bands(pd.Series([age])).tolist() == [band]


def test_age_bands_of_nothing() -> None:
    assert age_bands(pd.Series(np.array([], dtype=float))).tolist() == []


def test_every_dimension_adds_up_to_all_radiographs(dataset: Dataset) -> None:
    description = describe(dataset)
    assert (description.films, description.ct) == (20, 1)
    assert description.classes == {"covid": 10, "nocovid": 10}
    assert description.patients == {"covid": 10, "nocovid": 10}
    assert tuple(description.counts) == DIMENSIONS
    for name, counts in description.counts.items():
        assert sum(sum(row.values()) for row in counts.values()) == 20, name


def test_counts_say_what_the_manifest_says(dataset: Dataset) -> None:
    counts = describe(dataset).counts
    assert counts["split"] == {
        "train": {"covid": 6, "nocovid": 6},
        "validation": {"covid": 2, "nocovid": 2},
        "test": {"covid": 2, "nocovid": 2},
    }
    assert counts["source"] == {
        "cohen": {"covid": 10, "nocovid": 5},
        "nih": {"covid": 0, "nocovid": 5},
    }
    assert counts["subsource"] == {
        "cohen/radiopaedia.org": {"covid": 5, "nocovid": 5},
        UNKNOWN: {"covid": 5, "nocovid": 5},
    }
    assert counts["sex"] == {
        "F": {"covid": 0, "nocovid": 10},
        "M": {"covid": 5, "nocovid": 0},
        UNKNOWN: {"covid": 5, "nocovid": 0},
    }
    assert list(counts["age"]) == ["18-39", "40-59", "60-79", UNKNOWN]
    assert set(counts["projection"]) == {"PA", "AP", "AP Supine"}


def test_unknown_values_come_last_and_are_never_a_guess(handmade: Handmade) -> None:
    description = describe(_with(handmade, age="", sex="", projection="", patient=""))
    for name in ("age", "sex", "projection"):
        assert list(description.counts[name]) == [UNKNOWN]
    assert description.patients == {"covid": 0, "nocovid": 0}


def test_a_source_of_one_class_is_warned_of_with_its_numbers(handmade: Handmade) -> None:
    for number in range(6):  # ten or more films make a source
        handmade.add("train", "nocovid", 500 + number, source="nih")
    handmade.seal()
    warnings = describe(Dataset.open(handmade.folder)).warnings
    assert "'nih' has 11 films and all are no COVID-19" in warnings[0].en
    assert "«nih» tiene 11 radiografías y todas son sin COVID-19" in warnings[0].es
    assert "42 % of the films (11 of 26)" in warnings[1].en
    assert "42 % de las radiografías (11 de 26)" in warnings[1].es


def test_sources_with_both_classes_or_few_films_are_not_warned_of(dataset: Dataset) -> None:
    assert describe(dataset).warnings == ()


def test_what_the_build_measured_is_told_when_it_is_loud(handmade: Handmade) -> None:
    path = handmade.folder / "dataset.json"
    auroc = {
        "source": {"auroc": 0.9934, "films": 2367},
        "age": {"auroc": 0.6, "films": 2000},
        "projection": {"auroc": None, "films": 3},
    }
    record = json.loads(path.read_text()) | {"shortcuts": {"auroc": auroc}}
    path.write_text(json.dumps(record))
    (warning,) = describe(Dataset.open(handmade.folder)).warnings
    assert "The source of a film alone predicts COVID-19 with AUROC 0.99 (2367 films" in warning.en
    assert "La fuente por sí sola predice COVID-19 con un AUROC de 0,99" in warning.es
    assert "0,50 sería azar" in warning.es


def test_children_are_warned_of(handmade: Handmade) -> None:
    warnings = describe(_with(handmade, age="4")).warnings
    assert [w.en for w in warnings] == [
        "10 films without COVID-19 and 10 with it are of people under 18: a model can learn age."
    ]


def test_dataset_describes_itself(dataset: Dataset) -> None:
    assert dataset.describe() == describe(dataset)


def test_to_dict_is_what_json_prints(dataset: Dataset) -> None:
    told = describe(dataset).to_dict()
    assert set(told) == {
        "films", "ct", "lateral", "classes", "patients", "counts", "warnings",
        "appearances", "graded_patients", "graded",
    }  # fmt: skip
    assert told["films"] == 20
    assert told["counts"]["source"]["nih"] == {"covid": 0, "nocovid": 5}


def test_an_empty_dataset_has_counts_of_nothing(handmade: Handmade) -> None:
    handmade.rows.clear()
    handmade.seal()
    description = describe(Dataset.open(handmade.folder))
    assert (description.films, description.ct, description.warnings) == (0, 0, ())
    assert all(rows == {} for rows in description.counts.values())


@pytest.mark.parametrize(
    ("language", "heading", "unknown"),
    [("es", "Fuente", "desconocido"), ("en", "Source", "unknown")],
)
def test_tables_speak_both_languages(
    dataset: Dataset, language: str, heading: str, unknown: str
) -> None:
    found = tables(describe(dataset), language)  # type: ignore[arg-type]
    assert len(found) == len(DIMENSIONS)
    assert found[1].header[0] == heading
    assert found[1].rows[0] == ("cohen", 10, 5, 15, "67 %")
    assert found[2].rows[-1][0] == unknown


def test_long_tables_end_in_the_sum_of_the_rest(handmade: Handmade) -> None:
    for number, row in enumerate(handmade.rows[:20]):
        row["subsource"] = f"site{number:02d}.org"
    handmade.seal()
    table = tables(describe(Dataset.open(handmade.folder)))[2]
    assert len(table.rows) == 15
    assert table.rows[-1][0] == "others (6)"
    assert sum(int(str(row[3])) for row in table.rows) == 20


def test_write_description_leaves_two_files(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    description = write_description(dataset, out, rows=2, columns=2)
    assert description == describe(dataset)
    assert {path.name for path in out.iterdir()} == {SHEET, PAGE}
    with Image.open(out / SHEET) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 300


def test_the_page_is_self_contained_and_shows_everything(dataset: Dataset, tmp_path: Path) -> None:
    write_description(dataset, tmp_path, rows=1)
    html = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 3  # sheet, sources, ages
    assert not re.search(r"https?://|<script|<link", html)
    for part in ("Dataset &#39;set&#39;", "20 radiographs", dataset.sha256, "grouped", "nih"):
        assert part in html
    for band in AGE_BANDS[1:4]:
        assert band in html
    assert INTENDED_USE.en in html


def test_the_page_in_spanish(dataset: Dataset, tmp_path: Path) -> None:
    write_description(dataset, tmp_path, rows=1, language="es")
    html = (tmp_path / PAGE).read_text(encoding="utf-8")
    for part in ('lang="es"', "Conjunto de datos", "20 radiografías", "Partición", "sin COVID-19"):
        assert part in html
    assert INTENDED_USE.es in html


def test_without_ages_there_is_no_age_plot(handmade: Handmade, tmp_path: Path) -> None:
    write_description(_with(handmade, age=""), tmp_path, rows=1)
    html = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 2
    assert "Age by source" not in html


def test_the_page_is_repeatable(dataset: Dataset, tmp_path: Path) -> None:
    write_description(dataset, tmp_path / "a", rows=1)
    write_description(dataset, tmp_path / "b", rows=1)
    for name in (PAGE, SHEET):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_sheet_alone_is_the_contact_sheet(dataset: Dataset, tmp_path: Path) -> None:
    write_description(dataset, tmp_path, rows=1, columns=2, seed=3)
    from covid_d.dataset.describe.contact_sheet import contact_sheet

    expected = contact_sheet(dataset, films=2, columns=2, seed=3)
    with Image.open(io.BytesIO((tmp_path / SHEET).read_bytes())) as sheet:
        assert sheet.tobytes() == expected.tobytes()


def test_an_empty_split_stops_before_anything_is_written(
    handmade: Handmade, tmp_path: Path
) -> None:
    handmade.rows[:] = handmade.in_split("train")
    handmade.seal()
    with pytest.raises(DatasetError):
        write_description(Dataset.open(handmade.folder), tmp_path / "out", split="test")
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_an_error(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CovidDError, match="Cannot write"):
        write_description(dataset, tmp_path / "file", rows=1)
