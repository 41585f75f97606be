"""A film shows itself: a picture that decodes, what is known, and no markup from a file name."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from covid_d.radiograph import Facts, Projection, Radiograph, Sex
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.show import picture_html, radiograph_html, thumbnail

KNOWN = Facts(
    format="DICOM", sha256="0" * 64, bits=12, modality="DX", projection=Projection.PA,
    age_years=61.4, sex=Sex.FEMALE, spacing_mm=(0.143, 0.143),
)  # fmt: skip
UNKNOWN = Facts(format="PNG", sha256="0" * 64, bits=8)


def _film(facts: Facts = UNKNOWN, name: str = "film.png", size: int = 640) -> Radiograph:
    pixels = draw_phantom(3, size=size).pixels[: size * 3 // 4].copy()
    return Radiograph(pixels, facts, name)


def _shown(html: str) -> Image.Image:
    found = re.search(r'src="data:image/png;base64,([^"]+)"', html)
    assert found
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def test_the_picture_is_the_film_made_small() -> None:
    film = _film()
    picture = Image.open(io.BytesIO(film._repr_png_()))
    assert picture.size == (384, 288)
    expected = Image.fromarray(film.pixels).resize((384, 288), Image.Resampling.BILINEAR)
    difference = np.asarray(picture) / 255.0 - np.asarray(expected)
    assert np.abs(difference).mean() < 0.01


def test_a_small_film_is_not_blown_up() -> None:
    assert thumbnail(_film(size=96)).size == (96, 72)


def test_to_image_keeps_every_pixel() -> None:
    film = _film()
    assert film.to_image().size == (film.width, film.height) == (640, 480)
    assert np.abs(np.asarray(film.to_image()) / 255.0 - film.pixels).max() <= 0.5 / 255 + 1e-6


def test_the_same_film_shows_the_same_bytes() -> None:
    assert _film()._repr_png_() == _film()._repr_png_()


def test_what_is_known_stands_below() -> None:
    html = radiograph_html(_film(KNOWN, "a.dcm"), "es")
    assert _shown(html).size == (384, 288)
    said = "a.dcm · 640 × 480 · DICOM DX · PA · 61 años · F · 0.143 mm por píxel"
    assert f"<figcaption>{said}</figcaption>" in html
    assert f'alt="{said}"' in html
    assert "61 years" in radiograph_html(_film(KNOWN), "en")


def test_what_is_not_known_is_said() -> None:
    assert "no constan" in radiograph_html(_film(), "es")
    assert "not on record" in radiograph_html(_film(), "en")
    assert "no constan" not in radiograph_html(_film(KNOWN), "es")


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "<b>film</b>.png"])
def test_a_name_is_never_markup(name: str) -> None:
    html = _film(name=name)._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html


def test_a_caption_cannot_leave_its_attribute() -> None:
    assert 'alt="&quot; onload=&quot;x"' in picture_html(b"", '" onload="x')
