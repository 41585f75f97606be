"""What a reader must know beside an answer: few sentences, each with a code."""

from __future__ import annotations

from typing import Final

from covid_d.detector.assessment import Caution
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.language import Message, years
from covid_d.radiograph.film import Facts, Projection, Sex

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
AGES_CONTRADICT: Final = Caution(
    "ages_contradict",
    Message(
        "El archivo dice {stated.es}, pero la fecha de nacimiento da {reckoned.es}: compruebe la "
        "edad.",
        "The file says {stated.en}, but the date of birth gives {reckoned.en}: check the age.",
    ),
)
AGE_TOLERANCE: Final = 2
"""Years: a patient's age is often rounded, and a film may be of last year."""
AGE_DIFFERS: Final = Caution(
    "age_differs",
    Message(
        "La radiografía dice {film.es}; la ficha dice {stated}: compruebe que sea la de este "
        "paciente.",
        "The film says {film.en}; the record says {stated}: check that it is this patient's.",
    ),
)
SEX_DIFFERS: Final = Caution(
    "sex_differs",
    Message(
        "La radiografía dice sexo {film.es}; la ficha dice {stated.es}: compruebe que sea la de "
        "este paciente.",
        "The film says {film.en}; the record says {stated.en}: check that it is this patient's.",
    ),
)
OF_PATIENT: Final = frozenset({AGE_DIFFERS.code, SEX_DIFFERS.code})
"""Codes of cautions that the film may be somebody else's."""
_SEXES: Final = {
    Sex.FEMALE: Message("femenino", "female"),
    Sex.MALE: Message("masculino", "male"),
}


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
    elif (
        facts.age_by_dates is not None and abs(facts.age_years - facts.age_by_dates) > AGE_TOLERANCE
    ):
        stated, reckoned = years(int(facts.age_years)), years(int(facts.age_by_dates))
        found.append(_said(AGES_CONTRADICT, stated=stated, reckoned=reckoned))
    return tuple(found)


def age_differs(film_years: float, stated: int | str) -> Caution:
    """Return the caution about a film of somebody of another age.

    Parameters
    ----------
    film_years
        As the film's file states it.
    stated
        As the patient's record does, in whole years; or what stands for it in the sentence.
    """
    return _said(AGE_DIFFERS, film=years(int(film_years)), stated=stated)


def sex_differs(film: Sex) -> Caution | None:
    """Return the caution about a film of somebody of the other sex.

    ``None`` where the file states neither of the two: nothing contradicts that.
    """
    if film not in _SEXES:
        return None
    other = Sex.MALE if film is Sex.FEMALE else Sex.FEMALE
    return _said(SEX_DIFFERS, film=_SEXES[film], stated=_SEXES[other])


def cautions_of_patient(
    facts: Facts, *, age_years: int | None, sex: Sex | None
) -> tuple[Caution, ...]:
    """Return what must be said where a film's file and its patient's record describe two people.

    Files are often wrong about it, so it withholds no answer.

    Parameters
    ----------
    facts
        As read from the file alone.
    age_years, sex
        As the record states them.
    """
    found = []
    film_years = facts.age_years
    if film_years is not None and age_years is not None:
        apart = abs(int(film_years) - age_years)
        found += [age_differs(film_years, age_years)] if apart > AGE_TOLERANCE else []
    contradiction = sex_differs(facts.sex) if facts.sex else None
    if contradiction is not None and sex in _SEXES and sex is not facts.sex:
        found.append(contradiction)
    return tuple(found)


def _said(caution: Caution, **values: object) -> Caution:
    return Caution(caution.code, caution.message.format(**values))
