"""Real films through detector and command line: none crashes, adults' films are answered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundle_factory import make_bundle
from covid_d.detector import Detector, Outcome, expand
from covid_d.detector.explain import overlay
from covid_d.radiograph import read

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("real") / "bundle")


def test_every_adult_film_is_answered_or_refused(real_data: Path, bundle: Path) -> None:
    films = expand([real_data / "adult"])
    answers = list(Detector.load(bundle).assess_many(films))
    assert [answer.path for answer in answers] == [str(film) for film in films]
    assert len(films) > 2000
    refused = Counter(answer.refusal.code for answer in answers if answer.refusal)
    assert refused.total() < 0.01 * len(films), refused


def test_a_collection_with_ct_and_lateral_films_ends_without_a_crash(
    real_data: Path, bundle: Path
) -> None:
    films = expand([real_data / "covid-chestxray-dataset" / "images"])
    codes = Counter(
        answer.refusal.code.value if answer.refusal else "answered"
        for answer in Detector.load(bundle).assess_many(films)
    )
    assert codes.total() == len(films) > 400
    assert codes["answered"] > 0.8 * len(films)
    assert not codes["internal_error"]
    assert not codes["no_number"]


def test_dicom_films_keep_their_facts(real_data: Path, bundle: Path) -> None:
    detector = Detector.load(bundle)
    for film in expand([real_data / "dicom"]):
        answer = detector.assess(film, activation=True)
        assert answer.outcome is not Outcome.REFUSED
        # Both state projection and age: only the bundle's own cautions are left.
        assert [warning.code for warning in answer.warnings] == [
            "demonstration_model",
            "no_input_gate",
        ]
        radiograph = read(film)
        picture = overlay(radiograph, answer, detector.bundle.spec.preprocessing)
        assert np.asarray(picture).std() > 10


def test_the_command_line_says_the_same(real_data: Path, bundle: Path, tmp_path: Path) -> None:
    films = [*expand([real_data / "dicom"]), *expand([real_data / "adult"])[::200]]
    words = ["predict", *map(str, films), "--json", "--bundle", str(bundle)]
    done = subprocess.run(
        [sys.executable, "-m", "covid_d", *words, "--explain", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    detector = Detector.load(bundle)
    expected = [detector.assess(film).to_dict() for film in films]
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected
    answered = [line for line in expected if line["outcome"] != "refused"]
    overlays = list(tmp_path.glob("*.overlay.png"))
    assert len(overlays) == len(answered) > 10
    for path in overlays:
        with Image.open(path) as picture:
            picture.load()
