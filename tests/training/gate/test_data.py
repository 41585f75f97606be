from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector.gate import PictureKind, look
from covid_d.errors import TrainingError
from covid_d.radiograph import Preprocessing, prepare, read
from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.gate.data import aside_for_gate, gate_pictures, gate_samples

PREPROCESSING = Preprocessing(size=32)


@pytest.fixture
def with_aside(phantoms: Dataset, tmp_path: Path) -> Dataset:
    """The phantoms, and set aside: two lateral films of different publishers and a slice."""
    rows = phantoms.manifest.copy()
    rows["path"] = [str(phantoms.folder / path) for path in rows["path"]]
    extra = []
    for number, (split, publisher) in enumerate(
        [("lateral", "one.example"), ("lateral", "two.example"), ("CT", "one.example")]
    ):
        path = tmp_path / f"{split}-{number}.png"
        draw_phantom(500 + number, size=144).to_image().save(path)
        cells = dict.fromkeys(COLUMNS, "") | {
            "path": str(path), "split": split, "source": "first", "subsource": publisher,
            "group": f"a{number}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }  # fmt: skip
        extra.append(cells)
    return Dataset(Path(), pd.concat([rows, pd.DataFrame(extra)]), dict(phantoms.record))


def means(film: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Stand in for a network: the quarters' means."""
    halves = film.reshape(3, 2, 16, 2, 16)
    seen: npt.NDArray[np.float32] = halves.mean(axis=(0, 2, 4)).ravel().astype(np.float32)
    return seen


def see(film: Radiograph) -> tuple[FloatImage, npt.NDArray[np.float32], bool]:
    """See the whole film, as a network of the whole film does."""
    prepared = prepare(film, PREPROCESSING)
    return prepared, means(prepared), True


def test_everything_there_is_to_fit_on(with_aside: Dataset) -> None:
    films = with_aside.films("train")
    pictures = gate_pictures(with_aside, films)
    counts = Counter(picture.kind for picture in pictures)
    assert counts[PictureKind.FRONTAL] == len(films) == 24
    covered = [picture for picture in pictures if picture.name.endswith("half covered")]
    assert {picture.kind for picture in covered} == {PictureKind.CROPPED}
    assert len(covered) == len(films)  # beside two alterations each
    counts[PictureKind.CROPPED] -= len(covered)
    altered = [counts[kind] for kind in PictureKind if kind.value in _ALTERED]
    assert sum(altered) == 48
    assert max(altered) - min(altered) <= 1
    assert (counts[PictureKind.LATERAL], counts[PictureKind.CT]) == (12, 6)
    assert counts[PictureKind.PICTURE] >= 280 + 6 * 25
    first = pictures[:4]
    assert len({picture.load().tobytes() for picture in first}) == 4
    assert [picture.load().tobytes() for picture in first] == [
        picture.load().tobytes() for picture in first
    ]  # drawn alike each time
    assert {(picture.source, picture.group) for picture in first} == {
        (films.iloc[0]["source"], films.iloc[0]["group"])
    }


_ALTERED = {
    "inverted", "upside_down", "sideways", "blurred", "cropped", "collage", "annotated",
}  # fmt: skip


def test_set_aside_films_of_what_is_held_out_stay_out(with_aside: Dataset) -> None:
    assert len(aside_for_gate(with_aside)) == 3
    for held_out, left in (("one.example", ["lateral"]), ("first", [])):
        with_aside.record["options"] = {"hold_out": [held_out]}
        assert list(aside_for_gate(with_aside)["split"]) == left


def test_looks_are_of_the_film_as_prediction_prepares_it(with_aside: Dataset) -> None:
    films = with_aside.films("train").iloc[:4]
    pictures = [p for p in gate_pictures(with_aside, films) if p.kind is PictureKind.FRONTAL]
    samples = gate_samples(pictures, see, progress=False)
    for row, seen in zip(films.itertuples(), samples.looks, strict=True):
        film = prepare(read(with_aside.path(row)), PREPROCESSING)
        assert seen == pytest.approx(look(film, means(film), samples.grid))
        assert len(seen) == len(means(film)) + samples.grid**2
    assert samples.grid > 0
    assert list(samples.sources) == list(films["source"])
    assert list(samples.groups) == list(films["group"])


def test_the_same_again(with_aside: Dataset) -> None:
    films = with_aside.films("train").iloc[:3]
    chosen = gate_pictures(with_aside, films)[:40]
    one = gate_samples(chosen, see, progress=False)
    other = gate_samples(gate_pictures(with_aside, films)[:40], see, progress=False)
    assert np.array_equal(one.looks, other.looks)
    assert np.array_equal(one.kinds, other.kinds)


def test_a_film_that_is_gone_is_named(with_aside: Dataset) -> None:
    films = with_aside.films("train").iloc[:1].assign(path="gone.png")
    pictures = gate_pictures(with_aside, films)[:1]
    with pytest.raises(TrainingError, match=r"gone\.png cannot be read"):
        gate_samples(pictures, see, progress=False)


def test_few_films_that_are_gone_are_left_out(
    with_aside: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was trained is not lost for one film that a later version refuses as damaged."""
    films = with_aside.films("train")
    pictures = [p for p in gate_pictures(with_aside, films) if not p.name.startswith("drawing")]
    pictures = pictures * 6
    (gone,) = gate_pictures(with_aside, films.iloc[:1].assign(path="gone.png"))[:1]
    whole = gate_samples(pictures, see, progress=False)
    samples = gate_samples([*pictures[:5], gone, *pictures[5:]], see, progress=False)
    assert np.array_equal(samples.looks, whole.looks)
    assert np.array_equal(samples.kinds, whole.kinds)
    assert np.array_equal(samples.groups, whole.groups)
    assert np.array_equal(samples.reached, whole.reached)
    said = capsys.readouterr().out
    assert f"1 of {len(pictures) + 1} pictures left out" in said
    assert "gone.png cannot be read" in said


def test_many_films_that_are_gone_are_an_error(with_aside: Dataset) -> None:
    films = with_aside.films("train")
    pictures = [p for p in gate_pictures(with_aside, films) if p.kind is PictureKind.FRONTAL]
    lost = films.iloc[:1].assign(path="gone.png")
    with pytest.raises(TrainingError, match=r"gone\.png cannot be read"):
        gate_samples([*pictures, *gate_pictures(with_aside, lost)[:1]], see, progress=False)


def test_what_is_refused_before_does_not_reach_the_gate(with_aside: Dataset) -> None:
    films = with_aside.films("train").iloc[:4]
    pictures = [p for p in gate_pictures(with_aside, films) if p.kind is PictureKind.FRONTAL]
    kept = {picture.name for picture in pictures[1::2]}
    samples = gate_samples(
        pictures, lambda film: (*see(film)[:2], film.name in kept), progress=False
    )
    assert list(samples.reached) == [False, True, False, True]
    reached = samples.of(samples.reached)
    assert len(reached.looks) == len(reached.kinds) == 2
    assert list(reached.groups) == [picture.group for picture in pictures[1::2]]


def test_annotated_pictures_are_films_under_a_map(with_aside: Dataset) -> None:
    """Ink is found without the gate; what it learns are maps, which have no outline."""
    pictures = gate_pictures(with_aside, with_aside.films("train"))
    annotated = [picture for picture in pictures if picture.kind is PictureKind.ANNOTATED]
    films = {p.name: p for p in pictures if p.kind is PictureKind.FRONTAL}
    assert annotated
    for picture in annotated:
        film = films[picture.name.partition(", ")[0]].load()
        change = np.abs(picture.load() - film)
        assert (change > 0.02).mean() > 0.01
        # No step between neighbours that was not in the film: blobs, not strokes.
        steps = np.abs(np.diff(picture.load(), axis=1)) - np.abs(np.diff(film, axis=1))
        assert steps.max() < 0.1


def test_folders_add_films_of_a_kind(with_aside: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "children"
    (folder / "NORMAL").mkdir(parents=True)
    for number in range(3):
        draw_phantom(900 + number, size=96).to_image().save(folder / "NORMAL" / f"{number}.png")
    (folder / "notes.txt").write_text("no film")
    films = with_aside.films("train").iloc[:2]
    before = gate_pictures(with_aside, films)
    found = gate_pictures(with_aside, films, [(PictureKind.CHILD, folder)])
    children = [picture for picture in found if picture.kind is PictureKind.CHILD]
    assert len(found) - len(before) == len(children) == 3 * 6  # each with five variants
    assert children[0].load() == pytest.approx(read(folder / "NORMAL" / "0.png").pixels)


def test_a_folder_without_films_is_an_error(with_aside: Dataset, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(TrainingError, match="holds no film for the input gate"):
        gate_pictures(with_aside, with_aside.films("train").iloc[:1], [(PictureKind.CHILD, empty)])
