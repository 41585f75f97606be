"""A refused film is refused with the reason that helps most, and stays refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bundle_factory import (
    SIZE,
    appearance_fields,
    appearance_network,
    gate_files,
    gate_spec,
    make_bundle,
)
from covid_d.detector import Detector
from covid_d.detector.reasons import is_vague, most_telling
from covid_d.radiograph import Radiograph, Refusal, RefusalCode
from lung_factory import TWO, Part, box_network, lungs_spec

Film = Callable[..., Radiograph]

FRAME = {
    "size": SIZE,
    "fit": "squash",
    "intensity": "full",
    "frame": "lungs",
    "mean": [0.0, 0.0, 0.0],
    "std": [1.0, 1.0, 1.0],
}
# Two pairs of lungs side by side.
FOUR = tuple((slice(8, 56), slice(left, left + 10)) for left in (3, 17, 35, 49))


def _detector(folder: Path, parts: Sequence[Part], kind: str = "lateral") -> Detector:
    """A bundle that finds these lungs, and whose gate takes bright films for a kind."""
    bundle = make_bundle(
        folder,
        model=appearance_network(),
        more={"lungs.onnx": box_network(parts=parts)} | gate_files(),
        lungs=lungs_spec().model_dump(mode="json"),
        gate=gate_spec(kinds=["frontal", kind]),
        **appearance_fields(preprocessing=FRAME),
    )
    return Detector.load(bundle)


def _code(detector: Detector, film: Radiograph) -> RefusalCode | None:
    found = detector.examine(film)
    assert bool(found.logits) == (found.refusal is None)
    return None if found.refusal is None else found.refusal.code


@pytest.mark.parametrize(
    ("first", "others", "told"),
    [
        (RefusalCode.NO_LUNGS, [RefusalCode.INVERTED, None], RefusalCode.INVERTED),
        (RefusalCode.NO_LUNGS, [None, RefusalCode.NO_LUNGS], RefusalCode.NO_LUNGS),
        (RefusalCode.NO_LUNGS, [RefusalCode.CROPPED], RefusalCode.CROPPED),
        (RefusalCode.PART_OF_CHEST, [RefusalCode.SIDEWAYS], RefusalCode.SIDEWAYS),
        (RefusalCode.COLLAGE, [RefusalCode.INVERTED], RefusalCode.INVERTED),
        (RefusalCode.COLLAGE, [RefusalCode.CROPPED], RefusalCode.COLLAGE),
        (RefusalCode.ASPECT, [RefusalCode.COLLAGE], RefusalCode.COLLAGE),
        (RefusalCode.ASPECT, [None, RefusalCode.COLLAGE], RefusalCode.COLLAGE),
        (RefusalCode.ASPECT, [RefusalCode.LOOKS_LATERAL, None], RefusalCode.ASPECT),
        (RefusalCode.SEAM, [RefusalCode.COLLAGE], RefusalCode.COLLAGE),
        (RefusalCode.SEAM, [RefusalCode.INVERTED], RefusalCode.SEAM),
        # What the file states, and what is plain to see, needs no better words.
        (RefusalCode.CHILD, [RefusalCode.COLLAGE], RefusalCode.CHILD),
        (RefusalCode.BLANK, [RefusalCode.UNLIKE_CHEST], RefusalCode.BLANK),
        (RefusalCode.LOOKS_CT, [RefusalCode.COLLAGE], RefusalCode.LOOKS_CT),
    ],
)
def test_which_reason_is_told(
    first: RefusalCode, others: list[RefusalCode | None], told: RefusalCode
) -> None:
    assert most_telling(Refusal.of(first, "3 x 1"), others) == Refusal.of(
        told, "3 x 1" if told is first else ""
    )


def test_only_vague_reasons_are_asked_about() -> None:
    vague = {code for code in RefusalCode if is_vague(Refusal.of(code))}
    assert vague == {
        RefusalCode.NO_LUNGS,
        RefusalCode.PART_OF_CHEST,
        RefusalCode.COLLAGE,
        RefusalCode.ASPECT,
        RefusalCode.SEAM,
    }


@pytest.mark.parametrize(
    ("parts", "kind", "brightness", "told"),
    [
        (TWO, "inverted", 0.3, None),
        (TWO, "inverted", 0.7, RefusalCode.INVERTED),
        ((), "inverted", 0.7, RefusalCode.INVERTED),
        ((), "inverted", 0.3, RefusalCode.NO_LUNGS),
        ((), "cropped", 0.7, RefusalCode.CROPPED),
        (FOUR, "sideways", 0.7, RefusalCode.SIDEWAYS),
        (FOUR, "annotated", 0.7, RefusalCode.COLLAGE),
        (FOUR, "sideways", 0.3, RefusalCode.COLLAGE),
    ],
)
def test_the_gate_names_what_the_lungs_do_not_tell(
    tmp_path: Path,
    film_of: Film,
    parts: Sequence[Part],
    kind: str,
    brightness: float,
    told: RefusalCode | None,
) -> None:
    assert _code(_detector(tmp_path / "b", parts, kind), film_of(brightness)) is told


@pytest.mark.parametrize(
    ("parts", "kind", "brightness", "told"),
    [
        (TWO, "collage", 0.7, RefusalCode.COLLAGE),
        (FOUR, "lateral", 0.7, RefusalCode.COLLAGE),
        (TWO, "lateral", 0.7, RefusalCode.ASPECT),
        (TWO, "collage", 0.3, RefusalCode.ASPECT),
    ],
)
def test_a_wide_picture_of_several_films_is_called_so(
    tmp_path: Path,
    film_of: Film,
    parts: Sequence[Part],
    kind: str,
    brightness: float,
    told: RefusalCode,
) -> None:
    film = film_of(brightness, height=100, width=210)
    assert _code(_detector(tmp_path / "b", parts, kind), film) is told


def test_what_the_file_states_comes_first(tmp_path: Path, film_of: Film) -> None:
    detector = _detector(tmp_path / "b", (), "inverted")
    assert _code(detector, film_of(0.7, age_years=9.0)) is RefusalCode.CHILD


def test_a_film_that_is_answered_is_not_asked_about_twice(
    tmp_path: Path, film_of: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = _detector(tmp_path / "b", TWO)

    def broken(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(detector.frame, "whole", broken)
    assert _code(detector, film_of(0.3)) is None
    assert _code(detector, film_of(0.7)) is RefusalCode.LOOKS_LATERAL
    # Where the better reason cannot be found the film still gets no answer.
    assert _code(detector, film_of(0.3, height=100, width=210)) is RefusalCode.INTERNAL
