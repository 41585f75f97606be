from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from covid_d.errors import TrainingError
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.prepare import IMAGENET_MEAN, Preprocessing, standardise
from covid_d.radiograph.read import read
from covid_d.training.cache import cached_films

PREPROCESSING = Preprocessing(size=48)


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "films"
    folder.mkdir()
    for seed in range(5):
        draw_phantom(seed, size=140 + seed).to_image().save(folder / f"{seed}.png")
    return sorted(folder.iterdir())


def _hashes(paths: list[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_holds_what_standardise_gives_in_order(films: list[Path], tmp_path: Path) -> None:
    cache = cached_films(films, _hashes(films), PREPROCESSING, tmp_path / "cache")
    assert cache.films.dtype == np.uint8
    for path, kept in zip(films, cache.films, strict=True):
        assert np.array_equal(kept, standardise(read(path), PREPROCESSING))


def test_second_run_decodes_nothing(films: list[Path], tmp_path: Path) -> None:
    hashes = _hashes(films)
    first = np.array(cached_films(films, hashes, PREPROCESSING, tmp_path / "cache").films)
    for path in films:
        path.unlink()
    again = cached_films(films, hashes, PREPROCESSING, tmp_path / "cache")
    assert np.array_equal(again.films, first)


def test_cache_is_read_only(films: list[Path], tmp_path: Path) -> None:
    cache = cached_films(films, _hashes(films), PREPROCESSING, tmp_path / "cache")
    with pytest.raises(ValueError, match="read-only"):
        cache.films[0, 0, 0] = 1


def test_other_preparation_other_file_but_normalisation_does_not_matter(
    films: list[Path], tmp_path: Path
) -> None:
    def path(**changes: object) -> Path:
        changed = PREPROCESSING.model_copy(update=changes)
        return cached_films(films, _hashes(films), changed, tmp_path / "cache").path

    assert path(mean=(0.5, 0.5, 0.5)) == path(mean=IMAGENET_MEAN)
    others = {path(), path(fit="crop"), path(intensity="full"), path(crop_border=0.1)}
    assert len(others) == 4


def test_other_films_or_order_other_file(films: list[Path], tmp_path: Path) -> None:
    def path(chosen: list[Path]) -> Path:
        return cached_films(chosen, _hashes(chosen), PREPROCESSING, tmp_path / "cache").path

    assert len({path(films), path(films[:4]), path(films[::-1])}) == 3


def test_altered_film_is_refused(films: list[Path], tmp_path: Path) -> None:
    hashes = _hashes(films)
    draw_phantom(99, size=140).to_image().save(films[2])
    with pytest.raises(TrainingError, match=r"2\.png is not the one"):
        cached_films(films, hashes, PREPROCESSING, tmp_path / "cache")


def test_unreadable_and_missing_films_are_named(films: list[Path], tmp_path: Path) -> None:
    films[1].write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"1\.png cannot be read") as caught:
        cached_films(films, _hashes(films), PREPROCESSING, tmp_path / "cache")
    assert "dataset check" in caught.value.next_step
    with pytest.raises(TrainingError, match=r"gone\.png cannot be read"):
        cached_films([tmp_path / "gone.png"], ["0" * 64], PREPROCESSING, tmp_path / "cache")


def test_a_failed_build_leaves_nothing_and_old_remains_are_cleared(
    films: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    hashes = _hashes(films)
    good = films[3].read_bytes()
    films[3].write_bytes(b"")
    with pytest.raises(TrainingError):
        cached_films(films, hashes, PREPROCESSING, folder)
    assert list(folder.iterdir()) == []
    films[3].write_bytes(good)
    name = cached_films(films, hashes, PREPROCESSING, folder).path
    name.unlink()
    (folder / f".{name.name}.partial-killed").write_bytes(b"half")
    cached_films(films, hashes, PREPROCESSING, folder)
    assert list(folder.iterdir()) == [name]


def test_damaged_cache_is_refused(films: list[Path], tmp_path: Path) -> None:
    hashes = _hashes(films)
    path = cached_films(films, hashes, PREPROCESSING, tmp_path / "cache").path
    np.save(path, np.zeros((1, 2, 3), np.uint8))
    with pytest.raises(TrainingError, match="damaged"):
        cached_films(films, hashes, PREPROCESSING, tmp_path / "cache")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(TrainingError, match="damaged"):
        cached_films(films, hashes, PREPROCESSING, tmp_path / "cache")


def test_a_folder_that_cannot_be_written_is_said(films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match="Cannot write the film cache"):
        cached_films(films, _hashes(films), PREPROCESSING, tmp_path / "file")
