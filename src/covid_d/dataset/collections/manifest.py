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
    needs_label,
)
from covid_d.dataset.collections.listing import settle_listings
from covid_d.dataset.collections.shelf import Shelf
from covid_d.dataset.collections.stated import stated
from covid_d.plain_words import words_of
from covid_d.radiograph.sexes import speaks_spanish
from covid_d.tables import ReadTable, open_table

REQUIRED: Final = ("path",)
CLASSES: Final = ("label", "appearance")
# Column -> headings that people give it, the most telling first.
COLUMNS: Final = {
    "path": ("path", "ruta", "archivo", "fichero", "file", "filename", "file name", "image path",
             "nombre de archivo", "nombre del archivo", "imagen", "image", "image id",
             "radiografia"),
    "label": ("label", "etiqueta", "clase", "class", "diagnostico", "diagnosis", "target"),
    "appearance": ("appearance", "aspecto", "apariencia"),
    "source": ("source", "fuente", "origen"),
    "patient": ("patient", "paciente", "patientid", "patient id", "id paciente", "id del paciente",
                "subject id", "historia clinica"),
    "finding": ("finding", "findings", "hallazgo", "hallazgos"),
    "view": ("view", "projection", "proyeccion", "vista", "view position"),
    "modality": ("modality", "modalidad"),
    "age": ("age", "edad", "age years", "edad anos", "age in years", "edad en anos", "patient age",
            "edad del paciente"),
    "sex": ("sex", "sexo", "gender", "genero"),
    "license": ("license", "licence", "licencia"),
    "url": ("url", "direccion", "enlace", "link"),
    "pcr": ("pcr", "rt pcr", "rt pcr positive", "rtpcr", "resultado pcr", "pcr covid"),
}  # fmt: skip


class ManifestCollection:
    """A CSV file whose ``path`` column is relative to the file's own folder.

    Columns ``path`` and ``label`` or ``appearance`` (or both) are required; ``source``,
    ``patient``, ``finding``, ``view``, ``modality``, ``age``, ``sex``, ``pcr``, ``license`` and
    ``url`` are used when present. Headings may be Spanish (:data:`COLUMNS`), and the file may come
    from any spreadsheet (:mod:`covid_d.tables`). Without ``source`` the
    folder's name is the source. A patient id is unique within its source, or across sources when it
    is written ``namespace:id``; the namespace ``...-unknown`` says that the patient is not known.

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
        self._shelf = Shelf(self.root)
        self._read: ReadTable | None = None
        self.name = _slug(self.path.resolve().parent.name) or "manifest"

    @property
    def understood(self) -> str:
        """How the table was read, in a sentence for people.

        Raises
        ------
        DatasetError
            As :meth:`rows` does.
        """
        said = self._table().understood
        return f"{said}; M is mujer" if self._spanish_sex() else said

    def rows(self) -> Iterator[FilmRow]:
        """Yield every row of the manifest.

        Raises
        ------
        DatasetError
            If the manifest cannot be read or lacks the columns ``path`` and ``label`` (or
            ``appearance``).
        """
        empty, spanish_sex = dict.fromkeys(COLUMNS, ""), self._spanish_sex()
        yield from settle_listings(
            self._row(empty | cells, spanish_sex) for cells in self._table().rows
        )

    def _table(self) -> ReadTable:
        if self._read is None:
            self._read = open_table(self.path, REQUIRED, any_of=CLASSES, names=COLUMNS)
        return self._read

    def _spanish_sex(self) -> bool:
        """Whether the column speaks of *hombre* and *mujer* by their letters."""
        return speaks_spanish(cells.get("sex", "") for cells in self._table().rows)

    def _row(self, cells: dict[str, str], spanish_sex: bool) -> FilmRow:
        original = cells["path"].replace("\\", "/")
        source = _slug(cells["source"]) or self.name
        told = stated(cells, spanish_sex=spanish_sex)
        modality, exclusion = _modality(cells["modality"])
        file = None
        if exclusion is None:
            file, exclusion = self._shelf.find(original)
        known = told.label is not None or told.appearance is not None
        if exclusion is None and told.contradiction:
            file, exclusion = None, told.contradiction
        if exclusion is None and not known and needs_label(modality, told.projection):
            words = cells["label"] or cells["appearance"]
            file, exclusion = None, Exclusion(Reason.UNLABELLED, words)
        return FilmRow(
            source=source,
            original=original or None,
            file=file,
            label=told.label,
            appearance=told.appearance,
            exclusion=exclusion,
            finding=cells["finding"] or cells["label"] or cells["appearance"],
            patient=_patient(cells["patient"], source),
            projection=told.projection,
            projection_text=cells["view"],
            modality=modality,
            age=told.age,
            child=told.child,
            sex=told.sex,
            license=cells["license"],
            url=cells["url"],
            not_understood=told.not_understood,
        )


def _modality(text: str) -> tuple[Modality, Exclusion | None]:
    if words_of(text) in {"", "x ray", "xray", "cr", "dx", "rx", "radiografia", "radiograph"}:
        return Modality.XRAY, None
    if words_of(text) in {"ct", "tc", "tac"}:
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
