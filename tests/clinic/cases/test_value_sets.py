"""What a form offers to choose from: the codes that are stored, and how they read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from covid_d.clinic.cases import value_sets
from covid_d.language import Language, Text
from covid_d.radiograph.film import Projection, Sex

LISTS = {
    "provinces": value_sets.PROVINCES,
    "sexes": value_sets.SEXES,
    "symptoms": value_sets.SYMPTOMS,
    "comorbidities": value_sets.COMORBIDITIES,
    "projections": value_sets.PROJECTIONS,
}


@pytest.fixture(params=LISTS)
def listed(request: pytest.FixtureRequest) -> Mapping[str, Text]:
    return LISTS[request.param]


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_two_choices_of_a_list_read_alike(
    listed: Mapping[str, Text], language: Language
) -> None:
    shown = [text.in_language(language).casefold() for text in listed.values()]
    assert len(set(shown)) == len(shown)
    assert all(name == name.strip() and name for name in shown)


def test_the_provinces_are_those_of_ecuador() -> None:
    # Constitución, art. 242; instituto de estadística: 24 provinces since 2007. By their official
    # codes, 01 to 24.
    official = {
        *("Azuay", "Bolívar", "Cañar", "Carchi", "Cotopaxi", "Chimborazo", "El Oro", "Esmeraldas"),
        *("Guayas", "Imbabura", "Loja", "Los Ríos", "Manabí", "Morona Santiago", "Napo"),
        *("Pastaza", "Pichincha", "Tungurahua", "Zamora Chinchipe", "Galápagos", "Sucumbíos"),
        *("Orellana", "Santo Domingo de los Tsáchilas", "Santa Elena"),
    }
    assert set(value_sets.PROVINCES) == official
    assert len(official) == 24
    for name, text in value_sets.PROVINCES.items():
        assert text.in_language("es") == text.in_language("en") == name


def test_provinces_are_offered_in_alphabetical_order() -> None:
    plain = [name.replace("ñ", "n").replace("í", "i") for name in value_sets.PROVINCES]
    assert plain == sorted(plain)


@pytest.mark.parametrize(
    ("code", "es", "en"),
    [
        ("F", "Femenino", "Female"),
        ("M", "Masculino", "Male"),
        ("O", "Otro o intersexual", "Other or intersex"),
    ],
)
def test_sexes_are_dicoms_codes_and_read_in_both_languages(code: str, es: str, en: str) -> None:
    text = value_sets.SEXES[code]
    assert (text.in_language("es"), text.in_language("en")) == (es, en)
    assert Sex(code)


def test_projections_are_those_of_a_film_and_the_ones_answered_come_first() -> None:
    assert [Projection(code) for code in value_sets.PROJECTIONS] == [
        Projection.PA,
        Projection.AP,
        Projection.AP_SUPINE,
        Projection.LATERAL,
        Projection.OTHER,
    ]


@pytest.mark.parametrize("choices", [value_sets.SYMPTOMS, value_sets.COMORBIDITIES])
def test_nothing_is_the_first_choice_and_told_apart_from_not_known(
    choices: Mapping[str, Text],
) -> None:
    assert next(iter(choices)) == "none"
    assert "" not in choices


@pytest.mark.parametrize(
    ("code", "es"),
    [
        ("none", "Sin síntomas"),
        ("fever", "Fiebre"),
        ("cough", "Tos"),
        ("dyspnoea", "Disnea"),
        ("anosmia", "Pérdida del olfato o del gusto"),
        ("diarrhoea", "Diarrea"),
        ("confusion", "Confusión"),
    ],
)
def test_symptoms_in_a_doctors_spanish(code: str, es: str) -> None:
    assert value_sets.SYMPTOMS[code].in_language("es") == es


def test_each_code_can_be_stored_and_asked_for_in_an_address(listed: Mapping[str, Text]) -> None:
    # Columns of these codes hold 40 characters; a comma would split a list of them.
    assert all(0 < len(code) <= 40 and "," not in code for code in listed)
