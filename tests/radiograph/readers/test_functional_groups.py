"""What functional groups say of the one frame of an enhanced object counts as said of the film."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

import films
from covid_d.radiograph import RadiographError, RefusalCode, check, read
from covid_d.radiograph.readers.functional_groups import lift

DEEP = np.rint(films.lit(200, 180) * 4000).astype(np.uint16)
SHARED, FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"


def item(**elements: Any) -> Dataset:
    found = Dataset()
    for keyword, value in elements.items():
        setattr(found, keyword, value)
    return found


def enhanced(where: str, macro: str, of: Dataset, **elements: Any) -> bytes:
    """Return a film whose functional group, shared or of its frame, holds one macro."""
    group = item(**{macro: Sequence([of])})
    groups: dict[str, Any] = {SHARED: Sequence([Dataset()]), FRAME: Sequence([Dataset()])}
    groups[where] = Sequence([group])
    return films.dicom(DEEP, NumberOfFrames="1", **groups, **elements)


@pytest.mark.parametrize("where", [SHARED, FRAME])
def test_a_window_is_applied(where: str) -> None:
    """PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5), cut to the range."""
    window = item(WindowCenter="1500", WindowWidth="2000")
    expected = np.clip((DEEP - 1499.5) / 1999 + 0.5, 0, 1)
    found = films.whole(enhanced(where, "FrameVOILUTSequence", window))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("where", [SHARED, FRAME])
def test_a_falling_rescale_turns_the_grey_round(where: str) -> None:
    falling = item(RescaleSlope="-1", RescaleIntercept="4095", RescaleType="US")
    found = films.whole(enhanced(where, "PixelValueTransformationSequence", falling))
    np.testing.assert_allclose(found, 1 - DEEP / 4095, atol=1e-6)


def test_oblong_pixels_are_made_square() -> None:
    data = enhanced(SHARED, "PixelMeasuresSequence", item(PixelSpacing=["0.1", "0.2"]))
    assert films.whole(data).shape == (200, 360)
    assert read(data).facts.spacing_mm == (0.1, 0.1)


def test_what_is_shown_is_asked_too() -> None:
    hand = item(CodeValue="T-D8700", CodingSchemeDesignator="SRT", CodeMeaning="Hand")
    anatomy = item(AnatomicRegionSequence=Sequence([hand]))
    refusal = check(read(enhanced(SHARED, "FrameAnatomySequence", anatomy)))
    assert refusal is not None
    assert refusal.code is RefusalCode.NOT_CHEST


def test_a_shutter_is_cut_off() -> None:
    shutter = item(
        ShutterShape="RECTANGULAR",
        ShutterUpperHorizontalEdge=21,
        ShutterLowerHorizontalEdge=180,
        ShutterLeftVerticalEdge=11,
        ShutterRightVerticalEdge=170,
    )
    film = read(enhanced(FRAME, "FrameDisplayShutterSequence", shutter))
    assert film.pixels.shape == (160, 160)


def test_what_the_film_itself_says_stands() -> None:
    window = item(WindowCenter="1500", WindowWidth="2000")
    own = {"WindowCenter": "2048", "WindowWidth": "4096"}
    found = films.whole(enhanced(SHARED, "FrameVOILUTSequence", window, **own))
    np.testing.assert_allclose(found, DEEP / 4095, atol=1e-3)


def test_the_frame_comes_before_what_all_frames_share() -> None:
    film = films.dataset(DEEP)
    for groups, centre in ((SHARED, "1"), (FRAME, "2")):
        window = item(WindowCenter=centre, WindowWidth="9")
        setattr(film, groups, Sequence([item(FrameVOILUTSequence=Sequence([window]))]))
    lift(film)
    assert film.WindowCenter == 2


@pytest.mark.parametrize("groups", [Sequence([]), Sequence([Dataset()]), None])
def test_groups_that_say_nothing_add_nothing(groups: Sequence | None) -> None:
    film = films.dataset(DEEP)
    before = set(film.keys())
    if groups is not None:
        film.SharedFunctionalGroupsSequence = groups
    lift(film)
    assert set(film.keys()) - {film.data_element(SHARED).tag if groups is not None else 0} == before


def test_bytes_behind_the_pixels_are_damage_still() -> None:
    """Elements lifted come last in the data set, but not in the file."""
    window = item(WindowCenter="1500", WindowWidth="2000")
    sound = enhanced(SHARED, "FrameVOILUTSequence", window)
    with pytest.raises(RadiographError):
        read(sound + b"\x28\x00\x10\x00US\x02\x00\xc8\x00")


@pytest.mark.parametrize("where", [SHARED, FRAME])
def test_what_is_private_is_left_where_it_is(where: str) -> None:
    """Nobody asks for it, and what it takes to read nobody knows."""
    window = item(WindowCenter="1500", WindowWidth="2000")
    window.add_new(0x00090010, "LO", "SOMEBODY")
    window.add_new(0x00091001, "UN", b"\0\1")
    film = dcmread(BytesIO(enhanced(where, "FrameVOILUTSequence", window)))
    lift(film)
    assert film.WindowCenter == 1500
    assert not any(element.tag.is_private for element in film)
