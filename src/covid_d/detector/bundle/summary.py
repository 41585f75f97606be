"""What the model card's Spanish summary says of the verdict: true at every time, never a condition.

The card is written before the audit, and the audit may pass, fail, or be earned anew; so the
sentence stands between markers and is written again with each verdict.
"""

from __future__ import annotations

from typing import Final

from covid_d.detector.bundle.spec import Verdict

BEGIN: Final = "<!-- verdict:begin -->"
END: Final = "<!-- verdict:end -->"
_NOT_AUDITED: Final = Verdict().reasons
_ONCE: Final = "Mientras el veredicto sea `demonstration`, úsela solo como demostración."
"""How cards of COVID-D 0.4.0 and before said it."""


def verdict_in_summary(verdict: Verdict) -> str:
    """Return the sentence with its markers, as Markdown."""
    return f"{BEGIN}{_said(verdict)}{END}"


def with_verdict(card: str, verdict: Verdict) -> str:
    """Return a model card whose summary tells this verdict; one that tells none stays as it is."""
    sentence = verdict_in_summary(verdict)
    if card.count(BEGIN) == card.count(END) == 1 and card.index(BEGIN) < card.index(END):
        before, _, rest = card.partition(BEGIN)
        return f"{before}{sentence}{rest.partition(END)[2]}"
    return card.replace(_ONCE, sentence)


def _said(verdict: Verdict) -> str:
    if verdict.status == "audit-passed":
        return "Superó la auditoría de atajos (`audit-passed`), que no es un estudio clínico."
    if verdict.reasons == _NOT_AUDITED:
        return (
            "La auditoría de atajos no se ha hecho todavía: es una demostración (`demonstration`) "
            "y su respuesta no prueba nada."
        )
    return (
        "No superó la auditoría de atajos: es una demostración (`demonstration`) y su respuesta "
        "no prueba nada."
    )
