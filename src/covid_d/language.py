"""Sentences that doctors read, in Spanish and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["es", "en"]


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence in both languages; Spanish comes first.

    Parameters
    ----------
    es
        Spanish, as a doctor in Ecuador would write it.
    en
        English, equal in content.
    """

    es: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the sentence in ``language``."""
        return self.es if language == "es" else self.en

    def to_dict(self) -> dict[str, str]:
        """Return ``{"es": ..., "en": ...}``, the shape used in every JSON output."""
        return {"es": self.es, "en": self.en}

    def format(self, **values: object) -> Message:
        """Return the message with ``{name}`` fields filled in both languages."""
        return Message(self.es.format(**values), self.en.format(**values))


def localised(number: str, language: Language) -> str:
    """Return a number written with a decimal point as ``language`` writes it: Spanish, a comma."""
    return number.replace(".", ",") if language == "es" else number


def years(number: int) -> Message:
    """Return an age in whole years, in words: ``"1 año"``, ``"2 años"``."""
    if number == 1:
        return Message("1 año", "1 year")
    return Message(f"{number} años", f"{number} years")


INTENDED_USE = Message(
    es=(
        "Apoyo a la lectura médica de radiografías de tórax frontales de adultos; no es un "
        "diagnóstico. No descarta COVID-19; confirme con RT-PCR o antígeno."
    ),
    en=(
        "Support for a physician reading frontal chest radiographs of adults; not a diagnosis. "
        "It does not rule out COVID-19; confirm with RT-PCR or an antigen test."
    ),
)
