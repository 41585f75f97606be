"""Drawn collections: in the published layouts, labelled as drawn, enough to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from covid_d.dataset import BuildOptions, Dataset, build_dataset, draw_collections, open_collection
from covid_d.dataset.build.options import Protocol
from covid_d.dataset.phantoms import ADULTS, COHEN, KERMANY, MASKS, SIIM, Sizes
from covid_d.errors import CovidDError

SMALL = Sizes(cohen=30, children=12, adults=12, siim=8)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_collections(tmp_path_factory.mktemp("phantoms") / "drawn", SMALL)


def test_every_source_reads_its_layout(drawn: Path) -> None:
    counted = {
        kind: list(open_collection(kind, drawn / place).rows())
        for kind, place in (
            ("cohen", COHEN),
            ("kermany", KERMANY),
            ("manifest", ADULTS),
            ("siim", SIIM),
        )
    }
    assert {kind: len(rows) for kind, rows in counted.items()} == {
        "cohen": 31,
        "kermany": 24,
        "manifest": 36,
        "siim": 32,
    }
    assert {row.source for row in counted["manifest"]} == {"cxnet", "nih", "rsna"}


def test_they_say_what_they_are(drawn: Path) -> None:
    text = (drawn / "README.md").read_text(encoding="utf-8")
    assert "not patients" in text
    assert "no pacientes" in text
    with Image.open(drawn / COHEN / "images" / "phantom-000.png") as picture:
        foot = np.asarray(picture)[-14:]
    assert (foot > 200).sum() > 20  # the burned-in word


def test_every_film_of_cohens_has_its_mask(drawn: Path) -> None:
    for path in (drawn / MASKS).iterdir():
        with Image.open(path) as mask, Image.open(drawn / COHEN / "images" / path.name) as film:
            assert mask.size == film.size
            assert set(np.unique(np.asarray(mask))) == {0, 255}
    assert len(list((drawn / MASKS).iterdir())) == SMALL.cohen


def test_the_same_seed_draws_the_same_films(drawn: Path, tmp_path: Path) -> None:
    again = draw_collections(tmp_path / "again", SMALL)
    other = draw_collections(tmp_path / "other", SMALL, seed=8)
    name = f"{COHEN}/images/phantom-003.png"
    assert (drawn / name).read_bytes() == (again / name).read_bytes()
    assert (drawn / name).read_bytes() != (other / name).read_bytes()


def test_nothing_is_drawn_over(drawn: Path) -> None:
    with pytest.raises(CovidDError, match="exists"):
        draw_collections(drawn, SMALL)


def test_both_protocols_build_from_them(drawn: Path, tmp_path: Path) -> None:
    cohen, kermany = (
        open_collection("cohen", drawn / COHEN),
        open_collection("kermany", drawn / KERMANY),
    )
    adults = open_collection("manifest", drawn / ADULTS)
    article = BuildOptions(protocol=Protocol.ARTICLE, children=(4, 4, 2))
    build_dataset([cohen, kermany], tmp_path / "article", article)
    built = build_dataset(
        [cohen, adults], tmp_path / "grouped", BuildOptions(hold_out=("radiopaedia.org",))
    )
    for name in ("article", "grouped"):
        counts = Dataset.open(tmp_path / name).counts()
        assert (counts > 0).all(axis=None)
    # Few phantoms are near-duplicates of each other, or a source would fall into one split.
    groups = Dataset.open(built.folder).manifest["group"].value_counts()
    assert groups.max() <= 3
    assert len(groups) > 0.9 * groups.sum()


def test_appearances_build_from_the_drawn_challenge(drawn: Path, tmp_path: Path) -> None:
    built = build_dataset([open_collection("siim", drawn / SIIM)], tmp_path / "graded")
    table = Dataset.open(built.folder).appearances()
    assert table.sum(axis=1).tolist() == [8, 8, 8, 8]
    assert (table > 0).all(axis=None)
    assert not any("source" in warning for warning in built.warnings)


def test_each_appearance_is_ill_where_it_should_be(drawn: Path) -> None:
    """Haze is brighter than a clear lung: halves of the lungs are compared within one source."""
    bright: dict[str, list[float]] = {"left": [], "right": []}
    for row in open_collection("siim", drawn / SIIM).rows():
        assert row.file
        if row.finding != "Indeterminate Appearance":
            continue
        pixels = np.asarray(Image.open(row.file), dtype=float)
        bright["left"].append(pixels[40:150, 25:80].mean())
        bright["right"].append(pixels[40:150, 112:167].mean())
    assert np.mean(bright["left"]) > np.mean(bright["right"]) + 3


def test_the_source_nearly_tells_the_class_as_in_the_published_ones(
    drawn: Path, tmp_path: Path
) -> None:
    collections = [open_collection("cohen", drawn / COHEN)]
    collections += [open_collection("manifest", drawn / ADULTS)]
    built = build_dataset(collections, tmp_path / "grouped")
    assert any("source" in warning for warning in built.warnings)
