"""The patient's data of a case, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from covid_d.clinic.cases.value_sets import COMORBIDITIES, SEXES, SYMPTOMS
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case
from covid_d.language import Text


@dataclass(frozen=True, slots=True)
class Patient:
    """What was entered about a patient; ``None`` or empty means not known.

    Parameters
    ----------
    code
        The unit's own code; the cédula is not among these data.
    age_years, adult, sex, province
        As entered.
    unit
        The health unit's name.
    symptom_onset, days_ill
        The first day of symptoms, and how many days before the case was entered it was.
    symptoms, comorbidities
        In words.
    spo2
        Percent.
    vaccine_doses
        Against COVID-19.
    notes
        In the doctor's words.
    """

    code: str
    age_years: int | None
    adult: bool | None
    sex: Text | None
    province: str
    unit: str
    symptom_onset: date | None
    days_ill: int | None
    symptoms: tuple[Text, ...]
    comorbidities: tuple[Text, ...]
    spo2: int | None
    vaccine_doses: int | None
    notes: str
    entered_at: datetime

    @classmethod
    def of(cls, case: Case, clock: Clock) -> Patient:
        """Return the patient of a case; days are those of the installation's clock."""
        onset = case.symptom_onset
        return cls(
            code=case.patient_code,
            age_years=case.age_years,
            adult=case.adult,
            sex=SEXES.get(case.sex) if case.sex else None,
            province=case.province,
            unit=case.unit.name,
            symptom_onset=onset,
            days_ill=(clock.day_of(case.created_at) - onset).days if onset else None,
            symptoms=tuple(SYMPTOMS.get(code, Text(code)) for code in case.symptoms),
            comorbidities=tuple(COMORBIDITIES.get(code, Text(code)) for code in case.comorbidities),
            spo2=case.spo2,
            vaccine_doses=case.vaccine_doses,
            notes=case.notes,
            entered_at=case.created_at,
        )
