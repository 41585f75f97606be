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

    Raises
    ------
    ValueError
        If the age is negative or no number.
    """

    projection: Projection | None = None
    age_years: float | None = None
    adult: bool | None = None
    sex: Sex | None = None

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0.0 <= self.age_years < 200.0:  # also false for NaN
            raise ValueError(f"an age must be 0 or more years, got {self.age_years}")
