"""The built-in bundle's gate on real films: what must be refused is, and frontal films are not."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from covid_d.detector import Detector, Outcome
from covid_d.detector.gate import PictureKind
from covid_d.radiograph import Facts, Radiograph, RefusalCode, read
from covid_d.training.gate.pictures import ALTERATIONS, altered, drawn

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load(None)


@pytest.fixture(scope="module")
def cohen(real_data: Path) -> list[tuple[Path, dict[str, str]]]:
    """The files of Cohen's collection that are there, each with its first row."""
    root = real_data / "covid-chestxray-dataset"
    with (root / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["filename"]: row for row in reversed(list(csv.DictReader(stream)))}
    found = ((root / "images" / name, row) for name, row in sorted(rows.items()))
    return [(path, row) for path, row in found if path.is_file()]


def by_pixels_alone(film: Radiograph) -> Radiograph:
    """Return the film as if its file stated nothing."""
    return Radiograph(film.pixels, Facts("PNG", "0" * 64, 8))


@pytest.mark.parametrize("views", [{"L"}, {"Axial", "Coronal"}])
def test_lateral_films_and_slices_are_refused(
    detector: Detector, cohen: list[tuple[Path, dict[str, str]]], views: set[str]
) -> None:
    films = [path for path, row in cohen if row["view"] in views]
    answers = [detector.assess(by_pixels_alone(read(path))) for path in films]
    assert len(answers) >= 14
    refused = sum(answer.outcome is Outcome.REFUSED for answer in answers)
    assert refused >= 0.95 * len(answers)
    assert all(answer.probability is None for answer in answers if answer.refusal)


def test_frontal_films_of_a_publisher_never_trained_on_are_answered(
    detector: Detector, cohen: list[tuple[Path, dict[str, str]]]
) -> None:
    films = [
        path
        for path, row in cohen
        if "radiopaedia.org" in row["url"]
        and row["view"] in {"PA", "AP", "AP Supine"}
        and not (row["age"] and float(row["age"]) < 18)
    ]
    answers = list(detector.assess_many(films))
    refused = Counter(answer.refusal.code.value for answer in answers if answer.refusal)
    assert len(films) > 90
    # Four of 126: two are cut by the edge, one has a white lung, one is crossed by cables.
    assert refused.total() <= 0.035 * len(films), refused


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_films_put_wrong_are_refused_with_their_reason(
    detector: Detector, cohen: list[tuple[Path, dict[str, str]]], kind: PictureKind
) -> None:
    films = [path for path, row in cohen if row["view"] == "PA"][::8]
    rng = np.random.default_rng(11)
    answers = [
        detector.assess(Radiograph(altered(read(path).pixels, kind, rng), Facts("PNG", "", 8)))
        for path in films
    ]
    codes = Counter(answer.refusal.code if answer.refusal else None for answer in answers)
    assert len(films) >= 20
    # benchmarks/gate.py measures 89 to 100 % on thousands; these few films allow for chance. Of
    # annotated ones the gate of 1.1.0 let 7 of 26 pass: far from the 2 % that is the aim.
    assert codes[None] <= (0.3 if kind is PictureKind.ANNOTATED else 0.2) * len(films), codes
    assert codes.most_common(1)[0][0] is kind.code


def test_drawings_are_refused(detector: Detector) -> None:
    answers = [
        detector.assess(Radiograph(drawn(seed), Facts("PNG", "", 8))) for seed in range(900, 970)
    ]
    assert all(answer.outcome is Outcome.REFUSED for answer in answers)
    assert RefusalCode.UNLIKE_CHEST in {answer.refusal.code for answer in answers if answer.refusal}
