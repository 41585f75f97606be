"""Words as they are compared, whoever typed them: headings, findings, answers in a table."""

from __future__ import annotations

import re
import unicodedata
from typing import Final


def words_of(text: str) -> str:
    """Return a text in lower case without accents, every run of other characters as one space.

    Examples
    --------
    >>> words_of("Neumonía por SARS-CoV-2")
    'neumonia por sars cov 2'
    """
    spread = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def words_in(text: str) -> frozenset[str]:
    """Return the entries of a list written with commas between."""
    return frozenset(" ".join(entry.split()) for entry in text.split(",")) - {""}


UNTOLD: Final = words_in(
    """todo, unknown, na, n a, nan, none, null, tbd, desconocido, desconocida, no consta, sin dato,
    sin datos, not available, unlabelled, unlabeled, sin etiqueta, nd, s d"""
)
"""What says, in known words, that nothing is told."""
_NOT_STATED: Final = UNTOLD | words_in(
    "u, unk, no indica, unclear, not done, no realizada, no realizado, other"
)


def is_unstated(text: str) -> bool:
    """Return whether a cell says nothing, in known words: empty, ``?``, *unknown*, *no consta*."""
    words = words_of(text)
    return not words or words in _NOT_STATED
