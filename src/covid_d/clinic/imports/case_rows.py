"""Rows of a table of films: the cases that they mean, and what of a row cannot be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel

from covid_d.clinic.cases import national_id
from covid_d.clinic.cases.new_case import AGES, DOSES, SPO2, NewCase
from covid_d.clinic.cases.value_sets import COMORBIDITIES, PROVINCES, SYMPTOMS
from covid_d.clinic.fields import Line, Words, fill
from covid_d.clinic.imports.cells import (
    MONTH_FIRST,
    NOTHING,
    NamedValue,
    NamedValues,
    TableDay,
    TableWhole,
    YesNo,
    is_month_first,
    is_two_days,
    known_words,
)
from covid_d.clinic.imports.columns import FILMS
from covid_d.language import N_, Text
from covid_d.plain_words import is_unstated, words_of
from covid_d.radiograph import Projection
from covid_d.radiograph.ages import parse_age
from covid_d.radiograph.sexes import parse_sex, speaks_spanish
from covid_d.radiograph.views import view_of_words
from covid_d.tables import ReadTable, parse_table

MOST_ROWS: Final = 5000
REQUIRED: Final = ("film",)
PATIENT: Final = ("patient_code", "national_id")
_OF_FILM: Final = ("film", "projection")
_LONG: Final = 4000


class Consent(StrEnum):
    """How the patients' consent to research is stated for an import."""

    COLUMN = "column"
    NOT_GIVEN = "not_given"
    GIVEN = "given"

    @property
    def text(self) -> Text:
        """The statement in words."""
        return _CONSENTS[self]


_CONSENTS: Final = {
    Consent.COLUMN: N_("As the column of the table says; empty is no"),
    Consent.NOT_GIVEN: N_("No patient consented"),
    Consent.GIVEN: N_("Every patient of the table consented"),
}

_SYMPTOMS: Final = known_words(
    SYMPTOMS,
    NOTHING
    | {
        "fever": "fiebre, alza termica",
        "cough": "tos, tos seca",
        "dyspnoea": "disnea, dyspnea, dificultad respiratoria, falta de aire",
        "chest_pain": "dolor toracico, dolor de pecho",
        "sore_throat": "odinofagia, dolor de garganta",
        "rhinorrhoea": "rinorrea, congestion nasal, secrecion nasal",
        "anosmia": "anosmia, ageusia, perdida de olfato, perdida del olfato, perdida de gusto",
        "headache": "cefalea, dolor de cabeza",
        "myalgia": "mialgia, mialgias, dolor muscular",
        "fatigue": "fatiga, astenia, cansancio",
        "diarrhoea": "diarrea, diarrhea",
        "vomiting": "vomito, vomitos, nausea, nauseas",
        "confusion": "confusion",
    },
)
_COMORBIDITIES: Final = known_words(
    COMORBIDITIES,
    NOTHING
    | {
        "hypertension": "hipertension, hta, hipertension arterial",
        "diabetes": "diabetes, dm, dm2, diabetes mellitus",
        "obesity": "obesidad",
        "heart_disease": "cardiopatia, enfermedad cardiaca, enfermedad cardiovascular",
        "copd": "epoc, copd",
        "asthma": "asma",
        "tuberculosis": "tuberculosis, tb, tbc",
        "kidney_disease": "erc, enfermedad renal, insuficiencia renal",
        "liver_disease": "hepatopatia, enfermedad hepatica",
        "cancer": "cancer, neoplasia",
        "immunosuppression": "inmunosupresion, vih, hiv",
        "smoking": "tabaquismo, fumador, fumadora",
        "pregnancy": "embarazo, gestante",
    },
)
_PROVINCES: Final = known_words(PROVINCES, {"Santo Domingo de los Tsáchilas": "santo domingo"})


class _CaseCells(BaseModel):
    """What a table says of a case."""

    patient_code: Annotated[str, Words(_LONG)] = ""
    national_id: Annotated[str, Words(_LONG)] = ""
    province: Annotated[str | None, NamedValue(words=_PROVINCES)] = None
    symptom_onset: Annotated[date | None, TableDay()] = None
    symptoms: Annotated[tuple[str, ...] | None, NamedValues(words=_SYMPTOMS)] = None
    comorbidities: Annotated[tuple[str, ...] | None, NamedValues(words=_COMORBIDITIES)] = None
    adult: Annotated[bool | None, YesNo()] = None
    spo2: Annotated[int | None, TableWhole(*SPO2)] = None
    on_oxygen: Annotated[bool | None, YesNo()] = None
    vaccine_doses: Annotated[int | None, TableWhole(*DOSES)] = None
    research_consent: Annotated[bool | None, YesNo()] = None
    notes: Annotated[str, Words(_LONG)] = ""
    same_film_reason: Annotated[str, Line(300)] = ""


@dataclass(frozen=True, slots=True)
class RowFault:
    """What cannot be accepted in a row.

    Parameters
    ----------
    row
        As a spreadsheet numbers it.
    heading
        Of the column as the file names it; empty where it is of the row as a whole.
    text
        The sentence.
    """

    row: int
    heading: str
    text: Text


@dataclass(frozen=True, slots=True)
class RowFilm:
    """A film as its row names it."""

    row: int
    name: str
    projection: Projection | None


@dataclass(frozen=True, slots=True)
class CaseRows:
    """A case as the rows of a table state it.

    Parameters
    ----------
    rows
        Their numbers.
    patient
        The patient as the table names them, the word for the case with it; tells cases apart.
    case
        As it would be entered; what could not be read is left out of it.
    films
        Its films.
    reason
        Why a film is entered that another patient's case holds already.
    faults
        What cannot be accepted.
    """

    rows: tuple[int, ...]
    patient: tuple[str, ...]
    case: NewCase
    films: tuple[RowFilm, ...]
    reason: str
    faults: tuple[RowFault, ...]


def read_film_table(name: str, data: bytes) -> ReadTable:
    """Return the table of an import of films.

    Raises
    ------
    DatasetError
        If it is no table, or lacks the film's or the patient's column.
    """
    return parse_table(name, data, REQUIRED, any_of=PATIENT, names=FILMS)


def cases_in(
    table: ReadTable, *, unit_id: int, province: str, consent: Consent
) -> tuple[CaseRows, ...]:
    """Return the cases of a table, in the order of their first rows.

    Rows of one patient with the same word in the column ``case`` are one case; without such a word
    each row is a case of its own.

    Parameters
    ----------
    table
        As read.
    unit_id, province
        The unit that the cases are entered for, and its province: that of patients whose own is
        not stated.
    consent
        How consent is stated.
    """
    spanish = speaks_spanish(cells.get("sex", "") for cells in table.rows)
    american = is_month_first(cells.get("symptom_onset", "") for cells in table.rows)
    groups: dict[object, list[tuple[int, Mapping[str, str]]]] = {}
    for number, cells in zip(table.numbers, table.rows, strict=True):
        own = (*_patient(cells), words_of(cells.get("case", "")))
        key: object = own if own[-1] else number
        groups.setdefault(key, []).append((number, cells))
    found = []
    for rows in groups.values():
        reader = _Reader(table, rows, spanish, american)
        found.append(reader.case(unit_id, province, consent))
    return tuple(found)


def _patient(cells: Mapping[str, str]) -> tuple[str, str]:
    digits = national_id.normalise(cells.get("national_id", ""))
    return cells.get("patient_code", ""), digits


class _Reader:
    """Reads the rows of one case, and notes what cannot be accepted."""

    def __init__(
        self,
        table: ReadTable,
        rows: list[tuple[int, Mapping[str, str]]],
        spanish: bool,
        american: bool,
    ) -> None:
        self._headings = table.columns
        self._rows = rows
        self._spanish, self._american = spanish, american
        self._faults: list[RowFault] = []
        self._stated_in: dict[str, int] = {}

    def case(self, unit_id: int, province: str, consent: Consent) -> CaseRows:
        """Return the case."""
        cells = self._combined()
        filled = fill(_CaseCells, cells)
        for name, text in filled.errors.items():
            self._fault(name, text)
        readable = {name: text for name, text in cells.items() if name not in filled.errors}
        told = fill(_CaseCells, readable).sound()
        age, adult = self._age(cells.get("age", ""))
        if self._american and is_two_days(cells.get("symptom_onset", "")):
            self._fault("symptom_onset", MONTH_FIRST)
        agreed = consent is Consent.GIVEN
        if consent is Consent.COLUMN:
            agreed = bool(told.research_consent)
        elif consent is Consent.GIVEN and told.research_consent is False:
            self._fault(
                "research_consent", N_("The table says no, and the import says that all consented.")
            )
        case = NewCase(
            patient_code=told.patient_code,
            unit_id=unit_id,
            province=told.province or province,
            national_id=told.national_id or None,
            age_years=age,
            adult=told.adult if adult is None else adult,
            sex=self._sex(cells.get("sex", "")),
            symptom_onset=told.symptom_onset,
            symptoms=told.symptoms or (),
            comorbidities=told.comorbidities or (),
            spo2=told.spo2,
            on_oxygen=told.on_oxygen,
            vaccine_doses=told.vaccine_doses,
            research_consent=agreed,
            notes=told.notes,
        )
        return CaseRows(
            tuple(number for number, _ in self._rows),
            (*_patient(cells), words_of(cells.get("case", ""))),
            case,
            tuple(self._films()),
            told.same_film_reason,
            tuple(self._faults),
        )

    def _fault(self, column: str, text: Text, row: int | None = None) -> None:
        number = row or self._stated_in.get(column) or self._rows[0][0]
        self._faults.append(RowFault(number, self._headings.get(column, ""), text))

    def _combined(self) -> dict[str, str]:
        """Return what the rows say together; one may leave out what another states."""
        together: dict[str, str] = {}
        for number, cells in self._rows:
            for column, text in cells.items():
                if column in _OF_FILM or not text:
                    continue
                if column not in together:
                    together[column], self._stated_in[column] = text, number
                elif together[column] != text:
                    other = self._stated_in[column]
                    self._fault(
                        column, N_("Row %(row)d states it otherwise.", row=other), row=number
                    )
        return together

    def _films(self) -> Iterator[RowFilm]:
        for number, cells in self._rows:
            name = cells.get("film", "")
            if not name:
                self._fault("film", N_("The row names no film."), row=number)
                continue
            words = cells.get("projection", "")
            projection = view_of_words(words)
            if projection is None and not is_unstated(words):
                self._fault("projection", N_("This is no projection known here."), row=number)
            yield RowFilm(number, name, projection)

    def _age(self, text: str) -> tuple[int | None, bool | None]:
        """Return years, or where only a word tells it, whether it is an adult."""
        try:
            told = parse_age(text)
        except ValueError:
            told = None
            self._fault("age", N_("This is no age that can be read."))
        if told is None:
            return None, None
        if told.years is None:
            return None, not told.child
        years = int(told.years)
        if not AGES[0] <= years <= AGES[1]:
            self._fault("age", N_("This is no age that can be read."))
        return years, None

    def _sex(self, text: str) -> str | None:
        found = parse_sex(text, spanish=self._spanish)
        if found is None and not is_unstated(text):
            self._fault("sex", N_("This is no sex that can be read."))
        return found.value if found else None
