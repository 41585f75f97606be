"""Sentences about an answer that every face says alike."""

from __future__ import annotations

from typing import Final

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import Assessment, CovidRange
from covid_d.language import Message, localised

PROBABILITY: Final = Message(
    "Probabilidad de COVID-19 según el modelo: {p}", "Probability of COVID-19 by the model: {p}"
)
SCORE: Final = Message(
    "Puntuación del modelo de demostración (no es una probabilidad de enfermedad): {es}",
    "Score of the demonstration model (no probability of disease): {en}",
)
_APPEARANCE: Final = Message(
    "Aspecto según el modelo: {listed}", "Appearance by the model: {listed}"
)
_OPACITY: Final = Message("Alguna opacidad pulmonar: {p}", "Any lung opacity: {p}")
_COVID: Final = Message(
    "COVID-19 con una prevalencia del {prevalence}: {low} a {high} (valor central {value}), según "
    "{table}",
    "COVID-19 at a prevalence of {prevalence}: {low} to {high} (middle {value}), by {table}",
)
_STUDIES: Final = Message("los estudios publicados", "the published studies")
_TABLE: Final = Message("la tabla «{name}»", 'the table "{name}"')
NO_RANGE: Final = Message(
    "Este modelo no dice cuán probable es la COVID-19 con una prevalencia: eso queda para modelos "
    "de aspecto que superaron la auditoría.",
    "This model does not say how probable COVID-19 is at a prevalence: that is for models of "
    "appearance that passed the audit.",
)
MODEL: Final = Message(
    "Modelo: {name} {version} ({verdict}).", "Model: {name} {version} ({verdict})."
)
VERDICTS: Final = {
    "demonstration": Message("demostración", "demonstration"),
    "audit-passed": Message(
        "superó la auditoría de atajos; no probado en pacientes, sin estudio clínico",
        "passed the shortcut audit; not tested on patients, no clinical study",
    ),
}


def numbers(assessment: Assessment) -> list[Message]:
    """Return an answer's numbers in words; none of a refusal."""
    found = []
    if assessment.appearance is not None:
        shown = assessment.appearance
        listed = [category.message for category in reversed(CATEGORIES)]
        values = [percent(shown[category]) for category in reversed(CATEGORIES)]
        found.append(
            Message(
                _APPEARANCE.es.format(
                    listed=", ".join(f"{m.es} {v}" for m, v in zip(listed, values, strict=True))
                ),
                _APPEARANCE.en.format(
                    listed=", ".join(f"{m.en} {v}" for m, v in zip(listed, values, strict=True))
                ),
            )
        )
    if assessment.opacity is not None:
        found.append(_OPACITY.format(p=percent(assessment.opacity)))
    if assessment.probability is not None:
        found.append(_number(assessment.probability, assessment.verdict))
    if assessment.covid is not None:
        found.append(covid_in_words(assessment.covid))
    return found


def _number(probability: float, verdict: str) -> Message:
    """Return the one number of a bundle of the old kind; a demonstration's is no percentage."""
    if verdict == "demonstration":
        score = f"{probability:.2f}"
        return SCORE.format(es=localised(score, "es"), en=score)
    return PROBABILITY.format(p=percent(probability))


def covid_in_words(covid: CovidRange) -> Message:
    """Return how probable COVID-19 is, with its prevalence."""
    share = f"{100 * covid.prevalence:.3g} %"
    values = {name: percent(getattr(covid, name)) for name in ("low", "value", "high")}
    table = _STUDIES if covid.is_published else _TABLE.format(name=covid.table)
    return Message(
        _COVID.es.format(prevalence=localised(share, "es"), table=table.es, **values),
        _COVID.en.format(prevalence=share, table=table.en, **values),
    )


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
