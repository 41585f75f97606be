"""The patient's data of a case, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from covid_d.clinic.cases.value_sets import COMORBIDITIES, SEXES, SYMPTOMS
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case
from covid_d.language import N_, Text

LOW_SATURATION: Final = 90
"""Per cent; below it WHO calls COVID-19 severe (*Clinical management of COVID-19: living
guideline*, 2023). It allows for no altitude: in Quito healthy people may be near it."""
REDUCED_SATURATION: Final = 94
"""Per cent; below it, breathing air at sea level, the NIH call COVID-19 severe (*COVID-19 Treatment
Guidelines*, clinical spectrum, 2024). Said beside the number without alarm: see the altitude."""


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
    spo2, on_oxygen
        Percent, and whether it was measured on oxygen.
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
    on_oxygen: bool | None
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
            on_oxygen=case.on_oxygen,
            vaccine_doses=case.vaccine_doses,
            notes=case.notes,
            entered_at=case.created_at,
        )

    @property
    def low_saturation(self) -> Text | None:
        """What is said of a low saturation, whatever was breathed; ``None`` of any other."""
        if self.spo2 is None or self.spo2 >= LOW_SATURATION:
            return None
        return N_("low (below %(n)d %%): oxygen and urgent assessment come first", n=LOW_SATURATION)

    @property
    def reduced_saturation(self) -> Text | None:
        """What is said of one that is not low but below the NIH's limit; ``None`` of any other."""
        if self.spo2 is None or not LOW_SATURATION <= self.spo2 < REDUCED_SATURATION:
            return None
        return N_("below %(n)d %%", n=REDUCED_SATURATION)

    @property
    def saturation(self) -> Text | None:
        """The oxygen saturation in words, with what was breathed where that was said."""
        if self.spo2 is None:
            return None
        if self.on_oxygen is None:
            return Text("%(n)d %%", {"n": self.spo2})
        if self.on_oxygen:
            return N_("%(n)d %% on oxygen", n=self.spo2)
        return N_("%(n)d %% breathing air", n=self.spo2)
