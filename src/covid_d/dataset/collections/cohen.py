"""J. P. Cohen's collection of COVID-19 and other pneumonia films."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from covid_d.dataset.collections.base import (
    Exclusion,
    FilmRow,
    Modality,
    Reason,
    locate,
    needs_label,
    parse_age,
    parse_projection,
    parse_sex,
    read_table,
)
from covid_d.dataset.collections.listing import settle_listings
from covid_d.dataset.manifest import Label

_COLUMNS = ("patientid", "finding", "view", "modality", "folder", "filename")
_UNLABELLED = frozenset({"", "todo", "unknown"})
_SLICES = frozenset({"axial", "coronal", "sagittal"})
_VOLUMES = (".nii", ".nii.gz")


class CohenCollection:
    """``metadata.csv`` beside ``images/``, in any of its versions.

    The finding is flat (``COVID-19, ARDS``) until mid 2020 and hierarchical
    (``Pneumonia/Viral/COVID-19``) after; a film is COVID-19 when one of its terms is. ``todo`` and
    ``Unknown`` tell no class. ``No Finding`` is no COVID-19 by the article's rule; since all such
    films belong to patients who have COVID-19, the grouped protocol leaves them out (see
    :mod:`covid_d.dataset.build.select`).

    Parameters
    ----------
    root
        The folder that holds ``metadata.csv``.
    """

    citation: ClassVar[str] = (
        "J. P. Cohen, P. Morrison, L. Dao, K. Roth, T. Q. Duong, M. Ghassemi: *COVID-19 Image Data "
        "Collection: Prospective Predictions Are the Future*, 2020, "
        "<https://github.com/ieee8023/covid-chestxray-dataset>. Each film has its own licence."
    )
    children_only: ClassVar[bool] = False

    def __init__(self, root: Path) -> None:
        self.name = "cohen"
        self.root = root
        self._listing: dict[Path, dict[str, str]] = {}

    def rows(self) -> Iterator[FilmRow]:
        """Yield every row of ``metadata.csv``.

        Raises
        ------
        DatasetError
            If ``metadata.csv`` is missing or lacks a column.
        """
        table = read_table(self.root / "metadata.csv", _COLUMNS)
        yield from settle_listings(self._row(cells) for cells in table)

    def _row(self, cells: dict[str, str]) -> FilmRow:
        folder = cells["folder"] or "images"
        original = f"{folder}/{cells['filename']}" if cells["filename"] else None
        modality, exclusion = _modality(cells)
        label = label_of(cells["finding"])
        file = None
        if exclusion is None:
            file, exclusion = locate(self.root, self._as_stored(folder, cells["filename"]))
        projection = parse_projection(cells["view"])
        if exclusion is None and label is None and needs_label(modality, projection):
            file, exclusion = None, Exclusion(Reason.UNLABELLED, cells["finding"])
        age = parse_age(cells.get("age", ""))
        return FilmRow(
            source=self.name,
            original=original,
            file=file,
            label=label,
            exclusion=exclusion,
            finding=cells["finding"],
            patient=f"{self.name}:{cells['patientid']}" if cells["patientid"] else "",
            projection=projection,
            projection_text=cells["view"],
            modality=modality,
            age=age,
            child=age is not None and age < 18,
            sex=parse_sex(cells.get("sex", "")),
            license=cells.get("license", ""),
            url=cells.get("url", ""),
        )

    def _as_stored(self, folder: str, filename: str) -> str:
        # The metadata was written on a file system that does not tell capitals apart.
        if not filename:
            return ""
        place = self.root / folder
        if place not in self._listing:
            names = sorted(p.name for p in place.iterdir()) if place.is_dir() else []
            self._listing[place] = {name.lower(): name for name in names} | {n: n for n in names}
        names_here = self._listing[place]
        stored = names_here.get(filename) or names_here.get(filename.lower()) or filename
        return f"{folder}/{stored}"


def label_of(finding: str) -> Label | None:
    """Return the class of a flat or hierarchical finding; ``None`` when it tells none.

    Examples
    --------
    >>> label_of("Pneumonia/Viral/COVID-19").value
    'covid'
    >>> label_of("Streptococcus").value
    'nocovid'
    >>> label_of("todo") is None
    True
    """
    terms = {term.strip().lower() for term in re.split(r"[,/|]", finding)}
    if terms & {"covid-19", "covid19", "covid"}:
        return Label.COVID
    return None if terms <= _UNLABELLED else Label.NOCOVID


def _modality(cells: dict[str, str]) -> tuple[Modality, Exclusion | None]:
    name = cells["filename"].lower()
    modality = cells["modality"].lower()
    is_slice = cells["view"].lower() in _SLICES
    if cells["folder"] == "volumes" or name.endswith(_VOLUMES):
        return Modality.CT, Exclusion(Reason.VOLUME, cells["filename"])
    if modality == "ct" or is_slice:
        return Modality.CT, None
    if modality in {"x-ray", "xray", ""}:
        return Modality.XRAY, None
    return Modality.XRAY, Exclusion(Reason.MODALITY, cells["modality"])
