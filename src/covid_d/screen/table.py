"""What is kept of a film: one row, in Parquet; an answer has the shape of ``predict --json``."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from covid_d.detector import CATEGORIES
from covid_d.files import printable
from covid_d.screen.listing import ListedFilm

_WORDS: Final = pa.struct([("es", pa.string()), ("en", pa.string())])
ANSWER: Final[tuple[tuple[str, pa.DataType], ...]] = (
    ("path", pa.string()),
    ("outcome", pa.string()),
    ("appearance", pa.struct([(category.value, pa.float64()) for category in CATEGORIES])),
    ("most_likely", pa.string()),
    ("opacity", pa.float64()),
    ("probability", pa.float64()),
    ("conformal_set", pa.list_(pa.string())),
    (
        "covid",
        pa.struct(
            [(name, pa.float64()) for name in ("low", "value", "high", "prevalence")]
            + [("table", pa.string())]
        ),
    ),
    ("refusal", pa.struct([("code", pa.string()), ("message", _WORDS), ("next_step", _WORDS)])),
    ("warnings", pa.list_(pa.struct([("code", pa.string()), ("message", _WORDS)]))),
    ("bundle", pa.struct([(name, pa.string()) for name in ("name", "version", "sha256")])),
    ("verdict", pa.string()),
)
"""Columns of the answer: what ``Assessment.to_dict`` holds, by the same names."""
FILM: Final[tuple[tuple[str, pa.DataType], ...]] = (
    ("number", pa.int64()),
    ("path_bytes", pa.binary()),
    ("size", pa.int64()),
    ("etag", pa.string()),
    ("sha256", pa.string()),
    ("format", pa.string()),
    ("width", pa.int32()),
    ("height", pa.int32()),
    ("unit", pa.string()),
    ("month", pa.string()),
    ("patient", pa.string()),
    ("study", pa.string()),
    ("series", pa.string()),
    ("seconds", pa.float64()),
)
"""Columns of the film, before those of the answer."""
IDENTIFIERS: Final[tuple[tuple[str, pa.DataType], ...]] = (
    ("patient_id", pa.string()),
    ("study_uid", pa.string()),
    ("series_uid", pa.string()),
    ("taken_on", pa.string()),
)
"""Columns that only a job with identifiers has, after all others."""
LISTED: Final = pa.schema(
    [
        ("path", pa.string()),
        ("path_bytes", pa.binary()),
        ("size", pa.int64()),
        ("etag", pa.string()),
    ]
)


def schema(*, identifiers: bool) -> pa.Schema:
    """Return the columns of a job's parts."""
    return pa.schema([*FILM, *ANSWER, *(IDENTIFIERS if identifiers else ())])


def named(path: str) -> dict[str, Any]:
    """Return a path as a table holds it: as text, and as bytes where that is not all of it."""
    text = printable(path)
    return {"path": text, "path_bytes": None if text == path else os.fsencode(path)}


def path_of(row: Mapping[str, Any]) -> str:
    """Return the path that :func:`named` was called on."""
    kept = row["path_bytes"]
    return str(row["path"]) if kept is None else os.fsdecode(kept)


def answer_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's answer as ``covid-d predict --json`` prints it."""
    return {name: row[name] for name, _ in ANSWER} | {"path": path_of(row)}


def film_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row says of its film, beside the answer; identifiers where it has them."""
    names = [name for name, _ in (*FILM, *IDENTIFIERS) if name != "path_bytes"]
    return {name: row[name] for name in names if name in row}


def part_bytes(rows: Sequence[Mapping[str, Any]], *, identifiers: bool) -> bytes:
    """Return rows as a Parquet file."""
    return _written(pa.Table.from_pylist(list(rows), schema=schema(identifiers=identifiers)))


def listed_bytes(films: Iterable[ListedFilm], group: int) -> bytes:
    """Return a list of films as a Parquet file of row groups of ``group`` films."""
    rows = [named(film.path) | {"size": film.size, "etag": film.etag} for film in films]
    return _written(pa.Table.from_pylist(rows, schema=LISTED), group)


def _written(table: pa.Table, group: int | None = None) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression="zstd", row_group_size=group)
    return stream.getvalue()


def rows_of(content: bytes, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a part, or some columns of them (``refusal.code`` is one within)."""
    found = parquet.ParquetFile(io.BytesIO(content)).read(columns=columns and list(columns))
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def count_of(content: bytes) -> int:
    """Return how many rows a Parquet file holds."""
    return int(parquet.read_metadata(io.BytesIO(content)).num_rows)


def group_of(content: bytes, group: int) -> Iterator[ListedFilm]:
    """Yield the films of one row group of a list."""
    for row in parquet.ParquetFile(io.BytesIO(content)).read_row_group(group).to_pylist():
        yield ListedFilm(path_of(row), row["size"], row["etag"])
