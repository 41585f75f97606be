"""The four ways a chest film may look, as radiologists grade it for COVID-19.

The categories and their order are those of Litmanovich et al. (2020), *J Thorac Imaging*
35:354-360, by which the SIIM-FISABIO-RSNA challenge of 2021 labelled its films. They say how a film
looks, not whether the patient has COVID-19.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from covid_d.language import Message


class Appearance(StrEnum):
    """How a film looks; ordered from no pneumonia to the typical picture of COVID-19."""

    NEGATIVE = "negative"
    ATYPICAL = "atypical"
    INDETERMINATE = "indeterminate"
    TYPICAL = "typical"

    @property
    def message(self) -> Message:
        """The category in a radiologist's words."""
        return _MESSAGES[self]


CATEGORIES: Final = tuple(Appearance)
"""The order of every vector over categories: a network's outputs, probabilities, counts."""

_MESSAGES = {
    Appearance.NEGATIVE: Message("sin signos de neumonía", "no signs of pneumonia"),
    Appearance.ATYPICAL: Message("aspecto atípico para COVID-19", "atypical appearance"),
    Appearance.INDETERMINATE: Message("aspecto indeterminado", "indeterminate appearance"),
    Appearance.TYPICAL: Message("aspecto típico de COVID-19", "typical appearance of COVID-19"),
}
