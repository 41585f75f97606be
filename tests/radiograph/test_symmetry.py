"""A film whose half was copied onto the other is found; a chest's own likeness is not enough."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from covid_d.radiograph.symmetry import mirrored
from lungs_drawn import SIDE, Levels, whole_film


def _halved(film: Levels, axis: int, *, left: bool = True) -> Levels:
    """Return a film that is mirrored about the line before a column."""
    near = min(axis, film.shape[1] - axis)
    twin = film.copy()
    before, behind = slice(axis - near, axis), slice(axis, axis + near)
    if left:
        twin[:, behind] = film[:, before][:, ::-1]
    else:
        twin[:, before] = film[:, behind][:, ::-1]
    return twin


def _compressed(film: Levels, quality: int) -> Levels:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("quality", [None, 70])
def test_a_film_is_not_its_own_mirror_image(seed: int, quality: int | None) -> None:
    """Its lungs, ribs and heart are drawn alike on both sides, its vessels and grain are not."""
    film = whole_film(seed)[0]
    assert not mirrored(film if quality is None else _compressed(film, quality))


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("axis", [110, 121, 128, 139, 146])
@pytest.mark.parametrize("quality", [None, 70])
def test_a_half_on_the_other_is_found(left: bool, axis: int, quality: int | None) -> None:
    film = _halved(whole_film()[0], axis, left=left)
    assert mirrored(film if quality is None else _compressed(film, quality))


def test_an_axis_may_go_through_a_column() -> None:
    film = whole_film()[0]
    film[:, 128:] = film[:, 1:129][:, ::-1]  # about column 128
    assert mirrored(film)


def test_an_axis_far_from_the_middle_is_none() -> None:
    assert not mirrored(_halved(whole_film()[0], 70))


def test_upside_down_is_no_mirror() -> None:
    film = whole_film()[0]
    film[SIDE // 2 :] = film[: SIDE // 2][::-1]
    assert not mirrored(film)


def test_what_has_no_detail_tells_nothing() -> None:
    assert not mirrored(np.full((SIDE, SIDE), 90, dtype=np.uint8))
    assert not mirrored(_halved(whole_film()[0][:, 65:193], 64)[:, :127])


def test_agreement_is_reckoned_over_all_pairs() -> None:
    """Line by line and axis by axis, by plain numbers, for films that agree more and more."""
    film, told = whole_film()[0].astype(np.float64), []
    twin = _halved(film.astype(np.uint8), 128).astype(np.float64)
    for share in np.linspace(0.3, 0.8, 11):
        mixed = np.rint(film * (1 - share) + twin * share).astype(np.uint8)
        told.append((_agreement(mixed) > 0.7, mirrored(mixed)))
    assert {expected for expected, _ in told} == {True, False}
    assert all(expected == found for expected, found in told)


def _agreement(film: Levels) -> float:
    rows = film[32:224:8].astype(np.float64)
    mean = np.ones(13) / 13
    near = np.array([np.convolve(row, np.ones(3) / 3, "valid") for row in rows])[:, 5:-5]
    detail = near - np.array([np.convolve(row, mean, "valid") for row in rows])
    detail = np.clip(detail, -12, 12)
    width, most = detail.shape[1], 0.0
    for twice in range(width - 1 - 40, width + 40):
        places = np.arange(max(0, twice - width + 1), min(width - 1, twice) + 1)
        both = detail[:, places]
        most = max(most, float((both * detail[:, twice - places]).sum() / (both**2).sum()))
    return most
