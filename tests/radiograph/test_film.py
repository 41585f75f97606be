"""The radiograph: no half-built object."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from covid_d.radiograph import Facts, Projection, Radiograph, Sex
from covid_d.radiograph.film import Box

FACTS = Facts(format="PNG", sha256="0", bits=8)


def test_a_film_knows_its_size_and_cannot_be_changed() -> None:
    film = Radiograph(np.zeros((120, 80), dtype=np.float32), FACTS)
    assert (film.height, film.width, film.name) == (120, 80, "")
    with pytest.raises(ValueError, match="read-only"):
        film.pixels[0, 0] = 1


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((5, 5)),
        np.zeros((5, 5), dtype=np.uint8),
        np.zeros((5, 5, 3), dtype=np.float32),
        np.zeros((0, 5), dtype=np.float32),
        np.full((5, 5), 1.01, dtype=np.float32),
        np.full((5, 5), -0.01, dtype=np.float32),
        np.full((5, 5), np.nan, dtype=np.float32),
        np.full((5, 5), np.inf, dtype=np.float32),
    ],
)
def test_other_pixels_are_refused(pixels: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match="pixels must"):
        Radiograph(pixels, FACTS)


def test_facts_are_unknown_until_stated() -> None:
    unknown = (FACTS.modality, FACTS.projection, FACTS.age_years, FACTS.sex, FACTS.spacing_mm)
    assert unknown == (None,) * 5
    assert not FACTS.colour


def test_only_pa_and_ap_are_frontal() -> None:
    frontal = {projection for projection in Projection if projection.is_frontal}
    assert frontal == {Projection.PA, Projection.AP, Projection.AP_SUPINE}


def test_words_are_those_of_manifests_and_dicom() -> None:
    assert [projection.value for projection in Projection] == [
        "PA",
        "AP",
        "AP Supine",
        "L",
        "Other",
    ]
    assert {sex.value for sex in Sex} == {"F", "M", "O"}


def _half(rows: int, columns: int, **of: Any) -> Radiograph:
    return Radiograph(np.zeros((rows, columns), dtype=np.float32), FACTS, halvings=1, **of)


def test_a_film_of_which_not_all_pixels_are_read_knows_how_many_it_has() -> None:
    film = _half(60, 41, box=Box(3, 5, 122, 86), picture_size=(90, 130))
    assert (film.height, film.width) == (60, 41)
    assert film.size == (81, 119)  # width, height of the box
    assert _half(60, 41).size == (82, 120)
    assert Radiograph(np.zeros((60, 41), dtype=np.float32), FACTS).size == (41, 60)


@pytest.mark.parametrize("box", [Box(0, 0, 118, 82), Box(0, 0, 120, 83), Box(0, 0, 60, 41)])
def test_its_pixels_fill_its_box(box: Box) -> None:
    with pytest.raises(ValueError, match="do not fill"):
        _half(60, 41, box=box)
