"""What is entered of a new case, and what can be wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id
from covid_d.clinic.cases.national_id import Keeping
from covid_d.clinic.cases.value_sets import COMORBIDITIES, NONE, PROVINCES, SEXES, SYMPTOMS
from covid_d.language import N_, Text
from covid_d.radiograph.ages import ADULT_YEARS

MAX_CODE: Final = 40
MAX_NOTES: Final = 4000
AGES: Final = (0, 120)
SPO2: Final = (40, 100)
DOSES: Final = (0, 10)
FIRST_ONSET: Final = date(2019, 12, 1)
"""The first known patients of COVID-19 fell ill in December 2019."""


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as entered; ``None`` and empty lists mean that it is not known.

    Parameters
    ----------
    patient_code
        The unit's own code; may be empty when a cédula is given.
    unit_id
        The health unit; the person's own.
    province
        Where the patient lives; a code of ``value_sets.PROVINCES``.
    national_id
        Cédula, as typed.
    age_years
        Whole years.
    adult
        Whether the patient is an adult, where the age is not known.
    sex
        A code of ``value_sets.SEXES``.
    symptom_onset
        Day on which the first symptom began.
    symptoms, comorbidities
        Codes of the catalogue; ``("none",)`` when asked and denied.
    spo2
        Oxygen saturation by pulse oximetry, per cent.
    on_oxygen
        Whether the patient was on oxygen then; ``False`` when breathing air.
    vaccine_doses
        Doses against COVID-19 so far.
    research_consent
        Whether the patient agreed that the de-identified case is collected.
    notes
        Free words.
    sample
        Whether it is the sample film: no patient, counted nowhere.
    """

    patient_code: str
    unit_id: int
    province: str
    national_id: str | None = None
    age_years: int | None = None
    adult: bool | None = None
    sex: str | None = None
    symptom_onset: date | None = None
    symptoms: tuple[str, ...] = ()
    comorbidities: tuple[str, ...] = ()
    spo2: int | None = None
    on_oxygen: bool | None = None
    vaccine_doses: int | None = None
    research_consent: bool = False
    notes: str = ""
    sample: bool = False


def faults(case: NewCase, person: Person, keeping: Keeping, today: date) -> dict[str, Text]:
    """Return what is wrong with a case, by field; empty when it can be accepted.

    Parameters
    ----------
    case
        As entered.
    person
        Who enters it.
    keeping
        How the installation keeps the cédula.
    today
        The present day there.
    """
    found: dict[str, Text] = {}
    for field, fault in _faults(case, person, keeping, today):
        found.setdefault(field, fault)  # the first one said is the one to mend first
    return found


def _faults(
    case: NewCase, person: Person, keeping: Keeping, today: date
) -> Iterator[tuple[str, Text]]:
    yield from _identity(case, keeping)
    if person.unit_id is None or case.unit_id != person.unit_id:
        yield "unit_id", N_("You can enter cases of your own health unit only.")
    if case.province not in PROVINCES:
        yield "province", sentences.NOT_OFFERED
    if case.sex is not None and case.sex not in SEXES:
        yield "sex", sentences.NOT_OFFERED
    for field, value, (low, high) in (
        ("age_years", case.age_years, AGES),
        ("spo2", case.spo2, SPO2),
        ("vaccine_doses", case.vaccine_doses, DOSES),
    ):
        if value is not None and not low <= value <= high:
            yield field, sentences.no_whole_number(low, high)
    if case.age_years is not None and case.adult not in (None, case.age_years >= ADULT_YEARS):
        yield "adult", N_("This contradicts the age: correct one of the two.")
    if case.symptom_onset is not None:
        if case.symptom_onset > today:
            yield "symptom_onset", sentences.IN_THE_FUTURE
        if case.symptom_onset < FIRST_ONSET:
            yield "symptom_onset", N_("This day is before the first known case of COVID-19.")
    for field, chosen, offered in (
        ("symptoms", case.symptoms, SYMPTOMS),
        ("comorbidities", case.comorbidities, COMORBIDITIES),
    ):
        yield from _choice(field, chosen, offered)
    if len(case.notes) > MAX_NOTES:
        yield "notes", sentences.too_long(MAX_NOTES)
    if "\x00" in case.notes:  # PostgreSQL keeps no such text
        yield "notes", sentences.UNREADABLE


def _identity(case: NewCase, keeping: Keeping) -> Iterator[tuple[str, Text]]:
    digits = national_id.normalise(case.national_id or "")
    code = case.patient_code.strip()
    if not code and (keeping == "off" or not digits):
        yield "patient_code", N_("Enter the patient's code.")
    if len(code) > MAX_CODE:
        yield "patient_code", sentences.too_long(MAX_CODE)
    if not code.isprintable():
        yield "patient_code", sentences.UNREADABLE
    if national_id.is_valid(national_id.normalise(code)):
        yield (
            "patient_code",
            N_("This is a cédula: a code is shown openly. Use the unit's own code here."),
        )
    if digits and keeping == "off":
        yield "national_id", N_("This installation does not keep the cédula.")
    elif digits and not national_id.is_valid(digits):
        yield "national_id", N_("This is not a valid cédula: check its ten digits.")


def _choice(
    field: str, chosen: tuple[str, ...], offered: Collection[str]
) -> Iterator[tuple[str, Text]]:
    if not set(chosen) <= set(offered):
        yield field, sentences.NOT_OFFERED
    if NONE in chosen and len(set(chosen)) > 1:
        yield field, N_("“None” does not go together with other entries.")
