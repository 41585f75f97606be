"""Content of structured reports (PS3.3 C.17.3), written as bytes: explicit VR, little endian.

A report is some two hundred nested data sets of a few codes each. Built as objects they cost more
than reading the film and its network together (``benchmarks/pacs.py``); a code that is written once
and joined in costs nothing. Tests hold what is written here against highdicom's own templates.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.sr.coding import Code
from pydicom.valuerep import format_number_as_ds

from covid_d.pacs.results.encode import items as in_items
from covid_d.pacs.results.encode import state

Relation = Literal[
    "CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT", "SELECTED FROM"
]

_LONG: Final = frozenset({"OB", "SQ", "UT"})  # VRs whose length takes four bytes (PS3.5 7.1.2)
_LONGEST: Final = {"SH": 16, "LO": 64, "CS": 16, "DS": 16, "UI": 64}


def code_item(relation: Relation, name: Code, value: Code, *inside: bytes) -> bytes:
    """Return a content item whose value is a code.

    Parameters
    ----------
    relation
        To what it hangs on.
    name, value
        What is said, and of what.
    inside
        Items that hang on it.
    """
    return _content(relation, "CODE", name, _sequence("ConceptCodeSequence", _code(value)), inside)


def text_item(relation: Relation, name: Code, text: str) -> bytes:
    """Return a content item whose value is a text."""
    return _content(relation, "TEXT", name, _element("TextValue", text))


def uid_item(relation: Relation, name: Code, uid: str) -> bytes:
    """Return a content item whose value is a UID."""
    return _content(relation, "UIDREF", name, _element("UID", uid))


def name_item(relation: Relation, name: Code, person: str) -> bytes:
    """Return a content item whose value is a person's name (``family^given``)."""
    return _content(relation, "PNAME", name, _element("PersonName", person))


def number_item(name: Code, value: float, unit: Code) -> bytes:
    """Return a measured value, finite, contained in its group."""
    measured = (
        _sequence("MeasurementUnitsCodeSequence", _code(unit))
        + _element("FloatingPointValue", struct.pack("<d", value))
        + _element("NumericValue", format_number_as_ds(float(value)))
    )
    return _content("CONTAINS", "NUM", name, _sequence("MeasuredValueSequence", measured))


def image_item(
    name: Code, sop_class: str, sop_instance: str, relation: Relation = "CONTAINS"
) -> bytes:
    """Return a reference to an image; by default contained in its group."""
    referred = _element("ReferencedSOPClassUID", sop_class)
    referred += _element("ReferencedSOPInstanceUID", sop_instance)
    # The value of an image precedes what names the item: elements stand in the order of their tags.
    body = {
        "ReferencedSOPSequence": _sequence("ReferencedSOPSequence", referred),
        **_head(relation, "IMAGE", name),
    }
    return b"".join(body.values())


def region_item(name: Code, corners: Sequence[tuple[float, float]], source: bytes) -> bytes:
    """Return a closed region of an image, contained in its group.

    Parameters
    ----------
    name
        What is said of the region.
    corners
        Columns and rows in pixels of the image; the first one closes it again.
    source
        The image that it is selected from (:func:`image_item`).
    """
    points = [value for corner in (*corners, corners[0]) for value in corner]
    return (
        b"".join(_head("CONTAINS", "SCOORD", name).values())
        + _sequence("ContentSequence", source)
        + _element("GraphicData", struct.pack(f"<{len(points)}f", *points))
        + _element("GraphicType", "POLYLINE")
    )


def container_item(
    relation: Relation, name: Code, items: Iterable[bytes], *, template: str = ""
) -> bytes:
    """Return a content item that holds others; ``template`` is its number in PS3.16."""
    body = _element("ContinuityOfContent", "CONTINUOUS")
    if template:
        body += _sequence("ContentTemplateSequence", _template(template))
    return _content(relation, "CONTAINER", name, body, tuple(items))


def state_content(made: Dataset, title: Code, template: str, items: Iterable[bytes]) -> None:
    """Give a data set its content tree.

    Parameters
    ----------
    made
        By ``results.document``.
    title
        Of the document.
    template
        Number of its template in PS3.16.
    items
        What hangs on its root.
    """
    state(
        made,
        ValueType="CONTAINER",
        ContinuityOfContent="CONTINUOUS",
        ConceptNameCodeSequence=in_items(_code(title)),
        ContentTemplateSequence=in_items(_template(template)),
        ContentSequence=in_items(*items),
    )


def _content(
    relation: Relation, kind: str, name: Code, value: bytes, inside: tuple[bytes, ...] = ()
) -> bytes:
    below = _sequence("ContentSequence", *inside) if inside else b""
    return b"".join(_head(relation, kind, name).values()) + value + below


def _head(relation: Relation, kind: str, name: Code) -> dict[str, bytes]:
    return {
        "RelationshipType": _element("RelationshipType", relation),
        "ValueType": _element("ValueType", kind),
        "ConceptNameCodeSequence": _sequence("ConceptNameCodeSequence", _code(name)),
    }


@lru_cache(maxsize=512)
def _code(code: Code) -> bytes:
    return (
        _element("CodeValue", code.value)
        + _element("CodingSchemeDesignator", code.scheme_designator)
        + _element("CodeMeaning", code.meaning)
    )


def _template(number: str) -> bytes:
    return _element("MappingResource", "DCMR") + _element("TemplateIdentifier", number)


def _sequence(keyword: str, *items: bytes) -> bytes:
    return _element(keyword, in_items(*items))


def _element(keyword: str, value: str | bytes) -> bytes:
    """Return one element (PS3.5 7.1.2).

    Raises
    ------
    ValueError
        If the value is longer than its VR allows.
    """
    head, vr = _tag(keyword)
    if isinstance(value, str):
        if len(value) > _LONGEST.get(vr, len(value)):
            raise ValueError(f"{keyword} {value!r} is longer than {vr} allows")
        value = value.encode()
        value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    length = struct.pack("<HI", 0, len(value)) if vr in _LONG else struct.pack("<H", len(value))
    return head + length + value


@lru_cache(maxsize=64)
def _tag(keyword: str) -> tuple[bytes, str]:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword  # noqa: S101 - a keyword in our own code
    vr = dictionary_VR(tag)
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode(), vr
