"""What a reader must know beside an answer: few sentences, each with a code."""

from __future__ import annotations

from typing import Final

from covid_d.detector.assessment import Caution
from covid_d.detector.spec import BundleSpec
from covid_d.language import Message
from covid_d.radiograph.film import Facts, Projection

DEMONSTRATION: Final = Caution(
    "demonstration_model",
    Message(
        "Modelo de demostración: no lo use para decidir sobre pacientes.",
        "Demonstration model: do not use it to decide about patients.",
    ),
)
NO_THRESHOLDS: Final = Caution(
    "no_thresholds",
    Message(
        "El modelo no tiene umbrales de decisión: toda respuesta es no concluyente.",
        "The model has no decision thresholds: every answer is inconclusive.",
    ),
)
NO_GATE: Final = Caution(
    "no_input_gate",
    Message(
        "El modelo no reconoce por sí mismo una radiografía de tórax frontal: compruebe que lo es.",
        "The model cannot tell a frontal chest radiograph by itself: check that this is one.",
    ),
)
PROJECTION_UNKNOWN: Final = Caution(
    "projection_unknown",
    Message(
        "La proyección no consta en el archivo: compruebe que es frontal (PA o AP).",
        "The file does not state the projection: check that it is frontal (PA or AP).",
    ),
)
SUPINE: Final = Caution(
    "supine",
    Message(
        "Proyección AP en decúbito supino: la respuesta es menos fiable.",
        "Supine AP projection: the answer is less reliable.",
    ),
)
AGE_UNKNOWN: Final = Caution(
    "age_unknown",
    Message(
        "La edad no consta en el archivo: no lo use en menores de 18 años.",
        "The file does not state the age: do not use it under 18 years.",
    ),
)


def cautions_of_bundle(spec: BundleSpec) -> tuple[Caution, ...]:
    """Return what must be said beside every answer of a bundle."""
    found = []
    if spec.verdict.status == "demonstration":
        found.append(DEMONSTRATION)
    if spec.conformal is None:
        found.append(NO_THRESHOLDS)
    if spec.gate is None:
        found.append(NO_GATE)
    return tuple(found)


def cautions_of_film(facts: Facts) -> tuple[Caution, ...]:
    """Return what must be said beside any answer about a film."""
    found = []
    if facts.projection is None:
        found.append(PROJECTION_UNKNOWN)
    elif facts.projection is Projection.AP_SUPINE:
        found.append(SUPINE)
    if facts.age_years is None:
        found.append(AGE_UNKNOWN)
    return tuple(found)
