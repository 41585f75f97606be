"""A film leaves as plain pixels: text blacked out, the depth kept, no word of its file."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from covid_d.clinic.collection.pixels import Cleaned, clean, preview
from covid_d.radiograph import RadiographError
from covid_d.radiograph.film import Box
from covid_d.radiograph.phantom import draw_phantom

SIDE = 400


def _picture(*, margin: bool = False, inside: bool = False) -> Image.Image:
    picture = draw_phantom(3, size=256).to_image().resize((SIDE, SIDE))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(20)
    if margin:
        pen.text((10, 8), "PEREZ LOPEZ MARIA", fill=255, font=font)
    if inside:
        pen.text((110, 170), "1712345678", fill=255, font=font)
    return picture


def _png(picture: Image.Image, **more: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", **more)
    return buffer.getvalue()


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@cache
def _clean(*, margin: bool = False, inside: bool = False) -> Cleaned:
    return clean(_png(_picture(margin=margin, inside=inside)))


def _grown(box: Box) -> Box:
    height = box.bottom - box.top
    return Box(
        max(0, box.top - height),
        max(0, box.left - height),
        box.bottom + height,
        box.right + height,
    )


def _hidden(boxes: Iterable[Box], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return which pixels boxes cover."""
    covered = np.zeros(shape, dtype=bool)
    for box in boxes:
        covered[box.top : box.bottom, box.left : box.right] = True
    return covered


@pytest.mark.parametrize("mask_inside", [True, False])
def test_what_is_not_blacked_out_leaves_as_it_came(mask_inside: bool) -> None:
    found = _clean(margin=True, inside=True)
    assert found.margin
    assert found.inside
    boxes = (*found.margin, *found.inside) if mask_inside else found.margin
    # As read: reading cuts uniform margins off.
    came = np.rint(found.film.pixels * 255)
    left = np.asarray(_opened(found.to_png(mask_inside=mask_inside)))
    covered = _hidden(boxes, came.shape)
    assert not left[covered].any()
    # Letters are taller than the box around their strokes: no more than its height is lost.
    around = _hidden((_grown(box) for box in boxes), came.shape)
    assert np.array_equal(left[~around], came[~around])
    assert (left[~around] > 0).mean() > 0.5
    # What was read keeps everything: a person must see what is decided on.
    assert found.film.pixels[covered].max() > 0.9


def test_text_elsewhere_waits_for_a_person() -> None:
    found = _clean(inside=True)
    assert found.inside
    kept = np.asarray(_opened(found.to_png(mask_inside=False)))
    gone = np.asarray(_opened(found.to_png(mask_inside=True)))
    for box in found.inside:
        part = (slice(box.top, box.bottom), slice(box.left, box.right))
        assert not gone[part].any()
    assert kept.sum() > gone.sum()


def test_sixteen_bits_stay_sixteen() -> None:
    deep = np.asarray(_picture().resize((200, 200)), dtype=np.uint16) * 257
    left = _opened(clean(_png(Image.fromarray(deep))).to_png(mask_inside=False))
    assert left.mode in {"I;16", "I"}
    assert len(np.unique(np.asarray(left))) > 100
    assert np.asarray(left).max() > 255


def test_no_word_of_the_file_leaves() -> None:
    about = PngImagePlugin.PngInfo()
    about.add_text("Patient", "PEREZ LOPEZ MARIA")
    content = _png(_picture().resize((200, 200)), pnginfo=about, dpi=(300, 300))
    assert b"PEREZ" in content
    left = clean(content).to_png(mask_inside=False)
    assert b"PEREZ" not in left
    chunks = {left[at - 4 : at] for at in range(8, len(left)) if left[at - 4 : at] in CHUNKS}
    assert chunks == set()
    assert _opened(left).info == {}


CHUNKS = {b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"pHYs", b"tIME"}


def test_what_cannot_be_read_does_not_leave() -> None:
    with pytest.raises(RadiographError):
        clean(b"no picture")


def test_a_preview_frames_what_a_person_must_look_at() -> None:
    box = Box(150, 100, 180, 210)
    shown = _opened(preview(_png(_picture()), [box]))
    assert shown.mode == "RGB"
    pixels = np.asarray(shown)
    orange = (pixels == (255, 170, 0)).all(axis=2)
    assert orange.any()
    down, across = np.nonzero(orange)
    # Outside the box, so that nothing of it is hidden.
    assert not orange[box.top : box.bottom, box.left : box.right].any()
    assert down.min() >= box.top - 8
    assert across.max() <= box.right + 8
    assert not (np.asarray(_opened(preview(_png(_picture()), []))) == (255, 170, 0)).all(2).any()


@pytest.mark.parametrize("side", [100, 900])
def test_a_preview_is_no_larger_than_asked(side: int) -> None:
    assert max(_opened(preview(_png(_picture()), [], side=side)).size) <= side
