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
    (b"8BPS", "Photoshop"),
    (b"SIMPLE  =", "FITS"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    *((b"P%d%b" % (kind, space), "PNM") for kind in range(1, 8) for space in (b"\n", b" ", b"\r")),
    (b"v/1\x01", "OpenEXR"),
    (b"NRRD", "NRRD"),
    (b"ObjectType =", "MetaImage"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"\x93NUMPY", "NumPy"),
)
_AVIF: Final = frozenset((b"avif", b"avis"))
# ISO/IEC 23008-12 B.4 and 10: still pictures and sequences coded as HEVC, and the format's own.
_HEIF: Final = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
_NIFTI: Final = (b"n+1\x00", b"ni1\x00")


def sniff(data: bytes) -> bool:
    """Return true: what no other reader knows is refused here."""
    return True


def decode(data: bytes, sha256: str, *, whole: bool = False) -> NoReturn:
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
    if head[4:8] == b"ftyp":  # ISO/IEC 14496-12 4.3: the major brand, a version, compatible ones
        brands = {head[at : at + 4] for at in range(8, min(len(head), 64), 4)}
        if not brands.isdisjoint(_AVIF):
            raise RadiographError.of(RefusalCode.UNSUPPORTED, "AVIF")
        if not brands.isdisjoint(_HEIF):
            raise RadiographError.of(RefusalCode.HEIC)
    if head[344:348] in _NIFTI:
        raise RadiographError.of(RefusalCode.UNSUPPORTED, "NIfTI")
    raise RadiographError.of(RefusalCode.NOT_AN_IMAGE)
