"""What a reader must know beside an answer: few sentences, each with a code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from covid_d.detector.assessment import AGE_UNKNOWN_CODE, OUTSIDE_LUNGS_CODE, Caution
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.detector.stated import Stated
from covid_d.language import Message, years
from covid_d.radiograph.ages import ADULT_YEARS
from covid_d.radiograph.film import Facts, Projection, Sex

DEMONSTRATION: Final = Caution(
    "demonstration_model",
    Message(
        "Modelo de demostración: no lo use para decidir sobre pacientes.",
        "Demonstration model: do not use it to decide about patients.",
    ),
)
UNSIGNED: Final = Caution(
    "unsigned_bundle",
    Message(
        "No se pudo verificar el origen de este modelo: trátelo como demostración.",
        "The origin of this model could not be verified: treat it as a demonstration.",
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
        "La proyección no consta: compruebe que es frontal (PA o AP).",
        "The projection is not stated: check that it is frontal (PA or AP).",
    ),
)
SUPINE: Final = Caution(
    "supine",
    Message(
        "Proyección AP en decúbito supino: la respuesta es menos fiable.",
        "Supine AP projection: the answer is less reliable.",
    ),
)
EXPIRATION: Final = Caution(
    "expiration",
    Message(
        "Radiografía en espiración: los pulmones se ven más densos y la respuesta es menos fiable.",
        "Film in expiration: the lungs look denser, and the answer is less reliable.",
    ),
)
AGE_UNKNOWN: Final = Caution(
    AGE_UNKNOWN_CODE,
    Message(
        "La edad no consta: no lo use en menores de 18 años.",
        "The age is not stated: do not use it under 18 years.",
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
        "La radiografía dice {film.es}; la ficha dice {stated.es}: compruebe que sea la de este "
        "paciente.",
        "The film says {film.en}; the record says {stated.en}: check that it is this patient's.",
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
PROJECTION_DIFFERS: Final = Caution(
    "projection_differs",
    Message(
        "El archivo dice proyección {film}; se indicó {stated}: compruebe cuál es.",
        "The file says projection {film}; {stated} was stated: check which it is.",
    ),
)
STATED_MIRRORED: Final = Caution(
    "stated_mirrored",
    Message(
        "El archivo dice que la imagen está en espejo ({film}): compruebe cuál es el lado derecho.",
        "The file says that the picture is mirrored ({film}): check which side is right.",
    ),
)
STATED_TURNED: Final = Caution(
    "stated_turned",
    Message(
        "El archivo dice que la imagen está girada ({film}): compruebe cuál es el lado derecho.",
        "The file says that the picture is turned ({film}): check which side is right.",
    ),
)
MIRRORED: Final = "RF"
"""Where rows and columns of a mirrored film run to: to the patient's right, and to the feet."""
OUTSIDE_LUNGS: Final = Caution(
    OUTSIDE_LUNGS_CODE,
    Message(
        "El modelo se basó sobre todo en zonas fuera de los pulmones: descarte la respuesta del "
        "modelo.",
        "The model relied mostly on areas outside the lungs: disregard the model's answer.",
    ),
)
OF_PATIENT: Final = frozenset({AGE_DIFFERS.code, SEX_DIFFERS.code})
"""Codes of cautions that the film may be somebody else's."""
ADULT: Final = Message("adulto", "adult")
CHILD: Final = Message("menor de 18 años", "under 18")
SEXES: Final = {
    Sex.FEMALE: Message("femenino", "female"),
    Sex.MALE: Message("masculino", "male"),
}


def cautions_of_bundle(spec: BundleSpec) -> tuple[Caution, ...]:
    """Return what must be said beside every answer of a bundle."""
    found = []
    if spec.verdict.status == "demonstration":
        found.append(DEMONSTRATION)
    if spec.verdict.is_unsigned:
        found.append(UNSIGNED)
    if spec.conformal is None:
        found.append(NO_THRESHOLDS)
    if spec.gate is None:
        found.append(NO_GATE)
    return tuple(found)


def cautions_of_unknown(facts: Facts, stated: Stated) -> tuple[Caution, ...]:
    """Return what must be said about what neither the file nor a person states.

    Parameters
    ----------
    facts
        As read from the file alone.
    stated
        By a person.
    """
    found = []
    projections = {facts.projection, stated.projection}
    if projections == {None}:
        found.append(PROJECTION_UNKNOWN)
    elif Projection.AP_SUPINE in projections:
        found.append(SUPINE)
    if facts.expiration:
        found.append(EXPIRATION)
    if facts.age_years is None and stated.age_years is None and stated.adult is None:
        found.append(AGE_UNKNOWN)
    return tuple(found)


def age_differs(film_years: float, stated: int | str | Message) -> Caution:
    """Return the caution about a film of somebody of another age.

    Parameters
    ----------
    film_years
        As the film's file states it.
    stated
        As the patient's record does, in whole years; or what stands for it in the sentence.
    """
    said = stated if isinstance(stated, Message) else Message(str(stated), str(stated))
    return _said(AGE_DIFFERS, film=years(int(film_years)), stated=said)


def sex_differs(film: Sex) -> Caution | None:
    """Return the caution about a film of somebody of the other sex.

    ``None`` where the file states neither of the two: nothing contradicts that.
    """
    if film not in SEXES:
        return None
    other = Sex.MALE if film is Sex.FEMALE else Sex.FEMALE
    return _said(SEX_DIFFERS, film=SEXES[film], stated=SEXES[other])


def contradictions(facts: Facts, stated: Stated) -> tuple[Caution, ...]:
    """Return what must be said where a film's file contradicts itself, or a person.

    Files are often wrong about it, so it withholds no answer.

    Parameters
    ----------
    facts
        As read from the file alone.
    stated
        By a person.
    """
    found = [*_of_dates(facts), *_of_age(facts.age_years, stated)]
    other_sex = sex_differs(facts.sex) if facts.sex else None
    if other_sex is not None and stated.sex in SEXES and stated.sex is not facts.sex:
        found.append(other_sex)
    if facts.projection and stated.projection and _beam(facts) != _beam(stated):
        found.append(
            _said(PROJECTION_DIFFERS, film=facts.projection.value, stated=stated.projection.value)
        )
    if facts.turned is not None:  # the picture shows whether it is turned, not whether mirrored
        caution = STATED_MIRRORED if facts.turned == MIRRORED else STATED_TURNED
        found.append(_said(caution, film="\\".join(facts.turned)))
    return tuple(found)


def _of_dates(facts: Facts) -> Iterator[Caution]:
    age, by_dates = facts.age_years, facts.age_by_dates
    if age is not None and by_dates is not None and abs(age - by_dates) > AGE_TOLERANCE:
        yield _said(AGES_CONTRADICT, stated=years(int(age)), reckoned=years(int(by_dates)))


def _of_age(film_years: float | None, stated: Stated) -> Iterator[Caution]:
    if film_years is None:
        return
    if stated.age_years is not None:
        whole = int(stated.age_years)
        if abs(int(film_years) - whole) > AGE_TOLERANCE:
            yield age_differs(film_years, whole)
    elif stated.adult is not None and stated.adult != (film_years >= ADULT_YEARS):
        yield age_differs(film_years, ADULT if stated.adult else CHILD)


def _beam(known: Facts | Stated) -> Projection | None:
    """Return the projection without the posture: AP of a lying patient is AP."""
    supine = known.projection is Projection.AP_SUPINE
    return Projection.AP if supine else known.projection


def _said(caution: Caution, **values: object) -> Caution:
    return Caution(caution.code, caution.message.format(**values))
