"""What the clinic knows of a case that a notification may ask for, under names that stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from covid_d.clinic.cases.value_sets import COMORBIDITIES, NONE, SYMPTOMS
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case
from covid_d.clinic.follow_up.facts import Fact
from covid_d.clinic.follow_up.laboratory import Laboratory, ResultToDate, Sample
from covid_d.clinic.follow_up.terms import DIED, EntryKind

Value = str | int | bool | date | None
"""A code or words, a number, yes or no, a day; ``None`` is not known."""

_SYMPTOMS: Final = tuple(f"symptom.{code}" for code in SYMPTOMS if code != NONE)
_COMORBIDITIES: Final = tuple(f"comorbidity.{code}" for code in COMORBIDITIES if code != NONE)
FIELDS: Final = (
    "today", "case_number", "entered_on", "unit", "unit_province", "national_id", "patient_code",
    "age_years", "adult", "sex", "province", "symptom_onset", "days_ill", "spo2", "on_oxygen",
    "vaccine_doses",
    *_SYMPTOMS, *_COMORBIDITIES,
    "test", "sample_day", "result", "classification", "diagnosis", "outcome", "admitted",
    "intensive_care", "died", "death_day",
)  # fmt: skip
_CLASSES: Final = {
    ResultToDate.POSITIVE: "confirmed",
    ResultToDate.NEGATIVE: "ruled_out",
    ResultToDate.PENDING: "suspected",
}
_TESTS_FIRST: Final = ("positive", "negative", "indeterminate")


@dataclass(frozen=True, slots=True)
class NotifiedCase:
    """A case with what is needed of it.

    Parameters
    ----------
    case
        With its unit.
    facts
        Its follow-up that holds.
    national_id
        The cédula, where the clinic keeps it so that it can be read.
    """

    case: Case
    facts: tuple[Fact, ...]
    national_id: str | None

    def laboratory(self, clock: Clock) -> Laboratory:
        """Return what the laboratory says of it."""
        tests = [
            Sample(fact.kind, fact.value, fact.day) for fact in self.facts if fact.kind.is_test
        ]
        return Laboratory.of(tests, clock.day_of(self.case.created_at))

    def values(self, clock: Clock) -> dict[str, Value]:
        """Return every field's value."""
        case, day = self.case, clock.day_of(self.case.created_at)
        onset = case.symptom_onset
        test = self._test()
        outcomes = [fact for fact in self.facts if fact.kind is EntryKind.OUTCOME]
        latest = max(outcomes, key=lambda fact: (fact.day or date.min, fact.id), default=None)
        death = next((fact for fact in outcomes if fact.value == DIED), None)
        diagnosis = next((fact for fact in self.facts if fact.kind is EntryKind.DIAGNOSIS), None)
        return {
            "today": clock.today(),
            "case_number": case.id,
            "entered_on": day,
            "unit": case.unit.name,
            "unit_province": case.unit.province,
            "national_id": self.national_id,
            "patient_code": case.patient_code,
            "age_years": case.age_years,
            "adult": case.adult if case.age_years is None else case.age_years >= 18,
            "sex": case.sex,
            "province": case.province,
            "symptom_onset": onset,
            "days_ill": (day - onset).days if onset else None,
            "spo2": case.spo2,
            "on_oxygen": case.on_oxygen,
            "vaccine_doses": case.vaccine_doses,
            **_answers("symptom", case.symptoms, _SYMPTOMS),
            **_answers("comorbidity", case.comorbidities, _COMORBIDITIES),
            "test": test.kind.value if test else None,
            "sample_day": test.day if test else None,
            "result": test.value if test else None,
            "classification": _CLASSES[self.laboratory(clock).to_date],
            "diagnosis": diagnosis.value if diagnosis else None,
            "outcome": latest.value if latest else None,
            "admitted": _ever(outcomes, {"admitted", "icu"}),
            "intensive_care": _ever(outcomes, {"icu"}),
            "died": _ever(outcomes, {DIED}),
            "death_day": death.day if death else None,
        }

    def _test(self) -> Fact | None:
        """Return the test that decides: a positive one first, the RT-PCR before the antigen."""
        tests = [fact for fact in self.facts if fact.kind.is_test]
        return min(
            tests,
            key=lambda fact: (
                _TESTS_FIRST.index(fact.value),
                fact.kind is not EntryKind.RT_PCR,
                fact.day or date.max,
                fact.id,
            ),
            default=None,
        )


def _answers(kind: str, stated: list[str], fields: tuple[str, ...]) -> dict[str, Value]:
    """Return yes and no for each value that may be stated; nothing stated is not known."""
    codes = {field: field.removeprefix(f"{kind}.") for field in fields}
    return {field: (code in stated) if stated else None for field, code in codes.items()}


def _ever(outcomes: list[Fact], values: set[str]) -> bool | None:
    return any(fact.value in values for fact in outcomes) if outcomes else None
