"""PNG, JPEG, JPEG 2000, TIFF, BMP and WebP, through Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import numpy as np

# Imported for their side effect of registering with Pillow: `Image.open` would otherwise load
# every plug-in it has to find TIFF and WebP.
from PIL import (
    BmpImagePlugin,  # noqa: F401
    Image,
    Jpeg2KImagePlugin,  # noqa: F401
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,
    WebPImagePlugin,  # noqa: F401
)

from covid_d.radiograph.film import Facts, FloatImage
from covid_d.radiograph.readers.codestream import Codestream, Coding
from covid_d.radiograph.readers.grey import (
    NO_COLOURS,
    Colours,
    grey_of,
    over_black,
    scale,
    top_of,
)
from covid_d.radiograph.readers.limits import MAX_PIXELS, require_size
from covid_d.radiograph.readers.sound import require_sound_jpeg, require_sound_webp
from covid_d.radiograph.refusal import RadiographError, RefusalCode

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
)
# Lengths of the second header of a BMP, which tell it from a text that starts with BM.
_BMP_HEADERS: Final = (12, 40, 52, 56, 64, 108, 124)
# Phones write a preview behind the picture of a JPEG (MPO): the first is the picture.
_PLUGINS: Final = {"JPEG": ("JPEG", "MPO")}

# What a format is called where it is not called as Pillow does.
_NAMES: Final = {"JPEG2000": "JPEG 2000"}

# EXIF tag Orientation (CIPA DC-008, 4.6.4) -> what shows the picture upright.
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# TIFF 6.0 tags.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO = 0
_COMPRESSION, _JPEG_COMPRESSION, _JPEG_TABLES = 259, 7, 347
_STRIPS, _TILES = (273, 279), (324, 325)  # offsets, byte counts


def sniff(data: bytes) -> bool:
    """Return whether the file starts like a picture of one of the kinds above."""
    return bool(_format(data))


def decode(data: bytes, sha256: str) -> tuple[FloatImage, Facts]:
    """Return pixels and facts of a picture.

    8-bit samples are divided by 255. Deeper ones by the largest value of the bits that they use,
    since pictures of 10 or 12 bits come in 16 and nothing in the file says so; TIFF with 12
    declared bits by 4095. Grey level is taken as bright bone; a picture has no tag for the opposite
    save TIFF's ``WhiteIsZero``, which is honoured.

    Raises
    ------
    RadiographError
        If the picture is cut off, damaged, one of several, too large, too small, or of a colour
        space or sample kind whose grey scale is not known.
    """
    kind = _format(data)
    if kind == "JPEG" and Codestream.of(data).precision > 8:
        return _deep_jpeg(data, sha256)
    try:
        with Image.open(BytesIO(data), formats=_PLUGINS.get(kind, (kind,))) as picture:
            require_size(*picture.size)
            _require_sound(picture, data, kind)
        # Opened anew: what was checked was used up.
        with Image.open(BytesIO(data), formats=_PLUGINS.get(kind, (kind,))) as picture:
            require_size(*picture.size)
            _require_single(picture)
            return _decoded(picture, data, kind, sha256)
    except Image.DecompressionBombError as error:
        raise RadiographError.of(
            RefusalCode.TOO_LARGE, f"> {MAX_PIXELS // 1_000_000} MP", cause=str(error)
        ) from error


def _deep_jpeg(data: bytes, sha256: str) -> tuple[FloatImage, Facts]:
    """Return a grey JPEG of 12 bits, which Pillow cannot read."""
    stream = Codestream.of(data)
    require_size(stream.columns, stream.rows)
    if stream.coding is not Coding.DCT or (stream.precision, stream.components) != (12, 1):
        what = f"{stream.coding.value}, {stream.components} x {stream.precision} bits"
        raise RadiographError.of(RefusalCode.UNSUPPORTED, what)
    from covid_d.radiograph.readers.gdcm_isolated import decode_jpeg_12  # pydicom is slow to load

    samples = decode_jpeg_12(data, rows=stream.rows, columns=stream.columns)
    return scale(samples, 4095), Facts(format="JPEG", sha256=sha256, bits=12)


def _format(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


def _require_sound(picture: Image.Image, data: bytes, kind: str) -> None:
    """Raise where the coded pixels are damaged in a way that decoding alone passes over."""
    if kind == "PNG":
        picture.verify()  # the checksums of the chunks
    elif kind == "JPEG":
        require_sound_jpeg(data, components=len(picture.getbands()))
    elif kind == "WEBP":
        require_sound_webp(data)
    elif isinstance(picture, TiffImagePlugin.TiffImageFile):
        for strip in _jpeg_strips(picture, data):
            require_sound_jpeg(strip, components=len(picture.getbands()))


def _jpeg_strips(picture: TiffImagePlugin.TiffImageFile, data: bytes) -> Iterator[bytes]:
    """Yield each strip or tile that is coded as JPEG, with the tables that all of them share.

    Source: TIFF Technical Note 2: an abbreviated stream without tables, and one of tables alone.
    """
    tags = picture.tag_v2
    if tags.get(_COMPRESSION) != _JPEG_COMPRESSION:
        return
    offsets, counts = _STRIPS if _STRIPS[0] in tags else _TILES
    tables = bytes(tags.get(_JPEG_TABLES, b""))
    for start, count in zip(tags[offsets], tags[counts], strict=True):
        yield tables[:-2] + data[start + 2 if tables else start : start + count]


def _require_single(picture: Image.Image) -> None:
    if picture.format == "MPO":
        return
    # Not `n_frames`: for TIFF it would walk a chain of pages that a hostile file makes endless.
    try:
        picture.seek(1)
    except EOFError:
        picture.seek(0)
        return
    raise RadiographError.of(RefusalCode.MULTI_FRAME, "> 1")


def _decoded(picture: Image.Image, data: bytes, kind: str, sha256: str) -> tuple[FloatImage, Facts]:
    bits = data[24] if kind == "PNG" else 8
    if kind == "JPEG2000":
        bits = Codestream.of(data).precision
    negative = False
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        bits, negative = _tiff_samples(picture)
    picture.load()  # Pillow itself turns a TIFF upright here, and drops its orientation
    upright = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1))
    film = picture if upright is None else picture.transpose(upright)
    pixels, colours = _grey(film, kind, bits)
    if negative:
        pixels = np.float32(1.0) - pixels
    name = _NAMES.get(kind, kind)
    return pixels, Facts(format=name, sha256=sha256, bits=bits, **colours._asdict())


def _grey(picture: Image.Image, kind: str, bits: int) -> tuple[FloatImage, Colours]:
    mode = picture.mode
    if mode.startswith("I;16") or (mode == "I" and kind == "PNG"):
        if "transparency" in picture.info:
            raise RadiographError.of(RefusalCode.UNSUPPORTED, f"{kind}, 16 bits, transparency")
        # OpenJPEG fills deeper samples than 8 bits up to 16.
        samples = np.asarray(picture)
        top = 65535 if kind == "JPEG2000" else min(top_of(int(samples.max())), (1 << bits) - 1)
        return scale(samples, top), NO_COLOURS
    if mode in ("1", "L", "RGB", "P", "PA") and "transparency" in picture.info:
        mode = "LA" if mode in ("1", "L") else "RGBA"
        picture = picture.convert(mode)
    if mode in ("P", "PA"):
        picture = picture.convert("RGBA" if mode == "PA" else "RGB")
    if picture.mode in ("LA", "RGBA"):
        picture = over_black(picture)
    if picture.mode in ("1", "L"):
        return scale(np.asarray(picture.convert("L")), 255), NO_COLOURS
    if picture.mode in ("RGB", "YCbCr"):
        return grey_of(picture.convert("RGB"))
    if picture.mode == "CMYK" and "adobe" in picture.info:  # journals; Pillow knows its polarity
        return grey_of(picture.convert("RGB"))
    # Other CMYK, LAB, float, 32-bit and signed samples: no stated grey scale, so none is made up.
    raise RadiographError.of(RefusalCode.UNSUPPORTED, f"{kind}, {picture.mode}")


def _tiff_samples(picture: TiffImagePlugin.TiffImageFile) -> tuple[int, bool]:
    """Return bits a sample, and whether Pillow leaves zero as white."""
    tags = picture.tag_v2
    bits = int(tags.get(_BITS_PER_SAMPLE, (1,))[0])
    unsigned, undefined = 1, 4
    if any(kind not in (unsigned, undefined) for kind in tags.get(_SAMPLE_FORMAT, (unsigned,))):
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"TIFF, {bits} bits, signed or float")
    # Pillow inverts WhiteIsZero for up to 8 bits but not for 16.
    return bits, picture.mode.startswith("I;16") and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
