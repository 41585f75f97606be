"""A preview shows the film and nothing else."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import films
from covid_d.clinic.cases.preview import SIDE, preview_png
from covid_d.radiograph import read


@pytest.mark.parametrize("size", [160, SIDE, 481, 2000])
def test_it_is_the_film_made_small(size: int) -> None:
    film = read(films.picture(films.grey8(size=size, height=size // 2 + 60)))
    with Image.open(BytesIO(preview_png(film))) as picture:
        assert picture.mode == "L"
        assert max(picture.size) == min(size, SIDE)
        assert picture.width / picture.height == pytest.approx(film.width / film.height, rel=0.02)


def test_a_small_film_is_shown_pixel_by_pixel() -> None:
    film = read(films.dicom())
    with Image.open(BytesIO(preview_png(film))) as picture:
        assert np.abs(np.asarray(picture) / 255 - film.pixels).max() < 0.003


def test_it_carries_no_words_of_the_file() -> None:
    content = preview_png(read(films.dicom(PatientName="Pérez^Ana", PatientID="1710034065")))
    with Image.open(BytesIO(content)) as picture:
        assert picture.info == {}
    assert b"1710034065" not in content
