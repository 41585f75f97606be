"""The new-case form as it was typed, and the case that it means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from covid_d.clinic import sentences
from covid_d.clinic.cases.intake import NewCase
from covid_d.clinic.cases.new_case import AGES, DOSES, SPO2
from covid_d.clinic.cases.value_sets import SEXES
from covid_d.clinic.fields import Day, Whole, fill
from covid_d.detector import Examination, Stated
from covid_d.detector.cautions import age_differs, sex_differs
from covid_d.detector.cautions import contradictions as contradicted
from covid_d.language import Message, Text
from covid_d.radiograph import Facts, Projection, Sex

_TYPED: Final = (
    "patient_code",
    "national_id",
    "age_years",
    "adult",
    "sex",
    "province",
    "symptom_onset",
    "spo2",
    "on_oxygen",
    "vaccine_doses",
    "notes",
    "submission",
    "same_film_reason",
)
_YES_OR_NO: Final = {"yes": True, "no": False}
_LONGEST: Final = 5000  # of what is shown again; a longer text is refused by its own field
_PROJECTION: Final = "projection-"
_ORIGINAL: Final = "original-"
TAKEN: Final = "taken-"
"""What a film's own day is called in the form, before its token."""


class _Known(BaseModel):
    """What of a case is a number or a day; each may be unknown."""

    age_years: Annotated[int | None, Whole(*AGES)] = None
    spo2: Annotated[int | None, Whole(*SPO2)] = None
    vaccine_doses: Annotated[int | None, Whole(*DOSES)] = None
    symptom_onset: Annotated[date | None, Day()] = None


class _OfFilm(BaseModel):
    """What is stated of one film; may be unknown."""

    taken_on: Annotated[date | None, Day()] = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What a browser sent, word for word, so that a form can show it again.

    Parameters
    ----------
    typed
        Field name to text; every field of ``_TYPED`` is there.
    symptoms, comorbidities
        Codes that were ticked.
    consent
        Whether consent was ticked.
    sample
        Whether the sample film is part of it.
    staged
        Tokens of films sent ahead.
    projections
        Token to what was stated for its film.
    taken
        Token to the day that was stated for its film, as typed.
    originals
        Token of a straightened film to that of the photograph it was made of.
    uploads
        Files sent with the form itself (a browser without JavaScript).
    """

    typed: dict[str, str]
    symptoms: tuple[str, ...] = ()
    comorbidities: tuple[str, ...] = ()
    consent: bool = False
    sample: bool = False
    staged: tuple[str, ...] = ()
    projections: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    uploads: tuple[UploadFile, ...] = ()

    @classmethod
    def blank(cls, **typed: str) -> Entered:
        """Return an untouched form, a few fields filled in."""
        return cls(dict.fromkeys(_TYPED, "") | typed)

    @classmethod
    def of(cls, form: FormData) -> Entered:
        """Return what a form holds; what a browser would never send is left out."""
        return cls(
            typed={name: _text(form.get(name))[:_LONGEST] for name in _TYPED},
            symptoms=_texts(form, "symptoms"),
            comorbidities=_texts(form, "comorbidities"),
            consent=form.get("research_consent") == "yes",
            sample=form.get("sample") == "yes",
            staged=tuple(dict.fromkeys(_texts(form, "staged"))),
            projections=_of_films(form, _PROJECTION),
            taken=_of_films(form, TAKEN),
            originals=_of_films(form, _ORIGINAL),
            uploads=tuple(
                entry
                for entry in form.getlist("films")
                # A file field left empty is sent as a file without a name.
                if isinstance(entry, UploadFile) and (entry.filename or entry.size)
            ),
        )

    def without(self, token: str) -> Entered:
        """Return the form without one of its films."""
        return replace(self, staged=tuple(one for one in self.staged if one != token))

    def with_film(self, token: str, found: Examination) -> Entered:
        """Return the form with one more film, whose facts fill what was left empty."""
        facts, filled = found.facts, dict(self.typed)
        if facts is not None:
            if facts.age_years is not None:
                filled["age_years"] = filled["age_years"] or str(int(facts.age_years))
            if facts.sex is not None:
                filled["sex"] = filled["sex"] or facts.sex.value
        return replace(self, typed=filled, staged=(*self.staged, token))

    def projection(self, token: str) -> Projection | None:
        """Return what was stated for a film."""
        stated = self.projections.get(token)
        return Projection(stated) if stated in tuple(Projection) else None

    def taken_on(self, token: str) -> date | None:
        """Return the day that was stated for a film; none where it could not be read."""
        told = fill(_OfFilm, {"taken_on": self.taken.get(token, "")}).value
        return told.taken_on if told else None

    def faults_of_films(self, today: date) -> dict[str, Text]:
        """Return what is wrong with the days of films, by the field's name."""
        wrong: dict[str, Text] = {}
        for token in self.staged:
            told = fill(_OfFilm, {"taken_on": self.taken.get(token, "")})
            if told.errors:
                wrong[f"{TAKEN}{token}"] = told.errors["taken_on"]
            elif told.value and told.value.taken_on and told.value.taken_on > today:
                wrong[f"{TAKEN}{token}"] = sentences.IN_THE_FUTURE
        return wrong

    def to_case(self, unit_id: int) -> tuple[NewCase, dict[str, Text]]:
        """Return the case, and what of it could not be read (and is left out of it)."""
        wrong = fill(_Known, self.typed).errors
        readable = {name: text for name, text in self.typed.items() if name not in wrong}
        known = fill(_Known, readable).sound()
        case = NewCase(
            patient_code=self.typed["patient_code"],
            unit_id=unit_id,
            province=self.typed["province"],
            national_id=self.typed["national_id"].strip() or None,
            adult=_YES_OR_NO.get(self.typed["adult"]),
            on_oxygen=_YES_OR_NO.get(self.typed["on_oxygen"]),
            sex=self.typed["sex"] or None,
            symptoms=self.symptoms,
            comorbidities=self.comorbidities,
            # A sample is nobody's film: nobody can have agreed that it is collected.
            research_consent=self.consent and not self.sample,
            notes=self.typed["notes"],
            sample=self.sample,
            **known.model_dump(),
        )
        return case, dict(wrong)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A sentence on the form for a film of somebody else.

    Parameters
    ----------
    field
        The field that the film's file would contradict.
    text
        The sentence; ``{stated}`` stands for what is entered, which may change.
    shown
        The sentence, when it holds of what is entered now.
    """

    field: str
    text: Message
    shown: Message | None


def contradictions(facts: Facts, entered: Entered | None) -> list[Contradiction]:
    """Return the sentences for what a film's file says of its patient.

    Parameters
    ----------
    facts
        As read from the file alone.
    entered
        The form around the film; ``None`` where only the browser knows it.
    """
    holding = {}
    if entered is not None:
        told = fill(_Known, {"age_years": entered.typed["age_years"]}).value
        sex = entered.typed["sex"]
        stated = Stated(
            age_years=told.age_years if told else None,
            adult=_YES_OR_NO.get(entered.typed["adult"]),
            sex=Sex(sex) if sex in SEXES else None,
        )
        holding = {caution.code: caution.message for caution in contradicted(facts, stated)}
    possible = []
    if facts.age_years is not None:
        possible.append(("age_years", age_differs(facts.age_years, "{stated}")))
    if facts.sex is not None and (caution := sex_differs(facts.sex)) is not None:
        possible.append(("sex", caution))
    return [Contradiction(name, one.message, holding.get(one.code)) for name, one in possible]


def _of_films(form: FormData, prefix: str) -> dict[str, str]:
    """Return what a form says of each film, by its token."""
    return {
        name.removeprefix(prefix): _text(value)[:_LONGEST]
        for name, value in form.items()
        if name.startswith(prefix)
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(value for value in form.getlist(name) if isinstance(value, str))
