"""From which side a DICOM film was taken: everything in the file that says so, taken together."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from pydicom import Dataset

from covid_d.radiograph.film import Projection
from covid_d.radiograph.readers.element import items_of, plain, text_of, value_of
from covid_d.radiograph.views import combined, view_of_code, view_of_words

# Patient Position (0018,5100), PS3.3 C.7.3.1.1.2: head or feet first, supine; on a side.
_SUPINE: Final = frozenset({"HFS", "FFS"})
_ON_A_SIDE: Final = frozenset({"HFDL", "HFDR", "FFDL", "FFDR"})

# What makes another view of a frontal one: how the beam ran, how the patient lay (PS3.3 C.8.11.5,
# C.8.4.6). Items of the first two hold the last two; writers put them beside those too.
_VIEW: Final = "ViewCodeSequence"
_LYING: Final = "PatientOrientationCodeSequence"
_MODIFIERS: Final = ("ViewModifierCodeSequence", "PatientOrientationModifierCodeSequence")

# Directions of Patient Orientation, by the first letter, the chief of them -> the body's axis.
_AXES: Final = dict(
    zip("LRHFAP", ("side", "side", "length", "length", "front", "front"), strict=True)
)
_UPRIGHT: Final = "LF"


# Of films taken after breathing out; a series of both tells of neither.
_EXPIRATION: Final = re.compile(
    r"\b(?:EX?S?PIRAT|EXPIRACI|ESPIRACI|ESPIRADA|ESPIRATORI|EXHALA|AUSATMUNG)", re.ASCII
)
_INSPIRATION: Final = re.compile(r"\b(?:INSP|EINATM|INHAL)", re.ASCII)
_DESCRIBED: Final = ("ViewPosition", "SeriesDescription", "ProtocolName")


# What describes the picture, where nothing else says how it was taken. A series of several views
# tells of none of them, nor does one that names a frontal view beside a lateral one.
_SERIES: Final = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_IS_OTHER: Final = re.compile(
    r"\b(?:DEC[U?]B[A-Z]* (?:LAT|LEFT|RIGHT|IZQ|DER)[A-Z]*|(?:LAT[A-Z]*|LEFT|RIGHT) DEC[U?]B[A-Z]*"
    r"|(?:APICO ?)?LORD[O?]TI[A-Z]*|OBLI[CQ]U[A-Z]*)(?![A-Z?])",
    re.ASCII,
)
_IS_LATERAL: Final = re.compile(r"\b(?:LAT|LATERAL|PERFIL|PROFIL)(?![A-Z?])", re.ASCII)
_IS_FRONTAL: Final = re.compile(
    r"\b(?:PA|AP|FRONTAL|FRENTE|POSTERO ?ANT[A-Z]*|ANTERO ?POST[A-Z]*)(?![A-Z?])", re.ASCII
)
_ARE_SEVERAL: Final = re.compile(
    r"\b(?:AND|Y|E|O|OR|WITH|CON|2|3|DOS|TRES|TWO|THREE|VIEWS|VISTAS|PROYECC[A-Z?]*|PROJECTIONS"
    r"|BOTH|AMBAS|SERIES)(?![A-Z?])",
    re.ASCII,
)


def projection_of(dataset: Dataset) -> Projection | None:
    """Return the projection that the file states.

    By View Position, the codes of the view and of how the patient lay, each with its modifiers,
    Patient Orientation and Patient Position; where these say nothing, by what describes the
    picture. A film of who lies on a side is another than a
    frontal one: air and fluid are elsewhere.
    """
    views, lying = items_of(dataset, _VIEW), items_of(dataset, _LYING)
    modified = [_of_code(item) for item in (*lying, *_modifiers(dataset, *views, *lying))]
    position = text_of(dataset, "PatientPosition")
    supine = position in _SUPINE or Projection.AP_SUPINE in modified
    stated = [*_of_view_position(dataset), *map(_of_code, views), _of_orientation(dataset)]
    stated += [view for view in modified if view is not Projection.AP_SUPINE]
    if position in _ON_A_SIDE:
        stated.append(Projection.OTHER)
    projection = combined(stated) if any(stated) else described(dataset)
    return Projection.AP_SUPINE if supine and projection is Projection.AP else projection


def turned(dataset: Dataset) -> str | None:
    """Return what Patient Orientation says of a frontal film that it calls mirrored or turned."""
    rows_columns = _orientation(dataset)
    frontal = {_AXES[letter] for letter in rows_columns} == {"side", "length"}
    return rows_columns if frontal and rows_columns != _UPRIGHT else None


def described(dataset: Dataset) -> Projection | None:
    """Return the view, no frontal one, that the series or the protocol is named by."""
    for keyword in _SERIES:
        words = plain(dataset, keyword)
        if _ARE_SEVERAL.search(words):
            continue
        other, rest = _IS_OTHER.search(words), _IS_OTHER.sub("", words)
        lateral, frontal = _IS_LATERAL.search(rest), _IS_FRONTAL.search(rest)
        if (other or lateral) and not (lateral and frontal):
            return Projection.LATERAL if lateral else Projection.OTHER
    return None


def in_expiration(dataset: Dataset) -> bool:
    """Return whether the file says that the film was taken after breathing out."""
    views = items_of(dataset, _VIEW)
    words = [plain(dataset, keyword) for keyword in _DESCRIBED]
    words += [plain(item, "CodeMeaning") for item in (*views, *_modifiers(dataset, *views))]
    return any(_EXPIRATION.search(said) and not _INSPIRATION.search(said) for said in words)


def _of_view_position(dataset: Dataset) -> list[Projection | None]:
    # A backslash parts values: stations write ``PA\\LL`` for a film that is either.
    value = value_of(dataset, "ViewPosition")
    views = [value] if isinstance(value, str) else value or []
    return [view_of_words(view) for view in views if isinstance(view, str)]


def _modifiers(*held_by: Dataset) -> list[Dataset]:
    pairs = ((held, keyword) for held in held_by for keyword in _MODIFIERS)
    return [item for held, keyword in pairs for item in items_of(held, keyword)]


def _of_code(item: Dataset) -> Projection | None:
    value, meaning = (text_of(item, keyword) or "" for keyword in ("CodeValue", "CodeMeaning"))
    return view_of_code(value) or view_of_words(meaning)


def _of_orientation(dataset: Dataset) -> Projection | None:
    """Return the projection that tells where rows and columns run to (PS3.3 C.7.6.1.1.1).

    On a frontal film they run to the left or right and to the feet or head, upright or turned; to
    front or back they run on a lateral one, or on none that lets the beam cross the chest.
    """
    axes = {_AXES[letter] for letter in _orientation(dataset)}
    if "front" not in axes or len(axes) < 2:
        return None
    return Projection.LATERAL if "length" in axes else Projection.OTHER


def _orientation(dataset: Dataset) -> str:
    """Return the letters of where rows and columns run to; empty unless both are known."""
    stated = value_of(dataset, "PatientOrientation")
    with suppress(TypeError, ValueError):
        rows, columns = (str(direction).strip()[:1].upper() for direction in stated)
        if rows in _AXES and columns in _AXES:
            return rows + columns
    return ""
