"""Which files of a folder are looked at: every kind that is read, and those refused with advice."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.suffixes import SUFFIXES, may_be_film


@pytest.mark.parametrize(
    "name",
    [
        *("a.dcm", "A.DCM", "IM0001", "1.2.840.113619.2", "b.png", "c.JPG", "d.jpeg", "e.tiff"),
        *("f.bmp", "g.jp2", "h.j2k", "i.webp", "j.MPO", "k.heic", "l.ima", "radiografía.HEIF"),
    ],
)
def test_may_be_a_film(name: str) -> None:
    assert may_be_film(name)


@pytest.mark.parametrize(
    "name", [".hidden.png", "DICOMDIR", "dicomdir", "notes.txt", "table.csv", "report.pdf", "a.py"]
)
def test_is_none(name: str) -> None:
    assert not may_be_film(name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "WEBP"])
def test_every_suffix_that_belongs_to_a_format_read_is_in_the_list(
    kind: str, tmp_path: Path
) -> None:
    # Pillow's own table of suffixes; those that it writes and we read must all be found.
    Image.init()
    own = {suffix for suffix, name in Image.registered_extensions().items() if name == kind}
    rare = {".apng", ".jpe", ".dib"}
    assert own - rare <= SUFFIXES
    for suffix in sorted(own - rare)[:1]:
        path = tmp_path / f"film{suffix}"
        path.write_bytes(films.picture(films.grey8(), kind))
        assert read(path).pixels.shape == (160, 160)


def test_a_photograph_of_a_telephone_is_refused_by_name_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))
    assert may_be_film(path.name)
    with pytest.raises(RadiographError) as caught:
        read(path)
    assert caught.value.refusal.code is RefusalCode.HEIC
