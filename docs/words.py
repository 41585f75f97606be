"""What gettext catalogues translate: finds it in the code and says what they lack.

``make words`` runs it: sentences without their Spanish are added, untranslated, to the catalogue
that holds most sentences of their file, and it ends with 1 until each has its translation and none
is left over.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import hooks
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import covid_d
from covid_d.cli.lazy import LazyGroup
from covid_d.cli.speech import sentence_of
from covid_d.clinic.settings import ClinicSettings
from covid_d.pacs.settings import PacsSettings

SOURCE = Path(covid_d.__file__).parent
CLINIC = SOURCE / "clinic"
LOCALE = Path("locale", "es")
CATALOGUES = sorted([*(SOURCE / LOCALE).glob("*.po"), *(CLINIC / LOCALE).glob("*.po")])
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"N_": None, "_": None, "gettext": None, "NN_": (1, 2), "ngettext": (1, 2)}

# A sentence, or the two forms of one.
Msgid = str | tuple[str, ...]


def of_commands() -> Iterator[str]:
    """Yield the help of every command, option and argument, and the summaries in their lists."""
    for _, command in hooks.commands():
        yield from filter(None, [command.help, command.short_help])
        if isinstance(command, LazyGroup):
            yield from (below.summary for below in command.lazy.values())
        for parameter in command.params:
            said = [getattr(parameter, name, None) for name in ("help", "show_default")]
            yield from (text for text in said if isinstance(text, str))


def marked(folder: Path) -> Iterator[tuple[str, Msgid]]:
    """Yield the sentences that a folder's code marks (``N_``, ``gettext``), and their files."""
    for file, _, msgid, _, _ in extract_from_dir(folder, METHODS, keywords=KEYWORDS):
        yield Path(file).as_posix(), msgid


def used() -> dict[Msgid, Path]:
    """Return every sentence that needs a translation, and the catalogue that a new one goes to."""
    found: dict[Msgid, Path] = {}
    base, clinic = SOURCE / LOCALE, CLINIC / LOCALE
    for _, msgid in marked(Path(click.__file__).parent):
        found[msgid] = base / "click.po"
    for text in of_commands():
        found.setdefault(sentence_of(text), base / "cli.po")
    fields = [*ClinicSettings.model_fields.values(), *PacsSettings.model_fields.values()]
    for field in fields:
        found.setdefault(sentence_of(field.description or ""), base / "cli.po")
    holding = {msgid: path for path in CATALOGUES for msgid in translated(path)}
    told = list(marked(SOURCE))
    usual = homes(told, holding)
    for file, msgid in told:
        rest = {"clinic": clinic / "operations.po", "cli": base / "cli.po"}
        new = rest.get(file.partition("/")[0], base / "errors.po")
        found.setdefault(msgid, usual.get(file, new))
    return found


def homes(told: Iterable[tuple[str, Msgid]], holding: Mapping[Msgid, Path]) -> dict[str, Path]:
    """Return, file by file, the catalogue that holds most of its sentences.

    Asked are catalogues of its side alone, the clinic's or the library's: what both say, the
    library's holds.
    """
    counts: dict[str, Counter[Path]] = {}
    for file, msgid in told:
        path = holding.get(msgid)
        if path is not None and path.is_relative_to(CLINIC) == file.startswith("clinic/"):
            counts.setdefault(file, Counter())[path] += 1
    return {file: count.most_common(1)[0][0] for file, count in counts.items()}


def translated(path: Path) -> dict[Msgid, Any]:
    """Return a catalogue's sentences with what they are translated to; fuzzy ones with nothing."""
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale="es", abort_invalid=True)
    return {entry.id: "" if entry.fuzzy else entry.string for entry in catalogue if entry.id}


def is_whole(translation: Any) -> bool:
    """Return whether a sentence, in each of its forms, is translated."""
    return all(translation) if isinstance(translation, tuple | list) else bool(translation)


def quoted(text: str) -> str:
    """Return a text as a catalogue writes it."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def added(msgid: Msgid) -> str:
    """Return the entry of a sentence that is still to be translated."""
    if isinstance(msgid, str):
        return f'\nmsgid {quoted(msgid)}\nmsgstr ""\n'
    single, plural = msgid[:2]
    return f'\nmsgid {quoted(single)}\nmsgid_plural {quoted(plural)}\nmsgstr[0] ""\nmsgstr[1] ""\n'


def main() -> int:
    """Add what is new to the catalogues and say what is to be done; 1 while there is something."""
    wanted = used()
    there = {path: translated(path) for path in CATALOGUES}
    known = {msgid for entries in there.values() for msgid in entries}
    for msgid, path in wanted.items():
        if msgid not in known:
            with path.open("a", encoding="utf-8") as stream:
                stream.write(added(msgid))
            click.echo(f"{path}: new, needs its Spanish: {msgid!r}")
    faults = len(wanted.keys() - known)
    for path, entries in there.items():
        for msgid, translation in entries.items():
            if msgid not in wanted:
                click.echo(f"{path}: the code no longer says: {msgid!r}")
            elif not is_whole(translation):
                click.echo(f"{path}: needs its Spanish: {msgid!r}")
            else:
                continue
            faults += 1
    click.echo(f"{len(wanted)} sentences, {faults} to be done")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
