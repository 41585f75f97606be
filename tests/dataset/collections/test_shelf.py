"""Finding a film by the name that a table gives it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from covid_d.dataset.collections import Exclusion, Reason
from covid_d.dataset.collections.shelf import Shelf, locate


def test_locate_finds_a_film(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "film.png").write_bytes(b"x")
    assert locate(tmp_path, "a/film.png") == (tmp_path / "a" / "film.png", None)
    assert locate(tmp_path, "a\\film.png")[0] == tmp_path / "a" / "film.png"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../b", "C:/x.png", "C:\\x"])
def test_locate_never_leaves_the_collection(tmp_path: Path, path: str) -> None:
    (tmp_path.parent / "secret.png").write_bytes(b"x")
    file, exclusion = locate(tmp_path, path)
    assert file is None
    assert exclusion == Exclusion(Reason.UNSAFE, path)


@pytest.mark.parametrize("path", ["", "gone.png", "x" * 400, "nul\0.png"])
def test_locate_names_what_is_missing(tmp_path: Path, path: str) -> None:
    file, exclusion = locate(tmp_path, path)
    assert file is None
    assert exclusion is not None
    assert exclusion.reason is Reason.MISSING


def test_a_folder_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert locate(tmp_path, "a")[0] is None


@pytest.mark.parametrize(("stored", "told"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_may_be_stored_either_way(tmp_path: Path, stored: str, told: str) -> None:
    name = "niño/radiografía 1.png"
    film = tmp_path / unicodedata.normalize(stored, name)  # type: ignore[arg-type]
    film.parent.mkdir()
    film.write_bytes(b"x")
    found, exclusion = locate(tmp_path, unicodedata.normalize(told, name))  # type: ignore[arg-type]
    assert exclusion is None
    assert found
    assert found.read_bytes() == b"x"


def test_capitals_and_a_missing_suffix_do_not_matter(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for name in ("A1.DCM", "b.x.png", "c.png", "c.dcm", "d.PNG", "d.png.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert shelf.find("a1.dcm")[0] == tmp_path / "A1.DCM"
    assert shelf.find("a1")[0] == tmp_path / "A1.DCM"
    assert shelf.find("b.x")[0] == tmp_path / "b.x.png"
    assert shelf.find("d.png")[0] == tmp_path / "d.PNG"
    assert shelf.find("c") == (None, Exclusion(Reason.MISSING, "c may be c.dcm, c.png"))
    assert shelf.find("c.dcm")[0] == tmp_path / "c.dcm"


def test_a_folder_is_not_taken_for_a_film_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "001").mkdir()
    (tmp_path / "001.png").write_bytes(b"x")
    (tmp_path / "001" / "film.png").write_bytes(b"y")
    assert Shelf(tmp_path).find("001/film")[0] == tmp_path / "001" / "film.png"
