"""Words by which people name what a film shows: one vocabulary for every collection."""

from __future__ import annotations

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.collections.vocabulary import (
    appearance_of,
    is_frontal,
    is_untold,
    label_of,
    names_child,
    parse_projection,
    pcr_of,
)
from covid_d.dataset.manifest import Label
from covid_d.radiograph import Projection


@pytest.mark.parametrize(
    "text",
    [
        "covid", "COVID-19", "Covid_19", "COVID19", "Covid 19", "COVID\u201119", "SARS-CoV-2",
        "sars-cov2", "2019-nCoV", "nCoV-2019", "novel coronavirus", "covid positive",
        "COVID-19 confirmado", "Neumonía por SARS-CoV-2", "neumonía COVID", "COVID-19, ARDS",
        "Pneumonia/Viral/COVID-19", "COVID-19 paediatric", "positivo", "Positive",
        "COVID+", "COVID-19 (PCR+)", "COVID-19 - severe",
    ],
)  # fmt: skip
def test_covid(text: str) -> None:
    assert label_of(text) is Label.COVID


@pytest.mark.parametrize(
    "text",
    [
        "nocovid", "non-COVID", "No COVID-19", "no covid", "sin COVID-19", "covid-negative",
        "COVID-19 negativo", "negativo para COVID", "COVID-19 not detected", "COVID-19 descartado",
        "ruled out COVID-19", "Laboratory negative", "laboratorio negativo",
        "normal", "No Finding", "sano", "Sana", "healthy", "negativo",
        "neumonía", "Neumonía bacteriana", "pneumonia_noncovid", "SARS", "MERS-CoV",
        "Pneumonia/Viral/SARS",
        "Pneumonia/Bacterial/E.Coli", "Mycoplasma Bacterial Pneumonia",
        "Edema|Infiltration|Pneumonia",
        "Tuberculosis", "otra neumonía",
    ],
)  # fmt: skip
def test_something_else(text: str) -> None:
    assert label_of(text) is Label.NOCOVID


@pytest.mark.parametrize(
    "text",
    [
        "COVID-19?", "¿COVID?", "covid?normal", "suspected COVID-19", "Sospecha de COVID",
        "posible COVID-19", "probable covid", "descartar COVID", "no descartado covid",
        "compatible con COVID-19", "COVID-19 vs influenza", "maybe", "1", "coronavirus",
        "COVID-", "COVID -", "covid (-)", "COVID-19 (PCR -)", "COVID-19 RT-PCR(\u2212)",
        "post covid", "Pneumonia/Foo", "Pneumonia?", "possible covid", "looks odd",
    ],
)  # fmt: skip
def test_doubts_and_words_not_known_tell_no_class_and_are_listed(text: str) -> None:
    assert label_of(text) is None
    assert not is_untold(text)


@pytest.mark.parametrize(
    "text", ["", "todo", "Unknown", "todo, Unknown", "n/a", "Desconocido", "?"]
)
def test_what_says_that_it_is_not_told_is_no_word_to_learn(text: str) -> None:
    assert label_of(text) is None
    assert is_untold(text)


@pytest.mark.parametrize(
    ("text", "positive"),
    [("Y", True), ("N", False), ("Sí", True), ("positivo", True), ("NEGATIVA", False),
     ("Unclear", None), ("", None), ("pending", None)],
)  # fmt: skip
def test_laboratory(text: str, positive: bool | None) -> None:
    assert pcr_of(text) is positive


@pytest.mark.parametrize(
    ("text", "appearance"),
    [
        ("typical", Appearance.TYPICAL),
        ("Typical Appearance", Appearance.TYPICAL),
        ("Aspecto típico", Appearance.TYPICAL),
        ("INDETERMINATE", Appearance.INDETERMINATE),
        ("atypical appearance", Appearance.ATYPICAL),
        ("atípico", Appearance.ATYPICAL),
        ("Negative for Pneumonia", Appearance.NEGATIVE),
        ("negative", Appearance.NEGATIVE),
        ("", None),
        ("normal", None),
        ("COVID-19", None),
        ("1", None),
    ],
)
def test_appearance_of(text: str, appearance: Appearance | None) -> None:
    assert appearance_of(text) is appearance


@pytest.mark.parametrize(
    ("text", "projection"),
    [
        ("PA", Projection.PA),
        ("AP", Projection.AP),
        ("AP Supine", Projection.AP_SUPINE),
        ("ap_erect", Projection.AP),
        ("L", Projection.LATERAL),
        ("Lateral", Projection.LATERAL),
        ("?", None),
        ("", None),
        ("Axial", None),
    ],
)
def test_parse_projection(text: str, projection: Projection | None) -> None:
    assert parse_projection(text) is projection


@pytest.mark.parametrize(
    "text", ["AP semi erect", "AP Seduto", "AP portátil", "portátil", "AP UPRIGHT", "AP de pie",
             "Antero-posterior", "ap_portable", "AP sentado", "AP semierect portable"],
)  # fmt: skip
def test_frontal_from_the_front(text: str) -> None:
    assert parse_projection(text) is Projection.AP


@pytest.mark.parametrize(
    "text", ["SUP", "supino", "AP decúbito supino", "AP_horizontal", "AP acostado", "AP Supine",
             "AP portable supine"],
)  # fmt: skip
def test_frontal_lying(text: str) -> None:
    assert parse_projection(text) is Projection.AP_SUPINE


@pytest.mark.parametrize("text", ["PA", "PA erect", "Póstero-anterior", "PA bipedestación", "PA 1"])
def test_frontal_from_the_back(text: str) -> None:
    assert parse_projection(text) is Projection.PA


@pytest.mark.parametrize(
    "text", ["perfil", "Lateral izquierda", "L LAT", "lateral izq", "XTABLE LATERAL", "LL"]
)
def test_lateral(text: str) -> None:
    assert parse_projection(text) is Projection.LATERAL


@pytest.mark.parametrize(
    "text",
    ["Oblicua", "decúbito lateral", "left lateral decubitus", "AP LLD", "AP axial", "COSTAL"],
)
def test_neither_frontal_nor_lateral(text: str) -> None:
    assert parse_projection(text) is Projection.OTHER


@pytest.mark.parametrize("text", ["PA/AP", "PA\\LL", "AP foo", "frontal", "Coronal", "unknown"])
def test_projections_that_are_none(text: str) -> None:
    assert parse_projection(text) is None


def test_frontal_alone_leaves_the_side_open() -> None:
    assert is_frontal("Frontal")
    assert not is_frontal("lateral")


@pytest.mark.parametrize(
    "text", ["COVID-19 paediatric", "neumonía, niño de 3", "pediátrica", "child"]
)
def test_a_finding_may_tell_a_child(text: str) -> None:
    assert names_child(text)
    assert not names_child("COVID-19")
    assert not names_child("childhood asthma in the past")
