"""The model's input: shape, content, the same for the same film whatever its container."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import films
from covid_d.radiograph import (
    Facts,
    Preprocessing,
    Radiograph,
    Window,
    normalise,
    prepare,
    read,
    standardise,
)
from covid_d.radiograph.phantom import draw_phantom

FACTS = Facts(format="PNG", sha256="0", bits=8)


def film_of(pixels: np.ndarray[Any, Any]) -> Radiograph:
    return Radiograph(np.ascontiguousarray(pixels, dtype=np.float32), FACTS)


def wide(height: int = 200, width: int = 400) -> np.ndarray[Any, Any]:
    """Return a bright film whose darkest grey is well above black."""
    across = np.linspace(0.4, 0.8, width, dtype=np.float32)
    return np.repeat(across[None, :], height, axis=0)


@pytest.mark.parametrize("fit", ["squash", "pad", "crop"])
@pytest.mark.parametrize("shape", [(160, 160), (120, 300), (300, 120), (97, 96)])
@pytest.mark.parametrize("size", [32, 224])
def test_the_input_is_square_and_finite(fit: str, shape: tuple[int, int], size: int) -> None:
    film = film_of(np.random.default_rng(1).random(shape))
    options = Preprocessing(size=size, fit=fit)  # type: ignore[arg-type]
    values = prepare(film, options)
    assert values.shape == (3, size, size)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    grey = standardise(film, options)
    assert grey.shape == (size, size)
    assert grey.dtype == np.uint8


def test_prepare_is_standardise_then_normalise() -> None:
    film, options = film_of(draw_phantom(2).pixels), Preprocessing()
    grey = standardise(film, options)
    assert np.array_equal(prepare(film, options), normalise(grey, options))
    expected = (grey / 255.0 - 0.456) / 0.224  # the second channel, by hand
    assert np.allclose(prepare(film, options)[1], expected, atol=1e-5)


def test_the_film_itself_is_left_alone_and_repeats_give_the_same() -> None:
    pixels = draw_phantom(2).pixels
    film, before = film_of(pixels), pixels.copy()
    first = prepare(film, Preprocessing(crop_border=0.05))
    assert np.array_equal(prepare(film, Preprocessing(crop_border=0.05)), first)
    assert np.array_equal(film.pixels, before)


def test_pad_keeps_the_aspect_and_centres_the_film_between_black_bars() -> None:
    grey = standardise(film_of(wide()), Preprocessing(size=224, fit="pad"))
    assert grey[:56].max() == 0
    assert grey[168:].max() == 0
    assert grey[60:160, 100:].min() > 50
    tall = standardise(film_of(wide().T), Preprocessing(size=224, fit="pad"))
    assert tall[:, :56].max() == 0
    assert tall[:, 168:].max() == 0


def test_bars_do_not_change_the_grey_of_the_film() -> None:
    """The darkest grey of this film is 0.4: stretched, it is black, bars or no bars."""
    padded = standardise(film_of(wide()), Preprocessing(fit="pad"))[57:167]
    squashed = standardise(film_of(wide()), Preprocessing(fit="squash"))
    assert np.abs(padded.mean(axis=0) - squashed.mean(axis=0)).max() < 3
    assert padded[:, :2].max() <= 2
    assert padded[:, -2:].min() >= 253


def test_crop_cuts_the_ends_of_the_longer_side() -> None:
    pixels = wide()
    pixels[:, :90] = 1.0
    grey = standardise(film_of(pixels), Preprocessing(fit="crop", intensity="full"))
    assert grey.max() < 0.75 * 255  # the bright end lay outside the central square


def test_squash_takes_the_whole_film() -> None:
    grey = standardise(film_of(wide()), Preprocessing(fit="squash", intensity="full"))
    assert grey[:, 0].mean() == pytest.approx(0.4 * 255, abs=2)
    assert grey[:, -1].mean() == pytest.approx(0.8 * 255, abs=2)


def test_crop_border_removes_that_share_of_each_side() -> None:
    pixels = np.full((200, 100), 0.3, dtype=np.float32)
    pixels[:20], pixels[-20:] = 1.0, 1.0
    pixels[:, :10], pixels[:, -10:] = 1.0, 1.0
    options = Preprocessing(crop_border=0.1, intensity="full", fit="squash")
    assert standardise(film_of(pixels), options).max() == round(0.3 * 255)


def test_percentiles_ignore_a_small_marker_and_full_keeps_the_scale() -> None:
    pixels = np.linspace(0.2, 0.5, 300 * 300, dtype=np.float32).reshape(300, 300)
    pixels[:10, :10] = 1.0  # 0.1 % of the film
    stretched = standardise(film_of(pixels), Preprocessing())
    assert stretched[112].mean() == pytest.approx(127, abs=3)
    full = standardise(film_of(pixels), Preprocessing(intensity="full"))
    assert full[112].mean() == pytest.approx(0.35 * 255, abs=2)


@given(st.floats(0.2, 1.0), st.floats(0.0, 1.0))
@settings(max_examples=25, deadline=None)
def test_exposure_and_offset_do_not_change_the_input(gain: float, share: float) -> None:
    """A linear change of the grey scale is undone by the stretch, to one level of rounding."""
    pixels = draw_phantom(2).pixels
    changed = pixels * gain + share * (1.0 - gain)
    plain = standardise(film_of(pixels), Preprocessing()).astype(int)
    other = standardise(film_of(np.clip(changed, 0, 1)), Preprocessing()).astype(int)
    assert np.abs(plain - other).max() <= 1


def test_blank_films_are_not_stretched_into_noise() -> None:
    flat = 0.5 + np.random.default_rng(1).normal(0, 1e-5, (200, 200))
    assert np.ptp(standardise(film_of(flat), Preprocessing())) <= 1


def test_the_container_does_not_matter() -> None:
    grey = films.grey8(size=300)
    deep = grey.astype(np.uint16) * 257
    readings = [
        films.picture(grey),
        films.picture(deep),
        films.picture(deep, "TIFF"),
        films.dicom(grey),
        films.dicom(255 - grey, PhotometricInterpretation="MONOCHROME1"),
        films.rle_dicom(grey),
    ]
    inputs = [standardise(read(data), Preprocessing()).astype(int) for data in readings]
    for other in inputs[1:]:
        assert np.abs(other - inputs[0]).max() <= 1


@pytest.mark.parametrize(
    "wrong",
    [{"size": 8}, {"size": 5000}, {"crop_border": 0.5}, {"fit": "stretch"}, {"colour": True}],
)
def test_preprocessing_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Preprocessing(**wrong)


def test_preprocessing_survives_json() -> None:
    options = Preprocessing(size=256, fit="crop", mean=(0.5, 0.5, 0.5))
    assert Preprocessing.model_validate_json(options.model_dump_json()) == options


LUNGS = Preprocessing(size=64, fit="squash", frame="lungs", surround=0.25)
WINDOW = Window(0.25, 0.3, 0.75, 0.7)


class TestWindows:
    def test_widened_by_shares_of_its_own_sides(self) -> None:
        assert WINDOW.widened(0.5) == pytest.approx((0.0, 0.1, 1.0, 0.9))
        assert WINDOW.widened((0.1, 0.0, -0.1, 0.2)) == pytest.approx((0.2, 0.3, 0.7, 0.78))

    def test_never_beyond_the_film(self) -> None:
        assert WINDOW.widened(3.0) == (0.0, 0.0, 1.0, 1.0)

    def test_only_the_window_and_its_surround_are_seen(self) -> None:
        inner = draw_phantom(3).pixels
        seen = WINDOW.widened(0.25)
        height, width = inner.shape
        outside = np.ones_like(inner)
        # A pixel more each way: the edge blends two.
        rows = slice(int(seen.top * height) - 1, int(np.ceil(seen.bottom * height)) + 1)
        columns = slice(int(seen.left * width) - 1, int(np.ceil(seen.right * width)) + 1)
        outside[rows, columns] = inner[rows, columns]
        assert np.array_equal(
            standardise(film_of(inner), LUNGS, WINDOW),
            standardise(film_of(outside), LUNGS, WINDOW),
        )

    def test_the_same_as_cutting_by_hand(self) -> None:
        inner = draw_phantom(3, size=200).pixels
        cut = inner[25:175, 40:160]  # 0.125 to 0.875, 0.2 to 0.8
        plain = LUNGS.model_copy(update={"frame": "film", "surround": 0.0})
        by_hand = standardise(film_of(cut), plain)
        framed = standardise(film_of(inner), LUNGS, Window(0.25, 0.3, 0.75, 0.7))
        difference = np.abs(by_hand.astype(int) - framed.astype(int))
        # At the cut's own edge the resampling has no neighbour.
        assert difference[1:-1, 1:-1].max() <= 3

    def test_frame_and_window_go_together(self) -> None:
        film = film_of(draw_phantom(1).pixels)
        with pytest.raises(ValueError, match="frame 'lungs'"):
            prepare(film, LUNGS)
        with pytest.raises(ValueError, match="frame 'film'"):
            prepare(film, Preprocessing(), WINDOW)

    @pytest.mark.parametrize("spoilt", [{"fit": "pad"}, {"crop_border": 0.1}])
    def test_lungs_fill_the_square(self, spoilt: dict[str, object]) -> None:
        with pytest.raises(ValidationError, match="frame lungs needs"):
            Preprocessing.model_validate({"fit": "squash", "frame": "lungs"} | spoilt)
