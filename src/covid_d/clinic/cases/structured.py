"""What a reader says of a film in the field's terms: category, signs with their place, extent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from covid_d.clinic import sentences
from covid_d.clinic.cases.film_terms import EXTENT_ZONES, GRADES, SIGNS, BodySide, Height
from covid_d.clinic.database.cases import Reading
from covid_d.clinic.errors import InvalidInputError
from covid_d.detector import Appearance
from covid_d.language import N_, Language, Text

CATEGORY_NAMES: Final[Mapping[Appearance, Text]] = {
    Appearance.TYPICAL: N_("Typical of COVID-19"),
    Appearance.INDETERMINATE: N_("Indeterminate"),
    Appearance.ATYPICAL: N_("Atypical for COVID-19"),
    Appearance.NEGATIVE: N_("Without signs of pneumonia"),
}
"""In the order of a form; the grades' own order is that of ``CATEGORIES``."""


@dataclass(frozen=True, slots=True)
class SeenSign:
    """One sign, and where it was seen.

    Parameters
    ----------
    code
        A key of ``SIGNS``.
    side
        Where the sign has one.
    heights
        Thirds of the lung, from above; empty where they were not said.
    """

    code: str
    side: BodySide | None = None
    heights: tuple[Height, ...] = ()

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> SeenSign:
        """Return a sign as :meth:`to_dict` keeps it."""
        side = kept.get("side")
        heights = tuple(Height(height) for height in kept.get("heights", ()))
        return cls(kept["code"], BodySide(side) if side else None, heights)

    def to_dict(self) -> dict[str, Any]:
        """Return what the database and the API hold."""
        return {
            "code": self.code,
            "side": self.side.value if self.side else None,
            "heights": [height.value for height in self.heights],
        }

    def words(self, language: Language) -> str:
        """Return the sign and its place: ``"Consolidation: right, middle, lower"``."""
        places = [height.text for height in self.heights]
        if self.side is not None:
            places.insert(0, self.side.text)
        named = ", ".join(place.in_language(language) for place in places)
        name = SIGNS[self.code].text.in_language(language)
        return f"{name}: {named}" if named else name


@dataclass(frozen=True, slots=True)
class Structured:
    """The structured part of a reading; a reader may leave any of it out.

    Parameters
    ----------
    appearance
        The category.
    signs
        In the order of ``SIGNS``.
    extent
        The Brixia score's six zones, A to F, each 0 to 3; ``None`` where it was not scored.

    Raises
    ------
    InvalidInputError
        Under the name of a part that cannot be, or contradicts another.
    """

    appearance: Appearance | None = None
    signs: tuple[SeenSign, ...] = ()
    extent: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        wrong: dict[str, Text] = {}
        if not all(_is_sound(sign) for sign in self.signs) or _repeats(self.signs):
            wrong["signs"] = sentences.NOT_OFFERED
        if self.extent is not None and not _is_extent(self.extent):
            wrong["extent"] = N_("Score all six zones from 0 to 3, or none.")
        if self.appearance is Appearance.NEGATIVE and not wrong:
            if any(SIGNS[sign.code].opacity for sign in self.signs):
                wrong["signs"] = N_("A film without signs of pneumonia has no lung opacity.")
            if self.brixia:
                wrong["extent"] = N_("A film without signs of pneumonia has an extent of 0.")
        if wrong:
            raise InvalidInputError(wrong)

    @classmethod
    def of(cls, reading: Reading) -> Structured:
        """Return what a stored reading says; of one of an older version, nothing."""
        appearance, signs, extent = reading.appearance, reading.signs, reading.extent
        return cls(
            Appearance(appearance) if appearance else None,
            tuple(SeenSign.from_dict(sign) for sign in signs or ()),
            tuple(extent) if extent is not None else None,
        )

    @property
    def brixia(self) -> int | None:
        """The score's sum, 0 to 18."""
        return None if self.extent is None else sum(self.extent)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of :class:`Reading` that hold it."""
        return {
            "appearance": self.appearance.value if self.appearance else None,
            "signs": [sign.to_dict() for sign in self.signs],
            "extent": None if self.extent is None else list(self.extent),
        }

    def lines(self, language: Language) -> Iterator[str]:
        """Yield what it says, a line each: category, signs, extent with its zones."""
        if self.appearance is not None:
            yield CATEGORY_NAMES[self.appearance].in_language(language)
        for sign in self.signs:
            yield sign.words(language)
        if self.extent is not None:
            right, left = self.extent[:3], self.extent[3:]
            yield N_(
                "Brixia %(sum)d of 18 (right %(right)s; left %(left)s)",
                sum=self.brixia,
                right="-".join(map(str, right)),
                left="-".join(map(str, left)),
            ).in_language(language)


def _is_sound(sign: SeenSign) -> bool:
    term = SIGNS.get(sign.code)
    if term is None or (sign.side is None) == term.sided:
        return False
    return term.zoned or not sign.heights


def _repeats(signs: Sequence[SeenSign]) -> bool:
    return len({sign.code for sign in signs}) < len(signs)


def _is_extent(extent: Sequence[int]) -> bool:
    return len(extent) == len(EXTENT_ZONES) and all(grade in GRADES for grade in extent)
