"""Which films a data set takes: every row of every collection gets a use or a reason.

Films of one patient with both classes
    In the grouped protocol a film without COVID-19 of a patient who has COVID-19 films is left
    out. All ``No Finding`` films of Cohen's collection are such: a film taken before the disease,
    after it, or in it but without visible signs. Called ``nocovid`` it would teach that a patient
    with COVID-19 has none; called ``covid`` it would teach that a normal film shows it. The article
    protocol follows the article: COVID-19 against every other finding.

Films whose projection is not recorded
    Are kept unless asked otherwise: collections that hold frontal films only often leave it out.
    Only the projection ``?``, with which a curator says that it could not be told, leaves a film
    out of the grouped protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from covid_d.dataset.build.films import Inspection
from covid_d.dataset.build.licenses import terms_of
from covid_d.dataset.build.options import BuildOptions, Licenses
from covid_d.dataset.collections.base import Collection, Exclusion, FilmRow, Modality, Reason
from covid_d.dataset.collections.vocabulary import is_frontal
from covid_d.dataset.duplicates import Pair
from covid_d.dataset.manifest import Label, Split
from covid_d.errors import DatasetError
from covid_d.language import N_
from covid_d.plain_words import is_unstated
from covid_d.radiograph.ages import ADULT_YEARS
from covid_d.radiograph.film import Projection

# Two films so alike are one exposure. Less alike ones may be one person on two days: of 24 groups
# of the SIIM challenge with films graded differently (likeness 0.82 to 0.90) 21 are by eye, and in
# three it may be two people. Lungs change, so appearances may differ; they stay in one group.
SAME_EXPOSURE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of one collection, numbered through all collections.

    Parameters
    ----------
    index
        Place among all rows.
    collection
        Name of the collection, unique in the build.
    children_only
        Whether the collection holds children's films only.
    row
        The row.
    """

    index: int
    collection: str
    children_only: bool
    row: FilmRow


@dataclass(frozen=True, slots=True)
class InspectedFilm:
    """A candidate that was read.

    Parameters
    ----------
    candidate
        The row; what it left open is filled in from the file.
    inspection
        What the file holds.
    """

    candidate: Candidate
    inspection: Inspection

    @property
    def row(self) -> FilmRow:
        """The row."""
        return self.candidate.row


def gather(collections: Sequence[Collection]) -> list[Candidate]:
    """Return every row of every collection; a patient who is a child on one row is so on all."""
    candidates: list[Candidate] = []
    names: set[str] = set()
    for collection in collections:
        name, number = collection.name, 1
        while name in names:
            number += 1
            name = f"{collection.name}-{number}"
        names.add(name)
        candidates += [
            Candidate(index, name, collection.children_only, row)
            for index, row in enumerate(collection.rows(), start=len(candidates))
        ]
    return _with_known_children(candidates)


def _with_known_children(candidates: Sequence[Candidate]) -> list[Candidate]:
    # The age often stands on one film of a patient and not on the others. Who was a child on one
    # is taken for a child on films of unknown age; a stated age stands.
    patients = {c.row.patient for c in candidates if c.row.child and c.row.patient}
    return [
        replace(c, row=replace(c.row, child=True))
        if c.row.age is None and c.row.patient in patients
        else c
        for c in candidates
    ]


def with_facts(candidate: Candidate, inspection: Inspection) -> Candidate:
    """Return the candidate with what its row left open filled in from the file."""
    row, facts = candidate.row, inspection.facts
    age = facts.age_years if row.age is None else row.age
    ages = [years for years in (age, facts.age_years, facts.age_by_dates) if years is not None]
    unread = facts.age_unread if age is None and not row.unread_age else None
    return replace(
        candidate,
        row=replace(
            row,
            modality=Modality.CT if inspection.is_ct else row.modality,
            projection=row.projection or facts.projection,
            age=age,
            # A child by any source is one: the other may be a slip of the pen.
            child=row.child or facts.child or any(years < ADULT_YEARS for years in ages),
            not_understood=(*row.not_understood, *((("age", unread),) if unread else ())),
            sex=row.sex or facts.sex,
        ),
    )


def set_aside(row: FilmRow, options: BuildOptions) -> Split | None:
    """Return where a film is kept apart, if the answer is not to be learnt from it."""
    if row.modality is Modality.CT:
        return Split.CT
    return Split.LATERAL if options.grouped and row.projection is Projection.LATERAL else None


def leave_out(row: FilmRow, options: BuildOptions) -> Exclusion | None:
    """Return why a film is left out by what is known of it, or ``None``."""
    if row.exclusion is not None:
        return row.exclusion
    if options.licenses is Licenses.PERMISSIVE and not terms_of(row.license).derivatives:
        return Exclusion(Reason.LICENSE, row.license or "none stated")
    if row.modality is Modality.CT:
        return None
    if options.leaves_out_children and row.child:
        age = "" if row.age is None else f"{row.age:g} years"
        return Exclusion(Reason.CHILD, age or "a child, age not stated")
    if options.leaves_out_children and row.unread_age and not row.child:
        # An age that nobody can read may be a child's.
        return Exclusion(Reason.AGE, row.unread_age)
    if set_aside(row, options) is Split.LATERAL:
        return None
    # The article learns labels alone.
    if not (row.has_class if options.grouped else row.label):
        return Exclusion(Reason.UNLABELLED, row.finding)
    if not options.grouped:
        return None
    if row.projection is not None and not row.projection.is_frontal:
        return Exclusion(Reason.LATERAL, row.projection_text or row.projection.value)
    text = row.projection_text
    untold = text != "?" and (is_unstated(text) or is_frontal(text))
    if row.projection is None and (options.known_projection_only or not untold):
        return Exclusion(Reason.PROJECTION, row.projection_text or "not recorded")
    return None


def covid_patients(candidates: Iterable[Candidate]) -> set[str]:
    """Return the patients with a COVID-19 film or slice, be its file there or not."""
    rows = (candidate.row for candidate in candidates)
    return {row.patient for row in rows if row.label is Label.COVID and row.patient}


def contradictions(
    films: Sequence[InspectedFilm], pairs: Iterable[Pair], with_covid: set[str]
) -> dict[int, Exclusion]:
    """Return which films the grouped protocol leaves out once all films were read.

    Copies with different labels (all of them: nobody knows which is right), one exposure graded
    with different appearances, films without COVID-19 of patients who have it, and further exact
    copies of a film.

    Parameters
    ----------
    films
        Radiographs that were read.
    pairs
        Their near-duplicates.
    with_covid
        Patients with COVID-19.

    Returns
    -------
    Place in ``films`` -> reason.
    """
    left_out: dict[int, Exclusion] = {}
    for at, film in enumerate(films):
        if film.row.label is Label.NOCOVID and film.row.patient in with_covid:
            left_out[at] = Exclusion(Reason.CONFLICTING_PATIENT, film.row.finding)
    first_of: dict[str, int] = {}
    for pair in pairs:
        one, other = films[pair.first].row, films[pair.second].row
        graded = {one.appearance, other.appearance} - {None}
        contradict = {one.label, other.label} - {None}
        if len(contradict) < 2 and (len(graded) < 2 or pair.likeness < SAME_EXPOSURE):
            continue
        for at, twin in ((pair.first, other), (pair.second, one)):
            what = ", ".join(name for name in (twin.label, twin.appearance) if name)
            detail = f"{twin.source}:{twin.original} is {what} (likeness {pair.likeness:.2f})"
            left_out.setdefault(at, Exclusion(Reason.CONFLICTING_COPIES, detail))
    for at, film in enumerate(films):
        if at in left_out:
            continue
        first = first_of.setdefault(film.inspection.fingerprint.sha256, at)
        if first != at:
            twin = films[first].row
            left_out[at] = Exclusion(Reason.COPY, f"{twin.source}:{twin.original}")
    return left_out


def patient_aliases(candidates: Sequence[Candidate]) -> list[tuple[str, str]]:
    """Return pairs of patient ids that are one person: both are given to the same file."""
    first: dict[tuple[str, str], str] = {}
    aliases = []
    for candidate in candidates:
        row = candidate.row
        if not (row.original and row.patient):
            continue
        patient = first.setdefault((candidate.collection, row.original), row.patient)
        if patient != row.patient:
            aliases.append((patient, row.patient))
    return aliases


def account_for(
    candidates: Sequence[Candidate], used: Iterable[int], ct: Iterable[int], out: Iterable[int]
) -> None:
    """Check that every row is used, set aside or left out, and only one of these.

    Parameters
    ----------
    candidates
        Every row.
    used, ct, out
        Their indices.

    Raises
    ------
    DatasetError
        If the sums do not come out: a defect of the builder, never of the data.
    """
    told = sorted(chain(used, ct, out))
    if told != [candidate.index for candidate in candidates]:
        raise DatasetError(
            N_(
                "%(candidates)s rows were read but %(told)s are accounted for (%(times)s times).",
                candidates=len(candidates),
                told=len(set(told)),
                times=len(told),
            ),
            N_("This is a defect of COVID-D; please report it with the collections' names."),
        )
