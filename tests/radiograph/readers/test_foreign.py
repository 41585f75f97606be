"""Files that are no film: named where their first bytes tell."""

from __future__ import annotations

import pytest

from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.radiograph.readers import foreign


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"%PDF-1.4", RefusalCode.DOCUMENT, "PDF"),
        (b"PK\x03\x04\x14\x00\x00\x00", RefusalCode.DOCUMENT, "ZIP"),
        (b"PK\x03\x04\x14\x00\x01\x00", RefusalCode.ENCRYPTED, ""),
        (b"PK\x03\x04", RefusalCode.DOCUMENT, "ZIP"),
        (b"  \r\n<HTML>", RefusalCode.DOCUMENT, "HTML"),
        (b"\xef\xbb\xbf<?xml version", RefusalCode.DOCUMENT, "XML"),
        (b"Salted__abc", RefusalCode.ENCRYPTED, ""),
        (b"-----BEGIN PGP MESSAGE-----", RefusalCode.ENCRYPTED, ""),
        (b"\x30\x80\x06\x09*\x86H\x86\xf7\r\x01\x07\x03", RefusalCode.ENCRYPTED, ""),
        (b"\x30\x80\x06\x09*\x86H\x86\xf7\r\x01\x07\x02", RefusalCode.NOT_AN_IMAGE, ""),
        (b"\xff\x0a\x40", RefusalCode.UNSUPPORTED, "JPEG XL"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", RefusalCode.UNSUPPORTED, "JPEG XL"),
        (b"P5\n300 300\n255\n", RefusalCode.UNSUPPORTED, "PNM"),
        (b"P5 is a marker", RefusalCode.UNSUPPORTED, "PNM"),
        (b"P52", RefusalCode.NOT_AN_IMAGE, ""),
        (b"v/1\x01\x02", RefusalCode.UNSUPPORTED, "OpenEXR"),
        (b"NRRD0004\n", RefusalCode.UNSUPPORTED, "NRRD"),
        (b"ObjectType = Image\n", RefusalCode.UNSUPPORTED, "MetaImage"),
        (b"\x89HDF\r\n\x1a\n", RefusalCode.UNSUPPORTED, "HDF5"),
        (b"\x93NUMPY\x01\x00", RefusalCode.UNSUPPORTED, "NumPy"),
        (b"GIF89a", RefusalCode.UNSUPPORTED, "GIF"),
        (b"BM6\x00", RefusalCode.NOT_AN_IMAGE, ""),
        (b"\x00\x00\x00 ftypheic", RefusalCode.HEIC, "HEIC"),
        (b"\x00\x00\x00 ftypmsf1", RefusalCode.HEIC, "HEIC"),
        (b"\x00\x00\x00 ftypheim\x00\x00\x00\x00mif1", RefusalCode.HEIC, "HEIC"),
        (b"\x00\x00\x00 ftypmif1\x00\x00\x00\x00avif", RefusalCode.UNSUPPORTED, "AVIF"),
        (b"\x00\x00\x00 ftypisom\x00\x00\x00\x00mp42", RefusalCode.NOT_AN_IMAGE, ""),
        (b"\x00\x00\x00 ftypavif", RefusalCode.UNSUPPORTED, "AVIF"),
        (bytes(344) + b"ni1\x00", RefusalCode.UNSUPPORTED, "NIfTI"),
        (b"plain text", RefusalCode.NOT_AN_IMAGE, ""),
        (b"\x00", RefusalCode.NOT_AN_IMAGE, ""),
    ],
)
def test_what_it_is(data: bytes, code: RefusalCode, word: str) -> None:
    assert foreign.sniff(data)
    with pytest.raises(RadiographError) as caught:
        foreign.decode(data, "")
    assert caught.value.refusal.code is code
    assert word in caught.value.refusal.message.en
    assert word in caught.value.refusal.message.es
