"""A new case is accepted: checked, its films answered and stored, then entered as a whole.

Films are on the disk before the database names them, and one transaction holds the case, its
films, their answers and the audit trail. A process killed at any moment leaves the whole case or
none; a film that no case came to name is swept later (``staging``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id, network_films, same_film, staging
from covid_d.clinic.cases.keeping import Kept, keep, stored_print
from covid_d.clinic.cases.new_case import NewCase, faults
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case, Film, StoredAssessment, assessment_columns
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from covid_d.clinic.films import FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Detector, Examination, Stated
from covid_d.detector.judge import facts_with
from covid_d.language import N_
from covid_d.radiograph import Projection, Sex

__all__ = ["MAX_FILMS", "GivenFilm", "NewCase", "columns_of", "create_case", "find_submission"]

MAX_FILMS: Final = 12
_TRIES: Final = 5
"""Of one case, while the bundle is being switched."""


@dataclass(frozen=True, slots=True)
class GivenFilm:
    """One film sent with a case.

    Parameters
    ----------
    content
        The file's bytes; ``None`` for one sent ahead.
    projection
        As the doctor states it, for a file that does not.
    token
        What ``staging.stage`` called a film sent ahead.
    taken_on
        Day of the film as the doctor states it, for a file that does not.
    """

    content: bytes | None = None
    projection: Projection | None = None
    token: str | None = None
    taken_on: date | None = None


class _SwitchedError(Exception):
    """Another bundle, or table, answers since the films were examined: their answers are old."""


@dataclass(frozen=True, slots=True)
class _Film:
    """A film ready to be entered."""

    kept: Kept
    columns: dict[str, Any]
    answer: dict[str, Any]


def create_case(
    installation: Installation,
    person: Person,
    actor: Actor,
    new_case: NewCase,
    films: Sequence[GivenFilm],
    *,
    submission: str | None = None,
    same_film_reason: str = "",
) -> int:
    """Accept a case with its films and return its id.

    Parameters
    ----------
    installation
        Where.
    person, actor
        Who, and as the audit trail names them.
    new_case
        What was entered.
    films
        At least one; the same film twice is one film. A film that is refused is stored too.
    submission
        What the form or the program calls this case (at most 64 characters): sent twice, it is
        one case.
    same_film_reason
        Why a film is entered that another patient's case holds already.

    Raises
    ------
    SameFilmError
        If another patient's case holds a film already, and no reason is given.
    InvalidInputError
        If some fields cannot be accepted.
    ConflictError
        If the same submission came before with other contents, or from somebody else.
    UnavailableError
        If the films cannot be stored.
    BundleError
        If the active bundle cannot be used.
    """
    _check(installation, person, new_case, films, submission)
    columns = columns_of(installation, new_case)
    before = find_submission(installation, person, submission, columns)
    if before is not None:
        return before
    with installation.reading() as session:
        unit = session.get_one(Unit, new_case.unit_id)
    if not unit.active:
        fault = N_("This health unit is switched off and takes no new cases.")
        raise InvalidInputError({"unit_id": fault})
    columns |= {"submission": submission, "blind": unit.blind_mode, "created_by_id": person.id}
    for _ in range(_TRIES):
        detector = installation.active_detector.detector
        ready = _examined(installation, person, new_case, films, unit.prevalence, detector)
        _store(installation, ready)
        try:
            return _accepted(
                installation, person, actor, columns, ready, films, detector, same_film_reason
            )
        except _SwitchedError:  # somewhere between; by the new one then
            continue
        except IntegrityError:  # the same submission, sent at the same moment, was first
            before = find_submission(installation, person, submission, columns)
            if before is None:
                raise
            return before
    raise UnavailableError(
        N_("The model was switched again and again meanwhile; nothing was saved."),
        N_("Send the form again."),
        code="bundle_switched",
    )


def _accepted(
    installation: Installation,
    person: Person,
    actor: Actor,
    columns: dict[str, Any],
    ready: dict[str, _Film],
    films: Sequence[GivenFilm],
    detector: Detector,
    same_film_reason: str,
) -> int:
    """Enter a case whose films are answered and stored, and return its number."""
    prints = {name: film.kept.thumbnail for name, film in ready.items() if film.kept.thumbnail}
    with installation.reading() as session:  # before the trail's one writer keeps others waiting
        proposed = same_film.propose(session, prints)
    found = proposed.decided(installation.active_detector.compare)
    with installation.act(actor) as act:
        found = same_film.look_alikes(act.session, prints, found)
        others = same_film.check(act.session, list(ready), columns, same_film_reason, found.twins)
        number = _enter(act, installation, columns, ready, others, same_film_reason.strip())
        tokens = [film.token for film in films if film.token]
        staging.forget(act.session, person, tokens)
        network_films.enter(act, tokens, number)
        # The trail is told, so nobody switches from here on: an answer by the bundle before a
        # switch never comes after it, whichever server did either.
        if not installation.active_detector.answers_still(act.session, detector):
            raise _SwitchedError
        return number


def find_submission(
    installation: Installation,
    person: Person,
    submission: str | None,
    columns: dict[str, Any] | None = None,
) -> int | None:
    """Return the case that a submission made, or ``None``.

    Raises
    ------
    ConflictError
        If it was somebody else's, or its case differs from ``columns``.
    """
    if submission is None:
        return None
    with installation.reading() as session:
        case = session.scalar(select(Case).where(Case.submission == submission))
    if case is None:
        return None
    same = all(getattr(case, name) == columns[name] for name in _COMPARED) if columns else True
    if case.created_by_id != person.id or not same:
        raise ConflictError(
            N_("This form was sent before, with other entries, and its case is saved."),
            N_("Open the saved case, or start a new form for another case."),
            code="submission_reused",
        )
    return case.id


def _check(
    installation: Installation,
    person: Person,
    new_case: NewCase,
    films: Sequence[GivenFilm],
    submission: str | None,
) -> None:
    wrong = faults(new_case, person, installation.settings.national_id, installation.clock.today())
    if not films:
        wrong["films"] = N_("Add at least one radiograph.")
    today = installation.clock.today()
    if any(film.taken_on and film.taken_on > today for film in films):
        wrong["taken_on"] = sentences.IN_THE_FUTURE
    if len(films) > MAX_FILMS:
        wrong["films"] = N_("Add at most %(n)d radiographs to a case.", n=MAX_FILMS)
    if submission is not None and not (0 < len(submission) <= 64 and submission.isprintable()):
        wrong["submission"] = sentences.UNREADABLE
    if wrong:
        raise InvalidInputError(wrong)


_COMPARED: Final = (
    "unit_id",
    "patient_code",
    "national_id_hash",
    "age_years",
    "adult",
    "sex",
    "province",
    "symptom_onset",
    "symptoms",
    "comorbidities",
    "spo2",
    "on_oxygen",
    "vaccine_doses",
    "research_consent",
    "notes",
    "sample",
)


def columns_of(installation: Installation, case: NewCase) -> dict[str, Any]:
    """Return what a case's row holds of what was entered, however it came."""
    keys, keeping = installation.keys, installation.settings.national_id
    digits = national_id.normalise(case.national_id or "") or None
    code = case.patient_code.strip()
    return {
        "unit_id": case.unit_id,
        "patient_code": code or national_id.code_for(keys, digits or ""),
        **national_id.columns(keys, keeping, digits),
        "age_years": case.age_years,
        "adult": case.adult,
        "sex": case.sex,
        "province": case.province,
        "symptom_onset": case.symptom_onset,
        "symptoms": sorted(set(case.symptoms)),
        "comorbidities": sorted(set(case.comorbidities)),
        "spo2": case.spo2,
        "on_oxygen": case.on_oxygen,
        "vaccine_doses": case.vaccine_doses,
        "research_consent": case.research_consent,
        "notes": case.notes.strip(),
        "sample": case.sample,
    }


def _examined(
    installation: Installation,
    person: Person,
    case: NewCase,
    films: Sequence[GivenFilm],
    prevalence: float | None,
    detector: Detector,
) -> dict[str, _Film]:
    """Return the films by their SHA-256, each with its answer."""
    ready: dict[str, _Film] = {}
    for given in films:
        kept, found, milliseconds = _examination(installation, person, given, detector)
        stated = Stated(
            projection=given.projection,
            age_years=case.age_years,
            adult=case.adult,
            sex=Sex(case.sex) if case.sex else None,
        )
        answer = assessment_columns(
            detector.judge(found, stated, prevalence),
            prevalence=prevalence,
            milliseconds=milliseconds,
        )
        columns = kept.columns() | _film_columns(found, stated)
        columns["taken_on"] = kept.taken_on or given.taken_on
        ready.setdefault(kept.sha256, _Film(kept, columns, answer))
    return ready


def _examination(
    installation: Installation, person: Person, given: GivenFilm, detector: Detector
) -> tuple[Kept, Examination, float]:
    """Return what is kept of a film, what the detector found in it and the milliseconds it took."""
    content = given.content
    if content is None:
        try:
            staged = staging.find(installation, person, given.token or "")
            if staged.examination.bundle == detector.bundle.id:
                return staged.kept, staged.examination, staged.milliseconds
            # Another model was switched on since: its answer is the one the case gets.
            content = installation.films.get(staged.sha256)
        except FilmStoreError:
            raise  # it may well be there
        except (NotFoundError, UnavailableError) as error:
            raise _gone() from error
        examined = installation.active_detector.examine(content, detector)
        return staged.kept, examined.examination, examined.milliseconds
    examined = installation.active_detector.examine(content, detector)
    kept = keep(installation.keys, content, examined.sight)
    return kept, examined.examination, examined.milliseconds


def _store(installation: Installation, ready: Mapping[str, _Film]) -> None:
    """Have every film on the disk."""
    for sha256, film in ready.items():
        if film.kept.content is not None:
            installation.films.put(film.kept.content)
        elif not installation.films.has(sha256):
            raise _gone()


def _gone() -> InvalidInputError:
    return InvalidInputError(
        {"films": N_("A radiograph sent before is no longer on the server: add it again.")}
    )


def _film_columns(found: Examination, stated: Stated) -> dict[str, Any]:
    facts = found.facts
    projection = facts_with(facts, stated).projection if facts else stated.projection
    return {
        "format": facts.format if facts else None,
        "width": found.width,
        "height": found.height,
        "projection": projection.value if projection else None,
    }


def _enter(
    act: Act,
    installation: Installation,
    columns: dict[str, Any],
    ready: dict[str, _Film],
    others: Sequence[int],
    reason: str,
) -> int:
    moment = act.now
    case = Case(**columns, created_at=moment)
    for film in ready.values():
        assessment = StoredAssessment(**film.answer, created_at=moment)
        case.films.append(
            Film(
                **film.columns,
                created_at=moment,
                at_intake=True,
                assessments=[assessment],
                film_print=stored_print(film.kept.thumbnail),
            )
        )
    act.session.add(case)
    twice = {"same_film_as": list(others), "reason": reason} if reason else {}
    act.record(
        "case.create", case, films=list(ready), research_consent=case.research_consent, **twice
    )
    # From here on nobody sweeps (the trail has one writer at a time), and the rows name the films:
    # put back what a sweep took since.
    _store(installation, ready)
    return case.id
