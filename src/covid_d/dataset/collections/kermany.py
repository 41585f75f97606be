"""Kermany's children's films, in the layout of the Kaggle set Chest X-Ray Images (Pneumonia)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from covid_d.dataset.collections.base import FilmRow
from covid_d.dataset.collections.vocabulary import label_of
from covid_d.errors import DatasetError
from covid_d.language import N_

_SPLITS = ("train", "val", "test")
_CLASSES = ("NORMAL", "PNEUMONIA")
# person123_bacteria_456.jpeg; IM-0115-0001.jpeg; NORMAL2-IM-0115-0001-0002.jpeg
_PNEUMONIA_NAME = re.compile(r"(person\d+)_(bacteria|virus)_\d+", re.IGNORECASE)
_NORMAL_NAME = re.compile(r"((?:NORMAL\d*-)?IM-\d+)(?:-\d+)*", re.IGNORECASE)


class KermanyCollection:
    """``{train,test,val}/{NORMAL,PNEUMONIA}``; every patient is 1 to 5 years old.

    The folders ``train``, ``test`` and ``val`` are the publisher's split and are not followed. The
    patient is the number in the file name. Numbers may have been given twice (once for ``train``,
    once for ``test``); one number is taken for one patient, which can only tie films together that
    could have been kept apart, never the reverse.

    Parameters
    ----------
    root
        The folder that holds ``train``, ``test`` and ``val``, or its parent (as unpacked).
    """

    citation: ClassVar[str] = (
        "D. Kermany, K. Zhang, M. Goldbaum: *Labeled Optical Coherence Tomography (OCT) and Chest "
        "X-Ray Images for Classification*, Mendeley Data, v2, 2018, "
        "<https://doi.org/10.17632/rscbjbr9sj.2>. CC BY 4.0. Children of 1 to 5 years, Guangzhou."
    )
    children_only: ClassVar[bool] = True

    def __init__(self, root: Path) -> None:
        self.name = "kermany"
        self.root = root

    def rows(self) -> Iterator[FilmRow]:
        """Yield one row a file, in the order of the paths.

        Raises
        ------
        DatasetError
            If the folder has none of the expected sub-folders.
        """
        root = self._layout_root()
        for split in _SPLITS:
            for kind in _CLASSES:
                folder = root / split / kind
                if not folder.is_dir():
                    continue
                files = (p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
                for file in sorted(files, key=lambda p: p.name):
                    yield self._row(file, f"{split}/{kind}/{file.name}", kind)

    def _layout_root(self) -> Path:
        for root in (self.root, self.root / "chest_xray"):
            if any((root / split / kind).is_dir() for split in _SPLITS for kind in _CLASSES):
                return root
        raise DatasetError(
            N_("%(root)s is not the chest X-ray pneumonia set.", root=self.root),
            N_("Expected the folders train, test and val, each with NORMAL and PNEUMONIA."),
        )

    def _row(self, file: Path, original: str, kind: str) -> FilmRow:
        patient = patient_of(file.name)
        finding = _finding(file.name, kind)
        return FilmRow(
            source=self.name,
            original=original,
            file=file,
            label=label_of(finding),
            finding=finding,
            patient=f"{self.name}:{patient}" if patient else "",
            child=True,
            license="CC BY 4.0",
            url="https://data.mendeley.com/datasets/rscbjbr9sj/2",
        )


def patient_of(name: str) -> str:
    """Return the patient's id within a file name; empty when the name has another form.

    Examples
    --------
    >>> patient_of("person123_bacteria_456.jpeg"), patient_of("NORMAL2-IM-0115-0001.jpeg")
    ('person123', 'NORMAL2-IM-0115')
    """
    for pattern in (_PNEUMONIA_NAME, _NORMAL_NAME):
        match = pattern.match(name)
        if match:
            return match[1]
    return ""


def _finding(name: str, kind: str) -> str:
    if kind == "NORMAL":
        return "Normal"
    match = _PNEUMONIA_NAME.match(name)
    cause = {"bacteria": "Bacterial pneumonia", "virus": "Viral pneumonia"}
    return cause[match[2].lower()] if match else "Pneumonia"
