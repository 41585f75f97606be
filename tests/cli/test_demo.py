"""The first try: a real film from a package, the built-in bundle, an overlay."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from covid_d.cli.demo import demo, sample_film
from covid_d.errors import MissingExtraError
from covid_d.language import INTENDED_USE
from covid_d.radiograph import Projection, check, read


def test_the_sample_is_a_frontal_chest_film_that_passes_the_checks() -> None:
    film = read(sample_film())

    assert film.facts.modality == "CR"
    assert film.facts.projection is Projection.PA
    assert check(film) is None


@pytest.mark.parametrize("language", ["es", "en"])
def test_demo_answers_the_film_and_writes_its_overlay(tmp_path: Path, language: str) -> None:
    out = tmp_path / "demo"

    result = CliRunner().invoke(demo, ["--out", str(out), "--lang", language])

    assert result.exit_code == 0, result.output
    sentence = INTENDED_USE.es if language == "es" else INTENDED_USE.en
    assert sentence in result.output
    assert "%" in result.output, "a frontal chest film gets a probability"
    (overlay,) = out.glob("*.png")
    assert str(overlay) in result.output
    assert Image.open(overlay).size[0] > 300


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match="demo"):
        sample_film()
