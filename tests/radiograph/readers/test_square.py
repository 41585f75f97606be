"""Oblong pixels of pictures and of DICOM: the coarser side is drawn out."""

from __future__ import annotations

import numpy as np
import pytest

import films
from covid_d.radiograph import RadiographError, RefusalCode
from covid_d.radiograph.readers.square import is_square, made_square

FILM = np.linspace(0, 1, 120 * 160, dtype=np.float32).reshape(120, 160)


@pytest.mark.parametrize("ratio", [1.0, 1.009, 0.992])
def test_rounded_numbers_are_square(ratio: float) -> None:
    assert is_square(ratio)
    assert made_square(FILM, ratio) is FILM


@pytest.mark.parametrize(
    ("ratio", "shape"),
    [(2.0, (240, 160)), (0.5, (120, 320)), (1.25, (150, 160)), (0.8, (120, 200))],
)
def test_the_coarser_side_is_drawn_out(ratio: float, shape: tuple[int, int]) -> None:
    """A gradient stays a gradient: each line lies where its place on the film is."""
    drawn = made_square(FILM, ratio)
    assert drawn.shape == shape
    rows = (np.arange(shape[0]) + 0.5) * 120 / shape[0] - 0.5
    columns = (np.arange(shape[1]) + 0.5) * 160 / shape[1] - 0.5
    plane = (rows[:, None] * 160 + columns) / (120 * 160 - 1)
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(drawn - plane)[inner].max() < 1e-3


@pytest.mark.parametrize("ratio", [3.1, 0.3, 100.0])
def test_what_no_system_has_is_refused(ratio: float) -> None:
    with pytest.raises(RadiographError, match="Pixel Aspect Ratio") as caught:
        made_square(FILM, ratio)
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


def test_what_would_be_too_large_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(RadiographError) as caught:
        made_square(np.zeros((100, 6000), dtype=np.float32), 0.5)
    assert caught.value.refusal.code is RefusalCode.TOO_LARGE


def test_pictures_and_dicom_of_one_shape_are_one_film() -> None:
    grey = films.grey8(size=240)[::2]  # rows twice as far apart as columns
    png = films.whole(films.picture(grey, "PNG", dpi=(200, 100)))
    dicom = films.whole(films.dicom(grey, PixelAspectRatio=[2, 1]))
    assert png.shape == (240, 240)
    assert np.array_equal(png, dicom)
