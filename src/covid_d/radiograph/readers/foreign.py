"""Files that are no film: name what they are, and refuse."""

from __future__ import annotations

from typing import Final, NoReturn

from covid_d.radiograph.refusal import RadiographError, RefusalCode

# How far into the file the marks below are looked for.
_HEAD = 1024

# OID 1.2.840.113549.1.7.3, CMS enveloped data: a DICOM Secure file (PS3.15 Annex D) in DER.
_CMS_ENVELOPE: Final = bytes.fromhex("06092a864886f70d010703")

# Leading bytes -> what the file is.
_ENCRYPTED: Final = (
    b"Salted__",
    b"-----BEGIN PGP MESSAGE",
    b"age-encryption.org/",
    b"LUKS\xba\xbe",
)
_DOCUMENTS: Final = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office"),
    (b"{\\rtf", "RTF"),
)
_OTHER_PICTURES: Final = (
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"SIMPLE  =", "FITS"),
)
_BOXES: Final = (b"ftypavif", b"ftypheic", b"ftypheix", b"ftypmif1")
_NIFTI: Final = (b"n+1\x00", b"ni1\x00")
# A data set without the file header of PS3.10 section 7.1: groups 0002 or 0008, little endian.
_BARE_DICOM: Final = tuple(
    bytes.fromhex(tag)
    for tag in (
        *("02000000", "02000100", "02000200"),
        *("08000000", "08000100", "08000500", "08000800"),
    )
)


def sniff(data: bytes) -> bool:
    """Return true: what no other reader knows is refused here."""
    return True


def decode(data: bytes, sha256: str) -> NoReturn:
    """Refuse the file, naming what it is where its first bytes tell.

    Raises
    ------
    RadiographError
        Always.
    """
    head = data[:_HEAD]
    encrypted_zip = head[:4] == b"PK\x03\x04" and len(head) > 6 and head[6] & 1
    cms = head[:1] == b"\x30" and _CMS_ENVELOPE in head[:64]
    if encrypted_zip or cms or head.startswith(_ENCRYPTED):
        raise RadiographError.of(RefusalCode.ENCRYPTED)
    for mark, what in _DOCUMENTS:
        if head.startswith(mark):
            raise RadiographError.of(RefusalCode.DOCUMENT, what)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        raise RadiographError.of(RefusalCode.DOCUMENT, "HTML/XML/SVG")
    for mark, what in _OTHER_PICTURES:
        if head.startswith(mark):
            raise RadiographError.of(RefusalCode.UNSUPPORTED, what)
    if head[4:12] in _BOXES:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, "AVIF/HEIC")
    if head[344:348] in _NIFTI:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, "NIfTI")
    if head.startswith(_BARE_DICOM):
        raise RadiographError.of(RefusalCode.UNSUPPORTED, "DICOM without the PS3.10 file header")
    raise RadiographError.of(RefusalCode.NOT_AN_IMAGE)
