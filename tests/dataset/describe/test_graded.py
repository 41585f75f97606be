"""Describing films graded by appearance: their own tables, and no word about the disease."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from collection_factory import make_siim
from covid_d.dataset import Dataset, build_dataset, open_collection
from covid_d.dataset.check.check import check_dataset
from covid_d.dataset.check.defects import DefectKind
from covid_d.dataset.describe.contact_sheet import contact_sheet
from covid_d.dataset.describe.describe import DIMENSIONS, describe
from covid_d.dataset.describe.page import PAGE, tables, write_description

if TYPE_CHECKING:
    from pathlib import Path

    from ..conftest import Handmade

EACH = {"negative": 9, "atypical": 9, "indeterminate": 9, "typical": 9}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("graded")
    siim = open_collection("siim", make_siim(root / "siim", each=8))
    return Dataset.open(build_dataset([siim], root / "set").folder)


def test_films_are_counted_by_appearance(graded: Dataset) -> None:
    told = describe(graded)
    assert told.films == 36
    assert told.appearances == EACH
    assert told.graded_patients == {"negative": 8, "atypical": 8, "indeterminate": 8, "typical": 8}
    assert told.classes == {"covid": 0, "nocovid": 0}
    for dimension in DIMENSIONS:
        sums = dict.fromkeys(EACH, 0)
        for row in told.graded[dimension].values():
            for name, films in row.items():
                sums[name] += films
        assert sums == EACH, dimension
    assert told.graded["source"] == {"siim": EACH}


def test_tables_are_of_appearance_alone(graded: Dataset) -> None:
    split, *_ = tables(describe(graded), "en")
    assert tuple(split.header) == (
        "Split", "negative", "atypical", "indeterminate", "typical", "Total", "% typical",
    )  # fmt: skip
    assert len(tables(describe(graded))) == len(DIMENSIONS)
    assert tuple(tables(describe(graded), "es")[0].header)[1:5] == (
        "negativo", "atípico", "indeterminado", "típico",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "36 films graded by appearance (32 known patients): negative 9, atypical 9"),
        ("es", "36 radiografías clasificadas por su aspecto (32 pacientes conocidos): negativo 9"),
    ],
)
def test_the_page_says_that_appearance_is_not_disease(
    graded: Dataset, tmp_path: Path, language: str, said: str
) -> None:
    write_description(graded, tmp_path, language=language)  # type: ignore[arg-type]
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert said in page
    words = {"en": "Appearance is not disease", "es": "El aspecto no es la enfermedad"}
    assert words[language] in page
    # Nothing is said of films with COVID-19 where none has a label.
    assert {"en": "with COVID-19 (", "es": "con COVID-19 ("}[language] not in page


def test_the_contact_sheet_names_appearances_by_colour(graded: Dataset) -> None:
    pixels = np.asarray(contact_sheet(graded, films=16, columns=4)).astype(int)
    red, blue = pixels[..., 0] - pixels[..., 2] > 120, pixels[..., 2] - pixels[..., 0] > 120
    assert red.sum() > 50
    assert blue.sum() > 50


def test_lateral_films_are_not_called_slices(handmade: Handmade) -> None:
    lateral = handmade.add("lateral", "", 901)
    ct = handmade.row("CT/cohen-900.png")
    for row in (lateral, ct):
        handmade.folder.joinpath(row["path"]).write_bytes(
            handmade.folder.joinpath(ct["path"]).read_bytes()
        )
        handmade.stamp(row)
    dataset = Dataset.open(handmade.seal())
    sheets = [contact_sheet(dataset, split=split).tobytes() for split in ("CT", "lateral")]
    assert sheets[0] != sheets[1]


def test_a_data_set_with_both_has_both_tables(handmade: Handmade) -> None:
    handmade.rows[0]["appearance"] = "typical"
    dataset = Dataset.open(handmade.seal())
    told = describe(dataset)
    assert told.appearances["typical"] == 1
    assert sum(told.classes.values()) == 20
    assert len(tables(told)) == 2 * len(DIMENSIONS)


def test_a_lone_appearance_of_a_source_is_warned_of(handmade: Handmade) -> None:
    for number in range(10):
        row = handmade.add("train", "typical", 300 + number, source="clinic")
        row["label"], row["appearance"] = "", "typical"
    warnings = [w.in_language("en") for w in describe(Dataset.open(handmade.seal())).warnings]
    assert any("Source 'clinic' has 10 films and all are typical" in text for text in warnings)
    assert any("100 % of the films (10 of 10)" in text for text in warnings)


def test_the_check_compares_appearances(handmade: Handmade) -> None:
    row = handmade.in_split("test")[0]
    row["appearance"] = "typical"
    handmade.seal()
    report = check_dataset(Dataset.open(handmade.folder), workers=1, progress=False)
    assert {defect.kind for defect in report.defects} == {DefectKind.LABEL, DefectKind.COUNTS}
    said = next(f.message for f in report.defects if f.kind is DefectKind.LABEL)
    assert "'covid' and 'typical' in the manifest; test_labels.csv says 'covid'." in said


def test_a_graded_film_in_anothers_folder_is_found(graded: Dataset, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "set"
    shutil.copytree(graded.folder, folder)
    text = (folder / "manifest.csv").read_text(encoding="utf-8")
    film = next(line for line in text.splitlines() if line.startswith("train/typical/"))
    name = film.split(",")[0]
    moved = name.replace("/typical/", "/atypical/")
    (folder / name).rename(folder / moved)
    (folder / "manifest.csv").write_text(text.replace(name, moved), encoding="utf-8")
    report = check_dataset(Dataset.open(folder), workers=1, progress=False)
    assert DefectKind.LABEL in {defect.kind for defect in report.defects}


def test_appearances_are_a_table_by_split(graded: Dataset) -> None:
    table = graded.appearances()
    assert list(table.index) == list(EACH)
    assert table.sum(axis=1).to_dict() == EACH
    assert graded.counts().sum().sum() == 0
    shown = graded._repr_html_()
    assert "typical" in shown
    assert "nocovid" not in shown
