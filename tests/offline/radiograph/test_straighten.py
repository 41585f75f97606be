"""A photograph straightened on the page: the picture that Python makes of it, corner by corner."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import films
import on_node
from clinic_factory import phantom_png
from covid_d.radiograph import read
from covid_d.radiograph.photograph import Corners
from covid_d.radiograph.straighten import LARGEST, proposed_corners, straighten
from offline_films import NOT_HERE, facts
from photographs import SHARES, photograph_of

pytestmark = pytest.mark.slow  # wants Node

_SCRIPT = """
import { read } from "@web/radiograph/read.mjs";
import { photographOf } from "@web/radiograph/readers/picture.mjs";
import { proposedCorners, straighten } from "@web/radiograph/straighten.mjs";
import { readFileSync } from "node:fs";

async function made({ path, corners }, facts) {
  try {
    const taken = await photographOf(new Uint8Array(readFileSync(path)), facts.radiograph);
    const proposed = proposedCorners(taken, facts.radiograph);
    const png = await straighten(taken, corners ?? proposed, facts.radiograph);
    const { width, height, facts: known } = await read(png, "", facts);
    return { png: Buffer.from(png).toString("base64"), proposed, size: [width, height], known };
  } catch (error) {
    return { error: error.name, code: error.code ?? null };
  }
}

export default ({ asked, facts }) => Promise.all(asked.map((one) => made(one, facts)));
"""
_INSIDE = [[0.1, 0.05], [0.9, 0.2], [0.83, 0.97], [0.22, 0.8]]


def _made(folder: Path, *asked: tuple[bytes, Sequence[Any] | None]) -> list[dict[str, Any]]:
    given = []
    for number, (data, corners) in enumerate(asked):
        path = folder / f"photograph-{number}"
        path.write_bytes(data)
        given.append({"path": str(path), "corners": corners})
    found: list[dict[str, Any]] = on_node.run(folder, _SCRIPT, {"asked": given, "facts": facts()})
    return found


def _four(corners: Sequence[Any]) -> Corners:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth


def _pixels(png: bytes) -> npt.NDArray[np.int64]:
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture).astype(int)


def _apart(page: dict[str, Any], data: bytes, corners: Any) -> npt.NDArray[np.int64]:
    """Return by how many levels each pixel differs from Python's."""
    mine = _pixels(base64.b64decode(page["png"]))
    theirs = _pixels(straighten(data, _four(corners)))
    assert mine.shape == theirs.shape
    apart: npt.NDArray[np.int64] = np.abs(mine - theirs)
    return apart


def _turned(data: bytes) -> bytes:
    """Return a photograph as a telephone keeps it: lying, with a note of how it was held."""
    with Image.open(io.BytesIO(data)) as picture:
        exif = picture.getexif()
        exif[0x0112] = 6
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=92, exif=exif)
    return stream.getvalue()


def test_the_straightened_picture_is_pythons(tmp_path: Path) -> None:
    grey, blue = photograph_of(phantom_png(2)), photograph_of(phantom_png(3), (0.4, 0.7, 1.0))
    png = films.picture(Image.open(io.BytesIO(grey)).convert("L"))
    cases = [grey, blue, png, _turned(grey)]
    found = _made(tmp_path, *((data, _INSIDE) for data in cases))
    for page, data in zip(found, cases, strict=True):
        apart = _apart(page, data, _INSIDE)
        assert apart.max() <= 1
        assert (apart > 0).mean() <= 1e-4
    assert found[1]["known"]["colour"] is True, "the light of a lamp stays to be seen"
    assert found[2]["known"]["colour"] is False


def test_the_film_is_proposed_and_read_by_the_same_door(tmp_path: Path) -> None:
    data = photograph_of(phantom_png(2))
    (page,) = _made(tmp_path, (data, None))
    assert np.abs(np.array(page["proposed"]) - np.array(SHARES)).max() < 0.02
    assert np.abs(np.array(page["proposed"]) - np.array(proposed_corners(data))).max() < 0.005
    film = read(straighten(data, _four(page["proposed"])))
    assert page["size"] == pytest.approx([film.width, film.height], abs=1)
    empty = films.picture(np.full((300, 400, 3), 40, dtype=np.uint8), "JPEG")
    (nothing,) = _made(tmp_path, (empty, _INSIDE))
    assert nothing["proposed"] is None
    assert proposed_corners(empty) is None


def test_a_large_photograph_is_made_smaller_first(tmp_path: Path) -> None:
    with Image.open(io.BytesIO(photograph_of(phantom_png(2)))) as small:
        data = films.picture(small.convert("L").resize((3100, 2615)), "JPEG", quality=90)
    (page,) = _made(tmp_path, (data, SHARES))
    apart = _apart(page, data, SHARES)
    assert max(apart.shape) < LARGEST
    assert apart.max() <= 2
    assert (apart > 1).mean() <= 1e-3


def test_what_is_no_photograph_or_no_corners(tmp_path: Path) -> None:
    data = photograph_of(phantom_png(2))
    outside = [[-0.1, 0], [1, 0], [1, 1], [0, 1]]
    crossed = [[0, 0], [1, 1], [1, 0], [0, 1]]
    wrong = _made(tmp_path, (data, outside), (data, crossed))
    assert wrong == [{"error": "RangeError", "code": None}] * 2
    deep = films.picture(films.grey16())
    others = [films.dicom(), films.picture(films.grey8(), "TIFF"), deep, b"%PDF-1.7"]
    found = _made(tmp_path, *((other, _INSIDE) for other in others))
    assert {page["code"] for page in found} == {NOT_HERE}
    (cut,) = _made(tmp_path, (data[:3000], _INSIDE))
    assert cut["error"] != "RangeError"
    for corners in (outside, crossed):
        with pytest.raises(ValueError, match=r"outside|convex"):
            straighten(data, _four(corners))
