"""What a row states, and what of it nobody understood: label against laboratory, cell by cell."""

from __future__ import annotations

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.collections.base import Reason
from covid_d.dataset.collections.stated import stated
from covid_d.dataset.manifest import Label
from covid_d.radiograph.film import Projection, Sex

COVID, NOCOVID = Label.COVID, Label.NOCOVID


@pytest.mark.parametrize(
    ("finding", "pcr", "label"),
    [
        ("COVID-19", "", COVID),
        ("Pneumonia", "", NOCOVID),
        ("", "", None),
        ("COVID-19", "positive", COVID),
        ("COVID-19", "unknown", COVID),
        ("normal", "negativo", NOCOVID),
        # The laboratory alone: a positive one tells, a negative one misses one in five.
        ("", "positivo", COVID),
        ("", "negative", None),
        ("COVID-19?", "positive", COVID),
        ("COVID-19?", "negative", None),
    ],
)
def test_the_class_by_finding_and_laboratory(finding: str, pcr: str, label: Label | None) -> None:
    found = stated({"label": finding, "pcr": pcr})
    assert found.label is label
    assert found.contradiction is None


@pytest.mark.parametrize(
    ("finding", "pcr", "said"),
    [
        ("COVID-19", "negative", "COVID-19, but RT-PCR negative"),
        ("normal", "positive", "normal, but RT-PCR positive"),
        ("neumonía bacteriana", "positivo", "neumonía bacteriana, but RT-PCR positive"),
    ],
)
def test_where_they_contradict_each_other_nobody_is_believed(
    finding: str, pcr: str, said: str
) -> None:
    found = stated({"label": finding, "pcr": pcr})
    assert found.label is None
    assert found.contradiction is not None
    assert found.contradiction.reason is Reason.CONTRADICTORY
    assert found.contradiction.detail == said
    assert found.not_understood == (), "each of the two was understood"


def test_an_empty_row_states_nothing_and_puzzles_nobody() -> None:
    for cells in ({}, dict.fromkeys(("label", "appearance", "pcr", "view", "age", "sex"), "")):
        found = stated(cells)
        known = found.label, found.appearance, found.contradiction, found.projection, found.sex
        assert known == (None,) * 5
        assert found.age is None
        assert not found.child
        assert found.not_understood == ()


def test_a_whole_row() -> None:
    found = stated(
        {
            "label": "COVID-19",
            "appearance": "typical",
            "pcr": "+",
            "view": "AP Supine",
            "age": "61",
            "sex": "F",
        }
    )
    assert (found.label, found.appearance) == (COVID, Appearance.TYPICAL)
    assert (found.projection, found.sex) == (Projection.AP_SUPINE, Sex.FEMALE)
    assert (found.age, found.child) == (61, False)


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        ({"label": "gripe aviar rara"}, ("label", "gripe aviar rara")),
        ({"appearance": "so-so"}, ("appearance", "so-so")),
        ({"pcr": "yesterday"}, ("pcr", "yesterday")),
        ({"view": "from below"}, ("view", "from below")),
        ({"age": "old"}, ("age", "old")),
        ({"sex": "unicorn"}, ("sex", "unicorn")),
    ],
)
def test_what_nobody_understood_is_kept_as_written(
    cells: dict[str, str], odd: tuple[str, str]
) -> None:
    found = stated({"label": "normal", "view": "PA"} | cells)
    assert found.not_understood == (odd,)


@pytest.mark.parametrize("unstated", ["", "NA", "unknown", "sin dato", "?"])
@pytest.mark.parametrize("column", ["appearance", "pcr", "view", "age", "sex"])
def test_to_say_that_nothing_is_known_is_understood(column: str, unstated: str) -> None:
    assert stated({"label": "normal", column: unstated}).not_understood == ()


@pytest.mark.parametrize("view", ["frontal", "Axial"])
def test_views_that_name_no_projection_are_understood_too(view: str) -> None:
    found = stated({"label": "normal", "view": view})
    assert found.projection is None
    assert found.not_understood == ()


@pytest.mark.parametrize(
    ("sex", "spanish", "read"),
    [
        ("M", False, Sex.MALE),
        ("M", True, Sex.FEMALE),  # mujer
        ("H", True, Sex.MALE),  # hombre
        ("F", False, Sex.FEMALE),
        ("mujer", False, Sex.FEMALE),
    ],
)
def test_m_is_a_man_or_a_woman_by_the_tables_language(sex: str, spanish: bool, read: Sex) -> None:
    assert stated({"label": "normal", "sex": sex}, spanish_sex=spanish).sex is read


@pytest.mark.parametrize(
    ("cells", "age", "child"),
    [
        ({"age": "17"}, 17, True),
        ({"age": "18"}, 18, False),
        ({"age": "8 meses"}, pytest.approx(8 / 12), True),
        ({"age": "niño"}, None, True),
        ({"age": "adulto"}, None, False),
        ({"finding": "pediatric COVID-19"}, None, True),
        ({"label": "COVID-19 niño"}, None, True),
        # A finding that speaks of a child stands, whatever the age.
        ({"age": "40", "finding": "child"}, 40, True),
    ],
)
def test_children_are_known_by_age_or_words(
    cells: dict[str, str], age: object, child: bool
) -> None:
    found = stated({"label": "normal"} | cells)
    assert found.age == age
    assert found.child is child
