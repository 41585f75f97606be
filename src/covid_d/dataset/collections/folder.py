"""The manifest of a folder of films: what their folders' names and their headers say."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from tqdm import tqdm

from covid_d.dataset.collections.vocabulary import appearance_of, label_of
from covid_d.errors import DatasetError
from covid_d.files import write_atomically
from covid_d.language import N_
from covid_d.radiograph import Facts, RadiographError, read
from covid_d.radiograph.suffixes import may_be_film

COLUMNS: Final = ("path", "label", "appearance", "patient", "view", "modality", "age", "sex")


@dataclass(frozen=True, slots=True)
class FolderManifest:
    """What was written.

    Parameters
    ----------
    path
        The manifest.
    classes
        Label or appearance -> films.
    folders
        Folder whose name tells no class -> films that get none from any folder above them.
    unread
        (film, why) of each file that cannot be read; it is not listed.
    """

    path: Path
    classes: dict[str, int]
    folders: dict[str, int]
    unread: tuple[tuple[str, str], ...]

    @property
    def films(self) -> int:
        """Films listed."""
        return sum(self.classes.values()) + sum(self.folders.values())


def write_manifest(
    folder: Path, out: Path | None = None, *, overwrite: bool = False, progress: bool = False
) -> FolderManifest:
    """List the films of a folder, whatever its layout, in a manifest to complete by hand.

    The class is what the nearest folder's name says (``COVID``, ``sano``, ``typical``); where none
    says one it is left empty, never guessed. From a DICOM header come projection, modality, age and
    sex; patients are numbered (``p0001``) by their identifier, which is not written down.

    Parameters
    ----------
    folder
        Where the films are.
    out
        The manifest; ``manifest.csv`` in the folder when not given. It must lie in the folder or
        above it: its paths are relative to where it lies.
    overwrite
        Replace a manifest that is there: what was completed by hand is lost.
    progress
        Show a progress bar on standard error.

    Raises
    ------
    DatasetError
        If there is no film, the manifest is there already, or it would lie beside the films.
    CovidDError
        If it cannot be written.
    """
    folder = folder.resolve()
    out = (out or folder / "manifest.csv").resolve()
    if not folder.is_relative_to(out.parent):
        raise DatasetError(
            N_(
                "From %(parent)s no path leads down to %(folder)s.",
                parent=out.parent,
                folder=folder,
            ),
            N_("Write the manifest into the folder of films, or into one above it."),
        )
    if out.exists() and not overwrite:
        raise DatasetError(
            N_("%(out)s already exists.", out=out), N_("Use --overwrite, or another --out.")
        )
    rows, unread, folders = [], [], Counter[str]()
    numbers: dict[str, str] = {}
    for file in tqdm(sorted(_files(folder)), desc="Reading", unit="film", disable=not progress):
        name = file.relative_to(folder).as_posix()
        try:
            facts = read(file).facts
        except RadiographError as error:
            unread.append((name, error.message))
            continue
        label, appearance = _class(file, folder)
        if not label and not appearance:
            folders[file.parent.relative_to(folder).as_posix()] += 1
        person = _person(file) if facts.format == "DICOM" else ""
        patient = numbers.setdefault(person, f"p{len(numbers) + 1:04}") if person else ""
        path = file.relative_to(out.parent).as_posix()
        rows.append((path, label, appearance, patient, *_cells(facts)))
    if not rows:
        raise DatasetError(
            N_("%(folder)s holds no film that can be read.", folder=folder),
            N_("Name another folder."),
        )
    stream = StringIO()
    # With the mark by which a spreadsheet knows UTF-8: names have accents.
    stream.write("\ufeff")
    csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
    write_atomically(out, stream.getvalue())
    classes = Counter(name for row in rows for name in row[1:3] if name)
    return FolderManifest(out, dict(classes), dict(folders), tuple(unread))


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            file = Path(place, name)
            hidden = name.startswith(".") or name == "DICOMDIR"
            if may_be_film(file.name) and not hidden and file.is_file():
                yield file


def _class(file: Path, folder: Path) -> tuple[str, str]:
    """Return label and appearance by the nearest folder that names one; the folder itself last."""
    for place in (file.parent, *file.parent.parents):
        label, appearance = label_of(place.name), appearance_of(place.name)
        # `negative` names both: no COVID-19 to most people, an appearance beside its sisters.
        if appearance and (label is None or _has_sisters(place)):
            return "", appearance.value
        if label:
            return label.value, ""
        if place == folder:
            break
    return "", ""


def _has_sisters(place: Path) -> bool:
    names = [beside.name for beside in place.parent.iterdir() if beside.is_dir()]
    return any(appearance_of(name) and label_of(name) is None for name in names)


def _person(file: Path) -> str:
    """Return what tells the patient of a DICOM file from others, or its study's number."""
    try:
        header = dcmread(
            file, stop_before_pixels=True, specific_tags=["PatientID", "StudyInstanceUID"]
        )
    except (InvalidDicomError, OSError, ValueError):
        return ""
    patient = str(header.get("PatientID") or "").strip()
    return f"id {patient}" if patient else f"study {header.get('StudyInstanceUID') or file}"


def _age(facts: Facts) -> str:
    """Return the age, or the words that stand for it: who reads the manifest judges them."""
    years = [age for age in (facts.age_years, facts.age_by_dates) if age is not None]
    if years:
        return f"{min(years):g}"
    return "child" if facts.child else facts.age_unread or ""


def _cells(facts: Facts) -> tuple[str, str, str, str]:
    return (
        facts.projection.value if facts.projection else "",
        facts.modality or "",
        _age(facts),
        facts.sex.value if facts.sex else "",
    )
