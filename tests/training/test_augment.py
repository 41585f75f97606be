from __future__ import annotations

import numpy as np
import pytest
import torch
from fastai.torch_core import set_seed
from fastai.vision.augment import AffineCoordTfm, LightingTfm
from fastai.vision.core import TensorImage

from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.augment import (
    Augment,
    Blur,
    EraseBorders,
    Gamma,
    Shutter,
    Stretch,
    augmentation,
)
from covid_d.training.recipes import ARTICLE, DEFAULT, Recipe


@pytest.fixture
def films() -> TensorImage:
    drawn = [draw_phantom(seed, size=64).pixels for seed in range(8)]
    return TensorImage(torch.from_numpy(np.stack(drawn))[:, None])


@pytest.mark.parametrize("recipe", [DEFAULT, ARTICLE], ids=lambda r: r.name)
def test_validation_films_pass_bit_for_bit(films: TensorImage, recipe: Recipe) -> None:
    change = augmentation(recipe)
    for _ in range(3):
        assert torch.equal(change(films.clone(), split_idx=1), films)


@pytest.mark.parametrize("recipe", [DEFAULT, ARTICLE], ids=lambda r: r.name)
def test_training_films_change_within_the_range(films: TensorImage, recipe: Recipe) -> None:
    set_seed(1)
    change = augmentation(recipe)
    for _ in range(20):
        changed = change(films.clone(), split_idx=0)
        assert changed.shape == films.shape
        assert torch.isfinite(changed).all()
        assert changed.min() >= 0
        assert changed.max() <= 1
        assert not torch.allclose(changed, films, atol=0.01)


def test_seed_fixes_the_changes(films: TensorImage) -> None:
    change = augmentation(DEFAULT)

    def once(seed: int) -> torch.Tensor:
        set_seed(seed)
        changed: torch.Tensor = change(films.clone(), split_idx=0)
        return changed

    assert torch.equal(once(3), once(3))
    assert not torch.equal(once(3), once(4))


def test_a_recipe_without_changes_changes_nothing(films: TensorImage) -> None:
    still = ARTICLE.changed(flip=False, rotate=0, zoom=1, warp=0, lighting=0)
    assert torch.equal(augmentation(still)(films.clone(), split_idx=0), films)


def test_the_article_has_only_fastai_s_own_transforms() -> None:
    kinds = [type(t) for t in augmentation(ARTICLE).pipeline.fs]
    assert len(kinds) == 2  # one resampling, one lighting
    assert issubclass(kinds[0], AffineCoordTfm)
    assert issubclass(kinds[1], LightingTfm)


def test_flip_alone_mirrors_about_half_the_films(films: TensorImage) -> None:
    set_seed(0)
    flip = augmentation(ARTICLE.changed(rotate=0, zoom=1, warp=0, lighting=0))
    mirrored = total = 0
    for _ in range(25):
        for before, after in zip(films, flip(films.clone(), split_idx=0), strict=True):
            same = torch.allclose(after, before, atol=1e-3)
            assert same or torch.allclose(after, before.flip(-1), atol=1e-3)
            mirrored, total = mirrored + (not same), total + 1
    assert 0.35 < mirrored / total < 0.65


def test_rotation_stays_within_its_limit() -> None:
    # A bright dot above the centre: where it goes tells the angle.
    film = torch.zeros(1, 1, 101, 101)
    film[..., 8:13, 48:53] = 1.0
    turn = augmentation(ARTICLE.changed(flip=False, zoom=1, warp=0, lighting=0))
    set_seed(0)
    angles = []
    for _ in range(200):
        turned = turn(TensorImage(film.clone()), split_idx=0)[0, 0]
        rows, columns = torch.nonzero(turned > 0.5, as_tuple=True)
        right, up = float(columns.float().mean()) - 50, 50 - float(rows.float().mean())
        angles.append(np.degrees(np.arctan2(right, up)))
    assert 20 < max(np.abs(angles)) < 25.5


def test_gamma_keeps_black_white_and_order() -> None:
    ramp = TensorImage(torch.linspace(0, 1, 64).reshape(1, 1, 8, 8).repeat(6, 1, 1, 1))
    set_seed(2)
    changed = Gamma(0.5, p=1.0)(ramp.clone(), split_idx=0)
    flat = changed.reshape(6, -1)
    assert torch.all(flat[:, 0] == 0)
    assert torch.allclose(flat[:, -1], torch.ones(6))
    assert torch.all(flat.diff(dim=1) > 0)
    assert (changed - ramp).abs().amax() > 0.02


def test_gamma_spares_films_it_did_not_choose(films: TensorImage) -> None:
    assert torch.allclose(Gamma(0.5, p=0.0)(films.clone(), split_idx=0), films)


def test_blur_smooths_chosen_films_only(films: TensorImage) -> None:
    def roughness(pictures: torch.Tensor) -> torch.Tensor:
        return pictures.diff(dim=-1).abs().mean(dim=(1, 2, 3))

    set_seed(5)
    blurred = Blur(2.0, p=1.0)(films.clone(), split_idx=0)
    assert torch.all(roughness(blurred) < roughness(films))
    assert torch.equal(Blur(2.0, p=0.0)(films.clone(), split_idx=0), films)


def test_erasing_reaches_corners_and_never_the_centre() -> None:
    films = TensorImage(torch.full((64, 1, 100, 100), 0.7))
    set_seed(3)
    erased = EraseBorders(0.15)(films.clone(), split_idx=0) != 0.7
    reached = erased[:, 0].float().mean(dim=0)
    assert torch.all(reached[30:70, 30:70] == 0)
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert reached[row, column] > 0.3
    assert reached[50, 0] > 0.2
    assert not erased.all(dim=(1, 2, 3)).any()


def test_a_shutter_covers_corners_by_one_grey_and_never_the_heart_of_a_film() -> None:
    films = TensorImage(torch.rand(256, 1, 60, 80) * 0.5 + 0.25)
    set_seed(6)
    shut = Shutter(1.0)(films.clone(), split_idx=0)
    covered = (shut != films)[:, 0]
    assert torch.all(covered.float().mean(dim=0)[15:45, 20:60] == 0)
    corners = covered[:, [0, 0, -1, -1], [0, -1, 0, -1]].float().mean(dim=0)
    assert torch.all(corners > 0.6)  # some rims lie outside the film
    fills = [film[0][hidden] for film, hidden in zip(shut, covered, strict=True) if hidden.any()]
    assert all(len(fill.unique()) == 1 for fill in fills)
    black = np.mean([float(fill[0]) == 0.0 for fill in fills])
    assert 0.7 < black < 0.9


def test_what_a_shutter_leaves_is_a_rounded_rectangle(monkeypatch: pytest.MonkeyPatch) -> None:
    # With its rim a twentieth inside the film, an ellipse: (x / 0.95)^2 + (y / 0.95)^2 <= 1.
    for name, value in (("away", 0.0), ("farthest", 0.95), ("roundest", 2.0), ("squarest", 2.0)):
        monkeypatch.setattr(Shutter, name, value)
    monkeypatch.setattr(Shutter, "black", 1.0)
    shut = Shutter(1.0)(TensorImage(torch.ones(1, 1, 41, 61)), split_idx=0)[0, 0].numpy()
    for row in range(41):
        for column in range(61):
            x, y = (column - 30) / 30, (row - 20) / 20
            inside = (x / 0.95) ** 2 + (y / 0.95) ** 2
            if abs(inside - 1.0) > 1e-4:
                assert shut[row, column] == float(inside < 1.0), (row, column)


def test_a_share_of_the_films_is_covered(films: TensorImage) -> None:
    many = TensorImage(torch.full((800, 1, 16, 16), 0.7))
    set_seed(8)
    shut = Shutter(0.4)(many.clone(), split_idx=0)
    assert 0.2 < (shut != 0.7).any(dim=(1, 2, 3)).float().mean() < 0.4  # of 0.4, all that show
    assert torch.equal(Shutter(0.0)(films.clone(), split_idx=0), films)
    last = list(augmentation(DEFAULT.changed(shutter=0.5)).pipeline.fs)[-1]
    assert isinstance(last, Shutter)
    assert last.chance == 0.5


def test_stretch_changes_width_against_height() -> None:
    disc = torch.hypot(*torch.meshgrid(*[torch.linspace(-1, 1, 101)] * 2, indexing="ij")) < 0.5
    films = TensorImage(disc.float()[None, None].repeat(32, 1, 1, 1))
    set_seed(4)
    changed = Stretch(0.3, p=1.0)(films.clone(), split_idx=0)[:, 0] > 0.5
    heights = changed.any(dim=2).sum(dim=1).float()
    widths = changed.any(dim=1).sum(dim=1).float()
    ratio = widths / heights
    assert ratio.max() > 1.15
    assert ratio.min() < 0.87
    assert ratio.max() < 1.35
    # Area is kept: it is a stretch, not a zoom.
    assert torch.allclose(widths * heights, torch.full((32,), 49.0 * 49.0), rtol=0.08)


def test_augment_wraps_any_transforms(films: TensorImage) -> None:
    wrapped = Augment([Gamma(0.5, p=1.0)])
    assert torch.equal(wrapped(films.clone(), split_idx=1), films)
    assert not torch.equal(wrapped(films.clone(), split_idx=0), films)
