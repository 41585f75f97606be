"""Films, folders and patterns become one ordered list."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from covid_d.detector import expand
from covid_d.detector.paths import missing


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "b.png",
        "a.DCM",
        "IM0001",
        "1.2.840.113619.2",
        "notes.txt",
        "table.csv",
        ".hidden.png",
        "DICOMDIR",
        "sub/c.jpeg",
        "sub/deep/d.tiff",
        "sub/deep/e.webp",
        "sub/deep/g.bmp",
        "sub/deep/h.jp2",
        "sub/deep/i.HEIC",
        ".cache/f.png",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(found: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in found]


def test_a_folder_gives_its_films_at_any_depth(tree: Path) -> None:
    assert names(expand([tree]), tree) == [
        "1.2.840.113619.2",
        "IM0001",
        "a.DCM",
        "b.png",
        "sub/c.jpeg",
        "sub/deep/d.tiff",
        "sub/deep/e.webp",
        "sub/deep/g.bmp",
        "sub/deep/h.jp2",
        "sub/deep/i.HEIC",
    ]


def test_a_named_file_is_taken_whatever_its_suffix(tree: Path) -> None:
    named: list[Path | str] = [tree / "notes.txt", str(tree / "DICOMDIR"), tree / ".hidden.png"]
    assert expand(named) == [Path(path) for path in named]


def test_a_missing_path_stays_in_the_list(tree: Path) -> None:
    assert expand([tree / "none.png", tree / "b.png"]) == [tree / "none.png", tree / "b.png"]


def test_each_film_once_in_the_order_named(tree: Path) -> None:
    found = expand([tree / "sub", tree / "b.png", tree])
    assert names(found, tree)[:3] == ["sub/c.jpeg", "sub/deep/d.tiff", "sub/deep/e.webp"]
    assert names(found, tree)[6] == "b.png"
    assert len(found) == len(set(found)) == 10


def test_patterns(tree: Path) -> None:
    assert names(expand([str(tree / "*.png")]), tree) == ["b.png"]
    assert names(expand([str(tree / "**" / "*.webp")]), tree) == ["sub/deep/e.webp"]
    assert names(expand([str(tree / "su?")]), tree)[0] == "sub/c.jpeg"


def test_a_pattern_without_match_stays_as_it_is(tree: Path) -> None:
    assert expand([str(tree / "*.gif")]) == [tree / "*.gif"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    odd = tmp_path / "film[1].png"
    odd.write_bytes(b"x")
    (tmp_path / "film1.png").write_bytes(b"x")
    assert expand([str(odd)]) == [odd]


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert expand([tmp_path]) == []
    assert expand([]) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_loop_of_links_ends(tree: Path) -> None:
    (tree / "sub" / "loop").symlink_to(tree, target_is_directory=True)
    assert len(expand([tree])) == 10


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_pattern_over_a_loop_of_links_gives_each_film_once(tree: Path) -> None:
    (tree / "sub" / "loop").symlink_to(tree, target_is_directory=True)
    found = names(expand([str(tree / "**" / "*.*")]), tree)
    assert "sub/deep/d.tiff" in found
    assert "b.png" in found
    assert len(found) == len({os.path.realpath(tree / name) for name in found})
    assert names(expand([str(tree / "**" / "*.webp")]), tree) == ["sub/deep/e.webp"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_that_was_named_is_answered_under_its_name(tree: Path) -> None:
    (tree / "again.png").symlink_to(tree / "b.png")
    named = [tree / "b.png", tree / "again.png"]
    assert expand(named) == named
    assert names(expand([tree]), tree).count("b.png") == 0, "found as again.png before"


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_that_leads_nowhere_is_listed_whatever_its_name(tree: Path) -> None:
    (tree / "old studies").symlink_to(tree / "unmounted")
    (tree / "scans.backup").symlink_to(tree / "unmounted")
    assert {"old studies", "scans.backup"} <= set(names(expand([tree]), tree))


def test_what_names_nothing(tree: Path) -> None:
    named = [tree / "b.png", tree / "none.png", tree, tree / "*.gif", tree / "*.png"]
    assert missing(map(str, named)) == [str(tree / "none.png"), str(tree / "*.gif")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_broken_link_is_not_passed_over(tree: Path) -> None:
    (tree / "gone.png").symlink_to(tree / "nowhere.png")
    assert tree / "gone.png" in expand([tree])
    assert expand([tree / "gone.png"]) == [tree / "gone.png"]


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder one may not read"
)
def test_a_folder_that_cannot_be_read_is_not_passed_over(tree: Path) -> None:
    (tree / "sub").chmod(0)
    try:
        assert tree / "sub" in expand([tree])
    finally:
        (tree / "sub").chmod(0o755)
