"""Films of every kind through the page's one door: read as Python reads them, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

import films
import hostile
import on_node
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.refusal import RefusalCode
from covid_d.radiograph.sample import sample_bytes
from offline_films import NOT_HERE, by_page, by_python, differences, facts

pytestmark = pytest.mark.slow  # wants Node


def test_hostile_files_are_never_answered_where_python_refuses(tmp_path: Path) -> None:
    """Every code is Python's; what is not read here says so, whatever is wrong with it."""
    made = hostile.make_hostile_files(tmp_path / "hostile", 200)
    files = {path.name: path.read_bytes() for path in made if path.is_file()}
    found = by_page(tmp_path, files)
    ours = {name: by_python(data) for name, data in files.items()}
    told = {name: page for name, page in found.items() if page.get("code") != NOT_HERE}
    codes = {name: {"code": page["code"]} for name, page in told.items() if "code" in page}
    assert told | codes == {name: ours[name] for name in told}
    assert len(told) > 120
    assert len(codes) < len(told)


def test_a_real_film(tmp_path: Path) -> None:
    data = sample_bytes()
    assert by_page(tmp_path, {"film": data})["film"] == by_python(data)


def framed(pixels: npt.NDArray[np.float32], margin: int, grey: float) -> bytes:
    """Return a film with a margin, as a PNG of 16 bits."""
    whole = np.pad(pixels, margin, constant_values=np.float32(grey))
    return films.picture(np.rint(whole * 65535).astype(np.uint16))


def test_margins(tmp_path: Path) -> None:
    film = draw_phantom(4, size=150).pixels
    rng = np.random.default_rng(2)
    ringing = np.pad(film, 20, constant_values=np.float32(0.4))
    ringing[:20] += rng.normal(0, 0.01, (20, 190)).astype(np.float32)
    letterbox = np.pad(np.pad(film, ((10, 10), (0, 0))), ((0, 0), (25, 5)), constant_values=1)
    speck = np.zeros((200, 200), dtype=np.float32)
    speck[80:90, 90:99] = 0.7
    cases = {
        "black": framed(film, 30, 0.0),
        "white": framed(film, 17, 1.0),
        "grey": framed(film, 9, 0.5),
        "ringing": films.picture(np.rint(ringing.clip(0, 1) * 255).astype(np.uint8)),
        "letterbox": films.picture(np.rint(letterbox * 255).astype(np.uint8)),
        "speck": films.picture(np.rint(speck * 255).astype(np.uint8)),
        "blank": films.picture(np.full((150, 150), 80, np.uint8)),
        "small": framed(film[:90], 30, 0.0),
    }
    found = by_page(tmp_path, cases)
    assert not differences(tmp_path, cases)
    assert all(found[name]["box"][0] >= 9 for name in ("black", "white", "grey", "ringing"))
    assert found["white"]["picture"] == [184, 184]
    assert found["small"]["code"] == "too_small"


def coded(syntax: str) -> bytes:
    """Return a DICOM film of a coding: which one is told by the header, before its stream."""
    return films.encapsulated(films.dataset(films.grey8()), bytes(64), syntax)


def test_what_python_reads_and_this_does_not_is_called_by_its_name(tmp_path: Path) -> None:
    grey = films.grey8()
    pictures = {"JPEG2000": "JPEG 2000", "TIFF": "TIFF", "BMP": "BMP", "WEBP": "WEBP"}
    cases = {named: films.picture(grey, kind) for kind, named in pictures.items()}
    codings = {
        "DICOM, JPEG 2000 Image Compression (Lossless Only)": JPEG2000Lossless,
        "DICOM, JPEG 2000 Image Compression": JPEG2000,
        "DICOM, JPEG Lossless, Non-Hierarchical (Process 14)": JPEGLossless,
        "DICOM, JPEG-LS Lossless Image Compression": JPEGLSLossless,
        "DICOM, JPEG-LS Lossy (Near-Lossless) Image Compression": JPEGLSNearLossless,
    }
    cases |= {named: coded(syntax) for named, syntax in codings.items()}
    found = by_page(tmp_path, cases)
    assert found == {named: {"code": NOT_HERE, "detail": named} for named in cases}


def test_what_neither_reads_is_called_by_its_name(tmp_path: Path) -> None:
    apple = b"\x00\x00\x00\x18ftypheic" + bytes(64)
    cases = {"heic": apple, "video": coded(MPEG2MPML)}
    found = by_page(tmp_path, cases)
    assert found["heic"] == {"code": "heic_photo", "detail": ""}
    unread = {"video": "MPEG2 Main Profile / Main Level"}
    for name, what in unread.items():
        assert found[name] == {"code": "unsupported_encoding", "detail": what}
    for name, data in cases.items():
        with pytest.raises(RadiographError) as caught:
            read(data)
        refusal = caught.value.refusal
        assert refusal.code == found[name]["code"]
        assert unread.get(name, "") in refusal.message.en


def test_every_code_is_one_of_pythons(tmp_path: Path) -> None:
    """A code that is quoted in a module has its sentence."""
    known = {code.value for code in RefusalCode}
    quoted = set()
    for path in (on_node.WEB / "radiograph").rglob("*.mjs"):
        source = path.read_text("utf-8")
        pieces = source.split('new Refusal("')[1:]
        quoted |= {piece.partition('"')[0] for piece in pieces}
    assert quoted <= known
    assert len(quoted) > 15


def test_nothing_but_a_refusal_leaves_the_door(tmp_path: Path) -> None:
    source = """
    import { read } from "@web/radiograph/read.mjs";
    export default async function ({ facts }) {
      const broken = { radiograph: { ...facts.radiograph, frame: null } };
      const found = [];
      for (const [bytes, told] of [
        [new Uint8Array(0), facts],
        [Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), facts],
        [Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0]), facts],
        [new Uint8Array(300).fill(7), broken],
      ]) {
        try {
          await read(bytes, "film", told);
          found.push("read");
        } catch (error) {
          found.push([error.name, error.code]);
        }
      }
      return found;
    }
    """
    found = on_node.run(tmp_path, source, {"facts": facts()})
    assert [name for name, _ in found] == ["Refusal"] * 4
    assert found[0][1] == "empty_file"
    assert found[1][1] == "truncated"
    assert found[3][1] == "not_an_image"
