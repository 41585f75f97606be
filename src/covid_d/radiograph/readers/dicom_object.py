"""From a DICOM file's bytes to the stored samples of its one frame.

Everything a file declares about its pixels is checked against what it holds before a decoder is
let loose on it; pydicom alone would pad, cut or warn.
"""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread, uid
from pydicom.dataelem import RawDataElement
from pydicom.encaps import get_frame
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import get_expected_length
from pydicom.tag import Tag

from covid_d.radiograph.readers import gdcm_isolated, jpeg2000, openjpeg
from covid_d.radiograph.readers.blocks import require_level_of
from covid_d.radiograph.readers.codestream import Codestream, Coding
from covid_d.radiograph.readers.dicom_lowered import lowered
from covid_d.radiograph.readers.dicom_processed import require_as_taken
from covid_d.radiograph.readers.dicom_subject import require_patient
from covid_d.radiograph.readers.element import named
from covid_d.radiograph.readers.functional_groups import lift
from covid_d.radiograph.readers.items import ENDING, require_few
from covid_d.radiograph.readers.limits import require_size
from covid_d.radiograph.readers.orders import (
    bytes_are_swapped,
    lengths_are_exchanged,
    pairs_are_swapped,
    planes_are_misstated,
)
from covid_d.radiograph.readers.sound import (
    fills_up,
    require_sound_jpeg,
    require_sound_rle,
)
from covid_d.radiograph.readers.stored import (
    right_justified,
    sign_extended,
    sign_misstated,
    sign_untold,
    stored_values,
    wrapped_round,
)
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Transfer syntax -> the pydicom decoder plug-in that reads it. Pillow's codecs (libjpeg-turbo,
# OpenJPEG) withstand hostile streams; GDCM's do not, so GDCM only runs in a process of its own,
# and only for what Pillow cannot read: JPEG lossless, JPEG-LS, and JPEG of 12 bits. OpenJPEG is
# asked directly where that can be, since Pillow does not say what it warns of.
_PLUGIN: Final[dict[str, str]] = {
    **dict.fromkeys(gdcm_isolated.DECODER_DEPENDENCIES, gdcm_isolated.LABEL),
    uid.ImplicitVRLittleEndian: "",
    uid.ExplicitVRLittleEndian: "",
    uid.ExplicitVRBigEndian: "",
    uid.DeflatedExplicitVRLittleEndian: "",
    uid.RLELossless: "pydicom",
    uid.JPEGBaseline8Bit: "pillow",
    uid.JPEGExtended12Bit: "pillow",  # its streams of 8 bits
    **dict.fromkeys(
        jpeg2000.DECODER_DEPENDENCIES, jpeg2000.LABEL if openjpeg.available() else "pillow"
    ),
}
_CODING: Final = {
    uid.JPEGBaseline8Bit: Coding.DCT,
    uid.JPEGExtended12Bit: Coding.DCT,
    uid.JPEGLossless: Coding.LOSSLESS,
    uid.JPEGLosslessSV1: Coding.LOSSLESS,
    uid.JPEGLSLossless: Coding.JPEG_LS,
    uid.JPEGLSNearLossless: Coding.JPEG_LS,
    uid.JPEG2000Lossless: Coding.JPEG_2000,
    uid.JPEG2000: Coding.JPEG_2000,
}
_MONOCHROME: Final = ("MONOCHROME1", "MONOCHROME2")
_COLOUR: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_PHOTOMETRIC: Final = {1: (*_MONOCHROME, "PALETTE COLOR"), 3: _COLOUR}
# Bits a sample that JPEG's DCT processes code: PS3.5 8.2.1, tables 8.2.1-1 and 8.2.1-2.
_DCT_BITS: Final = {uid.JPEGBaseline8Bit: (8,), uid.JPEGExtended12Bit: (8, 12)}

# RLE never grows data by more than 1/128 and a header a segment (PS3.5 Annex G); a longer frame
# is a decompression bomb.
_RLE_GROWTH: Final = 1.02
_RLE_HEADERS: Final = 4096
_PREFIX: Final = b"DICM"
# Elements without which pixels mean nothing (PS3.3 C.7.6.3).
_NEEDED: Final = (
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated"),
    *("BitsStored", "PixelRepresentation"),
)
_DECIMALS: Final = (
    *("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"),
    *("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"),
)
# The end of a JPEG, JPEG-LS or JPEG 2000 stream, then another one's start. Coded data holds no end
# (ISO/IEC 10918-1 B.1.1.2, 14495-1 A.1, 15444-1 B.10.1).
_NEXT_STREAM: Final = re.compile(rb"\xff\xd9\0*(?:\xff\xd8\xff|\xff\x4f\xff\x51)")
# Bytes that writers fill native pixel data up with.
_PADDING: Final = 64
_UNDEFINED: Final = 0xFFFFFFFF
# What may follow pixel data: digital signatures and padding (PS3.3 C.12.1.1.3, PS3.10 7.2), and
# private elements.
_PIXEL_DATA: Final = Tag("PixelData")
_BEHIND: Final = (0xFFFAFFFA, 0xFFFCFFFC)


def syntaxes() -> list[str]:
    """Return the names of the transfer syntaxes that are read."""
    return [uid.UID(syntax).name for syntax in _PLUGIN]


def parse(data: bytes) -> Dataset:
    """Return the data set of a DICOM file.

    Raises
    ------
    RadiographError
        ``TRUNCATED`` when it cannot be parsed, ``TOO_LARGE`` when it inflates beyond the limit or
        holds far more items than any film.
    """
    if data.startswith(_PREFIX):  # without the preamble alone
        data = bytes(128) + data
    headed = data[128:132] == _PREFIX
    try:
        size, ending = require_few(data)
        dataset = dcmread(BytesIO(data), force=not headed)
        _require_end(dataset, size or len(data), ending or data[-ENDING:])
        _state_syntax(dataset)
        _point_decimals(dataset)
        return dataset
    except (InvalidDicomError, zlib.error) as error:
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=str(error)) from error


def _require_end(dataset: Dataset, size: int, ending: bytes) -> None:
    """Refuse bytes behind the last element: pydicom drops what is too short for one.

    Where bytes slipped into the pixels, as many were pushed out behind them.
    """
    tags = list(dataset.keys())
    last = dataset.get_item(tags[-1]) if tags else None
    # Where an element of undefined length ends is told by its delimiter.
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED:
        return
    left = size - last.value_tell - last.length
    if 0 < left <= len(ending) and not fills_up(ending[-left:], total=size):
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=f"{left} bytes behind {last.tag}")


def _state_syntax(dataset: Dataset) -> None:
    """State the transfer syntax of a data set without file meta information, as it was read.

    Nothing tells how its pixels are compressed, if they are.
    """
    if "TransferSyntaxUID" in dataset.file_meta:
        return
    pixels = dataset.get("PixelData")
    if pixels is not None and dataset["PixelData"].is_undefined_length:
        raise RadiographError.of(RefusalCode.MISSING, "Transfer Syntax UID (0002,0010)")
    implicit, little = dataset.original_encoding
    explicit = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else explicit


def _point_decimals(dataset: Dataset) -> None:
    """Put a point where a decimal comma was written: ``2048,5`` (PS3.5 6.2, DS)."""
    for keyword in _DECIMALS:
        element = dataset.get_item(keyword)
        raw = element.value if isinstance(element, RawDataElement) else None
        if raw is not None and b"," in raw:
            dataset[keyword] = element._replace(value=raw.replace(b",", b"."))


def _require_stated(dataset: Dataset) -> None:
    for keyword in _NEEDED:
        if dataset.get(keyword) in (None, ""):
            raise RadiographError.of(RefusalCode.MISSING, named(keyword))


class Stored(NamedTuple):
    """The stored samples of a frame.

    Parameters
    ----------
    samples
        Integers, HxW, or HxWx3 for colour (already RGB).
    photometric
        ``MONOCHROME1``, ``MONOCHROME2``, ``PALETTE COLOR`` or ``RGB``.
    halvings
        How often Rows and Columns were halved, rounded up.
    """

    samples: npt.NDArray[Any]
    photometric: str
    halvings: int = 0


def samples_of(dataset: Dataset, *, whole: bool = False) -> Stored:
    """Return the stored samples of the one frame.

    Parameters
    ----------
    dataset
        As parsed; its transforms may be normalised.
    whole
        Whether all samples of a large film are wanted, not as many as an answer needs.

    Raises
    ------
    RadiographError
        If there is no single frame whose declared size, depth and encoding agree with its bytes.
    """
    _require_pixels(dataset)
    intent = str(dataset.get("PresentationIntentType", "")).strip().upper()
    raw = uid.DigitalXRayImageStorageForProcessing
    if intent == "FOR PROCESSING" or dataset.get("SOPClassUID") == raw:
        raise RadiographError.of(RefusalCode.FOR_PROCESSING)  # PS3.3 C.8.11.1.1.1
    require_patient(dataset)
    require_as_taken(dataset)
    _require_stated(dataset)
    # Stations write it in small letters, or with blanks before it.
    stated = str(dataset.PhotometricInterpretation)
    dataset.PhotometricInterpretation = stated.strip(" \0").upper()
    require_size(int(dataset.Columns), int(dataset.Rows))
    _require_single(dataset)
    _require_known_samples(dataset)
    syntax = uid.UID(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    plugin = _checked_plugin(dataset, syntax)
    lift(dataset)
    bits = int(dataset.BitsStored)
    shift = int(dataset.get("HighBit", bits - 1)) - (bits - 1)
    averages = plugin == jpeg2000.LABEL and not whole and not shift
    found = lowered(dataset, _frame_of(dataset)) if averages else None
    if found is not None and not _doubtful_sign(found[0], dataset, averages=True):
        return Stored(found[0], str(dataset.PhotometricInterpretation), found[1])
    gdcm_isolated.register()
    jpeg2000.register()
    # Its own correction would hide values that do not fit, and leaves two syntaxes out.
    options: Any = {"correct_unused_bits": False}
    samples, properties = get_decoder(syntax).as_array(dataset, decoding_plugin=plugin, **options)
    # Those of big endian have a type of their own, by which they would pass for others.
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    photometric = str(properties["photometric_interpretation"])
    if syntax in _DCT_BITS and samples.dtype == np.uint8:
        grey = samples if samples.ndim == 2 else samples[..., 1]
        require_level_of(_frame_of(dataset), grey)
    if samples.ndim == 2:
        if photometric in _MONOCHROME:
            _require_order(samples)
        if shift:
            samples = right_justified(samples, bits=bits, shift=shift)
        if not dataset.PixelRepresentation and sign_extended(samples, bits=bits):
            dataset.PixelRepresentation, samples = 1, samples.view(np.int16)
        signed = bool(dataset.PixelRepresentation)
        if not signed and bits == dataset.BitsAllocated and wrapped_round(samples):
            raise _unsupported("signed values, Pixel Representation 0")
        words, samples = samples, stored_values(samples, bits=bits, signed=signed)
        if signed and photometric in _MONOCHROME and sign_untold(words, samples, bits=bits):
            raise _unsupported(f"{bits}-bit values of unknown sign, Pixel Representation 1")
        if photometric in _MONOCHROME and _doubtful_sign(samples, dataset):
            what = "unsigned values" if signed else "signed values"
            raise _unsupported(f"{what}, Pixel Representation {int(signed)}")
    else:
        _require_colour(samples, dataset)
    return Stored(samples, photometric)


def _require_colour(samples: npt.NDArray[Any], dataset: Dataset) -> None:
    """Refuse colour that is not as its file says: a capture of a film is grey in each channel."""
    bits = int(dataset.BitsStored)
    if dataset.PixelRepresentation:  # PS3.3 C.7.6.3.1.2: colour has no sign
        raise _unsupported("signed samples, Pixel Representation 1, of colour")
    if int(samples.max()) >= 1 << bits:
        raise _unsupported(f"values beyond {bits} Bits Stored")
    planar = dataset.get("PlanarConfiguration")
    native = not dataset.file_meta.TransferSyntaxUID.is_compressed
    if native and planes_are_misstated(samples, int(planar or 0)):
        raise _unsupported(f"Planar Configuration {planar}")
    _require_order(np.ascontiguousarray(samples[..., 0]))


def _require_order(samples: npt.NDArray[Any]) -> None:
    if pairs_are_swapped(samples):
        raise _unsupported("8-bit values, swapped in pairs")
    if bytes_are_swapped(samples):
        raise _unsupported("16-bit values, bytes swapped")
    if lengths_are_exchanged(samples):
        raise _unsupported(f"Rows {samples.shape[0]}, Columns {samples.shape[1]}, exchanged")


def _doubtful_sign(samples: npt.NDArray[Any], dataset: Dataset, *, averages: bool = False) -> bool:
    bits, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    return sign_misstated(samples, bits=bits, signed=signed, averages=averages)


def _checked_plugin(dataset: Dataset, syntax: uid.UID) -> str:
    """Return the decoder plug-in for the frame, once what it declares agrees with its bytes."""
    plugin = _PLUGIN.get(syntax)
    if plugin is None:
        raise _unsupported(syntax.name or "no transfer syntax")
    if not syntax.is_encapsulated:
        _require_agreeing_length(dataset)
    elif syntax == uid.RLELossless:
        _require_sound_rle(dataset)
    else:
        stream = _agreeing_stream(dataset, syntax)
        if stream.coding is Coding.DCT:
            _require_known_dct(dataset, stream, syntax)
            if stream.precision != 8:
                return gdcm_isolated.LABEL
            require_sound_jpeg(_frame_of(dataset), components=stream.components)
    return plugin


def _require_pixels(dataset: Dataset) -> None:
    if dataset.get("PixelData"):
        return
    if "EncryptedAttributesSequence" in dataset:
        # PS3.15 E.1: normally it hides identifiers only, and the pixels stay readable.
        raise RadiographError.of(RefusalCode.ENCRYPTED)
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        raise _unsupported("Float Pixel Data")
    meta = dataset.file_meta.get("MediaStorageSOPClassUID", "")
    kind = uid.UID(str(dataset.get("SOPClassUID", meta))).name
    if "Rows" in dataset or "Image Storage" in kind:
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=f"{kind} without Pixel Data")
    raise RadiographError.of(RefusalCode.NO_PIXELS)


def _require_single(dataset: Dataset) -> None:
    frames = dataset.get("NumberOfFrames")
    # Some stations write 0 for the one that there is.
    if frames is not None and frames != "" and int(frames) not in (0, 1):
        raise RadiographError.of(RefusalCode.MULTI_FRAME, int(frames))


def _require_known_samples(dataset: Dataset) -> None:
    photometric = str(dataset.PhotometricInterpretation)
    if photometric not in _PHOTOMETRIC.get(dataset.SamplesPerPixel, ()):
        raise _unsupported(f"{dataset.SamplesPerPixel} x {photometric[:16]}")
    allocated, stored = dataset.BitsAllocated, dataset.BitsStored
    high = dataset.get("HighBit", stored - 1)
    if allocated not in (8, 16) or not 1 < stored <= high + 1 <= allocated:
        raise _unsupported(f"{stored} of {allocated} bits, high bit {high}")
    if dataset.PixelRepresentation not in (0, 1):
        raise _unsupported(f"Pixel Representation {dataset.PixelRepresentation}")


def _require_agreeing_length(dataset: Dataset) -> None:
    """Compare native pixel data's length with its declared size.

    Writers pad, so a few zero bytes too many are borne; more mean that Rows or Columns is wrong or
    that bytes slipped in, and the film would come out sheared or cut.
    """
    expected, found = get_expected_length(dataset), len(dataset.PixelData)
    padded = dataset.PixelData[expected:].strip(b"\0") == b"" and found - expected <= _PADDING
    if found < expected or not padded:
        cause = f"Pixel Data has {found} bytes where {expected} are declared"
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=cause)
    # Bytes that slip into the pixels push as many out behind them, which then pass for elements.
    tags = list(dataset.keys())
    for tag in tags[tags.index(_PIXEL_DATA) + 1 :]:
        if tag not in _BEHIND and (tag < _PIXEL_DATA or tag.group % 2 == 0):
            raise RadiographError.of(RefusalCode.TRUNCATED, cause=f"{tag} behind Pixel Data")


def _frame_of(dataset: Dataset) -> bytes:
    return get_frame(dataset.PixelData, 0, number_of_frames=1)


def _require_sound_rle(dataset: Dataset) -> None:
    frame = _frame_of(dataset)
    if len(frame) > get_expected_length(dataset) * _RLE_GROWTH + _RLE_HEADERS:
        raise RadiographError.of(RefusalCode.TRUNCATED, cause="RLE longer than its pixels")
    require_sound_rle(frame, rows=int(dataset.Rows), columns=int(dataset.Columns))


def _agreeing_stream(dataset: Dataset, syntax: uid.UID) -> Codestream:
    """Return what the compressed stream declares, once it agrees with the data set."""
    frame = _frame_of(dataset)
    stream = Codestream.of(frame)
    # Of several frames that the file does not tell of, decoders show the first.
    if _NEXT_STREAM.search(frame) is not None:
        raise RadiographError.of(RefusalCode.MULTI_FRAME, "> 1")
    declared = (int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel))
    found = (stream.rows, stream.columns, stream.components)
    if found != declared or stream.precision > dataset.BitsAllocated:
        cause = f"stream of {found}, {stream.precision} bits, in a data set of {declared}"
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=cause)
    if stream.coding is not _CODING[syntax]:
        cause = f"{stream.coding.value} stream in a data set of {syntax.name}"
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=cause)
    return stream


def _require_known_dct(dataset: Dataset, stream: Codestream, syntax: uid.UID) -> None:
    """Refuse JPEG that codes no known grey: the DCT processes know unsigned samples only."""
    bits = stream.precision
    if bits not in _DCT_BITS[syntax] or (bits > 8 and stream.components > 1):
        raise _unsupported(f"{syntax.name}, {stream.components} x {bits} bits")
    if dataset.PixelRepresentation:
        raise _unsupported(f"{syntax.name}, signed samples")


def _unsupported(what: str) -> RadiographError:
    return RadiographError.of(RefusalCode.UNSUPPORTED, what)
