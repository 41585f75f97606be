"""Tables as people save them: CSV from any program, in Spanish or English.

A Spanish Excel writes semicolons, Windows-1252 or UTF-16, and sometimes ``sep=;`` on top; people
name columns ``ruta``, ``Path`` or ``Edad (años)``. A table is sniffed, and says how it was read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from covid_d.errors import DatasetError
from covid_d.language import N_
from covid_d.plain_words import words_of

Names = Mapping[str, Sequence[str]]

_DELIMITERS: Final = (",", ";", "\t", "|")
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WINDOWS: Final = "cp1252"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SHOWN: Final = {
    **dict.fromkeys(("utf-8", "utf-8-sig"), "UTF-8"),
    **dict.fromkeys(("utf-16", "utf-16-le", "utf-16-be"), "UTF-16"),
    _WINDOWS: "Windows-1252",
}
_MARKS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table that was understood.

    Parameters
    ----------
    name
        The file's.
    encoding, delimiter
        As found.
    columns
        Our name of a column -> its heading in the file.
    ignored
        Headings that were not understood.
    rows
        Cells by our names, stripped; missing ones are empty.
    numbers
        Of each row, the number that a spreadsheet shows beside it.
    """

    name: str
    encoding: str
    delimiter: str
    columns: dict[str, str]
    ignored: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    numbers: tuple[int, ...]

    @property
    def shown_encoding(self) -> str:
        """The encoding's name for people."""
        return _SHOWN[self.encoding]

    @property
    def understood(self) -> str:
        """How the table was read, in a sentence for people."""
        renamed = [f"{own} = {ours}" for ours, own in self.columns.items() if own != ours]
        parts = [f"{self.name}: {_SHOWN[self.encoding]}, {_MARKS[self.delimiter]}"]
        parts += [f"columns {', '.join(renamed)}"] if renamed else []
        parts += [f"ignored {', '.join(self.ignored)}"] if self.ignored else []
        return "; ".join(parts)


def read_table(
    path: Path,
    required: tuple[str, ...],
    *,
    any_of: tuple[str, ...] = (),
    names: Names | None = None,
) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file as text, stripped; missing cells are empty.

    As :func:`open_table`, for a collection that needs no more than rows.
    """
    yield from open_table(path, required, any_of=any_of, names=names).rows


def open_table(
    path: Path,
    required: tuple[str, ...],
    *,
    any_of: tuple[str, ...] = (),
    names: Names | None = None,
) -> ReadTable:
    """Read a CSV file, whatever program wrote it.

    Parameters
    ----------
    path
        The file.
    required
        Columns that it must have, by our names.
    any_of
        Columns of which it must have one.
    names
        Our name of a column -> other headings that people give it, the first preferred, compared
        without capitals, accents and punctuation. Without it headings are taken as they are.

    Raises
    ------
    DatasetError
        If the file cannot be read, is no text in a known encoding, lacks a column that it must
        have, or a row has more cells than the table has columns.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            N_("Cannot read %(path)s: %(reason)s.", path=path, reason=error.strerror or error),
            N_("Check that this is the collection's folder."),
        ) from error
    return parse_table(path.name, data, required, any_of=any_of, names=names)


def parse_table(
    name: str,
    data: bytes,
    required: tuple[str, ...],
    *,
    any_of: tuple[str, ...] = (),
    names: Names | None = None,
) -> ReadTable:
    """As :func:`open_table`, of a file that was sent.

    Parameters
    ----------
    name
        The file's, for messages.
    data
        Its bytes.
    required, any_of, names
        As in :func:`open_table`.

    Raises
    ------
    DatasetError
        As there.
    """
    text, encoding = _decoded(name, data)
    delimiter, body = _announced(text)
    if not delimiter:
        wanted = {*required, *any_of, *(names or ())}
        known = {
            mark: len(wanted & _columns(_split(name, body, mark, 1)[0][1], names).keys())
            for mark in _DELIMITERS
        }
        delimiter = max(known, key=lambda mark: known[mark])  # commas where nothing is known
    (_, header), *rows = _split(name, body, delimiter)
    columns = _columns(header, names)
    _demand(name, header, columns, required, any_of)
    places = {ours: header.index(own) for ours, own in columns.items()}
    return ReadTable(
        name,
        encoding,
        delimiter,
        columns,
        tuple(own for own in header if own and own not in columns.values()),
        tuple(_cells(name, at, row, header, places) for at, (_, row) in enumerate(rows, 1)),
        tuple(number for number, _ in rows),
    )


def as_excel(rows: Iterable[Sequence[str]], *, delimiter: str = ";") -> str:
    """Return rows as a table that Excel opens: its line ends, and no text that is a formula.

    A byte order mark, by which it knows UTF-8, is the encoding's (``utf-8-sig``).
    """
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([no_formula(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def no_formula(text: str) -> str:
    """Return a text that Excel takes for no formula: what begins like one gets an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _decoded(name: str, data: bytes) -> tuple[str, str]:
    guess = next((word for mark, word in _BOMS if data.startswith(mark)), "")
    if not guess and data[:2].count(0) == 1:
        guess = "utf-16-be" if data[0] == 0 else "utf-16-le"
    for encoding in (guess,) if guess else ("utf-8", _WINDOWS):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise DatasetError(
        N_("%(name)s is not a CSV file in UTF-8, UTF-16 or Windows-1252.", name=name),
        N_("Save it as CSV in UTF-8."),
    )


def _announced(text: str) -> tuple[str, str]:
    """Return the delimiter that Excel's first line ``sep=;`` names, if so, and what follows it."""
    first, _, rest = text.partition("\n")
    line = first.strip().strip('"').lower()
    mark = first.strip().strip('"')[4:] if line.startswith("sep=") else ""
    if first.rstrip("\r\n").lower().startswith("sep=\t"):
        mark = "\t"
    return (mark, rest) if mark in _DELIMITERS and mark else ("", text)


def _split(
    name: str, text: str, delimiter: str, limit: int | None = None
) -> list[tuple[int, list[str]]]:
    """Return the rows that are not empty, numbered as they stand; of an empty file one."""
    lines: list[tuple[int, list[str]]] = []
    try:
        rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        for number, cells in enumerate(rows, 1):
            line = [cell.strip() for cell in cells]
            if any(line):
                lines.append((number, line))
            if limit and len(lines) >= limit:
                break
    except csv.Error as error:
        raise DatasetError(
            N_(
                "%(name)s is not a CSV file in UTF-8 that can be read: %(error)s.",
                name=name,
                error=error,
            ),
            N_("Save it as CSV in UTF-8."),
        ) from error
    return lines or [(1, [])]


def _columns(header: Sequence[str], names: Names | None) -> dict[str, str]:
    if names is None:
        return {own: own for own in header if own}
    plain: dict[str, str] = {}
    for own in header:
        plain.setdefault(words_of(own), own)
    found: dict[str, str] = {}
    taken: set[str] = set()
    # A heading that is our own name goes before any other that could be meant.
    for aliases in ({name: (name,) for name in names}, names):
        for ours, others in aliases.items():
            for alias in others:
                own = plain.get(words_of(alias), "")
                if own and ours not in found and own not in taken:
                    found[ours] = own
                    taken.add(own)
    return found


def _demand(
    name: str,
    header: Sequence[str],
    columns: Mapping[str, str],
    required: tuple[str, ...],
    any_of: tuple[str, ...],
) -> None:
    either = (" or ".join(any_of),) if any_of else ()
    lacking = [column for column in required if column not in columns]
    lacking += either if not set(any_of) & columns.keys() else ()
    if lacking:
        raise DatasetError(
            N_(
                "%(name)s lacks the columns %(lacking)s; it has %(header)s.",
                name=name,
                lacking=", ".join(lacking),
                header=", ".join(own for own in header if own) or "none",
            ),
            N_("Expected at least: %(names)s.", names=", ".join((*required, *either))),
        )


def _cells(
    name: str, line: int, row: Sequence[str], header: Sequence[str], places: Mapping[str, int]
) -> dict[str, str]:
    if any(row[len(header) :]):
        # Read on, every cell behind the one that was cut in two would stand in a wrong column.
        raise DatasetError(
            N_(
                "%(name)s, row %(line)s: %(row)s cells under %(header)s headings.",
                name=name,
                line=line,
                row=len(row),
                header=len(header),
            ),
            N_('A comma within a value needs quotes around the value: "12,5".'),
        )
    return {ours: row[at] if at < len(row) else "" for ours, at in places.items()}
