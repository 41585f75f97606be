"""Each perturbation does what its name says, and leaves a sound film.

What lies around a film is cut off where a file is read: a model sees the film and no border.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from covid_d.evaluation.audit.perturb import PERTURBATIONS, Perturbation
from covid_d.radiograph import Facts, Radiograph, check, read
from covid_d.radiograph.phantom import draw_phantom

BY_NAME = {change.name: change for change in PERTURBATIONS}
AROUND = ["black-border", "white-border", "margin-25", "letterbox"]
CENTRE = (slice(100, 156), slice(100, 156))


@pytest.fixture
def film() -> Radiograph:
    facts = Facts(format="PNG", sha256="0" * 64, bits=8)
    return Radiograph(draw_phantom(2, size=256).pixels, facts, name="drawn")


def difference(film: Radiograph, name: str) -> np.ndarray:
    changed: np.ndarray = np.abs(BY_NAME[name](film).pixels - film.pixels)
    return changed


@pytest.mark.parametrize("change", PERTURBATIONS, ids=lambda change: change.name)
def test_gives_a_sound_film(film: Radiograph, change: Perturbation) -> None:
    before = film.pixels.copy()
    after = change(film)
    assert after.facts == film.facts
    assert after.name == "drawn"
    assert check(after) is None
    assert np.array_equal(film.pixels, before)
    applied = change.apply(film.pixels)
    assert applied.shape != film.pixels.shape or not np.array_equal(applied, before)
    assert change.around or np.array_equal(after.pixels, np.clip(applied, 0, 1))
    assert np.array_equal(after.pixels, change(film).pixels)


@pytest.mark.parametrize("change", PERTURBATIONS, ids=lambda change: change.name)
@pytest.mark.parametrize("shape", [(96, 135), (501, 333)])
def test_any_shape(change: Perturbation, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    after = change(Radiograph(pixels, Facts(format="PNG", sha256="", bits=8)))
    assert min(after.pixels.shape) >= 96


@pytest.mark.parametrize("name", ["corner-mark", "text"])
def test_marks_stay_at_the_edge(film: Radiograph, name: str) -> None:
    changed = difference(film, name) > 0
    assert changed.any()
    assert not changed[40:, :].any()


def test_text_is_on_both_sides(film: Radiograph) -> None:
    columns = np.nonzero(difference(film, "text").sum(axis=0))[0]
    assert columns.min() < 64
    assert columns.max() > 192


@pytest.mark.parametrize(("name", "level"), [("black-border", 0.0), ("white-border", 1.0)])
def test_border_surrounds_the_whole_film(film: Radiograph, name: str, level: float) -> None:
    after = BY_NAME[name].apply(film.pixels)
    width = (after.shape[0] - 256) // 2
    assert width == round(0.05 * 256)
    assert np.array_equal(after[width:-width, width:-width], film.pixels)
    for edge in (after[:width], after[-width:], after[:, :width], after[:, -width:]):
        assert (edge == level).all()


def test_what_lies_around_the_film() -> None:
    assert [change.name for change in PERTURBATIONS if change.around] == AROUND


@pytest.mark.parametrize("name", AROUND)
def test_a_model_sees_what_reading_the_changed_file_gives(film: Radiograph, name: str) -> None:
    after = BY_NAME[name](film)
    picture = np.rint(BY_NAME[name].apply(film.pixels) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    again = read(file.getvalue())
    assert (after.box, after.picture_size) == (again.box, again.picture_size)
    assert np.allclose(after.pixels, again.pixels, atol=0.5001 / 255)


@pytest.mark.parametrize("name", AROUND[:3])
def test_a_border_is_cut_off_to_the_pixel(film: Radiograph, name: str) -> None:
    assert np.array_equal(BY_NAME[name](film).pixels, film.pixels)


def test_a_letterbox_leaves_the_film_but_for_dark_columns_at_its_edge(film: Radiograph) -> None:
    after = BY_NAME["letterbox"](film)
    assert after.picture_size == (round(256 * 16 / 9), 256)
    assert after.box is not None
    left = after.box.left - (455 - 256) // 2
    assert left >= 0
    assert after.box.width >= 250
    assert np.array_equal(after.pixels, film.pixels[:, left : left + after.box.width])


def test_jpeg_loses_more_at_lower_quality(film: Radiograph) -> None:
    assert 0 < difference(film, "jpeg-70").mean() < difference(film, "jpeg-30").mean() < 0.05


def test_inversion_twice_is_the_film(film: Radiograph) -> None:
    invert = BY_NAME["inversion"]
    assert np.allclose(invert(invert(film)).pixels, film.pixels, atol=1e-6)
    assert np.allclose(invert(film).pixels, 1 - film.pixels)


def test_half_size_blurs_only(film: Radiograph) -> None:
    after = BY_NAME["resize-half"](film).pixels
    assert after.shape == film.pixels.shape
    assert abs(float(after.mean() - film.pixels.mean())) < 1e-3
    assert np.abs(np.diff(after)).mean() < 0.7 * np.abs(np.diff(film.pixels)).mean()


def test_rotations_go_opposite_ways(film: Radiograph) -> None:
    left, right = BY_NAME["rotate-left-5"], BY_NAME["rotate-right-5"]
    back = right(left(film)).pixels
    assert np.abs(back - film.pixels)[CENTRE].mean() < 0.03
    assert not np.allclose(left(film).pixels, right(film).pixels)
    # Counter-clockwise: what lay on the upper right moves to the left.
    spot = np.zeros((101, 101), dtype=np.float32)
    spot[10:13, 50:53] = 1.0
    turned = left(Radiograph(spot, film.facts)).pixels
    assert np.argmax(turned.sum(axis=0)) < 50


def test_names_are_unique_and_in_two_languages() -> None:
    assert len(BY_NAME) == len(PERTURBATIONS) == 16
    for change in PERTURBATIONS:
        assert change.message.es
        assert change.message.en
