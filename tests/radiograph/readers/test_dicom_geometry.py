"""Square pixels and display shutters, against values worked out by hand from the standard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.film import Box
from covid_d.radiograph.readers.dicom_geometry import squared, unshuttered

DEEP = films.grey16(2, bits=12, size=200)
EXACT = DEEP.astype(np.float32) / np.float32(4095)


@pytest.mark.parametrize(
    ("elements", "shape"),
    [
        # Vertical by horizontal size (PS3.3 C.7.6.3.1.7): tall pixels make a tall film.
        ({"PixelAspectRatio": [112, 100]}, (224, 200)),
        ({"PixelAspectRatio": ["4", "5"]}, (200, 250)),
        # Spacing between rows, then between columns (PS3.3 10.7.1.3).
        ({"ImagerPixelSpacing": [0.2, 0.16]}, (250, 200)),
        ({"PixelSpacing": [0.1, 0.15]}, (200, 300)),
        ({"NominalScannedPixelSpacing": [0.3, 0.2]}, (300, 200)),
        # Stated beside a spacing it says the same, but for rounding.
        ({"PixelAspectRatio": [3, 2], "PixelSpacing": [0.15, 0.1]}, (300, 200)),
        ({"PixelAspectRatio": [1, 1], "ImagerPixelSpacing": [0.17, 0.168]}, (200, 200)),
        # Magnified, or measured anew: of another size and of the same shape.
        ({"ImagerPixelSpacing": [0.2, 0.16], "PixelSpacing": [0.1, 0.08]}, (250, 200)),
        ({"ImagerPixelSpacing": [0.143, 0.1435]}, (200, 200)),
        ({"PixelAspectRatio": [0, 1]}, (200, 200)),
        ({"PixelSpacing": [0.1, -0.2]}, (200, 200)),
        ({}, (200, 200)),
    ],
)
def test_oblong_pixels_are_made_square(elements: dict[str, Any], shape: tuple[int, int]) -> None:
    assert squared(EXACT, films.dataset(DEEP, **elements)).shape == shape


def test_a_film_drawn_out_is_the_film_between_its_pixels() -> None:
    ramp = np.tile(np.linspace(0, 1, 200, dtype=np.float32), (200, 1))
    drawn = squared(ramp, films.dataset(DEEP, PixelAspectRatio=[1, 2]))
    # Column c of 400 lies at (c + 0.5) / 2 - 0.5 of 200.
    at = (np.arange(2, 398) + 0.5) / 2 - 0.5
    assert np.allclose(drawn[100, 2:398], at / 199, atol=1e-5)


def test_the_stated_spacing_is_that_of_the_square_pixels() -> None:
    film = read(films.dicom(DEEP, ImagerPixelSpacing=[0.2, 0.16]))
    assert (film.height, film.width) == (250, 200)
    assert film.facts.spacing_mm == (0.16, 0.16)


def test_an_absurd_ratio_is_refused() -> None:
    with pytest.raises(RadiographError) as caught:
        read(films.dicom(DEEP, PixelAspectRatio=[100, 1]))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
    assert "Pixel Aspect Ratio 100" in caught.value.refusal.message.en


@pytest.mark.parametrize(
    "elements",
    [
        {"PixelAspectRatio": [3, 2], "PixelSpacing": [0.1, 0.1]},
        {"PixelAspectRatio": [1, 1], "ImagerPixelSpacing": [0.2, 0.16]},
        {"PixelAspectRatio": [1, 1], "NominalScannedPixelSpacing": [0.2, 0.25]},
        {"PixelAspectRatio": [4, 5], "PixelSpacing": [0.2, 0.16]},  # the other way round
        {"ImagerPixelSpacing": [0.3, 0.2], "PixelSpacing": [0.1, 0.1]},
    ],
)
def test_a_ratio_and_spacings_that_contradict_each_other_are_refused(
    elements: dict[str, Any],
) -> None:
    """PS3.3 C.7.6.3.1.7 has the ratio for films without a spacing, and says not which counts."""
    with pytest.raises(RadiographError) as caught:
        read(films.dicom(DEEP, **elements))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
    assert "Pixel Aspect Ratio and spacing" in caught.value.refusal.message.es


RECTANGLE = {
    "ShutterShape": "RECTANGULAR",
    "ShutterUpperHorizontalEdge": 31,
    "ShutterLowerHorizontalEdge": 180,
    "ShutterLeftVerticalEdge": 21,
    "ShutterRightVerticalEdge": 170,
}


def test_a_rectangular_shutter_is_cut_off() -> None:
    film = read(films.dicom(DEEP, **RECTANGLE))
    # Rows and columns count from 1, both edges belong to the film.
    assert film.box == Box(30, 20, 30 + 150, 20 + 150)
    assert np.allclose(film.pixels, EXACT[30:180, 20:170], atol=1e-6)


def test_a_circular_shutter_leaves_a_disc() -> None:
    seen = unshuttered(
        films.dataset(
            DEEP,
            ShutterShape="CIRCULAR",
            CenterOfCircularShutter=[101, 91],
            RadiusOfCircularShutter=60,
        )
    )
    assert seen is not None
    rows, columns = np.mgrid[:200, :200]
    assert np.array_equal(seen, np.hypot(rows - 100, columns - 90) <= 60)


def test_a_polygonal_shutter_leaves_its_inside() -> None:
    corners = [11, 101, 191, 11, 191, 191]  # row, column of a triangle's corners
    seen = unshuttered(
        films.dataset(DEEP, ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=corners)
    )
    assert seen is not None
    assert seen.sum() == pytest.approx(180 * 180 / 2, rel=0.02)
    assert seen[100, 100]
    assert seen[180, 20]
    assert not seen[20, 20]


def test_shapes_leave_what_each_of_them_does() -> None:
    both = {
        **RECTANGLE,
        "ShutterShape": ["RECTANGULAR", "CIRCULAR"],
        "CenterOfCircularShutter": [101, 101],
        "RadiusOfCircularShutter": 40,
    }
    seen = unshuttered(films.dataset(DEEP, **both))
    assert seen is not None
    rows, columns = np.nonzero(seen)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (60, 140, 60, 140)


@pytest.mark.parametrize(
    "elements",
    [
        {"ShutterShape": "RECTANGULAR"},
        {**RECTANGLE, "ShutterLeftVerticalEdge": 500},  # it would leave nothing
        {"ShutterShape": "CIRCULAR", "RadiusOfCircularShutter": 40},
        {"ShutterShape": "BITMAP"},
        {"ShutterPresentationValue": 0},
    ],
)
def test_a_shutter_that_says_nothing_hides_nothing(elements: dict[str, Any]) -> None:
    assert unshuttered(films.dataset(DEEP, **elements)) is None


def test_a_shutter_of_bits_hides_what_they_mark() -> None:
    # PS3.3 C.7.6.15: an overlay plane whose ones are replaced; packed from the low bit on.
    hidden = np.zeros(DEEP.shape, dtype=np.uint8)
    hidden[:20] = 1
    hidden[:, 150:] = 1
    film = films.dataset(DEEP, ShutterShape="BITMAP", ShutterOverlayGroup=0x6002)
    film.add_new(0x60020010, "US", DEEP.shape[0])
    film.add_new(0x60020011, "US", DEEP.shape[1])
    film.add_new(0x60020040, "CS", "G")
    film.add_new(0x60020050, "SS", [1, 1])
    film.add_new(0x60020100, "US", 1)
    film.add_new(0x60020102, "US", 0)
    film.add_new(0x60023000, "OW", np.packbits(hidden.ravel(), bitorder="little").tobytes())
    assert np.array_equal(unshuttered(film), hidden == 0)
    assert read(films.part10(film)).box == Box(20, 0, DEEP.shape[0], 150)
    del film[0x60023000]  # an overlay that is not there hides nothing
    assert unshuttered(film) is None


def test_a_shutters_name_in_small_letters_is_its_name() -> None:
    film = read(films.dicom(DEEP, **{**RECTANGLE, "ShutterShape": "rectangular"}))
    assert film.box == Box(30, 20, 30 + 150, 20 + 150)
