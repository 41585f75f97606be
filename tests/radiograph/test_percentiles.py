"""The two outer percentiles are those of NumPy, whatever the values and however few."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from covid_d.radiograph.percentiles import outer_percentiles

_SHARES = ((0.5, 99.5), (1.0, 99.0), (0.0, 100.0), (25.0, 75.0), (49.0, 51.0))
_SIZES = (1, 2, 3, 100, 4095, 4096, 4097, 20_000, 65_536)


def _drawn(kind: str, size: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(size)
    values = rng.random(size, dtype=np.float32)
    if kind == "of 8 bits":
        values = np.rint(values * np.float32(255.0)) / np.float32(255.0)
    if kind == "mostly one":
        return np.where(values < 0.97, np.float32(0.25), values).astype(np.float32)
    if kind == "rising":
        return np.sort(values)
    if kind == "all alike":
        return np.full(size, 0.3, dtype=np.float32)
    return values


@pytest.mark.parametrize("shares", _SHARES)
@pytest.mark.parametrize("size", _SIZES)
@pytest.mark.parametrize("kind", ["any", "of 8 bits", "mostly one", "rising", "all alike"])
def test_they_are_those_of_numpy(kind: str, size: int, shares: tuple[float, float]) -> None:
    values = _drawn(kind, size)
    found = outer_percentiles(values, shares)
    # In 64 bits, so apart from how either rounds.
    assert found == pytest.approx(tuple(np.percentile(values.astype(np.float64), shares)), abs=1e-7)


@pytest.mark.parametrize("shape", [(64, 64), (300, 200), (97, 1), (1, 9000)])
def test_the_shape_does_not_matter(shape: tuple[int, int]) -> None:
    values = _drawn("any", shape[0] * shape[1])
    flat = outer_percentiles(values, (1.0, 99.0))
    assert outer_percentiles(values.reshape(shape), (1.0, 99.0)) == flat
    assert outer_percentiles(values.reshape(shape).T, (1.0, 99.0)) == flat


def test_part_of_a_picture_is_looked_at_and_left_as_it_was() -> None:
    values = _drawn("any", 90_000).reshape(300, 300)
    before = values.copy()
    values.flags.writeable = False
    some = values[::2, 1::3]
    found = outer_percentiles(some, (0.5, 99.5))
    assert found == pytest.approx(tuple(np.percentile(some, (0.5, 99.5))), abs=1e-7)
    assert np.array_equal(values, before)


def test_a_misleading_sample_is_not_believed() -> None:
    """Every value that a regular sample meets is extreme, none of the others."""
    size = 65_536
    values = np.full(size, 0.5, dtype=np.float32)
    values[:: size // 1024] = 0.0
    values[1 :: size // 1024] = np.linspace(0.6, 1.0, len(values[1 :: size // 1024]))
    wanted = tuple(np.percentile(values.astype(np.float64), (25.0, 99.5)))
    assert outer_percentiles(values, (25.0, 99.5)) == pytest.approx(wanted, abs=1e-7)
    values[:: size // 1024] = 1.0
    wanted = tuple(np.percentile(values.astype(np.float64), (0.5, 75.0)))
    assert outer_percentiles(values, (0.5, 75.0)) == pytest.approx(wanted, abs=1e-7)


def test_known_values_between_two_ranks() -> None:
    """Of 0, 1 ... 10,000 the half per cent lies at 50, and at a share of the way between ranks."""
    values = np.arange(10_001, dtype=np.float32)
    np.random.default_rng(1).shuffle(values)
    assert outer_percentiles(values, (0.5, 99.5)) == (50.0, 9950.0)
    assert outer_percentiles(values, (0.0025, 99.9975)) == pytest.approx((0.25, 9999.75))
    assert outer_percentiles(values, (0.0075, 99.9925)) == pytest.approx((0.75, 9999.25))


@pytest.mark.parametrize("width", [64, 128, 256, 512])
def test_a_picture_whose_columns_differ_is_sampled_across(width: int) -> None:
    """Columns of one value each: a step that fits the width would meet a few of them alone."""
    columns = np.linspace(0.0, 1.0, width, dtype=np.float32)
    picture = np.tile(np.random.default_rng(width).permutation(columns), (width, 1))
    wanted = tuple(np.percentile(picture.astype(np.float64), (1.0, 99.0)))
    assert outer_percentiles(picture, (1.0, 99.0)) == pytest.approx(wanted, abs=1e-7)
