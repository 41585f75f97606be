"""What becomes of every row of every collection: read, left out, grouped, split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from tqdm import tqdm

from covid_d.dataset.build.films import InspectionOrder, inspect, map_films
from covid_d.dataset.build.group import case_page, group_films
from covid_d.dataset.build.options import BuildOptions
from covid_d.dataset.build.select import (
    Candidate,
    InspectedFilm,
    account_for,
    contradictions,
    covid_patients,
    leave_out,
    patient_aliases,
    set_aside,
    with_facts,
)
from covid_d.dataset.build.split import draw_children, split_groups, split_images
from covid_d.dataset.collections.base import Exclusion, Reason
from covid_d.dataset.duplicates import Pair, find_near_duplicates
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.errors import DatasetError
from covid_d.language import N_

_FEW = 20  # films of one class and source


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of every row.

    Parameters
    ----------
    candidates
        Every row of every collection.
    films
        Those that were read.
    pairs
        Near-duplicates among them, by place in ``films``.
    groups
        Of each film.
    splits
        Place in ``films`` -> split, for films that are used or set aside.
    exclusions
        Index of a candidate -> reason, for all others.
    """

    candidates: list[Candidate]
    films: list[InspectedFilm]
    pairs: list[Pair]
    groups: list[int]
    splits: dict[int, Split]
    exclusions: dict[int, Exclusion]

    def taken(self) -> list[int]:
        """Places (in ``films``) of the films that have a split or are set aside, in order."""
        return sorted(self.splits)


def make_plan(
    candidates: list[Candidate],
    options: BuildOptions,
    pool: Executor | None,
    *,
    jobs: int,
    progress: bool,
) -> Plan:
    """Decide what becomes of every row; reads the films, writes nothing.

    Raises
    ------
    DatasetError
        If nothing is left to learn from, or the article's children cannot be drawn.
    """
    films, children, exclusions = _inspect(candidates, options, pool, progress=progress)
    aside = {at: set_aside(film.row, options) for at, film in enumerate(films)}
    radiographs = [at for at, split in aside.items() if split is None]
    compared = [films[at] for at in radiographs] + children
    with tqdm(total=len(compared), desc="Comparing", unit="film", disable=not progress) as bar:
        found = find_near_duplicates(
            [film.inspection.fingerprint for film in compared],
            threads=jobs,
            progress=bar.update,
        )
    among = [pair for pair in found if pair.second < len(radiographs)]
    pairs = [Pair(radiographs[p.first], radiographs[p.second], p.likeness) for p in among]
    groups = _groups(films, pairs, candidates)
    left = set(radiographs)
    for pair in found:
        if pair.first < len(radiographs) <= pair.second:
            child = compared[pair.second].row
            told = Exclusion(Reason.CHILD, f"same film as {child.source}:{child.original}")
            exclusions[compared[pair.first].candidate.index] = told
            left.discard(radiographs[pair.first])
    if options.grouped:
        contradicted = contradictions(films, pairs, covid_patients(candidates))
        for at in sorted(left & contradicted.keys()):
            exclusions[films[at].candidate.index] = contradicted[at]
        left -= contradicted.keys()
    splits = {at: split for at, split in aside.items() if split is not None}
    splits |= _split(films, sorted(left), groups, options, exclusions)
    plan = Plan(candidates, films, pairs, groups, splits, exclusions)
    _check_plan(plan)
    return plan


def _inspect(
    candidates: Sequence[Candidate],
    options: BuildOptions,
    pool: Executor | None,
    *,
    progress: bool,
) -> tuple[list[InspectedFilm], list[InspectedFilm], dict[int, Exclusion]]:
    """Read every film that its row does not leave out.

    Returns
    -------
    Films; films left out because their patient is a child, by whose copies children of unknown age
    are recognised; and the exclusions by index.
    """
    exclusions: dict[int, Exclusion] = {}
    waiting, orders = [], []
    for candidate in candidates:
        exclusion = leave_out(candidate.row, options)
        if exclusion:
            exclusions[candidate.index] = exclusion
        a_child = exclusion is not None and exclusion.reason == Reason.CHILD
        wanted = exclusion is None or (a_child and not candidate.children_only)
        if candidate.row.file is None or not wanted:
            continue
        waiting.append(candidate)
        orders.append(
            InspectionOrder(
                file=candidate.row.file,
                modality=candidate.row.modality,
                strict=options.grouped,
            )
        )
    films, children = [], []
    results = map_films(inspect, orders, pool, what="Reading", progress=progress)
    for candidate, result in zip(waiting, results, strict=True):
        if isinstance(result, Exclusion):
            exclusions.setdefault(candidate.index, result)
            continue
        known = with_facts(candidate, result)
        exclusion = leave_out(known.row, options)
        if exclusion is None:
            films.append(InspectedFilm(known, result))
            continue
        exclusions[candidate.index] = exclusion
        if exclusion.reason == Reason.CHILD:
            children.append(InspectedFilm(known, result))
    return films, children, exclusions


def _groups(
    films: Sequence[InspectedFilm], pairs: Sequence[Pair], candidates: Sequence[Candidate]
) -> list[int]:
    # Two ids given to one file are one person; each such pair of ids rides along as a film
    # without pixels that is tied to both.
    aliases = patient_aliases(candidates)
    ties = [
        [name for name in (film.row.patient, case_page(film.row.url)) if name] for film in films
    ]
    numbered = group_films(
        [*ties, *(list(alias) for alias in aliases)],
        [(pair.first, pair.second) for pair in pairs],
    )
    return numbered[: len(films)]


def _split(
    films: Sequence[InspectedFilm],
    left: Sequence[int],
    groups: Sequence[int],
    options: BuildOptions,
    exclusions: dict[int, Exclusion],
) -> dict[int, Split]:
    """Return the split of each film still ``left``; children not drawn become exclusions."""
    if options.grouped:
        held = _held_out([films[at] for at in left], [groups[at] for at in left], options.hold_out)
        dealt_out = [at for at in left if groups[at] not in held]
        strata = _strata([films[at] for at in dealt_out])
        dealt = split_groups([groups[at] for at in dealt_out], strata, options.splits, options.seed)
        return dict.fromkeys(left, Split.TEST) | dict(zip(dealt_out, dealt, strict=True))
    children = [at for at in left if films[at].candidate.children_only]
    others = [at for at in left if not films[at].candidate.children_only]
    splits = dict(zip(others, split_images(len(others), options.splits, options.seed), strict=True))
    kinds = ["healthy" if films[at].row.finding == "Normal" else "pneumonia" for at in children]
    drawn = draw_children(kinds, options.children, options.seed)
    for at, split in zip(children, drawn, strict=True):
        if split is None:
            exclusions[films[at].candidate.index] = Exclusion(
                Reason.NOT_DRAWN, "the article draws a fixed number of children at random"
            )
        else:
            splits[at] = split
    return splits


def _held_out(
    films: Sequence[InspectedFilm], groups: Sequence[int], names: Sequence[str]
) -> set[int]:
    """Return the groups that touch a source or publisher kept for the test split alone."""
    held = set()
    for name in names:
        touched = {
            group
            for film, group in zip(films, groups, strict=True)
            if name in (film.row.source, film.row.subsource)
        }
        if not touched:
            known = sorted({film.row.source for film in films})
            raise DatasetError(
                N_("No film is of the source %(name)r, which was to be held out.", name=name),
                N_(
                    "Name a collection's source (%(known)s) or a publisher's host name.",
                    known=", ".join(known),
                ),
            )
        held |= touched
    return held


def _strata(films: Sequence[InspectedFilm]) -> list[tuple[str, str, str]]:
    # Of a stratum with a handful of films every one would go to training, which lacks most; such
    # sources are therefore divided together.
    whole = [(str(film.row.label), str(film.row.appearance), film.row.source) for film in films]
    numbers = Counter(whole)
    return [
        stratum if numbers[stratum] >= _FEW else (stratum[0], stratum[1], "") for stratum in whole
    ]


def _check_plan(plan: Plan) -> None:
    index = {at: plan.films[at].candidate.index for at in plan.splits}
    account_for(
        plan.candidates,
        (index[at] for at, split in plan.splits.items() if split not in SET_ASIDE),
        (index[at] for at, split in plan.splits.items() if split in SET_ASIDE),
        plan.exclusions,
    )
    if all(split in SET_ASIDE for split in plan.splits.values()):
        reasons = Counter(str(exclusion.reason) for exclusion in plan.exclusions.values())
        told = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common()) or "no rows"
        raise DatasetError(
            N_("No film is left to learn from (%(told)s).", told=told),
            N_("Check the collections' folders, or choose less strict options."),
        )
