"""A photographed film's corners are found and it is set straight; a film is no photograph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from covid_d.radiograph import Facts, Radiograph, RefusalCode, check
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.photograph import Corners, find_film, straightened

FILM = draw_phantom(2, size=400).pixels
CORNERS: tuple[Corners, ...] = (
    ((100.0, 60.0), (500.0, 60.0), (500.0, 460.0), (100.0, 460.0)),
    ((120.0, 40.0), (520.0, 80.0), (490.0, 470.0), (90.0, 440.0)),
    ((90.0, 90.0), (480.0, 50.0), (530.0, 480.0), (110.0, 450.0)),
)


def photograph(corners: Corners, seed: int = 0) -> FloatImage:
    """Return a dim room in which the film glows between corners, by inverse bilinear mapping.

    Worked out point by point here, unlike the projection that straightens.
    """
    noise = np.random.default_rng(seed)
    room = np.full((540, 640), 0.05) + noise.normal(0, 0.01, (540, 640))
    u, v = np.meshgrid(np.linspace(0, 1, 1200), np.linspace(0, 1, 1200))
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    x = (1 - u) * (1 - v) * ax + u * (1 - v) * bx + u * v * cx + (1 - u) * v * dx
    y = (1 - u) * (1 - v) * ay + u * (1 - v) * by + u * v * cy + (1 - u) * v * dy
    rows, columns = (v * 399).astype(int), (u * 399).astype(int)
    room[y.astype(int), x.astype(int)] = 0.2 + 0.7 * FILM[rows, columns]
    return np.clip(room, 0, 1).astype(np.float32)


@pytest.mark.parametrize("corners", CORNERS)
def test_the_corners_are_found(corners: Corners) -> None:
    found = find_film(photograph(corners))
    assert found is not None
    assert np.abs(np.subtract(found, corners)).max() < 0.015 * 640


@pytest.mark.parametrize("corners", CORNERS[:2])
def test_straightened_it_is_the_film_again(corners: Corners) -> None:
    film = straightened(photograph(corners), corners)
    small = [np.asarray(Image.fromarray(each).resize((64, 64))) for each in (film, FILM)]
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.95


def test_a_photograph_is_refused_and_its_straightening_proposed() -> None:
    refusal = check(Radiograph(photograph(CORNERS[1]), Facts("JPEG", "0" * 64, 8, colour=True)))
    assert refusal is not None
    assert refusal.code is RefusalCode.PHOTOGRAPH
    assert "enderece" in refusal.next_step.es
    other = check(Radiograph(FILM.copy(), Facts("JPEG", "0" * 64, 8, colour=True)))
    assert other is not None
    assert other.code is RefusalCode.COLOUR


def test_a_film_that_fills_its_picture_is_no_photograph() -> None:
    assert find_film(FILM[40:, 40:360]) is None


def blob() -> npt.NDArray[np.float32]:
    rows, columns = np.mgrid[:300, :300]
    inside: npt.NDArray[np.bool_] = (rows - 150) ** 2 + (columns - 150) ** 2 < 90**2
    return inside.astype(np.float32)


@pytest.mark.parametrize("picture", [np.zeros((200, 200), np.float32), blob()])
def test_what_has_no_four_sides_is_not_found(picture: npt.NDArray[np.float32]) -> None:
    assert find_film(picture) is None


def test_corners_out_of_order_are_refused() -> None:
    a, b, c, d = CORNERS[0]
    for wrong in ((a, c, b, d), (d, c, b, a), (a, a, c, d)):
        with pytest.raises(ValueError, match="convex"):
            straightened(FILM, wrong)
