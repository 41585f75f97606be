"""Whether a DICOM picture is the film as it was taken, not one made from it or before it.

Stations send pictures beside the film that look like it: without its bones, with its tubes made
plain, slices, raw data. They state the same body part and view, and whole words that say what they
are, which are looked for as they lie in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydicom import Dataset

from covid_d.radiograph.readers.element import items_of, named, plain
from covid_d.radiograph.refusal import RadiographError, RefusalCode

_TYPE: Final = "ImageType"
# What tells of the one picture. A study, a protocol or a request tell of all that belong to it.
_TOLD: Final = (
    *("SeriesDescription", "DerivationDescription", "AcquisitionDeviceProcessingDescription"),
    "ImageComments",
)
_CODED: Final = "DerivationCodeSequence"
# Values of Image Type (PS3.3 C.7.6.1.1.2, C.8.11.3.1.3): the third and later ones are the writer's.
_RAW: Final = re.compile(r"\b(?:RAW|UNPROCESSED|FOR PROCESSING)\b", re.ASCII)
_OF_TYPE: Final = re.compile(
    r"\b(?:BONE|SOFT ?TISSUE|TOMO(?:SYNTHESIS)?|SUBTRACT(?:ED|ION))\b", re.ASCII
)
_MADE: Final = re.compile(
    r"\b(?<!\bNO )(?<!\bNOT )(?<!\bNON )(?<!\bSIN )(?<!\bWITHOUT )"
    r"(?:(?:BONE|RIB|HUESO|COSTILLA)S? ?(?:SUPPRESS|SUBTRACT)[A-Z]*|BONE ?FREE"
    r"|SUPRESI[O?]N (?:[O?]SEA|COSTAL|DE (?:LOS? )?HUESOS?|DE (?:LAS )?COSTILLAS)"
    r"|(?:DUAL ?ENERGY|DOBLE ENERG[I?]A|ENERGY SUBTRACT[A-Z]*)(?: [A-Z0-9]+)* "
    r"(?:BONES?|SOFT|TISSUE|HUESOS?|[O?]SEA|BLANDOS?)"
    r"|(?:BONES?|SOFT(?: TISSUE)?) (?:DUAL ?ENERGY|ENERGY SUBTRACT[A-Z]*)"
    r"|(?:TEMPORAL|DIGITAL) SUBTRACT[A-Z]*|SUBTRACTION IMAGE"
    r"|TOMOSYNTHESIS(?! SCOUT)|TOMOS[I?]NTESIS|VOLUMERAD|CLEARREAD"
    r"|(?:LINES?|TUBES?)(?: AND)? (?:TUBES?|LINES?) (?:VISUALI|ENHANC)[A-Z]*"
    r"|(?:PNEUMOTHORAX|CATHETER|TUBE|LINE) (?:VISUALI|ENHANC)[A-Z]*|COMPANION (?:VIEW|IMAGE)"
    r"|HEAT ?MAPS?|SALIENCY(?: MAP)?)(?![A-Z?])",
    re.ASCII,
)
# Of films whose tube moves (PS3.3 C.8.7.7): a layer of the body, not the whole of it.
_TOMOGRAPHY: Final = ("TomoType", "TomoClass")
_MOVING: Final = frozenset(
    {"LINEAR", "SPIRAL", "POLYCYCLIC", "CIRCULAR", "MOTION", "TOMOSYNTHESIS"}
)


def require_as_taken(dataset: Dataset) -> None:
    """Refuse what the file says is another picture than the film.

    Raises
    ------
    RadiographError
        ``FOR_PROCESSING`` for raw data, ``NOT_RADIOGRAPHY`` for layers, ``PROCESSED`` for pictures
        made from films.
    """
    kind = plain(dataset, _TYPE)
    if _RAW.search(kind):
        raise RadiographError.of(RefusalCode.FOR_PROCESSING)
    for keyword in _TOMOGRAPHY:
        stated = plain(dataset, keyword)
        if stated in _MOVING:
            raise _refused(RefusalCode.NOT_RADIOGRAPHY, stated, keyword)
    made = _OF_TYPE.search(kind)
    if made is not None:
        raise _refused(RefusalCode.PROCESSED, made.group(), _TYPE)
    for words, keyword in _said(dataset):
        made = _MADE.search(words)
        if made is not None:
            raise _refused(RefusalCode.PROCESSED, made.group(), keyword)


def _said(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for keyword in (_TYPE, *_TOLD):
        yield plain(dataset, keyword), keyword
    for item in items_of(dataset, _CODED):
        yield plain(item, "CodeMeaning"), _CODED


def _refused(code: RefusalCode, words: str, keyword: str) -> RadiographError:
    return RadiographError.of(code, f"{words}, {named(keyword)}")
