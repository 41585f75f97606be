"""Any folder of films with a manifest: a CSV file with one row a film."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

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
from covid_d.dataset.collections.vocabulary import appearance_of
from covid_d.dataset.manifest import Label

REQUIRED: Final = ("path",)
CLASSES: Final = ("label", "appearance")
OPTIONAL: Final = (
    "source",
    "patient",
    "finding",
    "view",
    "modality",
    "age",
    "sex",
    "license",
    "url",
)

# Spellings, after lower case and with every run of other characters as one space.
_COVID: Final = frozenset({"covid", "covid 19", "covid19", "sars cov 2", "covid positive"})
_NOCOVID: Final = frozenset(
    {
        "nocovid", "no covid", "non covid", "noncovid", "not covid", "no covid 19", "non covid 19",
        "covid negative", "normal", "healthy", "no finding", "pneumonia", "other pneumonia",
        "pneumonia noncovid", "pneumonia non covid", "noncovid pneumonia", "non covid pneumonia",
        "bacterial pneumonia", "viral pneumonia", "bacterial", "lung opacity", "tuberculosis",
        "sars", "mers", "ards", "other",
    }
)  # fmt: skip


class ManifestCollection:
    """A CSV file whose ``path`` column is relative to the file's own folder.

    Columns ``path`` and ``label`` or ``appearance`` (or both) are required; ``source``,
    ``patient``, ``finding``, ``view``, ``modality``, ``age``, ``sex``, ``license`` and ``url`` are
    used when present. Without
    ``source`` the folder's name is the source. A patient id is unique within its source, or across
    sources when it is written ``namespace:id``; the namespace ``...-unknown`` says that the patient
    is not known.

    Parameters
    ----------
    path
        The CSV file, or a folder that holds ``manifest.csv``.
    """

    citation: ClassVar[str] = (
        "Films listed in a manifest; their source, address and licence are given film by film."
    )
    children_only: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self.path = path / "manifest.csv" if path.is_dir() else path
        self.root = self.path.parent
        self.name = _slug(self.path.resolve().parent.name) or "manifest"

    def rows(self) -> Iterator[FilmRow]:
        """Yield every row of the manifest.

        Raises
        ------
        DatasetError
            If the manifest cannot be read or lacks the columns ``path`` and ``label`` (or
            ``appearance``).
        """
        names = REQUIRED + CLASSES + OPTIONAL
        table = read_table(self.path, REQUIRED, any_of=CLASSES)
        yield from settle_listings(
            self._row({name: cells.get(name, "") for name in names}) for cells in table
        )

    def _row(self, cells: dict[str, str]) -> FilmRow:
        original = cells["path"].replace("\\", "/")
        source = _slug(cells["source"]) or self.name
        label = label_of(cells["label"])
        appearance = appearance_of(cells["appearance"])
        modality, exclusion = _modality(cells["modality"])
        file = None
        if exclusion is None:
            file, exclusion = locate(self.root, original)
        projection = parse_projection(cells["view"])
        told = label is not None or appearance is not None
        if exclusion is None and not told and needs_label(modality, projection):
            words = cells["label"] or cells["appearance"]
            file, exclusion = None, Exclusion(Reason.UNLABELLED, words)
        age = parse_age(cells["age"])
        return FilmRow(
            source=source,
            original=original or None,
            file=file,
            label=label,
            appearance=appearance,
            exclusion=exclusion,
            finding=cells["finding"] or cells["label"] or cells["appearance"],
            patient=_patient(cells["patient"], source),
            projection=projection,
            projection_text=cells["view"],
            modality=modality,
            age=age,
            child=age is not None and age < 18,
            sex=parse_sex(cells["sex"]),
            license=cells["license"],
            url=cells["url"],
        )


def label_of(text: str) -> Label | None:
    """Return the class of a label as people spell it; ``None`` when it is not one known.

    Examples
    --------
    >>> label_of("COVID-19").value, label_of("pneumonia_noncovid").value, label_of("maybe")
    ('covid', 'nocovid', None)
    """
    words = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    if words in _COVID:
        return Label.COVID
    return Label.NOCOVID if words in _NOCOVID else None


def _modality(text: str) -> tuple[Modality, Exclusion | None]:
    if text.lower() in {"", "x-ray", "xray", "cr", "dx"}:
        return Modality.XRAY, None
    if text.lower() == "ct":
        return Modality.CT, None
    return Modality.XRAY, Exclusion(Reason.MODALITY, text)


def _patient(text: str, source: str) -> str:
    if not text:
        return ""
    namespace, colon, _ = text.partition(":")
    if colon:
        return "" if namespace.endswith("-unknown") else text
    return f"{source}:{text}"


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))
