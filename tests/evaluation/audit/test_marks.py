"""Letters, arrows, electrodes and tubes on drawn lungs: found, told, erased; lungs are not."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.evaluation.audit.marks import mark_features, marks_on, without_marks
from covid_d.evaluation.audit.perturb import PERTURBATIONS, Perturbation
from covid_d.radiograph import Facts, Radiograph
from covid_d.radiograph.phantom import draw_phantom

ON_LUNGS = [change for change in PERTURBATIONS if change.on_lungs]


def film(seed: int, *, opacities: bool = False, size: int = 256) -> tuple[Radiograph, np.ndarray]:
    """Return a phantom as read, and its lungs."""
    phantom = draw_phantom(seed, opacities=opacities, size=size)
    return Radiograph(phantom.pixels, Facts("PNG", "0" * 64, 8)), phantom.lungs


def test_there_are_words_arrows_electrodes_and_tubes() -> None:
    assert [change.name for change in ON_LUNGS] == [
        "lung-word", "lung-arrow", "lung-electrodes", "lung-tube",
    ]  # fmt: skip


@pytest.mark.parametrize("opacities", [False, True])
def test_lungs_and_opacities_are_no_marks(opacities: bool) -> None:
    found = [marks_on(*film(seed, opacities=opacities)).any() for seed in range(30)]
    assert sum(found) <= 1


@pytest.mark.parametrize("change", ON_LUNGS, ids=lambda change: change.name)
def test_each_thing_is_found_where_it_lies(change: Perturbation) -> None:
    for seed in range(8):
        plain, lungs = film(seed)
        changed = change(plain)
        touched = np.abs(changed.pixels - plain.pixels) > 0.1
        found = marks_on(changed, lungs)
        assert found.any()
        # What is found lies on, or right beside, what was laid down.
        near = np.zeros_like(touched)
        rows, columns = np.nonzero(touched)
        for down in range(-4, 5):
            for across in range(-4, 5):
                near[np.clip(rows + down, 0, 255), np.clip(columns + across, 0, 255)] = True
        assert found[near].sum() / found.sum() > 0.9


def test_without_a_lung_model_the_middle_is_looked_at() -> None:
    plain, _ = film(3)
    word = ON_LUNGS[0](plain)
    assert marks_on(word, None).sum() > marks_on(plain, None).sum()


def test_features_tell_marked_films_from_plain_ones() -> None:
    plain, lungs = film(5)
    word = ON_LUNGS[0](plain)
    none = mark_features(plain, marks_on(plain, lungs), lungs)
    some = mark_features(word, marks_on(word, lungs), lungs)
    assert none.shape == some.shape == (23,)
    assert none.dtype == np.float32
    assert none[0] == 0
    assert none[7:].sum() == 0
    assert some[0] > 0.002
    assert some[1] > 0
    left, right = some[7:].reshape(4, 4)[:, :2].sum(), some[7:].reshape(4, 4)[:, 2:].sum()
    assert left > 5 * right  # the word lies on the film's left side


def test_erasing_takes_the_mark_and_leaves_the_rest() -> None:
    plain, lungs = film(6)
    word = ON_LUNGS[0](plain)
    marks = marks_on(word, lungs)
    erased = without_marks(word, marks)
    before = np.abs(word.pixels - plain.pixels)[marks].mean()
    after = np.abs(erased.pixels - plain.pixels)[marks].mean()
    assert after < 0.4 * before
    # Of the word itself, which is white, nothing is left.
    assert (word.pixels[lungs] >= 0.95).any()
    assert (erased.pixels[lungs & ~(plain.pixels >= 0.95)] < 0.95).all()
    far = ~(np.abs(word.pixels - plain.pixels) > 0)
    kept = (erased.pixels == word.pixels)[far].mean()
    assert kept > 0.98
    assert not marks_on(erased, lungs).any()


def test_nothing_to_erase_leaves_the_film() -> None:
    plain, _ = film(7)
    assert without_marks(plain, np.zeros((256, 256), dtype=bool)) is plain


def test_a_mask_of_another_shape_is_refused() -> None:
    plain, _ = film(7)
    with pytest.raises(ValueError, match="mask is"):
        without_marks(plain, np.ones((9, 9), dtype=bool))
