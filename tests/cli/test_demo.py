"""The first try: a real film from a package, the built-in bundle, an overlay."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from covid_d.cli.demo import demo
from covid_d.language import INTENDED_USE


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
