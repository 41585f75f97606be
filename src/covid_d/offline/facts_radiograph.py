"""What the page's modules of reading and looking at a film must know: constants of Python's own.

Each is taken from the room that decides by it, under that room's name; the page's module of the
same name uses it. Regular expressions are put in JavaScript's words, bytes in hexadecimal.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from importlib import import_module
from typing import Any, Final

import numpy as np
from PIL import ImageFile, PngImagePlugin
from pydicom import datadict, uid, valuerep
from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.tag import Tag

CONSTANTS: Final[dict[str, tuple[str, ...]]] = {
    "ages": (
        *("ADULT_YEARS", "OLDEST", "_LONGEST", "_UNSTATED", "_UNITS", "_YEAR", "_CHILD", "_ADULT"),
        *("_PART", "_BEFORE", "_BEHIND", "_BETWEEN", "_BELOW", "_ABOVE", "_LOST", "_PLACEHOLDER"),
        *("_DATE", "_DAY_FIRST"),
    ),
    "blanks": (
        *("_CELLS", "_SMALLEST", "_FEWEST", "_FLAT", "_MIDDLE", "_END", "_NEARLY", "_CONTRAST"),
        *("_ALL", "_ENDS"),
    ),
    "body_parts": ("_CHEST", "_SHORT", "_LOST", "_BONES", "_SPINE", "_UNSTATED", "CHEST_CODES"),
    "check": ("_MODALITIES", "_ASPECT", "_SPREAD", "_LEVELS", "_FEW_LINES"),
    "fades": ("_NEAR", "_LINES", "_EVEN", "_OUTER", "_STEPS", "_ON", "_SMALLEST"),
    "frame": (*("_FLAT", "_BLOCK", "_RINGING", "_STRAY", "_ROUNDS", "_PERCENTILES", "_SAMPLE"),),
    "patches": (
        *("_PATCHES", "_FLAT", "_REACH", "_SHADES", "_EVEN_AT", "_STEP_AT", "_WIDE"),
        *("_NEARLY_ALL", "_HALF", "_FEWEST", "_SMALLEST", "_ALL"),
    ),
    "photograph": (
        *("_SIDE", "_GAP", "_AREA", "_FILLED", "_RIM", "_RIM_BRIGHT", "_UP", "_STEP", "_NEAR"),
    ),
    "prepare": ("_PERCENTILES", "IMAGENET_MEAN", "IMAGENET_STD"),
    "read": ("_SPECK",),
    "seams": ("_JUMP", "SHARE", "_RIM", "_BESIDE", "_SAMPLE", "_PERCENTILES"),
    "steps": (
        *("LIMIT", "_PARTS", "_STEPPING", "_BESIDE", "_COMMON", "_LONE", "_FLOOR", "_RIM"),
        *("_LEAST", "_SAMPLE"),
    ),
    "straighten": ("LARGEST",),
    "strokes": (
        *("_INKS", "_LOOKED_FOR", "_STEEP", "_WIDEST", "_OVER", "_LEAST", "_IN_STROKES"),
        *("_LONGEST", "_ALONG", "_ACROSS", "_STEPS", "_DIAGONAL", "_TOP", "_FEWEST"),
        *("_AT_ENDS", "_ENDS", "_OF_CLIPPED"),
    ),
    "symmetry": ("_EVERY", "_NEAR", "_AROUND", "_MOST", "_AXES", "_MIRRORED", "_SMALLEST"),
    "views": ("_OF_CODE", "_WORDS"),
    "readers.blocks": (
        *("_FEWEST", "_UPPER", "_KEPT", "_ODD", "_LEAST", "_USUAL", "_SINGLE", "_EVEN"),
        *("_TEXTURE", "_MOST", "_ROUNDED", "_ELSEWHERE"),
    ),
    "readers.codestream": (
        *("FRAMES", "_LOSSLESS", "JPEG_LS", "_BARE", "SCAN", "_END", "_BLOCK", "MOST_SEGMENTS"),
    ),
    "readers.dicom": ("_PREAMBLE", "_PREFIX", "_BARE"),
    "readers.dicom_display": ("_FAR", "_FUNCTIONS", "_COLOURED", "_MONOCHROME"),
    "readers.dicom_facts": (*("OF_CLASS", "_TAKEN", "_OF_THE_FILM", "_MOVED"),),
    "readers.dicom_geometry": ("_SPACINGS", "_ROUNDED"),
    "readers.dicom_object": (
        *("_PHOTOMETRIC", "_DCT_BITS", "_RLE_GROWTH", "_RLE_HEADERS", "_NEEDED", "_DECIMALS"),
        *("_PADDING", "_BEHIND"),
    ),
    "readers.dicom_processed": (
        *("_TYPE", "_TOLD", "_CODED", "_RAW", "_OF_TYPE", "_MADE", "_TOMOGRAPHY", "_MOVING"),
    ),
    "readers.dicom_subject": (
        *("_STATED", "_DESCRIPTIONS", "_NAMES", "_SURE", "_LIKELY", "_CHEST", "_LIKELY_NAME"),
        *("_DESCRIBING", "_OF_ITEMS", "_NESTED", "_COMMENTS", "_REMARKED"),
        *("_LIKELY_NUMBERS", "_PEOPLE_CODES", "_PEOPLE", "_UNSTATED", "_OF_ANIMALS", "_TEXT"),
    ),
    "readers.dicom_view": (
        *("_SUPINE", "_ON_A_SIDE", "_VIEW", "_LYING", "_MODIFIERS", "_AXES", "_UPRIGHT"),
        *("_EXPIRATION", "_INSPIRATION", "_DESCRIBED", "_SERIES", "_IS_OTHER", "_IS_LATERAL"),
        *("_IS_FRONTAL", "_ARE_SEVERAL"),
    ),
    "readers.doubts": (
        *("_ENDS", "_TURNED", "_LOST", "_HALF", "_LINES", "_FEWEST", "_NEAR", "_MOST", "_UNITS"),
    ),
    "readers.element": ("_TEXT",),
    "readers.foreign": (
        *("_HEAD", "_CMS_ENVELOPE", "_ENCRYPTED", "_DOCUMENTS", "_OTHER_PICTURES", "_AVIF"),
        *("_HEIF", "_NIFTI"),
    ),
    "readers.functional_groups": ("_GROUPS",),
    "readers.grey": (
        *("_BLOCK", "_CHROMA", "_SHARE", "_CELL", "_OFF_TINT", "_BESIDE", "_CELLS", "_PLAIN"),
        *("_FILM", "_FITTED", "_FITS"),
    ),
    "readers.items": ("ENDING",),
    "readers.limits": ("MAX_SIDE", "MAX_PIXELS", "MAX_BYTES", "MIN_SIDE"),
    "readers.orders": (
        "_LINES",
        "_POINTS",
        "_TOGETHER",
        "_PAIRS",
        "_WORDS",
        "_LENGTHS",
        "_ROUGH",
        "_GREY",
    ),
    "readers.picture": ("_MAGIC", "_BMP_HEADERS", "_DEEPEST", "_IN_USE", "_ORIENTATION"),
    "readers.quantisation": ("_TABLES", "_ENTRIES"),
    "readers.sound": (
        *("_HEEDED", "_LAST_RUN", "_FRAMES", "_PROGRESSIVE", "SCAN", "_COEFFICIENTS", "_NOT_SENT"),
        "MOST_SCANS",
    ),
    "readers.square": ("_SQUARE", "_OBLONG"),
    "readers.stored": (
        *("_WORD", "_QUARTER", "_MANY", "_SHARE", "_LOOKED_AT", "_SMOOTH", "_FEWEST"),
        *("_SMOOTH_FEW", "_TURNS", "_SPECKLED", "_TURNING", "_SEVERAL", "_PLAINLY"),
        *("_MEETING", "_ALIKE", "_ENOUGH", "_RUNNING_ON"),
    ),
    "readers.walk": (
        *("MOST_ELEMENTS", "DEEPEST", "_PIECE", "_MANY", "_VALUE", "_TEXTS", "_NUMBERS", "_SHORT"),
        "_SET",
    ),
}
"""Room -> its constants that the page's module of the same name decides by."""

# Elements that reading asks for; what else a data set holds is passed over.
_ELEMENTS: Final = (
    *("SpecificCharacterSet", "SOPClassUID", "TransferSyntaxUID", "MediaStorageSOPClassUID"),
    *("FileMetaInformationGroupLength", "PixelData", "FloatPixelData", "DoubleFloatPixelData"),
    *("EncryptedAttributesSequence", "PresentationIntentType", "NumberOfFrames", "HighBit"),
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "PixelRepresentation", "PixelAspectRatio"),
    *("ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit", "PresentationLUTShape", "VOILUTFunction"),
    *("PixelPresentation", "RescaleType", "ModalityLUTType"),
    *("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth"),
    *("ModalityLUTSequence", "VOILUTSequence", "LUTDescriptor", "LUTData", "ShutterShape"),
    *("ShutterUpperHorizontalEdge", "ShutterLowerHorizontalEdge", "ShutterLeftVerticalEdge"),
    *("ShutterRightVerticalEdge", "CenterOfCircularShutter", "RadiusOfCircularShutter"),
    *("Modality", "BodyPartExamined", "ViewPosition", "ViewCodeSequence", "CodeValue"),
    *("CodeMeaning", "AnatomicRegionSequence", "PatientOrientation", "PatientPosition"),
    *("Laterality", "ImageLaterality", "PatientSex", "PatientAge", "PatientBirthDate"),
    *("AcquisitionDate", "AcquisitionDateTime", "ContentDate", "SeriesDate", "StudyDate"),
    *("InstanceCreationDate", "LongitudinalTemporalInformationModified"),
    *("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"),
    *("PresentationLUTSequence", "QualityControlImage", "ContentQualification", "ImageType"),
    *("StudyDescription", "SeriesDescription", "ProtocolName", "AcquisitionProtocolName"),
    *("PerformedProcedureStepDescription", "RequestedProcedureDescription", "PatientName"),
    *("PatientID", "PatientSpeciesDescription", "PatientSpeciesCodeSequence"),
    *("AnatomicalOrientationType", "ResponsiblePersonRole", "RequestAttributesSequence"),
    *("ProcedureCodeSequence", "RequestedProcedureCodeSequence", "PerformedProtocolCodeSequence"),
    *("ScheduledProtocolCodeSequence", "ScheduledProcedureStepDescription", "ImageComments"),
    *("PatientComments", "StudyComments", "RequestedProcedureComments"),
    *("CommentsOnThePerformedProcedureStep", "AcquisitionDeviceProcessingDescription"),
    *("DerivationDescription", "DerivationCodeSequence", "TomoType", "TomoClass"),
    *("AcquisitionDeviceProcessingCode", "ViewModifierCodeSequence"),
    *("PatientOrientationCodeSequence", "PatientOrientationModifierCodeSequence"),
)
# What a class of Python's regular expressions holds of Unicode, in JavaScript's.
_WORD: Final = r"\p{L}\p{N}_"
_BOUNDARY: Final = rf"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))"


def radiograph_facts() -> dict[str, Any]:
    """Return what the page's ``radiograph`` modules decide by, ready for JSON.

    Returns
    -------
    A mapping from each room's name to its constants, without their underscores; ``dicom_elements``
    (keyword -> tag, value representation, name), ``dicom_known`` (what is known of value
    representations, sequences and transfer syntaxes: ``names`` of all, ``syntaxes`` that Python
    reads), ``png`` (limits of Pillow's reader) and ``combining`` (first and last of each run of
    characters that combine with the one before).
    """
    rooms: dict[str, Any] = {}
    for room, names in CONSTANTS.items():
        module = import_module(f"covid_d.radiograph.{room}")
        told = {name.lstrip("_"): plain(vars(module)[name]) for name in names}
        rooms[room.rpartition(".")[2]] = told
    elements = {
        keyword: [int(Tag(keyword)), datadict.dictionary_VR(keyword), _named(keyword)]
        for keyword in _ELEMENTS
    }
    return {**rooms, "dicom_elements": elements, "dicom_known": _dicom(), "png": _png()} | {
        "combining": list(_combining())
    }


def plain(value: Any) -> Any:
    """Return a constant as JSON holds it.

    Raises
    ------
    TypeError
        If it is of a kind that no module of the page knows.
    """
    match value:
        case re.Pattern():
            return javascript(value)
        case Enum():
            return value.value
        case bytes():
            return value.hex()
        case bool() | int() | str() | None:
            return value + 0 if isinstance(value, int) else value
        case float() | np.floating():
            return float(value)
        case _ if hasattr(value, "_asdict"):
            return plain(value._asdict())
        case Mapping():
            return {str(plain(key)): plain(held) for key, held in value.items()}
        case AbstractSet():
            return sorted(plain(held) for held in value)
        case tuple() | list():
            return [plain(held) for held in value]
    raise TypeError(f"no module of the page knows a {type(value).__name__}")


def javascript(pattern: re.Pattern[str]) -> dict[str, str]:
    r"""Return a pattern as JavaScript's, with its flags: ``{"source", "flags"}``.

    ``\b``, ``\d`` and ``\w`` speak of all letters in Python and of ASCII alone in JavaScript.
    """
    source = pattern.pattern
    if not pattern.flags & re.ASCII:
        source = source.replace(r"[^\w", rf"[^{_WORD}").replace(r"\w", f"[{_WORD}]")
        source = source.replace(r"\b", _BOUNDARY).replace(r"\d", r"\p{Nd}")
    return {"source": source, "flags": "iu" if pattern.flags & re.IGNORECASE else "u"}


def _named(keyword: str) -> str:
    tag = Tag(keyword)
    return f"{datadict.dictionary_description(tag)} ({tag.group:04x},{tag.element:04x})"


def _dicom() -> dict[str, Any]:
    sequences = (tag for tag, entry in DicomDictionary.items() if entry[0] == valuerep.VR.SQ)
    from covid_d.radiograph.readers import dicom_object

    return {
        "representations": sorted(str(vr) for vr in valuerep.VR),
        "long": sorted(str(vr) for vr in valuerep.EXPLICIT_VR_LENGTH_32),
        "texts": sorted(str(vr) for vr in valuerep.STR_VR),
        "sequences": sorted(sequences),
        "syntaxes": {syntax: uid.UID(syntax).name for syntax in dicom_object._PLUGIN},
        "names": {
            known: entry[0]
            for known, entry in UID_dictionary.items()
            if entry[1] == "Transfer Syntax"
        },
        "image_classes": sorted(
            known for known, entry in UID_dictionary.items() if "Image Storage" in entry[0]
        ),
        "uids": {
            "implicit": uid.ImplicitVRLittleEndian,
            "explicit": uid.ExplicitVRLittleEndian,
            "big": uid.ExplicitVRBigEndian,
            "deflated": uid.DeflatedExplicitVRLittleEndian,
            "rle": uid.RLELossless,
            "baseline": uid.JPEGBaseline8Bit,
            "extended": uid.JPEGExtended12Bit,
            "raw_film": uid.DigitalXRayImageStorageForProcessing,
        },
    }


def _png() -> dict[str, int]:
    return {
        "TEXT": PngImagePlugin.MAX_TEXT_CHUNK,
        "TEXTS": PngImagePlugin.MAX_TEXT_MEMORY,
        "SAFE": ImageFile.SAFEBLOCK,
    }


def _combining() -> Iterator[list[int]]:
    first = None
    for code in range(sys.maxunicode + 2):
        combines = code <= sys.maxunicode and unicodedata.combining(chr(code)) != 0
        if combines and first is None:
            first = code
        elif not combines and first is not None:
            yield [first, code - 1]
            first = None
