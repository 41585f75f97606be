"""A patient's sex as people write it, in Spanish and English."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from covid_d.plain_words import words_in, words_of
from covid_d.radiograph.film import Sex

_SEXES: Final = {
    **dict.fromkeys(words_in("m, male, masculino, hombre, varon, h, man, masc"), Sex.MALE),
    **dict.fromkeys(words_in("f, female, femenino, femenina, mujer, woman, fem"), Sex.FEMALE),
    **dict.fromkeys(words_in("o, other, otro, otra"), Sex.OTHER),
}


def parse_sex(text: str, *, spanish: bool = False) -> Sex | None:
    """Return the sex that a word names, in English or Spanish; ``None`` when it names none.

    Parameters
    ----------
    text
        The word.
    spanish
        Whether ``M`` stands for *mujer*, as it does beside ``H`` for *hombre*.

    Examples
    --------
    >>> parse_sex("Femenino").value, parse_sex("M").value, parse_sex("M", spanish=True).value
    ('F', 'M', 'F')
    """
    words = words_of(text)
    return Sex.FEMALE if spanish and words == "m" else _SEXES.get(words)


def speaks_spanish(cells: Iterable[str]) -> bool:
    """Return whether a column speaks of *hombre* and *mujer* by their letters."""
    letters = {words_of(cell) for cell in cells}
    return "h" in letters and "m" in letters and "f" not in letters
