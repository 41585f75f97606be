"""What a film's file says of it, element by element, for people to read: no identity."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from covid_d.radiograph.readers import dicom
from covid_d.radiograph.refusal import RadiographError

# What the pixels are drawn with tells a reader nothing as numbers.
_BULKY: Final = ("PixelData", "LUTData", "PaletteColorLookupTableData")
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class Tag:
    """One element of a DICOM file.

    Parameters
    ----------
    number
        As the standard writes it: ``(0018,5101)``.
    name
        The standard's, in English.
    value
        In words; long ones are cut.
    """

    number: str
    name: str
    value: str


def stated_tags(data: bytes) -> list[Tag]:
    """Return what a DICOM file says of its film, in the order of the standard.

    Only what stripping keeps as it is (:data:`covid_d.radiograph.readers.dicom_strip.KEPT`): no
    name, number, date or private element, whatever the file holds.

    Parameters
    ----------
    data
        A file's bytes; one of another kind, or one that cannot be parsed, says nothing.
    """
    if not dicom.sniff(data):
        return []
    from pydicom.datadict import dictionary_description
    from pydicom.tag import Tag as Number

    from covid_d.radiograph.readers.dicom_object import parse
    from covid_d.radiograph.readers.dicom_strip import KEPT

    try:
        film = parse(data)
    except RadiographError:
        return []
    found = []
    for keyword in sorted(KEPT, key=lambda name: int(Number(name))):
        if keyword.endswith(_BULKY):
            continue
        with suppress(Exception):  # pydicom converts a value when it is asked for
            value = film.get(keyword)
            words = _words(value)
            if words:
                number = Number(keyword)
                shown = f"({number.group:04X},{number.element:04X})"
                found.append(Tag(shown, dictionary_description(number), words))
    return found


def _words(value: object) -> str:
    parts = value if isinstance(value, list) or type(value).__name__ == "MultiValue" else [value]
    text = " \\ ".join("" if part is None else str(part) for part in parts)  # type: ignore[attr-defined]
    clean = "".join(letter for letter in text if letter.isprintable()).strip()
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"
