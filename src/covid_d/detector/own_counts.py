"""A user's own table of likelihood ratios, from a CSV file of counted films.

Two rows a study, one of films of patients with COVID-19 and one of patients without it; as
spreadsheets write it, in English or Spanish, with commas or semicolons.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from pathlib import Path
from typing import Final

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.likelihood import REST, Counts, Ratios, Study
from covid_d.errors import CovidDError
from covid_d.language import N_, Text

LEAST: Final = 10
"""Films that either group of a study needs: below, the film added to each count outweighs them."""
_MOST: Final = 10**7
_LARGEST: Final = 1024**2  # bytes; a table is a few lines
_LONGEST: Final = 80  # letters of a study's name
_HASH: Final = 8  # digits of the file's hash that tell tables of one name apart
_COLUMNS: Final = {
    "study": "study",
    "estudio": "study",
    "group": "group",
    "grupo": "group",
    **{category.value: category.value for category in CATEGORIES},
    "sin neumonia": Appearance.NEGATIVE.value,
    "negativo": Appearance.NEGATIVE.value,
    "atipico": Appearance.ATYPICAL.value,
    "indeterminado": Appearance.INDETERMINATE.value,
    "tipico": Appearance.TYPICAL.value,
}
_NEEDED: Final = ("study", "group", *(category.value for category in CATEGORIES))
_GROUPS: Final = {
    "covid": "covid",
    "covid-19": "covid",
    "other": "other",
    "otros": "other",
}
_HOW: Final = N_(
    "Columns: study, group, negative, atypical, indeterminate, typical; two rows a study, group "
    "covid and other. See the page on likelihood ratios."
)


def read_counts(path: Path) -> Ratios:
    """Return the table of likelihood ratios that a file of counts gives.

    Answers name it by its studies and the beginning of the file's hash.

    Parameters
    ----------
    path
        CSV, UTF-8.

    Raises
    ------
    CovidDError
        If it cannot be read, lacks a column or a group, or a number is no count; the message names
        the line.
    """
    try:
        content = path.read_bytes()[: _LARGEST + 1]
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, N_("it cannot be read (%(error)s)", error=error)) from error
    if len(content) > _LARGEST:
        raise _wrong(path, N_("it is too large for a table of counts"))
    studies = _studies(path, text)
    name = " + ".join(study.name for study in studies)
    digest = hashlib.sha256(content).hexdigest()[:_HASH]
    return Ratios(studies, name=f"{name} ({digest})")


def _studies(path: Path, text: str) -> list[Study]:
    header, _, _ = text.partition("\n")
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True
    )
    found: dict[str, dict[str, Counts]] = {}
    try:
        names = [_COLUMNS.get(_plain(cell), "") for cell in next(rows, [])]
        missing = [name for name in _NEEDED if names.count(name) != 1]
        if missing:
            raise _wrong(
                path, N_("it needs each of these columns once: %(names)s", names=", ".join(missing))
            )
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            line = rows.line_num
            if len(row) != len(names):
                raise _wrong(path, N_("line %(line)d has another number of cells", line=line))
            values = dict(zip(names, (cell.strip() for cell in row), strict=True))
            study, group, counts = _row(path, line, values)
            if group in found.setdefault(study, {}):
                raise _wrong(path, N_("line %(line)d gives a group a second time", line=line))
            found[study][group] = counts
    except csv.Error as error:
        raise _wrong(path, N_("it cannot be read (%(error)s)", error=error)) from error
    if not found:
        raise _wrong(path, N_("it holds no row of counts"))
    for study, groups in found.items():
        if set(groups) != {"covid", "other"}:
            raise _wrong(path, N_("the study %(study)r lacks one of its two groups", study=study))
    return [
        Study(name, f"{name}, {path.name}", groups["covid"], groups["other"])
        for name, groups in found.items()
    ]


def _row(path: Path, line: int, values: dict[str, str]) -> tuple[str, str, Counts]:
    name = values["study"]
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise _wrong(path, N_("line %(line)d: a study needs a name of 1 to 80 letters", line=line))
    group = _GROUPS.get(_plain(values["group"]))
    if group is None:
        raise _wrong(
            path,
            N_(
                "line %(line)d: the group %(group)r is neither covid nor other",
                line=line,
                group=values["group"],
            ),
        )
    counts = {c: _count(path, line, values[c.value]) for c in CATEGORIES}
    films = sum(counts.values())
    if films < LEAST:
        raise _wrong(
            path,
            N_(
                "line %(line)d counts %(films)d films; %(least)d are needed at least",
                line=line,
                films=films,
                least=LEAST,
            ),
        )
    negative, atypical, indeterminate = (counts[category] for category in REST)
    return name, group, Counts(counts[Appearance.TYPICAL], (negative, atypical, indeterminate))


def _count(path: Path, line: int, text: str) -> int:
    # Not `int` alone: it takes "1_0" and digits of other scripts too.
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST)):
        raise _wrong(
            path,
            N_("line %(line)d: %(text)r is no count of films", line=line, text=text),
        )
    return int(text)


def _plain(text: str) -> str:
    """Return a word without case, accents and underscores."""
    apart = unicodedata.normalize("NFKD", text.strip().casefold().replace("_", " "))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _wrong(path: Path, what: Text) -> CovidDError:
    return CovidDError(
        N_("The table of counts %(path)s cannot be used: %(what)s.", path=path, what=what), _HOW
    )
