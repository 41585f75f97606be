"""Check a dataset: nothing missing, altered or mislabelled, and nothing straddles splits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from covid_d.dataset.check.defects import CheckReport, Defect, DefectKind, Leaks
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.duplicates import Fingerprint, find_near_duplicates, fingerprint
from covid_d.dataset.manifest import ADDED, Label, Split, class_folder
from covid_d.dataset.record import RECORD, TEST_COLUMNS, TEST_LABELS, count, dataset_sha256
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.suffixes import SUFFIXES

# Written by `covid-d dataset describe`; its pictures are no films.
DESCRIPTION = "description"

_FILM_SUFFIXES = SUFFIXES | {"", ".gif"}
_LEARNING = (Split.TRAIN.value, Split.VALIDATION.value, Split.TEST.value)


def check_dataset(
    dataset: Dataset, *, workers: int | None = None, progress: bool = True
) -> CheckReport:
    """Check every film and every promise of a dataset.

    Near-duplicates are looked for anew in the films themselves; the manifest's groups are not
    believed.

    Parameters
    ----------
    dataset
        What to check.
    workers
        Films read at once; as many as there are cores when not given.
    progress
        Whether to show progress bars on standard error.
    """
    workers = workers or os.cpu_count() or 1
    films = dataset.manifest
    defects, fingerprints = _read_all(dataset, workers, progress)
    defects += _unlisted(dataset)
    defects += _labels(dataset)
    defects += _record(dataset)
    learning = films[films["split"].isin(_LEARNING)]
    patients = list(_straddling(learning, "patient", DefectKind.PATIENT))
    groups = list(_straddling(learning, "group", DefectKind.GROUP))
    pairs = list(_near_duplicates(learning, fingerprints, workers, progress))
    return CheckReport(
        films=len(films),
        protocol=dataset.protocol,
        defects=(*defects, *patients, *groups, *pairs),
        notes=tuple(_notes(learning)),
        leaks=_leaks(learning, patients, groups, pairs),
    )


def _read_all(
    dataset: Dataset, workers: int, progress: bool
) -> tuple[list[Defect], dict[str, Fingerprint]]:
    """Read every film; defects, and fingerprints by path."""

    def look(row: Any) -> tuple[str, Defect | None, Fingerprint | None]:
        path = dataset.path(row)
        name = str(row.path)
        if not path.is_file():
            return name, Defect(DefectKind.MISSING, f"{name} is missing.", (name,)), None
        try:
            radiograph = read(path)
        except RadiographError as error:
            message = f"{name} cannot be read: {error.message}"
            return name, Defect(DefectKind.UNREADABLE, message, (name,)), None
        if radiograph.facts.sha256 != row.sha256:
            message = (
                f"{name} was altered: its SHA-256 is {radiograph.facts.sha256}, "
                f"the manifest says {row.sha256}."
            )
            return name, Defect(DefectKind.ALTERED, message, (name,)), fingerprint(radiograph)
        return name, None, fingerprint(radiograph)

    defects: list[Defect] = []
    fingerprints: dict[str, Fingerprint] = {}
    rows = list(dataset.manifest.itertuples(index=False))
    # Threads: hashing and decoding release the interpreter's lock, and Ctrl-C ends them.
    with ThreadPoolExecutor(workers) as pool:
        try:
            results = pool.map(look, rows)
            for name, defect, print_ in tqdm(
                results, total=len(rows), desc="Reading", unit="film", disable=not progress
            ):
                if defect:
                    defects.append(defect)
                if print_:
                    fingerprints[name] = print_
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return defects, fingerprints


def _unlisted(dataset: Dataset) -> Iterator[Defect]:
    listed = set(dataset.manifest["path"])
    for path in sorted(_files(dataset.folder)):
        name = path.relative_to(dataset.folder).as_posix()
        if path.suffix.lower() in _FILM_SUFFIXES and name not in listed:
            yield Defect(DefectKind.UNLISTED, f"{name} is not in the manifest.", (name,))


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file but what `describe` wrote and what systems hide (``.DS_Store``)."""
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not (name == DESCRIPTION and Path(place) == folder)
        ]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _labels(dataset: Dataset) -> Iterator[Defect]:
    """Compare the manifest's splits and labels with the folders and with the test's labels."""
    for row in dataset.manifest.itertuples(index=False):
        # No folder for a class in the test split, so that nobody reads it there, nor in what is
        # set aside.
        own_class = row.split in {Split.TRAIN.value, Split.VALIDATION.value}
        class_name = class_folder(str(row.label), str(row.appearance))
        folder = f"{row.split}/{class_name}" if own_class else str(row.split)
        name = str(row.path)
        if name.rpartition("/")[0] != folder:
            message = f"{name} lies elsewhere than the manifest's split and label say: {folder}/."
            yield Defect(DefectKind.LABEL, message, (name,))
    yield from _test_labels(dataset)


def _test_labels(dataset: Dataset) -> Iterator[Defect]:
    path = dataset.folder / TEST_LABELS
    test = dataset.films(Split.TEST)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in ADDED:
            if name not in table.columns:
                table[name] = ""
        rows = table[[*TEST_COLUMNS]].itertuples()
        told = {str(row.path): (row.label, row.appearance) for row in rows}
    except (OSError, ValueError, KeyError) as error:
        yield Defect(DefectKind.LABEL, f"{TEST_LABELS} cannot be read: {error}.", (TEST_LABELS,))
        return
    for row in test.itertuples(index=False):
        name, classes = str(row.path), (row.label, row.appearance)
        if told.get(name) != classes:
            says = _quoted(told[name]) if name in told else "nothing"
            message = f"{name} is {_quoted(classes)} in the manifest; {TEST_LABELS} says {says}."
            yield Defect(DefectKind.LABEL, message, (name,))
    for name in sorted(told.keys() - set(test["path"])):
        message = f"{TEST_LABELS} names {name}, which is no test film of the manifest."
        yield Defect(DefectKind.LABEL, message, (name,))


def _quoted(classes: tuple[Any, ...]) -> str:
    """Return a film's label and appearance as people read them: what is empty is not shown."""
    return " and ".join(repr(name) for name in classes if name) or repr("")


def _record(dataset: Dataset) -> Iterator[Defect]:
    manifest = dataset.manifest
    graded = manifest[manifest["appearance"] != ""]
    for key, films, column in (
        ("counts", manifest, "label"),
        ("appearances", graded, "appearance"),
    ):
        counts = count(zip(films["split"], films[column], strict=True))
        # Data sets of earlier versions count no appearances, and have none.
        told = dataset.record.get(key, count(()))
        if counts != told:
            message = f"The manifest counts {counts}, {RECORD} {told}."
            yield Defect(DefectKind.COUNTS, message, (RECORD,))
    digest = dataset_sha256(dataset.folder, dataset.record)
    if digest != dataset.sha256:
        message = f"The dataset's hash is {digest}, {RECORD} says {dataset.sha256}."
        yield Defect(DefectKind.HASH, message, (RECORD,))


def _straddling(films: pd.DataFrame, column: str, problem: DefectKind) -> Iterator[Defect]:
    named = films[films[column] != ""]
    splits = named.groupby(column)["split"].nunique()
    for name in splits[splits > 1].index:
        rows = named[named[column] == name]
        numbers = rows["split"].value_counts()
        where = " and ".join(f"{s} ({numbers[s]})" for s in _LEARNING if s in numbers)
        yield Defect(problem, f"{column.capitalize()} {name!r} is in {where}.", tuple(rows["path"]))


def _near_duplicates(
    films: pd.DataFrame, fingerprints: dict[str, Fingerprint], workers: int, progress: bool
) -> Iterator[Defect]:
    readable = films[films["path"].isin(fingerprints)]
    paths, splits = list(readable["path"]), list(readable["split"])
    with tqdm(total=len(paths), desc="Comparing", unit="film", disable=not progress) as bar:
        pairs = find_near_duplicates(
            [fingerprints[path] for path in paths], threads=workers, progress=bar.update
        )
    for pair in pairs:
        if splits[pair.first] != splits[pair.second]:
            first, second = paths[pair.first], paths[pair.second]
            yield Defect(
                DefectKind.NEAR_DUPLICATE,
                f"{first} and {second} show the same film (likeness {pair.likeness:.2f}).",
                (first, second),
            )


def _leaks(
    films: pd.DataFrame,
    patients: list[Defect],
    groups: list[Defect],
    pairs: list[Defect],
) -> Leaks:
    training = films[films["split"] == Split.TRAIN.value]
    test = films[(films["split"] == Split.TEST.value) & (films["label"] == Label.COVID.value)]
    in_training = set(training["path"])
    twins = {name for pair in pairs if in_training & set(pair.files) for name in pair.files}
    seen = test["path"].isin(twins)
    for column in ("patient", "group"):
        seen |= (test[column] != "") & test[column].isin(training[column])
    return Leaks(len(patients), len(groups), len(pairs), len(test), int(seen.sum()))


def _notes(films: pd.DataFrame) -> Iterable[str]:
    grouped = films[(films["group"] != "") & (films["label"] != "")]
    labels = grouped.groupby("group")["label"].nunique()
    for name in labels[labels > 1].index:
        paths = ", ".join(grouped.loc[grouped["group"] == name, "path"])
        yield f"Group {name!r} has films of both classes: {paths}."
