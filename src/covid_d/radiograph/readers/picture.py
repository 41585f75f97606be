"""PNG, JPEG, JPEG 2000, TIFF, BMP and WebP, through Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
from covid_d.radiograph.readers.blocks import require_level_of
from covid_d.radiograph.readers.bmp import require_sound_bmp
from covid_d.radiograph.readers.codestream import Codestream, Coding
from covid_d.radiograph.readers.decoded import Decoded
from covid_d.radiograph.readers.grey import (
    NO_COLOURS,
    Colours,
    grey_of,
    of_fewest_bits,
    over_black,
    scale,
    top_of,
)
from covid_d.radiograph.readers.limits import MAX_PIXELS, require_size
from covid_d.radiograph.readers.resolution import pixel_ratio
from covid_d.radiograph.readers.sound import (
    is_lossless_webp,
    require_sound_jpeg,
    require_sound_webp,
    sound_grey_jpeg,
)
from covid_d.radiograph.readers.square import is_square, made_square
from covid_d.radiograph.readers.tiff import require_sound_tiff
from covid_d.radiograph.readers.tiff_strips import require_sound_strips
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

_DEEPEST: Final = 16  # bits
# The least that the eight high bits of a film's brightest sample are, where all 16 are in use.
_IN_USE: Final = 128

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

_ON_THE_SIDE: Final = (
    *(Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270),
    *(Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90),
)

# TIFF 6.0 tags.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _PLANAR_CONFIGURATION, _BYTE = 0, 284, 8


def sniff(data: bytes) -> bool:
    """Return whether the file starts like a picture of one of the kinds above."""
    return bool(_format(data))


def decode(data: bytes, sha256: str, *, whole: bool = False) -> Decoded:
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
    if kind == "JPEG":
        stream = Codestream.of(data)
        if stream.precision > 8:
            return Decoded(*_deep_jpeg(data, sha256))
        pixels = _grey_jpeg(data) if stream.components == 1 else None
        if pixels is not None:
            return Decoded(pixels, Facts(format=kind, sha256=sha256, bits=8))
    if kind == "JPEG2000" and not whole:
        lowered = _lowered(data, sha256)
        if lowered is not None:
            return lowered
    with _opened(data, kind) as picture:
        return Decoded(*_decoded(picture, data, kind, sha256))


def upright(data: bytes) -> Image.Image:
    """Return a picture as it is to be looked at, in its own colours.

    Raises
    ------
    RadiographError
        As :func:`decode`; also where the file is of another kind, or of a depth that Pillow does
        not read.
    """
    kind = _format(data)
    if not kind or (kind == "JPEG" and Codestream.of(data).precision > 8):
        raise RadiographError.of(RefusalCode.UNSUPPORTED, kind or "?")
    try:
        with _opened(data, kind) as picture:
            negative = (
                isinstance(picture, TiffImagePlugin.TiffImageFile) and (_tiff_samples(picture)[1])
            )
            turned = _turned(picture, data, kind)
            turned.load()
    except (OSError, SyntaxError, ValueError) as error:  # as damaged as `read` would find it
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=str(error)) from error
    return Image.fromarray(65535 - np.asarray(turned)) if negative else turned


@contextmanager
def _opened(data: bytes, kind: str) -> Iterator[Image.Image]:
    """Open a picture of which the size, the soundness and the number of frames were checked."""
    with _headed(data, kind) as picture:
        _require_sound(picture, data, kind)
    # Opened anew: what was checked was used up.
    with _headed(data, kind) as picture:
        _require_single(picture)
        yield picture


@contextmanager
def _headed(data: bytes, kind: str) -> Iterator[Image.Image]:
    """Open a picture of which only the size was checked."""
    try:
        with Image.open(BytesIO(data), formats=_PLUGINS.get(kind, (kind,))) as picture:
            require_size(*picture.size)
            yield picture
    except Image.DecompressionBombError as error:
        raise RadiographError.of(
            RefusalCode.TOO_LARGE, f"> {MAX_PIXELS // 1_000_000} MP", cause=str(error)
        ) from error


def _grey_jpeg(data: bytes) -> FloatImage | None:
    """Return the pixels of a JPEG of one component: checked and decoded in one, as most films are.

    Returns
    -------
    ``None`` where Pillow and libjpeg-turbo do not agree on what it is.
    """
    with _headed(data, "JPEG") as picture:
        size, mode, turn = picture.size, picture.mode, _turn_of(picture)
        ratio = pixel_ratio(picture)
    samples = sound_grey_jpeg(data) if mode == "L" else None
    if samples is None or samples.shape != size[::-1]:
        return None
    require_level_of(data, samples)
    if turn is not None:
        samples = np.asarray(Image.fromarray(samples).transpose(turn))
    return made_square(scale(samples, 255), _turned_ratio(ratio, turn))


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


def _lowered(data: bytes, sha256: str) -> Decoded | None:
    """Return a large grey JPEG 2000 at a lower resolution; ``None`` where it is read whole."""
    stream = Codestream.of(data)
    with _headed(data, "JPEG2000") as picture:
        mode, turn, square = picture.mode, _turn_of(picture), is_square(pixel_ratio(picture))
    plain = stream.components == 1 and not stream.signed and mode in ("L", "I;16")
    if not plain or turn is not None or not square:
        return None
    from covid_d.radiograph.readers.jpeg2000 import lowered_samples_of  # pydicom is slow to load

    found = lowered_samples_of(data, rows=stream.rows, columns=stream.columns)
    if found is None:
        return None
    samples, halvings = found
    wide = 8 if mode == "L" else _DEEPEST
    top = (1 << wide) - 1
    if stream.precision == _DEEPEST:
        samples = of_fewest_bits(samples)
        top = top_of(int(samples.max()))
    # As Pillow does, so that both readings are of one grey.
    pixels = scale(samples << (wide - stream.precision), top)
    facts = Facts(format=_NAMES["JPEG2000"], sha256=sha256, bits=stream.precision)
    return Decoded(pixels, facts, halvings, (stream.columns, stream.rows))


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
    elif kind == "BMP":
        require_sound_bmp(data)
    elif kind == "WEBP":
        require_sound_webp(data)
        if is_lossless_webp(data):
            # No checksum, and its codes find their place again: damage passes for a drift of grey.
            raise RadiographError.of(RefusalCode.UNSUPPORTED, "WebP lossless")
    elif isinstance(picture, TiffImagePlugin.TiffImageFile):
        require_sound_tiff(data)
        require_sound_strips(picture, data)
    elif kind == "JPEG2000":
        from covid_d.radiograph.readers.jpeg2000 import require_sound  # pydicom is slow to load

        require_sound(data)


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
    ratio = _turned_ratio(pixel_ratio(picture), _turn_of(picture))
    pixels, colours = _grey(_turned(picture, data, kind), kind, bits)
    if negative:
        pixels = np.float32(1.0) - pixels
    pixels = made_square(pixels, ratio)
    name = _NAMES.get(kind, kind)
    return pixels, Facts(format=name, sha256=sha256, bits=bits, **colours._asdict())


def _turned(picture: Image.Image, data: bytes, kind: str) -> Image.Image:
    picture.load()  # Pillow itself turns a TIFF upright here, and drops its orientation
    if kind == "JPEG" and picture.mode in ("L", "RGB"):
        # Green is nearest to what the stream holds: grey and two differences.
        grey = picture if picture.mode == "L" else picture.getchannel("G")
        require_level_of(data, np.asarray(grey))
    turn = _turn_of(picture)
    return picture if turn is None else picture.transpose(turn)


def _turned_ratio(ratio: float, turn: Image.Transpose | None) -> float:
    """Return the height by width of a pixel once its picture is upright."""
    return 1 / ratio if turn in _ON_THE_SIDE else ratio


def _turn_of(picture: Image.Image) -> Image.Transpose | None:
    return _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1))


def _grey(picture: Image.Image, kind: str, bits: int) -> tuple[FloatImage, Colours]:
    mode = picture.mode
    if mode.startswith("I;16") or (mode == "I" and kind == "PNG"):
        if "transparency" in picture.info:
            raise RadiographError.of(RefusalCode.UNSUPPORTED, f"{kind}, 16 bits, transparency")
        samples = np.asarray(picture)
        # OpenJPEG fills samples of 9 to 15 bits up to 16; of 16 some use fewer, as anywhere.
        filled = kind == "JPEG2000" and bits < _DEEPEST
        top = 65535 if filled else min(top_of(int(samples.max())), (1 << bits) - 1)
        return scale(samples, top), NO_COLOURS
    if bits == _DEEPEST and kind in ("PNG", "TIFF"):
        _require_high_bits(picture, kind)
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


def _require_high_bits(picture: Image.Image, kind: str) -> None:
    """Refuse 16-bit samples that use the lower bits alone: Pillow keeps the eight high ones."""
    channels = picture.split()[: 1 if picture.mode == "LA" else 3]
    if max(int(np.asarray(channel).max()) for channel in channels) < _IN_USE:
        what = f"{kind}, {len(picture.getbands())} x 16 bits, the high ones not in use"
        raise RadiographError.of(RefusalCode.UNSUPPORTED, what)


def _tiff_samples(picture: TiffImagePlugin.TiffImageFile) -> tuple[int, bool]:
    """Return bits a sample, and whether Pillow leaves zero as white."""
    tags = picture.tag_v2
    bits = int(tags.get(_BITS_PER_SAMPLE, (1,))[0])
    unsigned, undefined = 1, 4
    if any(kind not in (unsigned, undefined) for kind in tags.get(_SAMPLE_FORMAT, (unsigned,))):
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"TIFF, {bits} bits, signed or float")
    # Pillow 13.0 takes planes of 16 bits for planes of 8.
    if bits > _BYTE and tags.get(_PLANAR_CONFIGURATION, 1) != 1 and len(picture.getbands()) > 1:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, f"TIFF, planes of {bits} bits")
    # Pillow inverts WhiteIsZero for up to 8 bits but not for 16.
    return bits, picture.mode.startswith("I;16") and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
