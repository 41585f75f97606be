"""What is read, said for people: one row a kind of file. The readers decide; this names it.

A test reads a film of each kind, so that no row promises what the code does not do.
"""

from __future__ import annotations

from typing import Final

from covid_d.language import Message


def kinds_read() -> tuple[tuple[str, Message], ...]:
    """Return each kind of file that is read, with what of it."""
    return (*_dicom(), *_PICTURES)


def _dicom() -> tuple[tuple[str, Message], ...]:
    from covid_d.radiograph.readers.dicom_object import syntaxes  # pydicom is slow to load

    return tuple((f"DICOM, {name}", _COLOUR if "8-bit" in name else _DICOM) for name in syntaxes())


_DICOM: Final = Message(
    "Una imagen CR, DX o captura; 8 a 16 bits, MONOCHROME1 o MONOCHROME2, con o sin cabecera.",
    "One CR or DX image or capture; 8 to 16 bits, MONOCHROME1 or MONOCHROME2, with or without "
    "the file's header.",
)
_COLOUR: Final = Message(
    "Una imagen CR, DX o captura; 8 bits, en grises o en color sin color visible.",
    "One CR or DX image or capture; 8 bits, grey, or colour that shows none.",
)
_PICTURES: Final = (
    (
        "PNG",
        Message(
            "Grises de 8 o 16 bits; color sin color visible.",
            "Grey of 8 or 16 bits; colour that shows none.",
        ),
    ),
    (
        "JPEG",
        Message(
            "8 bits (también CMYK de revistas y fotos con vista previa, MPO) o grises de 12 bits.",
            "8 bits (also journals' CMYK and photographs with a preview, MPO), or grey of 12 bits.",
        ),
    ),
    ("JPEG 2000", Message("Grises de 8 a 16 bits.", "Grey of 8 to 16 bits.")),
    (
        "TIFF",
        Message(
            "Una página; grises de 8, 12 o 16 bits; sin comprimir, LZW, Deflate, PackBits o JPEG.",
            "One page; grey of 8, 12 or 16 bits; uncompressed, LZW, Deflate, PackBits or JPEG.",
        ),
    ),
    (
        "BMP",
        Message(
            "Sin comprimir; grises o color sin color visible.",
            "Uncompressed; grey, or colour that shows none.",
        ),
    ),
    (
        "WebP",
        Message(
            "Una imagen, con pérdida; sin pérdida no se distingue si está dañada.",
            "One picture, lossy; of lossless ones damage cannot be told.",
        ),
    ),
)
