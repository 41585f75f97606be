"""Names and colours of classes: one for each, in both languages, told apart by any reader."""

from __future__ import annotations

import re

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.describe.classes import CLASS_COLOURS, CLASS_NAMES
from covid_d.dataset.manifest import SET_ASIDE, Label

CLASSES = {str(name) for kind in (Label, Appearance, SET_ASIDE) for name in kind}


def _luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_class_has_a_name_and_a_colour_and_nothing_else_has() -> None:
    assert set(CLASS_NAMES) == set(CLASS_COLOURS) == CLASSES


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_two_classes_of_one_kind_share_a_name(language: str) -> None:
    for kind in (Label, Appearance, SET_ASIDE):
        names = [CLASS_NAMES[str(name)].in_language(language) for name in kind]  # type: ignore[arg-type]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", [Label, Appearance])
def test_no_two_classes_of_one_kind_share_a_colour(kind: type[Label | Appearance]) -> None:
    colours = [CLASS_COLOURS[name.value] for name in kind]
    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_white_numbers_can_be_read_on_every_colour(name: str) -> None:
    # WCAG 2.2, 1.4.11: 3 to 1 for parts of a picture.
    colour = CLASS_COLOURS[name]
    assert re.fullmatch(r"#[0-9A-F]{6}", colour)
    assert 1.05 / (_luminance(colour) + 0.05) >= 3.0


def test_the_same_answer_has_the_same_colour_in_both_kinds() -> None:
    assert CLASS_COLOURS[Label.COVID.value] == CLASS_COLOURS[Appearance.TYPICAL.value]
    assert CLASS_COLOURS[Label.NOCOVID.value] == CLASS_COLOURS[Appearance.NEGATIVE.value]
