"""Make broken and hostile files: whatever may lie in a folder that is called a film."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    JPEG2000MC,
    MPEG2MPML,
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    EncapsulatedPDFStorage,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

import films

Named = Iterator[tuple[str, bytes]]

_SCRIPT = "<script>alert(1)</script>"
_PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Encrypt 2 0 R >>\n%%EOF\n"


def make_hostile_files(folder: Path, count: int = 200, seed: int = 7) -> list[Path]:
    """Write at least ``count`` distinct broken or hostile files (and a few odd folders).

    Parameters
    ----------
    folder
        Where to write; made when missing.
    count
        Least number; bit-flipped variants of good films fill up what the fixed cases leave.
    seed
        Of the variants.

    Returns
    -------
    The paths, sorted. None names a film that any program could read without a doubt; some can be
    read (16-bit, palette, a wrong suffix) and may be answered, all others must be refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, data in _all(np.random.default_rng(seed), count):
        path = folder / name
        path.write_bytes(data)
        paths.append(path)
    for name in ("folder.dcm", "folder.png"):
        (folder / name).mkdir(exist_ok=True)
        paths.append(folder / name)
    return sorted(paths)


def _all(rng: np.random.Generator, count: int) -> Named:
    good = dict(_good())
    made = 0
    for source in (_cut(good), _renamed(good), _pictures(), _dicom(), _foreign(), _garbage(rng)):
        for item in source:
            made += 1
            yield item
    for turn, (name, data) in enumerate(_flipped(good, rng)):
        if made + turn >= count and turn >= 5 * len(good):
            return
        yield name, data


def _good() -> Named:
    grey, deep = films.grey8(), films.grey16()
    yield "film.png", films.picture(grey)
    yield "deep.png", films.picture(deep)
    yield "film.jpg", films.picture(grey, "JPEG", quality=90)
    yield "progressive.jpg", films.picture(grey, "JPEG", quality=90, progressive=True)
    yield "film.tif", films.picture(grey, "TIFF")
    yield "lzw.tif", films.picture(deep, "TIFF", compression="tiff_lzw")
    yield "film.webp", films.picture(grey, "WEBP", quality=90)
    yield "native.dcm", films.dicom()
    yield "jpeg.dcm", films.jpeg_dicom(grey)
    yield "j2k.dcm", films.j2k_dicom(deep)
    yield "rle.dcm", films.rle_dicom(films.grey16(bits=12))


def _cut(good: dict[str, bytes]) -> Named:
    for name, data in good.items():
        for percent in (1, 5, 20, 50, 80, 95):
            yield f"cut-{percent}-{name}", data[: len(data) * percent // 100]


def _renamed(good: dict[str, bytes]) -> Named:
    yield "zero.png", b""
    yield "zero.dcm", b""
    yield "text.png", b"This is not a film.\n"
    yield "text.dcm", "radiografía de tórax\n".encode()
    yield "png-called.dcm", good["film.png"]
    yield "jpeg-called.png", good["film.jpg"]
    yield "dicom-called.jpg", good["native.dcm"]
    yield "no-suffix", good["film.tif"]
    yield "lost-preamble.dcm", good["native.dcm"][132:]
    yield "ascii-transfer.png", good["film.png"].replace(b"\r\n", b"\n")


def _pictures() -> Named:
    grey = Image.fromarray(films.grey8())
    pages = [grey, grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    more = {"save_all": True, "append_images": pages[1:]}
    yield "animated.gif", films.picture(grey, "GIF", **more)
    yield "animated.png", films.picture(grey, "PNG", **more)
    yield "animated.webp", films.picture(grey, "WEBP", **more)
    yield "pages.tif", films.picture(grey, "TIFF", **more)
    yield "two.mpo", films.picture(grey, "MPO", **more)
    yield "still.gif", films.picture(grey, "GIF")
    yield "film.bmp", films.picture(grey, "BMP")
    yield "film.jp2", films.picture(grey, "JPEG2000")
    yield "one-bit.png", films.picture(grey.convert("1"))
    yield "palette.png", films.picture(grey.convert("P"))
    yield "clear-palette.png", films.picture(grey.convert("P"), transparency=0)
    yield "alpha.png", films.picture(grey.convert("RGBA"))
    yield "grey-alpha.png", films.picture(grey.convert("LA"))
    yield "sixteen.png", films.picture(films.grey16(bits=12))
    yield "cmyk.jpg", films.picture(grey.convert("CMYK"), "JPEG")
    yield "cmyk.tif", films.picture(grey.convert("CMYK"), "TIFF")
    yield "lab.tif", films.picture(Image.merge("LAB", [grey] * 3), "TIFF")
    yield "float.tif", films.picture(grey.convert("F"), "TIFF")
    yield "nan.tif", films.picture(np.full((128, 128), np.nan, dtype=np.float32), "TIFF")
    yield "thirty-two.tif", films.picture(grey.convert("I"), "TIFF")
    yield "big-endian.tif", _big_endian_tiff()
    yield "colour.png", films.picture(_rainbow())
    yield "colour.jpg", films.picture(_rainbow(), "JPEG")
    yield "blank.png", films.picture(np.full((256, 256), 90, dtype=np.uint8))
    yield "black.jpg", films.picture(np.zeros((256, 256), dtype=np.uint8), "JPEG")
    yield "thumbnail.png", films.picture(films.grey8(size=64))
    yield "one-pixel.png", films.picture(np.zeros((1, 1), dtype=np.uint8))
    yield "ribbon.png", films.picture(np.tile(films.grey8(size=128), (1, 10)))
    yield "wrong-checksum.png", _wrong_checksum()
    yield "bomb-30000.png", png_of_declared_size(30_000, 30_000)
    yield "bomb-9000.png", png_of_declared_size(9_000, 9_000)
    yield "bomb-2147483647.png", png_of_declared_size(2**31 - 1, 2**31 - 1)
    yield "bomb-short.png", png_of_declared_size(30_000, 30_000, data=b"\x00" * 10)
    yield "no-size.png", png_of_declared_size(0, 0)
    yield "text-bomb.png", _text_bomb()
    yield "bomb.jpg", _jpeg_of_declared_size(65_000, 65_000)
    yield "bomb.tif", _tiff_of_declared_size(60_000, 60_000)
    yield "loop.tif", _looping_tiff()


def _big_endian_tiff() -> bytes:
    samples = films.grey16().astype(">u2").tobytes()
    return films.picture(Image.frombytes("I;16B", (160, 160), samples), "TIFF")


def _rainbow() -> np.ndarray:
    across, down = np.meshgrid(np.arange(160, dtype=np.uint8), np.arange(160, dtype=np.uint8))
    return np.dstack([across, down, 255 - across])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_declared_size(width: int, height: int, data: bytes | None = None) -> bytes:
    """Return a PNG whose header declares a size; tiny, whatever the size.

    Parameters
    ----------
    width, height
        As declared.
    data
        What the pixels inflate to; as many zeros as a bomb would have, when left out.
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    if data is None:
        squeeze = zlib.compressobj(1)
        rows = min((width + 1) * height, 50_000_000)
        pieces = [squeeze.compress(bytes(1_000_000)) for _ in range(rows // 1_000_000)]
        squeezed = b"".join(pieces) + squeeze.flush()
    else:
        squeezed = zlib.compress(data)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), _chunk(b"IDAT", squeezed), _chunk(b"IEND", b""))
    )


def _wrong_checksum() -> bytes:
    data = bytearray(films.picture(films.grey8()))
    data[data.index(b"IDAT") + 500] ^= 0xFF
    return bytes(data)


def _text_bomb() -> bytes:
    good = films.picture(films.grey8())
    chunk = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(20_000_000), 1))
    return good[:33] + chunk + good[33:]


def _jpeg_of_declared_size(width: int, height: int) -> bytes:
    data = bytearray(films.picture(films.grey8(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _tiff_of_declared_size(width: int, height: int) -> bytes:
    tags = ((256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (279, 100))
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + body + bytes(4)


def _looping_tiff() -> bytes:
    """Return a TIFF whose second page is followed by its first, for ever."""
    data = bytearray(films.picture(films.grey8(), "TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    directory = bytes(data[first : first + 2 + 12 * entries])
    if len(data) % 2:
        data += b"\x00"
    struct.pack_into("<I", data, first + 2 + 12 * entries, len(data))
    return bytes(data) + directory + struct.pack("<I", first)


def _dicom() -> Named:
    grey, deep = films.grey8(), films.grey16(bits=12)
    yield "no-pixels.dcm", films.dicom(PixelData=None)
    yield "empty-pixels.dcm", films.dicom(PixelData=b"")
    edits: dict[str, dict[str, Any]] = {
        "rows-0": {"Rows": 0},
        "rows-1": {"Rows": 1},
        "rows-more": {"Rows": 161},
        "rows-less": {"Rows": 159},
        "rows-65535": {"Rows": 65535, "Columns": 65535},
        "columns-less": {"Columns": 150},
        "columns-more": {"Columns": 170},
        "no-columns": {"Columns": None},
        "frames-3": {"NumberOfFrames": 3},
        "frames-0": {"NumberOfFrames": 0},
        "frames-huge": {"NumberOfFrames": 2**31 - 1},
        "samples-3": {"SamplesPerPixel": 3},
        "samples-0": {"SamplesPerPixel": 0},
        "bits-8": {"BitsAllocated": 8, "BitsStored": 8},
        "bits-1": {"BitsAllocated": 1, "BitsStored": 1},
        "bits-0": {"BitsStored": 0, "HighBit": 0},
        "bits-20": {"BitsStored": 20},
        "bits-64": {"BitsAllocated": 64, "BitsStored": 64},
        "high-bit": {"HighBit": 7},
        "signed-7": {"PixelRepresentation": 7},
        "photometric": {"PhotometricInterpretation": "MONOCHROME3"},
        "ybr": {"PhotometricInterpretation": "YBR_FULL"},
        "palette": {"PhotometricInterpretation": "PALETTE COLOR"},
        "polarity": {"PresentationLUTShape": "INVERSE"},
        "slope-0": {"RescaleSlope": 0, "RescaleIntercept": 0},
        "slope-huge": {"RescaleSlope": "1e308", "RescaleIntercept": "1e308"},
        "window-0": {"WindowCenter": 0, "WindowWidth": 0},
        "window-negative": {"WindowCenter": 0, "WindowWidth": -5},
        "window-many": {"WindowCenter": [1, 2, 3], "WindowWidth": [1]},
        "function": {"WindowCenter": 9, "WindowWidth": 9, "VOILUTFunction": "CUBIC"},
        "padding-all": {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 4095},
        "script": {"PatientName": _SCRIPT, "BodyPartExamined": _SCRIPT, "PatientID": _SCRIPT},
        "ct": {"Modality": "CT"},
        "foot": {"BodyPartExamined": "FOOT"},
        "lateral": {"ViewPosition": "LL"},
        "child": {"PatientAge": "004Y"},
    }
    for name, edit in edits.items():
        yield f"{name}.dcm", films.dicom(deep, **edit)
    yield "bad-lut.dcm", films.dicom(VOILUTSequence=Sequence([Dataset()]))
    yield "short-lut.dcm", films.dicom(VOILUTSequence=films.lut([0, 1, 2], entries=4096))
    yield "modality-lut.dcm", films.dicom(ModalityLUTSequence=films.lut([0, 1], bits=3))
    yield (
        "encrypted.dcm",
        films.dicom(PixelData=None, EncryptedAttributesSequence=Sequence([Dataset()])),
    )
    yield "pdf-inside.dcm", _document(EncapsulatedPDFStorage, EncapsulatedDocument=_PDF)
    yield "report.dcm", _document(BasicTextSRStorage, CompletionFlag="COMPLETE")
    yield "deep-sequences.dcm", films.part10(_nested(60))
    yield "deeper-sequences.dcm", _deep_sequences(5_000)
    yield "deflate-bomb.dcm", _deflate_bomb()
    yield "unknown-syntax.dcm", films.encapsulated(films.dataset(grey), b"\x00\x01", JPEG2000MC)
    yield "video.dcm", films.encapsulated(films.dataset(grey), bytes(64), MPEG2MPML)
    for syntax in (JPEGBaseline8Bit, JPEG2000, JPEGLosslessSV1, JPEGLSLossless, RLELossless):
        name = syntax.name.split(" (")[0].replace(" ", "-").replace(",", "").lower()
        yield f"empty-{name}.dcm", films.encapsulated(films.dataset(grey), b"\x00\x00", syntax)
        yield f"noise-{name}.dcm", films.encapsulated(films.dataset(grey), bytes(512), syntax)
    small = films.picture(films.grey8(size=100), "JPEG")
    yield "small-stream.dcm", films.encapsulated(films.dataset(grey), small, JPEGBaseline8Bit)
    huge = _jpeg_of_declared_size(60_000, 60_000)
    yield "huge-stream.dcm", films.encapsulated(films.dataset(grey), huge, JPEGBaseline8Bit)
    for name, syntax in (("lossless", JPEGLosslessSV1), ("jpeg-ls", JPEGLSLossless)):
        lie = films.picture(grey, "JPEG")
        yield f"jpeg-as-{name}.dcm", films.encapsulated(films.dataset(grey), lie, syntax)
    yield "rle-bomb.dcm", films.encapsulated(films.dataset(grey), _rle_bomb(), RLELossless)


def _document(sop_class: str, **elements: object) -> bytes:
    document = films.dataset(PixelData=None, Rows=None, Columns=None)
    document.SOPClassUID = sop_class
    document.Modality = "DOC"
    for keyword, value in elements.items():
        setattr(document, keyword, value)
    return films.part10(document)


def _nested(depth: int) -> Dataset:
    film = films.dataset(PixelData=None)
    inner = Dataset()
    for _ in range(depth):
        outer = Dataset()
        outer.ContentSequence = Sequence([inner])
        inner = outer
    film.ContentSequence = Sequence([inner])
    return film


def _deep_sequences(depth: int) -> bytes:
    """Return a DICOM file with sequences nested deeper than a parser can recurse."""
    opening = b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return films.dicom(PixelData=None) + opening * depth


def _deflate_bomb() -> bytes:
    """Return a deflated DICOM file that inflates to 300 MB of Pixel Data."""
    film = films.dataset(PixelData=None)
    plain = films.part10(film)
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated = films.part10(film)
    squeeze = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    element = b"\xe0\x7f\x10\x00OW\x00\x00" + struct.pack("<I", 300 << 20)
    pieces = [squeeze.compress(plain[_end_of_meta(plain) :] + element)]
    pieces += [squeeze.compress(bytes(1 << 20)) for _ in range(300)]
    return deflated[: _end_of_meta(deflated)] + b"".join(pieces) + squeeze.flush()


def _end_of_meta(data: bytes) -> int:
    return int(144 + struct.unpack_from("<I", data, 140)[0])


def _rle_bomb() -> bytes:
    """Return an RLE frame of one segment that repeats bytes far beyond the film's size."""
    return struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\x00" * 100_000


def _foreign() -> Named:
    archive = BytesIO()
    with ZipFile(archive, "w") as files:
        files.writestr(ZipInfo("film.png"), films.picture(films.grey8()))
    packed = archive.getvalue()
    locked = bytearray(packed)
    locked[6] |= 1  # general purpose flag: encrypted
    yield "archive.dcm", packed
    yield "locked.png", bytes(locked)
    yield "document.jpg", _PDF
    yield "page.png", f"<!DOCTYPE html><html>{_SCRIPT}</html>".encode()
    yield "drawing.png", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    yield "entities.svg.png", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    yield "squeezed.dcm", b"\x1f\x8b\x08\x00" + bytes(60)
    yield "letter.dcm", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)
    yield "envelope.dcm", b"\x30\x82\x10\x00\x06\x09*\x86H\x86\xf7\r\x01\x07\x03" + bytes(99)
    yield "sealed.png", b"Salted__" + bytes(range(200))
    yield "volume.nii", bytes(344) + b"n+1\x00" + bytes(200)
    yield "photo.heic", b"\x00\x00\x00\x18ftypheic" + bytes(64)


def _garbage(rng: np.random.Generator) -> Named:
    marks = {
        "png": b"\x89PNG\r\n\x1a\n",
        "jpg": b"\xff\xd8\xff\xe0",
        "tif": b"II*\x00",
        "bigtif": b"II+\x00",
        "webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        "dcm": bytes(128) + b"DICM",
        "dcm-meta": bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00\xc8\x00\x00\x00",
        "bin": b"",
    }
    for name, mark in marks.items():
        for size in (8, 3_000):
            yield f"noise-{size}.{name}", mark + rng.bytes(size)


def _flipped(good: dict[str, bytes], rng: np.random.Generator) -> Named:
    """Yield good films with a few bytes changed, without end; every other time in the header."""
    turn = 0
    while True:
        for name, data in good.items():
            broken = bytearray(data)
            reach = min(len(data), 700) if turn % 2 else len(data)
            for at in rng.integers(0, reach, size=int(rng.integers(1, 12))):
                broken[at] ^= int(rng.integers(1, 256))
            yield f"flipped-{turn}-{name}", bytes(broken)
        turn += 1
