"""A mask keeps to its film where reading cuts the film's margins off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from covid_d.radiograph import read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.lungs.data import _read_mask

pytestmark = pytest.mark.train  # the room imports torch


@pytest.mark.parametrize("margin", [(0, 0, 0, 0), (40, 0, 24, 16), (0, 60, 0, 60)])
def test_a_mask_loses_the_margins_of_its_film(
    margin: tuple[int, int, int, int], tmp_path: Path
) -> None:
    top, right, bottom, left = margin
    around = ((top, bottom), (left, right))
    phantom = draw_phantom(3, size=256)
    film, lungs = phantom.pixels, phantom.lungs
    grey = np.rint(film * 255).astype(np.uint8)
    Image.fromarray(np.pad(grey, around)).save(tmp_path / "film.png")
    drawn = np.pad(lungs.astype(np.uint8) * 255, around)
    # A mask may be of another size than its film.
    size = (drawn.shape[1] // 2, drawn.shape[0] // 2)
    Image.fromarray(drawn).resize(size, Image.Resampling.BOX).save(tmp_path / "mask.png")

    found = _read_mask(tmp_path / "mask.png", read(tmp_path / "film.png"), 128)

    wanted = np.asarray(
        Image.fromarray(lungs.astype(np.uint8) * 255).resize((128, 128), Image.Resampling.BOX)
    )
    overlap = 2 * (found & (wanted > 127)).sum() / (found.sum() + (wanted > 127).sum())
    assert overlap > 0.97
