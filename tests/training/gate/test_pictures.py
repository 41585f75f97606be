from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from covid_d.detector.gate import PictureKind
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.gate.pictures import (
    ALTERATIONS,
    altered,
    drawn,
    packaged,
    pictures_in,
    varied,
)

FILM = draw_phantom(1, size=160).pixels[:, :120]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_an_altered_film_is_a_film_still_and_another_one(kind: PictureKind) -> None:
    for seed in range(4):
        found = altered(FILM, kind, rng(seed))
        assert found.dtype == np.float32
        assert found.min() >= 0.0
        assert found.max() <= 1.0
        if kind is PictureKind.ANNOTATED:  # a few strokes on the same film
            assert found.shape == FILM.shape
            assert 0.001 < (np.abs(found - FILM) > 0.05).mean() < 0.6
            continue
        assert found.shape != FILM.shape or np.abs(found - FILM).mean() > 0.01
    assert np.array_equal(altered(FILM, kind, rng(3)), altered(FILM, kind, rng(3)))


def test_alterations_are_what_they_are_called() -> None:
    assert altered(FILM, PictureKind.INVERTED, rng()) == pytest.approx(1.0 - FILM)
    for seed in range(6):
        upside_down = altered(FILM, PictureKind.UPSIDE_DOWN, rng(seed))
        assert upside_down.mean(axis=1) == pytest.approx(FILM.mean(axis=1)[::-1], abs=1e-5)
        assert altered(FILM, PictureKind.SIDEWAYS, rng(seed)).shape == FILM.shape[::-1]
        cropped = altered(FILM, PictureKind.CROPPED, rng(seed))
        shares = sorted(a / b for a, b in zip(cropped.shape, FILM.shape, strict=True))
        part = shares[0] >= 0.29 and shares[1] <= 0.51
        assert part or (0.41 <= shares[0] <= 0.59 and shares[1] == 1.0)
    blurred = altered(FILM, PictureKind.BLURRED, rng())
    assert np.abs(np.diff(blurred)).mean() < 0.5 * np.abs(np.diff(FILM)).mean()


def test_both_sides_and_both_ways_of_turning_over_come_up() -> None:
    for kind in (PictureKind.SIDEWAYS, PictureKind.UPSIDE_DOWN):
        assert len({altered(FILM, kind, rng(seed)).tobytes() for seed in range(12)}) == 2


@pytest.mark.parametrize("kind", [PictureKind.FRONTAL, PictureKind.CT, PictureKind.PICTURE])
def test_a_film_cannot_be_altered_to_another_kind(kind: PictureKind) -> None:
    with pytest.raises(ValueError, match=kind.value):
        altered(FILM, kind, rng())


def test_variants_keep_what_they_promise() -> None:
    for seed in range(8):
        found = varied(FILM, rng(seed), least=0.85)
        assert found.dtype == np.float32
        assert found.min() >= 0.0
        assert found.max() <= 1.0
        for side, whole in zip(found.shape, FILM.shape, strict=True):
            assert side >= round(0.85 * whole)


def test_packages_bring_photographs() -> None:
    found = dict(packaged())
    assert len(found) >= 25
    assert {"camera.png", "astronaut.png", "china.jpg", "grace_hopper.jpg"} <= set(found)
    for pixels in found.values():
        assert pixels.dtype == np.float32
        assert pixels.ndim == 2
        assert 64 <= min(pixels.shape) <= max(pixels.shape) <= 512
        assert pixels.min() >= 0.0
        assert pixels.max() <= 1.0


def test_a_folder_gives_its_pictures_in_order_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    Image.new("RGB", (900, 600), (255, 0, 0)).save(tmp_path / "b.png")
    Image.new("L", (100, 80), 7).save(tmp_path / "sub" / "c.jpg")
    Image.new("L", (20, 20), 7).save(tmp_path / "a small one.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    (tmp_path / "notes.txt").write_text("no picture")
    found = list(pictures_in(tmp_path))
    assert [name for name, _ in found] == ["b.png", "c.jpg"]
    assert found[0][1].shape == (341, 512)


def test_drawings_are_of_many_kinds_and_repeat() -> None:
    pictures = [drawn(seed) for seed in range(14)]
    for picture in pictures:
        assert picture.dtype == np.float32
        assert min(picture.shape) >= 200
        assert picture.min() >= 0.0
        assert picture.max() <= 1.0
    assert len({picture.tobytes() for picture in pictures}) == 14
    assert np.array_equal(drawn(5), pictures[5])
