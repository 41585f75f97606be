"""Words by which people name what a film shows."""

from __future__ import annotations

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.collections.vocabulary import appearance_of


@pytest.mark.parametrize(
    ("text", "appearance"),
    [
        ("typical", Appearance.TYPICAL),
        ("Typical Appearance", Appearance.TYPICAL),
        ("INDETERMINATE", Appearance.INDETERMINATE),
        ("atypical appearance", Appearance.ATYPICAL),
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
