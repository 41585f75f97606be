"""J. P. Cohen's collection of COVID-19 and other pneumonia films."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from covid_d.dataset.collections.base import (
    Exclusion,
    FilmRow,
    Modality,
    Reason,
    needs_label,
)
from covid_d.dataset.collections.listing import settle_listings
from covid_d.dataset.collections.shelf import Shelf
from covid_d.dataset.collections.stated import stated
from covid_d.tables import read_table

_COLUMNS = ("patientid", "finding", "view", "modality", "folder", "filename")
_SLICES = frozenset({"axial", "coronal", "sagittal"})
_VOLUMES = (".nii", ".nii.gz")


class CohenCollection:
    """``metadata.csv`` beside ``images/``, in any of its versions.

    The finding is flat (``COVID-19, ARDS``) until mid 2020 and hierarchical
    (``Pneumonia/Viral/COVID-19``) after; a film is COVID-19 when one of its terms is
    (:func:`covid_d.dataset.collections.vocabulary.label_of`). ``todo`` and ``Unknown`` tell no
    class; ``RT_PCR_positive``, where there, may tell it, or contradict the finding. ``No Finding``
    is no COVID-19 by the article's rule; since all such films belong to patients who have COVID-19,
    the grouped protocol leaves them out (see :mod:`covid_d.dataset.build.select`).

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
        self._shelf = Shelf(root)

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
        told = stated({**cells, "label": cells["finding"], "pcr": cells.get("RT_PCR_positive", "")})
        file = None
        if exclusion is None:
            file, exclusion = self._shelf.find(original or "")
        if exclusion is None and needs_label(modality, told.projection) and not told.label:
            unlabelled = Exclusion(Reason.UNLABELLED, cells["finding"])
            file, exclusion = None, told.contradiction or unlabelled
        return FilmRow(
            source=self.name,
            original=original,
            file=file,
            label=told.label,
            exclusion=exclusion,
            finding=cells["finding"],
            patient=f"{self.name}:{cells['patientid']}" if cells["patientid"] else "",
            projection=told.projection,
            projection_text=cells["view"],
            modality=modality,
            age=told.age,
            child=told.child,
            sex=told.sex,
            license=cells.get("license", ""),
            url=cells.get("url", ""),
            not_understood=told.not_understood,
        )


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
