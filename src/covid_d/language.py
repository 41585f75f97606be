"""The one language layer: sentences that people read, in Spanish and English.

A sentence has one of two forms. A :class:`Text` is an English sentence of the code that a gettext
catalogue translates (``locale/<language>/*.po``, one folder a room): pages, forms, the command
line and its errors. A :class:`Message` carries a sentence in both languages as one value: what an
answer, a refusal or a report states. It is stored, sent as JSON and shown side by side, so it must
not depend on a catalogue. Both say themselves with ``in_language``.

Catalogues are read as they are: nothing has to be compiled, and the base install needs no library
for it.
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Final, Literal

Language = Literal["es", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("es", "en")
# The folders with catalogues, one a room; the text of a room is read without importing it.
_LOCALES: Final = ("locale", "clinic/locale")
_LINE: Final = re.compile(
    r'(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[\d+\])?)\s+)?("(?:[^"\\]|\\.)*")'
)


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence in both languages; Spanish comes first.

    Parameters
    ----------
    es
        Spanish, as a doctor in Ecuador would write it.
    en
        English, equal in content.
    """

    es: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the sentence in ``language``."""
        return self.es if language == "es" else self.en

    def to_dict(self) -> dict[str, str]:
        """Return ``{"es": ..., "en": ...}``, the shape used in every JSON output."""
        return {"es": self.es, "en": self.en}

    def format(self, **values: object) -> Message:
        """Return the message with ``{name}`` fields filled in both languages."""
        return Message(self.es.format(**values), self.en.format(**values))


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence to be translated later.

    Parameters
    ----------
    msgid
        The English sentence, with ``%(name)s`` fields.
    values
        What the fields hold; what differs between languages (a number's decimal sign) as a text.
    plural
        The sentence for any other count than one, where it has two forms.
    count
        Which of the two forms is said.
    """

    msgid: str
    values: Mapping[str, object] = field(default_factory=dict)
    plural: str | None = None
    count: int = 1

    def in_language(self, language: Language) -> str:
        """Return the sentence in ``language``, its fields filled."""
        catalogue = translations(language)
        sentence = (
            catalogue.gettext(self.msgid)
            if self.plural is None
            else catalogue.ngettext(self.msgid, self.plural, self.count)
        )
        said = {
            name: value.in_language(language) if isinstance(value, Text | Message) else value
            for name, value in self.values.items()
        }
        return sentence % said if said else sentence

    def to_message(self) -> Message:
        """Return the sentence in both languages."""
        return Message(self.in_language("es"), self.in_language("en"))

    def __str__(self) -> str:
        return self.in_language("en")


def N_(msgid: str, **values: object) -> Text:  # noqa: N802 - the name that gettext tools look for
    """Mark a sentence for the catalogues and carry it untranslated."""
    return Text(msgid, values)


def NN_(  # noqa: N802 - as N_
    singular: str, plural: str, count: int, **values: object
) -> Text:
    """Mark a sentence of two forms and carry it untranslated; ``%(num)d`` is the count."""
    return Text(singular, {"num": count, **values}, plural, count)


Sentence = str | Text | Message
"""A sentence in any form; a plain text is the same in every language."""


def said(sentence: Sentence, language: Language) -> str:
    """Return a sentence of any form in ``language``."""
    return sentence if isinstance(sentence, str) else sentence.in_language(language)


@cache
def translations(language: Language) -> NullTranslations:
    """Return the catalogue of a language; English needs none, its sentences are in the code.

    Every ``locale/<language>/*.po`` of every room is part of the catalogue, one file a subject.
    """
    if language == "en":
        return NullTranslations()
    whole: dict[str, str] = {}
    for place in _LOCALES:
        folder = resources.files("covid_d").joinpath(*place.split("/"), language)
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".po"):
                whole |= dict(entries(file.read_text("utf-8")))
    return GNUTranslations(BytesIO(_compiled(whole)))


def entries(catalogue: str) -> Iterator[tuple[str, str]]:
    """Yield what a gettext catalogue (the text of a ``.po`` file) translates.

    Entries are parted by empty lines. One that is marked fuzzy, or has no translation, is left out.

    Yields
    ------
    tuple
        A sentence and its translation, as a compiled catalogue holds them: the forms of a plural
        are parted by NUL, and a context comes before its sentence, with EOT between.

    Raises
    ------
    ValueError
        If a line is not of the format.
    """
    for block in re.split(r"\n\s*\n", catalogue):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if any(line.startswith("#,") and "fuzzy" in line for line in lines):
            continue
        parts: dict[str, str] = {}
        keyword = ""
        for line in lines:
            if line.startswith("#"):
                continue
            found = _LINE.fullmatch(line)
            if found is None or not (found[1] or keyword) or found[1] in parts:
                raise ValueError(f"not a line of a catalogue: {line!r}")
            keyword = found[1] or keyword
            parts[keyword] = parts.get(keyword, "") + str(ast.literal_eval(found[2]))
        forms = [text for name, text in sorted(parts.items()) if name.startswith("msgstr")]
        if forms and all(forms):
            context = f"{parts['msgctxt']}\x04" if "msgctxt" in parts else ""
            plural = f"\x00{parts['msgid_plural']}" if "msgid_plural" in parts else ""
            yield context + parts["msgid"] + plural, "\x00".join(forms)


def _compiled(whole: Mapping[str, str]) -> bytes:
    """Return a catalogue in the binary format that Python's ``gettext`` reads (GNU, version 0)."""
    pairs = [(key.encode(), text.encode()) for key, text in sorted(whole.items())]
    header, table = 28, 8 * len(pairs)
    content, tables = b"", [b"", b""]
    for column in (0, 1):
        for pair in pairs:
            place = header + 2 * table + len(content)
            tables[column] += struct.pack("<II", len(pair[column]), place)
            content += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), header, header + table, 0, 0)
    return head + b"".join(tables) + content


def localised(number: str, language: Language) -> str:
    """Return a number written with a decimal point as ``language`` writes it: Spanish, a comma."""
    return number.replace(".", ",") if language == "es" else number


def years(number: int) -> Message:
    """Return an age in whole years, in words: ``"1 año"``, ``"2 años"``."""
    if number == 1:
        return Message("1 año", "1 year")
    return Message(f"{number} años", f"{number} years")


TESTED_USE = Message(
    es=(
        "Apoyo a la lectura médica de radiografías de tórax frontales de adultos; no es un "
        "diagnóstico. El resultado de laboratorio registrado cuenta antes que la imagen."
    ),
    en=(
        "Support for a physician reading frontal chest radiographs of adults; not a diagnosis. "
        "The laboratory result on record counts before the image."
    ),
)
"""What stands in the place of ``INTENDED_USE`` beside a test that is positive or negative."""
INTENDED_USE = Message(
    es=(
        "Apoyo a la lectura médica de radiografías de tórax frontales de adultos; no es un "
        "diagnóstico. No descarta COVID-19; confirme con RT-PCR o antígeno."
    ),
    en=(
        "Support for a physician reading frontal chest radiographs of adults; not a diagnosis. "
        "It does not rule out COVID-19; confirm with RT-PCR or an antigen test."
    ),
)
