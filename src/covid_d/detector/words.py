"""Sentences about an answer that every face says alike."""

from __future__ import annotations

from typing import Final

from covid_d.language import Message

PROBABILITY: Final = Message(
    "Probabilidad de COVID-19 según el modelo: {p}", "Probability of COVID-19 by the model: {p}"
)
MODEL: Final = Message(
    "Modelo: {name} {version} ({verdict}).", "Model: {name} {version} ({verdict})."
)
VERDICTS: Final = {
    "demonstration": Message("demostración", "demonstration"),
    "audit-passed": Message(
        "superó la auditoría de atajos; sin estudio clínico",
        "passed the shortcut audit; no clinical study",
    ),
}


def percent(probability: float) -> str:
    """Return a percentage without false precision, and never a false certainty.

    Examples
    --------
    >>> percent(0.314), percent(0.0001), percent(0.9999)
    ('31 %', '< 1 %', '> 99 %')
    """
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return "> 99 %"
    return f"{100 * probability:.0f} %"
