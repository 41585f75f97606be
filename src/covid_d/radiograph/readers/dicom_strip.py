"""A DICOM film without its patient: what reading needs, by an allow-list, and nothing else.

Every element that is not in ``KEPT`` is left out, so that private tags and elements of a standard
to come stay out too. What is kept is copied byte for byte in the file's own transfer syntax, so
that the stripped film reads as the original does: same pixels, same facts, same answer. Dates are
moved so that the age they give stays (PS3.15 E.3.6, modified dates); the day of the film is none of
the facts that stay, since its case keeps it.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Final

from pydicom import Dataset, dcmwrite
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from covid_d.radiograph.film import Projection
from covid_d.radiograph.readers.dicom_facts import OF_CLASS, age_of_dates
from covid_d.radiograph.readers.dicom_object import parse
from covid_d.radiograph.readers.dicom_view import described, in_expiration, projection_of
from covid_d.radiograph.readers.element import items_of
from covid_d.radiograph.readers.functional_groups import lift

KEPT: Final[tuple[str, ...]] = (
    # what the pixels are (PS3.3 C.7.6.3)
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "NumberOfFrames"),
    *("PixelAspectRatio", "ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit", "PixelData"),
    *(
        f"{segmented}{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
    ),
    # how they are shown (PS3.3 C.11)
    *("RescaleSlope", "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth"),
    *("VOILUTFunction", "PresentationLUTShape", "PresentationIntentType"),
    *("ShutterShape", "ShutterUpperHorizontalEdge", "ShutterLowerHorizontalEdge"),
    *("ShutterLeftVerticalEdge", "ShutterRightVerticalEdge", "CenterOfCircularShutter"),
    *("RadiusOfCircularShutter", "VerticesOfThePolygonalShutter"),
    "ShutterOverlayGroup",
    # what film it is
    *("SpecificCharacterSet", "SOPClassUID", "Modality", "BodyPartExamined", "ViewPosition"),
    *("PatientPosition", "PatientOrientation", "Laterality", "ImageLaterality"),
    *("PatientAge", "PatientSex"),
)
"""Elements that are kept as they are; every other one is left out."""

_CODE: Final = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
KEPT_OF_ITEMS: Final[dict[str, tuple[str, ...]]] = {
    "ModalityLUTSequence": ("LUTDescriptor", "LUTData", "ModalityLUTType"),
    "VOILUTSequence": ("LUTDescriptor", "LUTData"),
    "ViewCodeSequence": (*_CODE, "ViewModifierCodeSequence"),
    "ViewModifierCodeSequence": _CODE,
    "PatientOrientationCodeSequence": (*_CODE, "PatientOrientationModifierCodeSequence"),
    "PatientOrientationModifierCodeSequence": _CODE,
    "AnatomicRegionSequence": _CODE,
}
"""Sequences that are kept, and what of their items; items may hold one of them in turn."""

IDENTIFIERS: Final[tuple[str, ...]] = (
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID"),
)
"""What a structured report about the film must name; given apart from the file."""

EMPTY: Final = bytes(128) + b"DICM"
"""Stands for a DICOM file that cannot be read: nobody could be shown anything of it."""

# Groups of overlay planes (PS3.3 C.9.2), and what a shutter's mask needs of its own.
_OVERLAY_GROUPS: Final = range(0x6000, 0x6020, 2)
_PLANE: Final = (0x0010, 0x0011, 0x0040, 0x0050, 0x0100, 0x0102, 0x3000)

_RADIOGRAPHY: Final = "1.2.840.10008.5.1.4.1.1.1"
_SYNTAX_ONLY: Final = UID("2.25.217046328519382610746551279364127839341")  # who wrote it: COVID-D
_EITHER: Final = {"US or SS": "US", "OB or OW": "OB", "US or OW": "OW"}  # of compressed films
# What stands for a view that descriptions tell, which are not kept.
_VIEWS: Final = {Projection.LATERAL: "LATERAL", Projection.OTHER: "OBLIQUE"}
_YEAR: Final = 2025
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Stripped:
    """A film whose file names nobody.

    Parameters
    ----------
    content
        The file's bytes.
    identifiers
        By keyword, those of ``IDENTIFIERS`` that the original states.
    """

    content: bytes
    identifiers: dict[str, str] = field(default_factory=dict)


def strip(data: bytes) -> Stripped:
    """Return a readable DICOM film without its patient.

    Parameters
    ----------
    data
        A film that :func:`covid_d.radiograph.read` takes.

    Raises
    ------
    RadiographError
        If it cannot be parsed.
    """
    film = parse(data)
    lift(film)  # what functional groups say, without the groups: they name more than reading needs
    kept = _like(film)
    implicit, little = kept.original_encoding
    for keyword in KEPT:
        _copy(film, kept, keyword)
    for tag in _shutter_plane(film):
        _copy(film, kept, tag)
    for keyword in KEPT_OF_ITEMS:
        _copy_items(film, kept, keyword)
    for keyword, text in _stand_ins(film).items():
        value = text.encode("ascii")
        tag = Tag(keyword)
        value += (b"\0" if dictionary_VR(tag) == "UI" else b" ") * (len(value) % 2)
        vr = None if implicit else dictionary_VR(tag)
        kept[tag] = RawDataElement(tag, vr, len(value), value, 0, bool(implicit), bool(little))
    kept.file_meta = _file_meta(film)
    stream = BytesIO()
    dcmwrite(stream, kept, enforce_file_format=True)
    return Stripped(stream.getvalue(), _identifiers(film))


def _like(film: Dataset) -> Dataset:
    """Return an empty data set of the same encoding, so that nothing copied is written anew."""
    empty = Dataset()
    implicit, little = film.original_encoding
    # Some compressed films are written implicitly, which compressed ones never are (PS3.5 A.4).
    implicit = implicit and not UID(film.file_meta.TransferSyntaxUID).is_compressed
    empty.set_original_encoding(implicit, little, film.original_character_set)
    return empty


def _encoded_as(like: Dataset) -> Dataset:
    """Return an empty item of a data set's encoding."""
    empty = Dataset()
    implicit, little = like.original_encoding
    empty.set_original_encoding(implicit, little, like.original_character_set)
    return empty


def _shutter_plane(film: Dataset) -> list[BaseTag]:
    """Return the elements of the overlay plane that a shutter of bits is made of; of no other."""
    with suppress(Exception):  # pydicom converts a value when it is asked for
        group = int(film.ShutterOverlayGroup)
        if group in _OVERLAY_GROUPS and "BITMAP" in str(film.ShutterShape).upper():
            return [Tag(group, element) for element in _PLANE]
    return []


def _copy(source: Dataset, target: Dataset, keyword: str | BaseTag) -> None:
    element = source.get_item(keyword)
    if element is None:
        return
    implicit = target.original_encoding[0]
    if isinstance(element, RawDataElement) and element.VR is None and not implicit:
        vr = _EITHER.get(vr := dictionary_VR(element.tag), vr)
        element = element._replace(VR=vr, is_implicit_VR=False)
    target[Tag(keyword)] = element


def _copy_items(source: Dataset, target: Dataset, keyword: str) -> None:
    copies = []
    for item in items_of(source, keyword):
        copy = _encoded_as(target)
        for part in KEPT_OF_ITEMS[keyword]:
            (_copy_items if part in KEPT_OF_ITEMS else _copy)(item, copy, part)
        copies.append(copy)
    if copies:
        target.add_new(Tag(keyword), "SQ", Sequence(copies))


def _stand_ins(film: Dataset) -> dict[str, str]:
    """Return what takes the place of dates, and of a class that the header alone states."""
    said = {
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": "COVID-D: kept what reading needs",
    }
    before = str(film.file_meta.get("MediaStorageSOPClassUID") or "")
    if before in OF_CLASS:
        said["SOPClassUID"] = before
    view = projection_of(film)
    if view is not None and view is described(film):
        said["ViewPosition"] = _VIEWS[view]
    if in_expiration(film):  # as its descriptions may say, which are not kept
        said["SeriesDescription"] = "EXPIRATION"
    years, child, unread = age_of_dates(film)
    if years is not None:
        said["StudyDate"] = f"{_YEAR}0701"
        said["PatientBirthDate"] = f"{_YEAR - int(years)}0101"
    elif child:  # without the film's date: who is a child today
        said["PatientBirthDate"] = f"{date.today().year}0101"
    elif unread is not None:
        said["PatientBirthDate"] = "UNREADABLE"
    if "PatientBirthDate" in said:
        said["LongitudinalTemporalInformationModified"] = "MODIFIED"
    return said


def _file_meta(film: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = _true_syntax(film)
    meta.MediaStorageSOPClassUID = UID(str(film.get("SOPClassUID") or _RADIOGRAPHY))
    # Of the picture alone: the same picture of two files is one film, and tells no number of them.
    digest = hashlib.sha256(film.PixelData).digest()[:16]
    meta.MediaStorageSOPInstanceUID = UID(f"2.25.{int.from_bytes(digest)}")
    meta.ImplementationClassUID = _SYNTAX_ONLY
    meta.ImplementationVersionName = "COVID-D"
    return meta


def _true_syntax(film: Dataset) -> UID:
    """Return the transfer syntax as the data set was written; some state another one."""
    stated = UID(film.file_meta.TransferSyntaxUID)
    implicit, little = film.original_encoding
    if stated.is_encapsulated or stated.is_deflated or not little:
        return stated
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _identifiers(film: Dataset) -> dict[str, str]:
    found = {}
    for keyword in IDENTIFIERS:
        with suppress(Exception):  # a malformed value is an unknown one
            text = str(film.get(keyword) or "").strip()[:_LONGEST]
            if text.isprintable() and text:
                found[keyword] = text
    return found
