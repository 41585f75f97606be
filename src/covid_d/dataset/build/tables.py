"""The tables beside the films: manifest, test labels, exclusions, attribution, ``dataset.json``."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final

from covid_d.appearance import CATEGORIES, Appearance
from covid_d.dataset.build.attribution import attribution
from covid_d.dataset.build.options import LEARNING_SPLITS, BuildOptions
from covid_d.dataset.build.plan import Plan
from covid_d.dataset.collections.base import Collection
from covid_d.dataset.describe.shortcuts import (
    COVID,
    OPACITY,
    FilmFacts,
    ShortcutQuestion,
    ShortcutReport,
    find_shortcuts,
)
from covid_d.dataset.manifest import COLUMNS, SET_ASIDE, Label, Split
from covid_d.dataset.record import (
    ATTRIBUTION,
    EXCLUSIONS,
    MANIFEST,
    RECORD,
    TEST_COLUMNS,
    TEST_LABELS,
    count,
    dataset_sha256,
)
from covid_d.files import write_atomically

SCHEMA: Final = 2
_SHOWN: Final = 10  # values of a column within a warning; dataset.json has all
EXCLUSION_COLUMNS: Final = (
    "collection",
    "source",
    "original",
    "patient",
    "finding",
    "label",
    "appearance",
    "reason",
    "detail",
)


def write_tables(
    plan: Plan,
    options: BuildOptions,
    rows: Sequence[Mapping[str, str]],
    collections: Sequence[Collection],
    work: Path,
) -> dict[str, Any]:
    """Write the tables and ``dataset.json``.

    Returns
    -------
    What ``dataset.json`` says.
    """
    test = [row for row in rows if row["split"] == Split.TEST.value]
    write_atomically(work / MANIFEST, _csv(tuple(COLUMNS), rows))
    write_atomically(work / TEST_LABELS, _csv(TEST_COLUMNS, test))
    write_atomically(work / EXCLUSIONS, _csv(EXCLUSION_COLUMNS, _exclusion_rows(plan)))
    citations = list(dict.fromkeys(collection.citation for collection in collections))
    write_atomically(work / ATTRIBUTION, attribution(rows, citations))
    shortcuts = [
        find_shortcuts(_facts(plan, question), question)
        for question in (COVID, OPACITY)
        if question is COVID or any(row["appearance"] for row in rows)
    ]
    counts = count((row["split"], row["label"]) for row in rows)
    appearances = count((row["split"], row["appearance"]) for row in rows if row["appearance"])
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "protocol": options.protocol.value,
        "seed": options.seed,
        "options": options.to_dict(),
        "counts": counts,
        "appearances": appearances,
        "sources": _by_source(rows),
        "collections": _by_collection(plan),
        "exclusions": dict(
            sorted(Counter(str(e.reason) for e in plan.exclusions.values()).items())
        ),
        "understood": _understood(collections),
        "not_understood": _not_understood(plan),
        "groups": _group_figures(plan),
        "shortcuts": shortcuts[0].to_dict(),
        "warnings": _warnings(plan, options, shortcuts, (counts, appearances)),
    }
    if len(shortcuts) > 1:
        record["appearance_shortcuts"] = shortcuts[1].to_dict()
    record["sha256"] = dataset_sha256(work, record)
    write_atomically(work / RECORD, json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    return record


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    stream = StringIO()
    writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _exclusion_rows(plan: Plan) -> list[dict[str, str]]:
    rows = []
    for index, exclusion in sorted(plan.exclusions.items()):
        candidate = plan.candidates[index]
        row = candidate.row
        cells = (
            candidate.collection,
            row.source,
            row.original or "",
            row.patient,
            row.finding,
            row.label.value if row.label else "",
            row.appearance.value if row.appearance else "",
            str(exclusion.reason),
            " ".join(exclusion.detail.split()),
        )
        rows.append(dict(zip(EXCLUSION_COLUMNS, cells, strict=True)))
    return rows


def _facts(plan: Plan, question: ShortcutQuestion) -> list[FilmFacts]:
    """Return what is known of the films to learn from that have a class of this question."""
    films = []
    for at in plan.taken():
        row = plan.films[at].row
        name = row.label if question is COVID else row.appearance
        if name is None or plan.splits[at] in SET_ASIDE:
            continue
        films.append(
            FilmFacts(
                label=name,
                group=plan.groups[at],
                source=row.source,
                projection=row.projection.value if row.projection else "",
                age=row.age,
                child=row.child,
            )
        )
    return films


def _by_source(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, dict[str, int]]]:
    """Return split -> source -> class -> films."""
    numbers = Counter((row["split"], row["source"], row["label"]) for row in rows)
    table: dict[str, dict[str, dict[str, int]]] = {split.value: {} for split in Split}
    for (split, source, label), films in sorted(numbers.items()):
        table[split].setdefault(source, {})[label] = films
    return table


def _by_collection(plan: Plan) -> dict[str, dict[str, int]]:
    """Return collection -> rows, and what became of them."""
    names = dict.fromkeys(candidate.collection for candidate in plan.candidates)
    table = {name: {"rows": 0, "used": 0, "aside": 0, "excluded": 0} for name in names}
    for candidate in plan.candidates:
        table[candidate.collection]["rows"] += 1
        table[candidate.collection]["excluded"] += candidate.index in plan.exclusions
    for at, split in plan.splits.items():
        use = "aside" if split in SET_ASIDE else "used"
        table[plan.films[at].candidate.collection][use] += 1
    return table


def _understood(collections: Sequence[Collection]) -> list[str]:
    """Return how each collection's table was read, as far as collections tell."""
    return [said for c in collections if (said := getattr(c, "understood", ""))]


def _not_understood(plan: Plan) -> dict[str, dict[str, dict[str, int]]]:
    """Return collection -> column -> value that nobody understood -> rows."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for candidate in plan.candidates:
        for column, value in candidate.row.not_understood:
            columns = found.setdefault(candidate.collection, {})
            columns.setdefault(column, Counter())[value] += 1
    return {
        name: {
            column: dict(sorted(values.items(), key=lambda item: (-item[1], item[0])))
            for column, values in sorted(columns.items())
        }
        for name, columns in found.items()
    }


def _group_figures(plan: Plan) -> dict[str, int]:
    places = [at for at in plan.taken() if plan.splits[at] not in SET_ASIDE]
    within = set(places)
    pairs = [pair for pair in plan.pairs if {pair.first, pair.second} <= within]
    sources = [(plan.films[p.first].row.source, plan.films[p.second].row.source) for p in pairs]
    return {
        "groups": len({plan.groups[at] for at in places}),
        "straddling": len(_straddling(plan)),
        "near_duplicate_pairs": len(pairs),
        "near_duplicate_pairs_across_sources": sum(one != other for one, other in sources),
    }


def _straddling(plan: Plan) -> set[int]:
    """Return the groups with films in more than one split."""
    splits: dict[int, set[Split]] = {}
    for at, split in plan.splits.items():
        if split not in SET_ASIDE:
            splits.setdefault(plan.groups[at], set()).add(split)
    return {group for group, found in splits.items() if len(found) > 1}


def _warnings(
    plan: Plan,
    options: BuildOptions,
    shortcuts: Sequence[ShortcutReport],
    counts: tuple[Mapping[str, Mapping[str, int]], Mapping[str, Mapping[str, int]]],
) -> list[str]:
    found = [warning for report in shortcuts for warning in report.warnings()]
    straddling = len(_straddling(plan))
    if straddling:
        found.append(
            f"{straddling} groups (one patient, or near-duplicates) have films in more than one "
            "split: figures on validation and test are inflated. The article split by image."
        )
    found += _missing_classes(counts)
    unrecorded = sum(
        plan.films[at].row.projection is None
        for at, split in plan.splits.items()
        if split not in SET_ASIDE
    )
    for name, columns in _not_understood(plan).items():
        for column, values in columns.items():
            shown = ", ".join(f"{value!r} ({n})" for value, n in list(values.items())[:_SHOWN])
            more = f" and {len(values) - _SHOWN} more values" if len(values) > _SHOWN else ""
            found.append(f"Not understood in {name}, {column}: {shown}{more}.")
    if options.grouped and unrecorded:
        found.append(
            f"{unrecorded} films have no recorded projection; they were taken for frontal ones. "
            "--known-projection-only leaves them out."
        )
    return found


def _missing_classes(
    counts: tuple[Mapping[str, Mapping[str, int]], Mapping[str, Mapping[str, int]]],
) -> list[str]:
    """Return a sentence for each split without a class: of the classes that are learnt from.

    Where films are held out to test on alone, their kind of class is not learnt.
    """
    classings: tuple[Sequence[Label | Appearance], ...] = (tuple(Label), CATEGORIES)
    learnt = [
        (classes, numbers)
        for classes, numbers in zip(classings, counts, strict=True)
        if any(
            numbers[split.value].get(name.value)
            for split in LEARNING_SPLITS[:2]
            for name in classes
        )
    ]
    return [
        f"The split {split.value} has no film of class {name.value}."
        for split in LEARNING_SPLITS
        for classes, numbers in learnt or [(classings[0], counts[0])]
        for name in classes
        if not numbers[split.value].get(name.value)
    ]
