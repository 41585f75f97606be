"""What a person says of a film and its patient, beside what the file says."""

from __future__ import annotations

from dataclasses import dataclass

from covid_d.radiograph.film import Projection, Sex


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person states; ``None`` means not said.

    Parameters
    ----------
    projection
        How the beam crossed the chest.
    age_years
        In years at the time of the film, 0 or more.
    adult
        Whether the patient is an adult, for who does not know the age.
    sex
        The patient's.
    """

    projection: Projection | None = None
    age_years: float | None = None
    adult: bool | None = None
    sex: Sex | None = None
