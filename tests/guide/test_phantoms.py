"""The drawings of the page on appearances show what its words say, and are those of the script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import phantoms
import pytest
from PIL import Image, ImageFilter

from covid_d.radiograph.phantom import draw_phantom

ASSETS = Path(phantoms.__file__).parent / "assets"
NAMES = ("negative", "atypical", "indeterminate", "typical")


def grey(picture: Image.Image) -> npt.NDArray[np.float64]:
    return np.asarray(picture.convert("L"), np.float64)


@pytest.fixture(scope="module")
def whitened() -> dict[str, npt.NDArray[np.float64]]:
    """How much brighter each drawing is than the one without opacities."""
    drawn = phantoms.pictures()
    return {name: grey(picture) - grey(drawn["negative"]) for name, picture in drawn.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_what_the_script_draws(name: str) -> None:
    shown = grey(Image.open(ASSETS / f"appearance-{name}.png"))
    # A blur that differs by one between versions may move a grey to the next step.
    assert np.abs(shown - grey(phantoms.pictures()[name])).max() <= 2 * phantoms.STEP


def halves(change: npt.NDArray[np.float64]) -> tuple[float, float]:
    middle = change.shape[1] // 2
    return float((change[:, :middle] > 20).mean()), float((change[:, middle:] > 20).mean())


def test_typical_opacities_lie_in_both_lungs_and_mostly_low(
    whitened: dict[str, npt.NDArray[np.float64]],
) -> None:
    change = whitened["typical"]
    assert min(halves(change)) > 0.01
    rows = np.nonzero(change > 20)[0]
    assert np.median(rows) > change.shape[0] / 2


def test_the_indeterminate_one_lies_on_one_side_and_high(
    whitened: dict[str, npt.NDArray[np.float64]],
) -> None:
    change = whitened["indeterminate"]
    left, right = halves(change)
    assert left == 0
    assert right > 0.01
    assert np.median(np.nonzero(change > 20)[0]) < change.shape[0] / 2


def test_the_atypical_ones_end_in_an_edge(whitened: dict[str, npt.NDArray[np.float64]]) -> None:
    # A fissure and a level of fluid are steep; hazy opacities are not.
    steep = {name: np.abs(change[6:] - change[:-6]).max() for name, change in whitened.items()}
    assert steep["atypical"] > 1.3 * max(steep["typical"], steep["indeterminate"])


def test_nothing_is_drawn_outside_the_lungs(
    whitened: dict[str, npt.NDArray[np.float64]],
) -> None:
    lungs = draw_phantom(phantoms.SEED, size=phantoms.SIDE).lungs
    # The lungs' edge is soft: a few pixels to either side.
    near = np.asarray(Image.fromarray(lungs).convert("L").filter(ImageFilter.MaxFilter(25)))
    for change in whitened.values():
        assert np.abs(change[near == 0]).max() <= 1
