"""The activation comes back to the film's own pixels, and the picture shows both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from bundle_factory import make_bundle
from covid_d.detector import Detector
from covid_d.detector.assessment import Outcome
from covid_d.detector.cautions import OUTSIDE_LUNGS
from covid_d.detector.explain import (
    _LEGEND,
    _NOTICE,
    _STRONG,
    colours,
    evidence_layer,
    overlay,
    to_film_coordinates,
    without_accents,
)
from covid_d.detector.lungs import LungModel
from covid_d.radiograph import Facts, Preprocessing, Radiograph, read, standardise
from covid_d.radiograph.sample import sample_film

SHAPES = [(300, 300), (400, 250), (250, 400), (333, 501)]
GRID = 14


def film_with_square(
    shape: tuple[int, int], row: float, column: float, side: float = 0.16
) -> Radiograph:
    """A dark film with a bright square centred at the given shares of its height and width."""
    rows, columns = shape
    half = side * min(shape) / 2
    top, left = round(row * rows - half), round(column * columns - half)
    pixels = np.full(shape, 0.05, dtype=np.float32)
    pixels[top : top + round(2 * half), left : left + round(2 * half)] = 1.0
    return Radiograph(pixels, Facts(format="PNG", sha256="0" * 64, bits=8))


def seen_grid(film: Radiograph, preprocessing: Preprocessing) -> np.ndarray:
    """What a network of 14 x 14 cells that fires on brightness would see."""
    grey = standardise(film, preprocessing).astype(np.float32)
    cell = preprocessing.size // GRID
    grid: np.ndarray = grey.reshape(GRID, cell, GRID, cell).mean(axis=(1, 3))
    return grid


@pytest.mark.parametrize("fit", ["squash", "pad", "crop"])
@pytest.mark.parametrize("border", [0.0, 0.1])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("at", [(0.5, 0.5), (0.4, 0.6), (0.58, 0.42)])
def test_a_bright_square_is_found_again(
    fit: Literal["squash", "pad", "crop"],
    border: float,
    shape: tuple[int, int],
    at: tuple[float, float],
) -> None:
    preprocessing = Preprocessing(size=224, fit=fit, crop_border=border, intensity="full")
    film = film_with_square(shape, *at)
    found = to_film_coordinates(seen_grid(film, preprocessing), shape, preprocessing)
    assert found.shape == shape
    assert found.dtype == np.float32
    weight = np.clip(found - 0.5 * found.max(), 0, None)
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    centre = ((weight * rows).sum() / weight.sum(), (weight * columns).sum() / weight.sum())
    tolerance = 0.6 * max(shape) / GRID  # a little over half a cell
    assert abs(centre[0] - (at[0] * shape[0] - 0.5)) < tolerance
    assert abs(centre[1] - (at[1] * shape[1] - 0.5)) < tolerance


@pytest.mark.parametrize("border", [0.05, 0.2])
def test_what_was_cut_off_is_zero(border: float) -> None:
    shape = (300, 200)
    for fit in ("squash", "pad", "crop"):
        preprocessing = Preprocessing(size=64, fit=fit, crop_border=border)
        found = to_film_coordinates(np.ones((4, 4), np.float32), shape, preprocessing)
        rows, columns = round(300 * border), round(200 * border)
        assert (found[:rows] == 0).all()
        assert (found[-rows:] == 0).all()
        assert (found[:, :columns] == 0).all()
        assert (found[:, -columns:] == 0).all()
        assert found[150, 100] == pytest.approx(1.0)


def test_crop_never_saw_the_ends_of_the_longer_side() -> None:
    preprocessing = Preprocessing(size=64, fit="crop")
    found = to_film_coordinates(np.ones((4, 4), np.float32), (400, 200), preprocessing)
    assert (found[:100] == 0).all()
    assert (found[300:] == 0).all()
    assert found[100:300] == pytest.approx(1.0)


def test_pad_leaves_the_bars_out() -> None:
    """Evidence on the bars beside a narrow film belongs to no pixel of it."""
    preprocessing = Preprocessing(size=64, fit="pad")
    grid = np.zeros((8, 8), np.float32)
    grid[:, :2] = grid[:, 6:] = 1.0  # a film twice as high as wide fills columns 2 to 5
    found = to_film_coordinates(grid, (400, 200), preprocessing)
    assert found[:, 60:140].max() == 0.0


def test_colours_rise_in_lightness_from_black() -> None:
    steps = colours(np.linspace(0, 1, 33, dtype=np.float32))
    lightness = steps @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()
    assert lightness[0] < 3
    assert lightness[-1] > 240
    assert colours(np.zeros((5, 7), np.float32)).shape == (5, 7, 3)


def test_colours_are_inferno() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    values = np.linspace(0, 1, 65)
    reference = matplotlib.colormaps["inferno"](values)[:, :3] * 255
    assert np.abs(colours(values.astype(np.float32)) - reference).max() < 16


class TestOverlay:
    @pytest.fixture
    def preprocessing(self, detector: Detector) -> Preprocessing:
        return detector.bundle.spec.preprocessing

    def test_film_and_overlay_side_by_side(
        self, detector: Detector, film_of: Callable[..., Radiograph], preprocessing: Preprocessing
    ) -> None:
        film = film_of(height=300, width=320)
        picture = overlay(film, detector.assess(film, activation=True), preprocessing)
        assert picture.mode == "RGB"
        assert picture.width == 640
        pair = np.asarray(picture)[:300]
        original, covered = pair[:, :320], pair[:, 320:640]
        expected = np.rint(film.pixels * 255)
        assert (original == expected[..., None]).all()  # the film itself, untouched
        # film_of rises to the right, and so does the evidence: colour where it is strongest.
        colour = covered.max(axis=2).astype(int) - covered.min(axis=2)
        assert colour[:, -40:].mean() > 30
        assert colour[:, -40:].mean() > 1.5 * colour[:, :40].mean()

    def test_the_film_shows_through_the_strongest_evidence(
        self, detector: Detector, film_of: Callable[..., Radiograph], preprocessing: Preprocessing
    ) -> None:
        film = film_of(0.7)
        pixels = film.pixels.copy()
        pixels[100:140, 220:250] = 0.0
        holed = Radiograph(pixels, film.facts)
        picture = overlay(holed, detector.assess(holed, activation=True), preprocessing)
        covered = np.asarray(picture)[:256, 256:512].astype(int)
        hole, beside = covered[110:130, 225:245], covered[60:80, 225:245]
        assert beside.mean() - hole.mean() > 40

    @pytest.mark.parametrize("shape", [(300, 320), (160, 100), (901, 700)])
    def test_it_is_the_film_composed_with_the_colours_of_its_evidence(
        self,
        detector: Detector,
        film_of: Callable[..., Radiograph],
        preprocessing: Preprocessing,
        shape: tuple[int, int],
    ) -> None:
        """To the pixel, by Pillow's own composition: what is sent twice must be one picture."""
        height, width = shape
        film = film_of(height=height, width=width)
        answer = detector.assess(film, activation=True)
        assert answer.activation is not None
        panel = Image.fromarray(film.pixels)
        panel.thumbnail((900, 900), Image.Resampling.BILINEAR, reducing_gap=1.0)
        evidence = to_film_coordinates(
            answer.activation, (panel.height, panel.width), preprocessing, answer.box
        )
        grey, strength = (
            Image.fromarray(np.rint(np.clip(each, 0, 1) * np.float32(255)).astype(np.uint8))
            for each in (np.asarray(panel), evidence)
        )
        tones = colours(0.25 + 0.75 * np.linspace(0, 1, 256, dtype=np.float32))
        under = Image.fromarray(np.rint(tones).astype(np.uint8)[np.asarray(strength)])
        cover = strength.point([round(0.7 * step) for step in range(256)])
        wanted = Image.new("RGB", (2 * panel.width, panel.height))
        wanted.paste(grey, (0, 0))
        wanted.paste(Image.composite(under, grey.convert("RGB"), cover), (panel.width, 0))
        picture = overlay(film, answer, preprocessing)
        left = (picture.width - wanted.width) // 2
        shown = picture.crop((left, 0, left + wanted.width, wanted.height))
        assert shown.tobytes() == wanted.tobytes()
        assert not np.asarray(picture)[: wanted.height, :left].any(), "black beside a narrow film"

    def test_large_films_are_made_smaller(
        self, detector: Detector, film_of: Callable[..., Radiograph], preprocessing: Preprocessing
    ) -> None:
        film = film_of(height=2000, width=1600)
        picture = overlay(film, detector.assess(film, activation=True), preprocessing)
        assert picture.width == 2 * 720
        assert 900 < picture.height < 1000

    def test_the_text_fits_a_narrow_film(
        self, detector: Detector, film_of: Callable[..., Radiograph], preprocessing: Preprocessing
    ) -> None:
        film = film_of(height=160, width=100)
        answer = detector.assess(film, activation=True)
        for language in ("es", "en"):
            picture = overlay(film, answer, preprocessing, language=language)
            legend = np.asarray(picture)[160:]
            assert legend[:, -2:].max() == 0  # nothing runs out of the picture
            assert legend.max() > 200

    def test_without_activation_there_is_no_overlay(
        self, detector: Detector, film_of: Callable[..., Radiograph], preprocessing: Preprocessing
    ) -> None:
        film = film_of()
        with pytest.raises(ValueError, match="carries no activation"):
            overlay(film, detector.assess(film), preprocessing)

    def test_same_film_same_picture(
        self, detector: Detector, film_of: Callable[..., Radiograph], preprocessing: Preprocessing
    ) -> None:
        film = film_of()
        answer = detector.assess(film, activation=True)
        first, second = (overlay(film, answer, preprocessing) for _ in range(2))
        assert first.tobytes() == second.tobytes()


@pytest.fixture(scope="module")
def built_in() -> Detector:
    return Detector.load(None, threads=1)


def test_no_colour_lies_beside_the_lungs_of_a_real_film(built_in: Detector) -> None:
    """As a layer over the film, and in the picture; a drawn film: test_frame."""
    film, preprocessing = read(sample_film()), built_in.bundle.spec.preprocessing
    answer = built_in.assess(film, activation=True)
    assert answer.activation is not None, answer.refusal
    lungs = LungModel.load(built_in.bundle).mask(film)
    shape = (film.height, film.width)
    shown = to_film_coordinates(answer.activation, shape, preprocessing, answer.box)
    assert shown.max() > 0.1
    # A cell of the map is a 32nd of the box; what is drawn fades out within half of one.
    assert shown[~_around(lungs, max(shape) // 48)].max() == 0.0
    assert shown[lungs].sum() > 0.98 * shown.sum()

    picture = overlay(film, answer, preprocessing)
    height, width = (round(side * 900 / max(shape)) for side in shape)
    assert picture.width == 2 * width
    pair = np.asarray(picture)[:height].astype(int)
    plain, covered = pair[:, :width], pair[:, width:]
    small = np.asarray(Image.fromarray(lungs).resize((width, height)))
    assert (plain == covered)[~_around(small, 20)].all()
    assert (plain != covered)[small].mean() > 0.2


def _around(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Return a mask and all that lies within some pixels of it, across or down."""
    grown = mask
    for _ in range(2):  # across, then down
        sums = np.pad(grown.astype(np.int32), ((0, 0), (pixels + 1, pixels))).cumsum(axis=1)
        grown = (sums[:, 2 * pixels + 1 :] > sums[:, : -2 * pixels - 1]).T
    return grown


def test_a_picture_says_that_the_evidence_lies_outside(
    detector: Detector, film_of: Callable[..., Radiograph]
) -> None:
    film, preprocessing = film_of(), detector.bundle.spec.preprocessing
    answer = detector.assess(film, activation=True)
    assert OUTSIDE_LUNGS not in answer.warnings
    told = replace(answer, warnings=(*answer.warnings, OUTSIDE_LUNGS))
    for language in ("es", "en"):
        plain, said = (overlay(film, each, preprocessing, language=language)
                       for each in (answer, told))  # fmt: skip
        line = said.height - plain.height
        assert 20 <= line <= 60, "one line more"
        assert np.asarray(said)[-line:].max() > 200
        assert np.asarray(said)[:, -2:].max() == 0 or said.width == plain.width


def test_the_font_can_write_every_word() -> None:
    """Pillow's own font draws a box for letters beyond ASCII."""
    messages = [_LEGEND, _STRONG, _NOTICE, *(outcome.message for outcome in Outcome)]
    assert without_accents(OUTSIDE_LUNGS.message.es).isascii()
    assert all(message.es.isascii() and message.en.isascii() for message in messages)


def test_bundle_name_of_any_length_fits(tmp_path: Path, film_of: Callable[..., Radiograph]) -> None:
    detector = Detector.load(make_bundle(tmp_path / "b", name="n" * 80))
    film = film_of()
    picture = overlay(
        film, detector.assess(film, activation=True), detector.bundle.spec.preprocessing
    )
    assert np.asarray(picture)[256:, -2:].max() == 0


def test_the_layer_thickens_with_the_evidence_and_covers_like_the_picture() -> None:
    strength = np.linspace(-0.1, 1.1, 100, dtype=np.float32).reshape(10, 10)
    layer = evidence_layer(strength)
    assert (layer.shape, layer.dtype) == ((10, 10, 4), np.dtype(np.uint8))
    opacity = layer[..., 3].ravel().astype(int)
    assert (opacity[0], opacity[-1]) == (0, 255)
    assert (np.diff(opacity) >= 0).all()
    lightness = layer[..., :3].sum(axis=-1).ravel().astype(int)
    assert lightness[0] > 0, "weak evidence is no shadow"
    assert lightness[-1] == lightness.max()
