from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from covid_d.dataset import Dataset
from covid_d.dataset.describe.contact_sheet import contact_sheet
from covid_d.errors import DatasetError
from covid_d.radiograph import RadiographError

if TYPE_CHECKING:
    from dataset.conftest import Handmade


@pytest.fixture
def dataset(handmade: Handmade) -> Dataset:
    return Dataset.open(handmade.folder)


def test_the_sheet_has_a_tile_a_film(dataset: Dataset) -> None:
    three = contact_sheet(dataset, films=9, columns=3)
    wide = contact_sheet(dataset, films=6, columns=6)
    assert three.mode == "RGB"
    assert three.height > three.width * 0.9
    assert wide.width > 4 * wide.height / 1.5


def test_films_fill_the_sheet_and_titles_carry_their_class(dataset: Dataset) -> None:
    pixels = np.asarray(contact_sheet(dataset, films=9, columns=3)).astype(int)
    grey = (np.ptp(pixels, axis=2) < 8) & (pixels.mean(axis=2) < 250)
    assert grey.mean() > 0.6, "most of the sheet is film"
    # Both classes are among the nine, each in its colour: vermilion and blue.
    red, blue = pixels[..., 0] - pixels[..., 2] > 120, pixels[..., 2] - pixels[..., 0] > 120
    assert red.sum() > 50
    assert blue.sum() > 50


def test_the_seed_fixes_the_choice(dataset: Dataset) -> None:
    one, again = contact_sheet(dataset, films=2), contact_sheet(dataset, films=2)
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != contact_sheet(dataset, films=2, seed=1).tobytes()


def test_a_small_split_gives_a_small_sheet(dataset: Dataset) -> None:
    nine = contact_sheet(dataset, films=9, columns=2, split="validation")
    four = contact_sheet(dataset, films=4, columns=2, split="validation")
    assert nine.tobytes() == four.tobytes()


def test_ct_can_be_shown_too(dataset: Dataset) -> None:
    sheet = contact_sheet(dataset, films=9, split="CT")
    assert sheet.height > sheet.width


def test_language_changes_the_words(dataset: Dataset) -> None:
    english = contact_sheet(dataset, films=9, language="en")
    assert english.tobytes() != contact_sheet(dataset, films=9, language="es").tobytes()


@pytest.mark.parametrize(("films", "columns"), [(0, 3), (9, 0), (-1, 1)])
def test_impossible_sheets_are_refused(dataset: Dataset, films: int, columns: int) -> None:
    with pytest.raises(DatasetError, match=f"{films} films in {columns} columns"):
        contact_sheet(dataset, films=films, columns=columns)


def test_an_empty_split_is_an_error_that_names_it(handmade: Handmade) -> None:
    handmade.rows[:] = handmade.in_split("train")
    handmade.seal()
    with pytest.raises(DatasetError, match="'test'"):
        contact_sheet(Dataset.open(handmade.folder), split="test")


def test_an_unreadable_film_is_not_drawn_as_something(handmade: Handmade, dataset: Dataset) -> None:
    for row in handmade.in_split("validation"):
        (handmade.folder / row["path"]).write_bytes(b"")
    with pytest.raises(RadiographError):
        contact_sheet(dataset, split="validation")
