"""A patient's sex as people write it."""

from __future__ import annotations

import pytest

from covid_d.radiograph import Sex
from covid_d.radiograph.sexes import parse_sex, speaks_spanish


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("M", Sex.MALE),
        ("female", Sex.FEMALE),
        (" Male ", Sex.MALE),
        ("f", Sex.FEMALE),
        ("other", Sex.OTHER),
        ("", None),
        ("?", None),
        ("mem", None),
    ],
)
def test_parse_sex(text: str, sex: Sex | None) -> None:
    assert parse_sex(text) is sex


@pytest.mark.parametrize(
    ("text", "spanish", "sex"),
    [
        ("Femenino", False, Sex.FEMALE), ("mujer", False, Sex.FEMALE), ("Hombre", False, Sex.MALE),
        ("Varón", False, Sex.MALE), ("H", False, Sex.MALE), ("M", False, Sex.MALE),
        ("M", True, Sex.FEMALE), ("H", True, Sex.MALE), ("", True, None),
        ("otro", False, Sex.OTHER),
    ],
)  # fmt: skip
def test_sex_in_spanish(text: str, spanish: bool, sex: Sex | None) -> None:
    assert parse_sex(text, spanish=spanish) is sex


@pytest.mark.parametrize(
    ("cells", "spanish"),
    [
        (["H", "M", "h"], True), (["M", "", "H"], True), (["M", "F"], False), (["H"], False),
        (["H", "M", "F"], False), (["M"], False), ([], False), (["hombre", "mujer"], False),
    ],
)  # fmt: skip
def test_the_letters_of_a_column_tell_its_language(cells: list[str], spanish: bool) -> None:
    assert speaks_spanish(cells) is spanish
