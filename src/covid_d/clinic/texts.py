"""Texts of the clinic: English in the code, Spanish in gettext catalogues.

Code that runs before the reader's language is known carries a :class:`Text`, which the faces
translate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO

from covid_d.language import Language, Message


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


@cache
def translations(language: Language) -> NullTranslations:
    """Return the catalogue of a language; English needs none, its sentences are in the code.

    Every ``locale/<language>/*.po`` is part of the catalogue, one file a subject.
    """
    if language == "en":
        return NullTranslations()
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    whole = Catalog(locale=language)
    folder = resources.files("covid_d.clinic") / "locale" / language
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".po"):
            with file.open("rb") as stream:
                for entry in read_po(stream, locale=language):
                    if entry.id:
                        whole.add(entry.id, entry.string, context=entry.context)
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)
