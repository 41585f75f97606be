"""A built dataset, opened: its manifest, checked, and its films."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from covid_d.appearance import CATEGORIES
from covid_d.dataset.manifest import ADDED, COLUMNS, SET_ASIDE, Label, Split
from covid_d.dataset.record import MANIFEST, RECORD, REQUIRED
from covid_d.errors import DatasetError
from covid_d.language import N_, NN_, Language, Message
from covid_d.settings import settings

if TYPE_CHECKING:
    from PIL.Image import Image

    from covid_d.dataset.describe.describe import Description

_SUMMARY = Message(
    "{films} radiografías (aparte: TC {ct}, laterales {lateral}); protocolo {protocol}; "
    "hash {sha256}",
    "{films} radiographs (set aside: CT {ct}, lateral {lateral}); protocol {protocol}; "
    "hash {sha256}",
)
_REBUILD = N_("Build the dataset again: covid-d dataset build")


class Dataset:
    """A dataset folder as ``covid-d dataset build`` leaves it.

    Parameters
    ----------
    folder
        The dataset's folder.
    manifest
        One row a film, columns as in :data:`covid_d.dataset.manifest.COLUMNS`. Text is ``str``
        and empty when unknown; ``age`` is float, NaN when unknown; ``width`` and ``height`` are
        integers.
    record
        What ``dataset.json`` says.

    Examples
    --------
    >>> dataset = Dataset.open("dataset")                        # doctest: +SKIP
    >>> dataset.counts()                                         # doctest: +SKIP
    >>> dataset.show_batch()                                     # doctest: +SKIP
    """

    def __init__(self, folder: Path, manifest: pd.DataFrame, record: dict[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest
        self.record = record

    @classmethod
    def open(cls, folder: Path | str) -> Dataset:
        """Open a dataset; reads its manifest and ``dataset.json``, no film.

        Raises
        ------
        DatasetError
            If the folder is no dataset, or its manifest has wrong columns or values.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise DatasetError(
                N_("There is no dataset folder %(folder)s.", folder=folder), _REBUILD
            )
        return cls(folder, read_manifest(folder / MANIFEST), _read_record(folder / RECORD))

    @property
    def sha256(self) -> str:
        """Hash over everything in the dataset, as ``dataset.json`` states it."""
        return str(self.record["sha256"])

    @property
    def protocol(self) -> str:
        """How films were chosen and split: ``grouped`` or ``article``."""
        return str(self.record["protocol"])

    def films(self, split: Split | str) -> pd.DataFrame:
        """Return the manifest's rows of one split.

        Raises
        ------
        DatasetError
            If there is no such split.
        """
        try:
            wanted = Split(split)
        except ValueError:
            names = ", ".join(Split)
            raise DatasetError(
                N_("There is no split %(split)r.", split=str(split)),
                N_("Use one of %(names)s.", names=names),
            ) from None
        return self.manifest[self.manifest["split"] == wanted.value]

    def path(self, row: Any) -> Path:
        """Return where a film lies.

        Parameters
        ----------
        row
            A row of :attr:`manifest`: a Series, a named tuple of ``itertuples`` or a mapping.
        """
        relative = row.path if hasattr(row, "path") else row["path"]
        return self.folder / str(relative)

    def counts(self) -> pd.DataFrame:
        """Return the number of films to learn and judge from, by label (rows) and split."""
        return self._crossed("label", [label.value for label in Label])

    def appearances(self) -> pd.DataFrame:
        """Return the number of films to learn and judge from, by appearance (rows) and split."""
        return self._crossed("appearance", [name.value for name in CATEGORIES])

    def _crossed(self, column: str, classes: list[str]) -> pd.DataFrame:
        films = self.manifest[~self.manifest["split"].isin(SET_ASIDE)]
        table = pd.crosstab(films[column], films["split"])
        return table.reindex(
            index=classes,
            columns=[split.value for split in Split if split not in SET_ASIDE],
            fill_value=0,
        )

    def describe(self) -> Description:
        """Count films by class, split, source, projection, sex and age; warn of shortcuts."""
        from covid_d.dataset.describe.describe import describe

        return describe(self)

    def show_batch(
        self,
        n: int = 9,
        split: Split | str = Split.TRAIN,
        seed: int = 7,
        language: Language | None = None,
    ) -> Image:
        """Return a picture of ``n`` films chosen at random, with class and source.

        A picture shows itself in a notebook; ``.save(path)`` writes it. Without ``language`` it
        speaks that of the settings.
        """
        from covid_d.dataset.describe.contact_sheet import contact_sheet

        return contact_sheet(
            self,
            films=n,
            columns=max(1, round(n**0.5)),
            split=split,
            seed=seed,
            language=language or settings().language,
        )

    def __len__(self) -> int:
        return len(self.manifest)

    def __repr__(self) -> str:
        return f"Dataset({str(self.folder)!r}, {len(self)} films, protocol {self.protocol!r})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows, in the language of the settings."""
        ct, lateral = (len(self.films(split)) for split in SET_ASIDE)
        said = _SUMMARY.format(
            films=len(self) - ct - lateral,
            ct=ct,
            lateral=lateral,
            protocol=self.protocol,
            sha256=self.sha256[:12],
        )
        # A table of zeros says nothing: most data sets carry one kind of class.
        tables = [table for table in (self.counts(), self.appearances()) if table.any(axis=None)]
        return (
            f"<p><b>{escape(str(self.folder))}</b>: "
            f"{escape(said.in_language(settings().language))}</p>"
            + "".join(str(table.to_html()) for table in tables)
        )


def read_manifest(path: Path) -> pd.DataFrame:
    """Read and check a dataset's ``manifest.csv``.

    Raises
    ------
    DatasetError
        If it cannot be read, or a column or value is wrong; the message names it.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise DatasetError(
            N_(
                "%(parent)s holds no %(name)s: it is no dataset.",
                parent=path.parent,
                name=path.name,
            ),
            _REBUILD,
        ) from None
    except (OSError, ValueError) as error:
        raise DatasetError(
            N_("%(path)s cannot be read: %(error)s.", path=path, error=error), _REBUILD
        ) from error
    for name in ADDED:
        if name not in table.columns:
            table[name] = ""
    missing = [name for name in COLUMNS if name not in table.columns]
    unknown = [str(name) for name in table.columns if name not in COLUMNS]
    if missing or unknown:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has unknown {', '.join(unknown)}"] if unknown else []
        raise DatasetError(
            N_(
                "The columns of %(path)s are wrong: it %(parts)s.",
                path=path,
                parts=" and ".join(parts),
            ),
            _REBUILD,
        )
    _check_values(path, table)
    table["age"] = _numbers(path, table["age"], empty_is_nan=True)
    for side in ("width", "height"):
        table[side] = _numbers(path, table[side], empty_is_nan=False).astype("int64")
    return table[list(COLUMNS)]


def _check_values(path: Path, table: pd.DataFrame) -> None:
    splits, labels = [split.value for split in Split], [label.value for label in Label]
    aside = table["split"].isin(SET_ASIDE)
    relative = table["path"].map(_stays_inside).astype(bool)
    _demand(path, table["split"], table["split"].isin(splits))
    graded = table["appearance"] != ""
    looks = table["appearance"].isin([name.value for name in CATEGORIES])
    unlabelled = (table["label"] == "") & (aside | graded)
    _demand(path, table["appearance"], looks | ~graded)
    _demand(path, table["label"], table["label"].isin(labels) | unlabelled)
    _demand(path, table["path"], relative & ~table["path"].duplicated(keep=False))
    for digest in ("sha256", "original_sha256"):
        _demand(path, table[digest], table[digest].str.fullmatch("[0-9a-f]{64}"))


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _numbers(path: Path, column: pd.Series[str], *, empty_is_nan: bool) -> pd.Series[float]:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    good = (numbers >= 0) if empty_is_nan else (numbers >= 1) & (numbers % 1 == 0)
    _demand(path, column, good | (column == "") if empty_is_nan else good)
    return numbers


def _demand(path: Path, column: pd.Series[str], good: pd.Series[bool]) -> None:
    bad = column[~good.astype(bool)]
    if bad.empty:
        return
    line = int(bad.index[0]) + 2  # the header is line 1
    raise DatasetError(
        NN_(
            "%(path)s, line %(line)d: %(value)r cannot be the %(column)s.",
            "%(path)s, line %(line)d: %(value)r cannot be the %(column)s"
            " (one of %(num)d such lines).",
            len(bad),
            path=path,
            line=line,
            value=bad.iloc[0],
            column=column.name,
        ),
        _REBUILD,
    )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(
            N_(
                "%(parent)s holds no %(name)s: it is no dataset.",
                parent=path.parent,
                name=path.name,
            ),
            _REBUILD,
        ) from None
    except (OSError, ValueError) as error:
        raise DatasetError(
            N_("%(path)s cannot be read: %(error)s.", path=path, error=error), _REBUILD
        ) from error
    missing = [key for key in REQUIRED if key not in record]
    if missing:
        raise DatasetError(
            N_("%(path)s lacks %(missing)s.", path=path, missing=", ".join(missing)), _REBUILD
        )
    return dict(record)
