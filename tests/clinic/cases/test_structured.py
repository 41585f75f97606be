"""A structured reading: what can be said, what contradicts itself, and how it is kept and told."""

from __future__ import annotations

import pytest

from covid_d.clinic.cases.film_terms import (
    EXTENT_ZONES,
    GRADES,
    HIGHEST_EXTENT,
    SIGNS,
    BodySide,
    Height,
)
from covid_d.clinic.cases.structured import CATEGORY_NAMES, SeenSign, Structured
from covid_d.clinic.database.cases import Reading
from covid_d.clinic.errors import InvalidInputError
from covid_d.detector import CATEGORIES, Appearance

RIGHT, LEFT, BOTH = BodySide.RIGHT, BodySide.LEFT, BodySide.BOTH
UPPER, MIDDLE, LOWER = Height.UPPER, Height.MIDDLE, Height.LOWER
WHOLE = Structured(
    Appearance.TYPICAL,
    (
        SeenSign("ground_glass", BOTH, (MIDDLE, LOWER)),
        SeenSign("effusion", LEFT),
        SeenSign("cardiomegaly"),
    ),
    (0, 2, 3, 1, 2, 3),
)


def test_the_zones_are_those_of_brixia() -> None:
    # A, B, C: right lung from above; D, E, F: the left one (Borghesi and Maroldi 2020).
    assert EXTENT_ZONES == (
        (RIGHT, UPPER), (RIGHT, MIDDLE), (RIGHT, LOWER),
        (LEFT, UPPER), (LEFT, MIDDLE), (LEFT, LOWER),
    )  # fmt: skip
    assert (sorted(GRADES), HIGHEST_EXTENT) == ([0, 1, 2, 3], 18)


def test_every_category_has_its_name() -> None:
    assert set(CATEGORY_NAMES) == set(CATEGORIES)
    assert CATEGORY_NAMES[Appearance.NEGATIVE].in_language("es") == "Sin signos de neumonía"


def test_the_score_is_the_sum_of_its_zones() -> None:
    assert WHOLE.brixia == 11
    assert Structured(extent=(3,) * 6).brixia == 18
    assert Structured(extent=(0,) * 6).brixia == 0
    assert Structured().brixia is None


def test_it_is_kept_and_read_back() -> None:
    assert WHOLE.columns == {
        "appearance": "typical",
        "signs": [
            {"code": "ground_glass", "side": "both", "heights": ["middle", "lower"]},
            {"code": "effusion", "side": "left", "heights": []},
            {"code": "cardiomegaly", "side": None, "heights": []},
        ],
        "extent": [0, 2, 3, 1, 2, 3],
    }
    assert Structured.of(Reading(**WHOLE.columns)) == WHOLE


def test_a_reading_of_an_older_version_says_nothing() -> None:
    old = Reading(kind="blind", finding="positive", notes="opacidad")
    assert Structured.of(old) == Structured()
    assert list(Structured.of(old).lines("es")) == []


def test_it_is_told_a_line_each() -> None:
    assert list(WHOLE.lines("es")) == [
        "Típico de COVID-19",
        "Opacidad en vidrio deslustrado: ambos lados, medio, inferior",
        "Derrame pleural: izquierdo",
        "Cardiomegalia",
        "Brixia 11 de 18 (derecho 0-2-3; izquierdo 1-2-3)",
    ]
    assert list(WHOLE.lines("en"))[1] == "Ground-glass opacity: both sides, middle, lower"
    assert list(WHOLE.lines("en"))[4] == "Brixia 11 of 18 (right 0-2-3; left 1-2-3)"


@pytest.mark.parametrize("code", SIGNS)
def test_every_sign_is_said_in_both_languages(code: str) -> None:
    sign = SeenSign(code, BOTH if SIGNS[code].sided else None)
    assert sign.words("es") != sign.words("en")
    assert Structured(signs=(sign,)).columns["signs"][0]["code"] == code


@pytest.mark.parametrize(
    "sign",
    [
        SeenSign("halo", RIGHT),
        SeenSign("consolidation"),
        SeenSign("cardiomegaly", LEFT),
        SeenSign("cardiomegaly", None, (UPPER,)),
        SeenSign("effusion", RIGHT, (LOWER,)),
        SeenSign("pneumothorax"),
    ],
)
def test_a_sign_lies_where_it_can_lie(sign: SeenSign) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Structured(signs=(sign,))
    assert set(caught.value.fields) == {"signs"}


def test_a_sign_is_named_once() -> None:
    twice = (SeenSign("consolidation", RIGHT), SeenSign("consolidation", LEFT))
    with pytest.raises(InvalidInputError):
        Structured(signs=twice)


@pytest.mark.parametrize(
    "extent", [(), (1,) * 5, (1,) * 7, (0, 0, 0, 0, 0, 4), (0, 0, 0, 0, 0, -1)]
)
def test_an_extent_is_six_grades(extent: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Structured(extent=extent)
    assert set(caught.value.fields) == {"extent"}


@pytest.mark.parametrize("code", ["ground_glass", "consolidation", "reticular"])
def test_a_film_without_pneumonia_has_no_opacity(code: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Structured(Appearance.NEGATIVE, (SeenSign(code, LEFT),), (0, 0, 0, 0, 0, 1))
    assert set(caught.value.fields) == {"signs", "extent"}


def test_a_film_without_pneumonia_may_show_something_else() -> None:
    seen = Structured(Appearance.NEGATIVE, (SeenSign("cardiomegaly"), SeenSign("device")), (0,) * 6)
    assert seen.brixia == 0
    assert Structured(Appearance.NEGATIVE).brixia is None
