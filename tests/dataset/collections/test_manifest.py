"""Any folder of films with a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from collection_factory import draw, write_csv
from covid_d.appearance import Appearance
from covid_d.dataset.collections import FilmRow, Modality, Reason
from covid_d.dataset.collections.manifest import ManifestCollection
from covid_d.dataset.collections.vocabulary import label_of
from covid_d.dataset.manifest import Label
from covid_d.errors import DatasetError
from covid_d.radiograph import Projection, Sex


def rows_of(root: Path, *rows: dict[str, str]) -> list[FilmRow]:
    for seed, name in enumerate(["a.png", "b.png"]):
        draw(root / name, seed, size=64)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return list(ManifestCollection(write_csv(root / "m.csv", columns, rows)).rows())


@pytest.mark.parametrize(
    "text", ["covid", "COVID-19", "Covid_19", "COVID19", "SARS-CoV-2", "covid positive"]
)
def test_spellings_of_covid(text: str) -> None:
    assert label_of(text) is Label.COVID


@pytest.mark.parametrize(
    "text",
    ["nocovid", "non-COVID", "No COVID-19", "covid-negative", "normal", "No Finding", "healthy",
     "pneumonia_noncovid", "Bacterial pneumonia", "SARS"],
)  # fmt: skip
def test_spellings_of_no_covid(text: str) -> None:
    assert label_of(text) is Label.NOCOVID


@pytest.mark.parametrize("text", ["", "maybe", "todo", "1", "possible covid", "covid?normal"])
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert label_of(text) is None


def test_a_row_is_read_whole(tmp_path: Path) -> None:
    (row,) = rows_of(
        tmp_path,
        {
            "path": "a.png",
            "label": "covid",
            "source": "cxnet",
            "patient": "cxnet:268",
            "finding": "COVID-19",
            "view": "AP",
            "age": "56.0",
            "sex": "male",
            "license": "CC BY 4.0",
            "url": "https://doi.org/10.1148/cases.20201965",
            "sha1_original": "ignored",
        },
    )
    assert row == FilmRow(
        source="cxnet",
        original="a.png",
        file=tmp_path / "a.png",
        label=Label.COVID,
        finding="COVID-19",
        patient="cxnet:268",
        projection=Projection.AP,
        projection_text="AP",
        age=56.0,
        sex=Sex.MALE,
        license="CC BY 4.0",
        url="https://doi.org/10.1148/cases.20201965",
    )


def test_path_and_label_suffice(tmp_path: Path) -> None:
    folder = tmp_path / "Our Clinic"
    folder.mkdir()
    (row,) = rows_of(folder, {"path": "a.png", "label": "normal"})
    assert row.source == "our-clinic"
    assert row.finding == "normal"
    assert row.patient == ""
    assert not row.child


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ("12", "clinic:12"),
        ("nih:1684", "nih:1684"),
        ("cxnet-unknown:551", ""),
        ("", ""),
    ],
)
def test_patients_are_unique_across_sources(tmp_path: Path, patient: str, expected: str) -> None:
    (row,) = rows_of(
        tmp_path, {"path": "a.png", "label": "normal", "source": "clinic", "patient": patient}
    )
    assert row.patient == expected


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        {"path": "a.png", "label": "covid"},
        {"path": "a.png", "label": "COVID-19"},
        {"path": "gone.png", "label": "covid"},
        {"path": "b.png", "label": "perhaps"},
        {"path": "../m.csv", "label": "covid"},
        {"path": "", "label": "covid"},
        {"path": "b.png", "label": "covid", "modality": "US"},
    )
    assert [row.exclusion.reason if row.exclusion else "" for row in rows] == [
        "",
        Reason.LISTED_TWICE,
        Reason.MISSING,
        Reason.UNLABELLED,
        Reason.UNSAFE,
        Reason.MISSING,
        Reason.MODALITY,
    ]


def test_a_film_listed_with_two_labels_is_left_out_by_both_rows(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        {"path": "a.png", "label": "covid"},
        {"path": "b.png", "label": "covid"},
        {"path": "a.png", "label": "normal"},
    )
    told = [row.exclusion.detail if row.exclusion else "" for row in rows]
    assert told == [
        "a.png: row 1 says covid, but row 3 says normal",
        "",
        "a.png: row 3 says normal, but row 1 says covid",
    ]


def test_a_manifest_may_carry_the_appearance_beside_the_label_or_alone(tmp_path: Path) -> None:
    both, alone = rows_of(
        tmp_path,
        {"path": "a.png", "label": "covid", "appearance": "Typical Appearance"},
        {"path": "b.png", "label": "", "appearance": "negative"},
    )
    assert (both.label, both.appearance) == (Label.COVID, Appearance.TYPICAL)
    assert (alone.label, alone.appearance) == (None, Appearance.NEGATIVE)
    assert alone.finding == "negative"


def test_an_appearance_column_suffices(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, {"path": "a.png", "appearance": "atypical"})
    assert row.appearance is Appearance.ATYPICAL
    (row,) = rows_of(tmp_path, {"path": "a.png", "appearance": "looks odd"})
    assert row.exclusion
    assert (row.exclusion.reason, row.exclusion.detail) == (Reason.UNLABELLED, "looks odd")


def test_computed_tomography_needs_no_label(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, {"path": "a.png", "label": "", "modality": "CT"})
    assert row.modality is Modality.CT
    assert row.exclusion is None


def test_children_are_known_by_age(tmp_path: Path) -> None:
    infant, grown = rows_of(
        tmp_path,
        {"path": "a.png", "label": "covid", "age": "0"},
        {"path": "b.png", "label": "covid", "age": "18"},
    )
    assert (infant.child, grown.child) == (True, False)


def test_a_folder_stands_for_its_manifest(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", 1, size=64)
    write_csv(tmp_path / "manifest.csv", ["path", "label"], [{"path": "a.png", "label": "covid"}])
    assert len(list(ManifestCollection(tmp_path).rows())) == 1


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "m.csv", ["photo", "group"], [{"photo": "a.png", "group": "covid"}])
    with pytest.raises(DatasetError, match="lacks the columns path, label or appearance; it has"):
        list(ManifestCollection(tmp_path / "m.csv").rows())


# --- a table from a Spanish hospital -----------------------------------------------------------

SPANISH = """sep=;
Ruta;Etiqueta;Edad (años);Sexo;Proyección;Paciente
a;positivo;12,5;M;portátil;1
b.PNG;neumonía;8 MESES;H;PA de pie;2
a.png;sospecha de COVID;5 años;M;AP Seduto;3
b.png;sano;niño;H;perfil?;4
a.png;positivo;doce;X;SUP;5
"""


def _spanish(root: Path) -> ManifestCollection:
    for seed, name in enumerate(["a.png", "b.png"]):
        draw(root / name, seed, size=64)
    (root / "m.csv").write_bytes(SPANISH.encode("cp1252"))
    return ManifestCollection(root / "m.csv")


def test_a_spanish_table_is_read(tmp_path: Path) -> None:
    rows = list(_spanish(tmp_path).rows())
    assert [row.label for row in rows] == [
        Label.COVID, Label.NOCOVID, None, Label.NOCOVID, Label.COVID,
    ]  # fmt: skip
    assert [row.age for row in rows] == [12.5, pytest.approx(8 / 12), 5.0, None, None]
    assert [row.child for row in rows] == [True, True, True, True, False]
    assert [row.sex for row in rows] == [
        Sex.FEMALE, Sex.MALE, Sex.FEMALE, Sex.MALE, None,
    ]  # fmt: skip
    assert [row.projection for row in rows] == [
        Projection.AP, Projection.PA, Projection.AP, Projection.LATERAL, Projection.AP_SUPINE,
    ]  # fmt: skip
    assert rows[0].file == tmp_path / "a.png"
    assert rows[1].file == tmp_path / "b.png"


def test_what_was_understood_and_what_was_not_is_told(tmp_path: Path) -> None:
    collection = _spanish(tmp_path)
    assert collection.understood == (
        "m.csv: Windows-1252, semicolons; columns Ruta = path, Etiqueta = label, "
        "Paciente = patient, Proyección = view, Edad (años) = age, Sexo = sex; M is mujer"
    )
    told = [value for row in collection.rows() for value in row.not_understood]
    assert told == [("label", "sospecha de COVID"), ("sex", "X"), ("age", "doce")]


def test_m_is_a_man_unless_h_is_there(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        {"path": "a.png", "label": "sano", "sex": "M"},
        {"path": "b.png", "label": "sano", "sex": "F"},
    )
    assert [row.sex for row in rows] == [Sex.MALE, Sex.FEMALE]


def test_a_laboratory_result_may_stand_in_a_manifest(tmp_path: Path) -> None:
    first, second = rows_of(
        tmp_path,
        {"path": "a.png", "label": "", "RT-PCR": "positivo"},
        {"path": "b.png", "label": "covid", "RT-PCR": "negativo"},
    )
    assert first.label is Label.COVID
    assert second.exclusion
    assert second.exclusion.reason is Reason.CONTRADICTORY
