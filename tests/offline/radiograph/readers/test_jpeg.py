"""JPEG on the offline page: the bytes that Pillow's libjpeg-turbo gives, or a refusal."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit

import films
import hostile
import jpeg_scans
import on_node
from covid_d.radiograph.readers.codestream import MOST_SEGMENTS
from covid_d.radiograph.readers.sound import MOST_SCANS
from offline_films import NOT_HERE, by_page, by_python, differences

pytestmark = pytest.mark.slow  # wants Node

FIXTURE = Path(__file__).parents[3] / "radiograph" / "phantom-12-bit.jpg"


def grey(width: int = 150, height: int = 131) -> npt.NDArray[np.uint8]:
    """Return a film of which no side is a multiple of eight."""
    return films.grey8(size=160)[:height, :width]


def colour() -> npt.NDArray[np.uint8]:
    """Return a film in the light of a lamp that is not quite white."""
    level = grey().astype(np.float64)[..., None]
    return np.rint(level * [1.0, 0.96, 0.9]).astype(np.uint8)


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """Return a JPEG with one more marker segment, behind its start."""
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + data[2:]


def exif(turn: int) -> bytes:
    """Return EXIF that says which way is up."""
    told = Image.Exif()
    told[0x0112] = turn
    return told.tobytes()


def same(folder: Path, cases: dict[str, bytes]) -> dict[str, Any]:
    """Assert that page and Python say the same of each; return it."""
    found = by_page(folder, cases)
    codes = {name: {"code": answer["code"]} for name, answer in found.items() if "code" in answer}
    assert found | codes == {name: by_python(data) for name, data in cases.items()}
    return found


def test_every_way_of_coding(tmp_path: Path) -> None:
    cases = {}
    for quality in (30, 75, 95, 100):
        cases[f"grey-{quality}"] = films.picture(grey(), "JPEG", quality=quality)
        for kept in ("4:4:4", "4:2:2", "4:2:0"):
            data = films.picture(colour(), "JPEG", quality=quality, subsampling=kept)
            cases[f"colour-{quality}-{kept}"] = data
    cases["progressive"] = films.picture(grey(), "JPEG", progressive=True)
    cases["progressive-colour"] = films.picture(colour(), "JPEG", progressive=True)
    cases["optimised"] = films.picture(grey(), "JPEG", optimize=True)
    cases["restarts"] = films.picture(grey(), "JPEG", restart_marker_blocks=5)
    cases["rainbow"] = films.picture(hostile._rainbow(), "JPEG")
    cases["rgb"] = films.picture(colour(), "JPEG", keep_rgb=True)
    for width, height in ((97, 101), (128, 96), (111, 160)):
        cases[f"{width}x{height}"] = films.picture(grey(width, height), "JPEG")
    found = same(tmp_path, cases)
    assert not any("code" in answer for answer in found.values())
    assert found["rainbow"]["check"] == "colour_picture"
    assert found["grey-95"]["facts"]["format"] == "JPEG"


def test_which_way_is_up(tmp_path: Path) -> None:
    cases = {f"exif-{turn}": films.picture(grey(), "JPEG", exif=exif(turn)) for turn in range(1, 9)}
    cases["colour"] = films.picture(colour(), "JPEG", exif=exif(6))
    words = b'http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="8"/>'
    cases["xmp"] = with_segment(films.picture(grey(), "JPEG"), 0xE1, words)
    found = same(tmp_path, cases)
    assert found["exif-6"]["size"] == [131, 150]
    assert len({answer["pixels"] for answer in found.values()}) > 7


def test_oblong_pixels(tmp_path: Path) -> None:
    cases = {}
    for name, pixels in {"grey": grey(), "colour": colour()}.items():
        plain = films.picture(pixels, "JPEG")
        at = plain.index(b"JFIF\0") + 7
        for unit, across, down in ((0, 2, 3), (1, 300, 200), (2, 100, 130), (1, 0, 72), (1, 1, 9)):
            told = struct.pack(">BHH", unit, across, down)
            cases[f"{name}-{unit}-{across}"] = plain[:at] + told + plain[at + 5 :]
        for turn in range(1, 9):
            turned = films.picture(pixels, "JPEG", exif=exif(turn), dpi=(300, 200))
            cases[f"{name}-turned-{turn}"] = turned
    cases["short"] = with_segment(films.picture(grey(), "JPEG"), 0xE0, b"JFIF\0\1\1\1\0\2")
    assert not differences(tmp_path, cases)
    found = by_page(tmp_path, cases)
    assert found["grey-1-300"]["picture"] == [150, 196]  # 131 rows of half as much again
    assert found["grey-turned-8"]["picture"] == [196, 150]
    assert found["grey-1-0"]["picture"] == [150, 131]
    assert found["colour-1-1"]["code"] == "unsupported_encoding"


def test_damage(tmp_path: Path) -> None:
    """Whatever libjpeg-turbo warns of is damage, on both sides."""
    good = {
        "film": films.picture(grey(), "JPEG", quality=90),
        "progressive": films.picture(grey(), "JPEG", quality=90, progressive=True),
        "colour": films.picture(colour(), "JPEG", quality=90),
    }
    cases = {}
    rng = np.random.default_rng(12)
    for name, data in good.items():
        for percent in (2, 10, 50, 90, 99):
            cases[f"{name}-cut-{percent}"] = data[: len(data) * percent // 100]
        for number in range(16):
            broken = bytearray(data)
            for at in rng.integers(2, len(data), size=1 + number % 4):
                broken[at] ^= int(rng.integers(1, 256))
            cases[f"{name}-flipped-{number}"] = bytes(broken)
    found = by_page(tmp_path, cases)
    read = {name: answer for name, answer in found.items() if "code" not in answer}
    # What the page reads, Python reads too, and as the same film.
    assert {name: by_python(cases[name]) for name in read} == read
    assert {answer["code"] for answer in found.values() if "code" in answer} <= {
        *("truncated", "too_large", "too_small", NOT_HERE),
    }
    refused = [name for name, answer in found.items() if answer.get("code") == "truncated"]
    assert len(refused) > len(cases) // 2
    # After as many exceptions the library still reads.
    assert same(tmp_path, good).keys() == good.keys()


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_a_progressive_jpeg_cut_between_scans(tmp_path: Path, kind: str) -> None:
    """It was closed after a scan: no decoder warns, and Python refuses it."""
    samples = grey() if kind == "grey" else colour()
    sound = films.picture(samples, "JPEG", quality=90, progressive=True)
    starts = [at for at in range(len(sound) - 1) if sound[at : at + 2] == b"\xff\xda"]
    cases = {f"cut-{at}": sound[:at] + b"\xff\xd9" for at in starts[1:]}
    found = by_page(tmp_path, cases | {"sound": sound})
    codes = {name: answer.get("code") for name, answer in found.items()}
    ours = {name: by_python(data).get("code") for name, data in cases.items()}
    assert codes == ours | {"sound": None}
    assert codes[f"cut-{starts[1]}"] == "truncated"


def test_scans_are_counted_and_those_of_a_thumbnail_are_not(tmp_path: Path) -> None:
    sound = films.picture(grey(), "JPEG", progressive=True)
    cut = sound[: sound.rindex(b"\xff\xda")] + b"\xff\xd9"
    small = films.picture(grey(40, 30), "JPEG")
    cases = {
        "few": jpeg_scans.progressive(150, MOST_SCANS),
        "many": jpeg_scans.progressive(150, MOST_SCANS + 1),
        "one each": jpeg_scans.sequential(150, 3),
        "one again": jpeg_scans.sequential(150, 4),
        "carries one": with_segment(sound, 0xE4, small),
        "carries one, cut": with_segment(cut, 0xE4, small),
    }
    filled = sound[:2] + b"\xff" * (MOST_SEGMENTS + 1) + sound[2:]
    found = by_page(tmp_path, cases | {"filled": filled})
    assert found["filled"] == {"code": "too_large", "detail": f"> {MOST_SEGMENTS} JPEG segments"}
    assert by_python(filled)["code"] == "too_large"
    assert found["many"] == {"code": "too_large", "detail": f"> {MOST_SCANS} JPEG scans"}
    assert found["carries one, cut"]["code"] == "truncated"
    assert by_python(cases["many"])["code"] == "too_large"
    assert by_python(cases["carries one, cut"])["code"] == "truncated"
    assert found["one again"]["code"] == by_python(cases["one again"])["code"] == "truncated"
    for name in ("few", "one each", "carries one"):
        assert found[name] == by_python(cases[name]), name


def test_markers(tmp_path: Path) -> None:
    plain = films.picture(grey(), "JPEG")
    cases = {
        "trailing": plain + bytes(30),
        "comment": with_segment(plain, 0xFE, b"a film"),
        "filled": plain[:2] + b"\xff\xff" + plain[2:],
        "short-jfif": with_segment(plain, 0xE0, b"JFIF\0"),
        "short-adobe": with_segment(plain, 0xEE, b"Adobe"),
        "photoshop": with_segment(
            plain, 0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", 2) + b"ab"
        ),
        "profile": with_segment(plain, 0xE2, b"ICC_PROFILE\0\1\1" + bytes(40)),
        "short-tables": plain[: plain.index(b"\xff\xdb") + 5]
        + b"\x10"
        + plain[plain.index(b"\xff\xdb") + 6 :],
        "bomb": hostile._jpeg_of_declared_size(65_000, 65_000),
    }
    found = same(tmp_path, cases)
    assert found["trailing"]["pixels"] == found["comment"]["pixels"]
    assert found["short-jfif"]["code"] == "truncated"
    assert found["bomb"]["code"] == "too_large"


def test_what_is_not_read_here(tmp_path: Path) -> None:
    two = io.BytesIO()
    image = Image.fromarray(grey())
    image.save(two, "MPO", save_all=True, append_images=[image])
    plain = films.picture(grey(), "JPEG")
    cases = {
        "deep": FIXTURE.read_bytes(),
        "cmyk": films.picture(image.convert("CMYK"), "JPEG"),
        "two": two.getvalue(),
        "exif-twice": with_segment(with_segment(plain, 0xE1, exif(6)), 0xE1, exif(3)),
        "arithmetic": plain.replace(b"\xff\xc0", b"\xff\xc9"),
    }
    found = by_page(tmp_path, cases)
    assert {answer["code"] for answer in found.values()} == {NOT_HERE}


def test_inside_dicom(tmp_path: Path) -> None:
    small = grey(128, 128)
    frame = films.picture(small, "JPEG", quality=92)
    film = films.dataset(
        small, PhotometricInterpretation="MONOCHROME1", WindowCenter=120, WindowWidth=200
    )
    broken = bytearray(frame)
    broken[len(frame) // 2] ^= 0x55
    cases = {
        "baseline": films.jpeg_dicom(small),
        "shown": films.encapsulated(film, frame, JPEGBaseline8Bit),
        "extended": films.encapsulated(films.dataset(small), frame, JPEGExtended12Bit),
        "cut": films.encapsulated(films.dataset(small), frame[:900], JPEGBaseline8Bit),
        "broken": films.encapsulated(films.dataset(small), bytes(broken), JPEGBaseline8Bit),
        "smaller": films.encapsulated(
            films.dataset(small), films.picture(grey(100, 128), "JPEG"), JPEGBaseline8Bit
        ),
        "empty": films.encapsulated(films.dataset(small), b"\0\0", JPEGBaseline8Bit),
        "two": films.encapsulated(films.dataset(small), frame + b"\0" + frame, JPEGBaseline8Bit),
    }
    found = same(tmp_path, cases)
    assert found["baseline"]["facts"]["bits"] == 8
    assert {name for name, answer in found.items() if "code" in answer} == {
        *("cut", "broken", "smaller", "empty", "two"),
    }
    assert found["two"]["code"] == "multi_frame"
    colours = films.encapsulated(
        films.dataset(colour()[:128, :128], PhotometricInterpretation="YBR_FULL_422"),
        films.picture(colour()[:128, :128], "JPEG"),
        JPEGBaseline8Bit,
    )
    assert by_page(tmp_path, {"colour": colours})["colour"]["code"] == NOT_HERE


def test_a_page_loads_the_library_as_it_was_published(tmp_path: Path) -> None:
    """In a browser the script gives itself to whoever defines modules; nothing else is left."""
    source = """
    import { decodeJpeg } from "@web/radiograph/readers/jpeg.mjs";
    export default async function ({ data }) {
      const before = globalThis.define;
      const { width, height, channels } = await decodeJpeg(Uint8Array.from(data), 1);
      const wrong = await decodeJpeg(Uint8Array.from(data), 3).catch((error) => error.message);
      return [width, height, channels.length, globalThis.define === before, wrong];
    }
    """
    data = list(films.picture(grey(), "JPEG"))
    found = on_node.run(tmp_path, source, {"data": data})
    assert found == [150, 131, 1, True, "a JPEG of 1 components"]
