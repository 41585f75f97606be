"""Films by the names that a table gives them."""

from __future__ import annotations

import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Collection
from pathlib import Path

import pytest

from clinic_factory import phantom_png
from covid_d.clinic.errors import ClinicError
from covid_d.clinic.imports.films import Films, FolderFilms, SentFilms, ZipFilms
from covid_d.radiograph import Projection


class _Named(Films):
    def read(self, name: str) -> bytes:
        return name.encode()


@pytest.mark.parametrize(
    ("names", "named", "found"),
    [
        (["a.png"], "a.png", ["a.png"]),
        (["a.png"], "A.PNG", ["a.png"]),
        (["a.png"], "a", ["a.png"]),
        (["a.png"], "C:\\films\\a.png", ["a.png"]),  # nothing is in folders: they say nothing
        (["x/a.png"], "x\\a.png", ["x/a.png"]),
        (["x/a.png"], "a.png", ["x/a.png"]),
        (["x/a.png"], "./x/a", ["x/a.png"]),
        (["x/a.png"], "y/a.png", []),
        (["x/a.png", "y/a.png"], "a.png", ["x/a.png", "y/a.png"]),
        (["x/a.png", "y/a.png"], "y/a.png", ["y/a.png"]),
        (["a.png", "a.dcm"], "a", ["a.dcm", "a.png"]),
        (["a.png", "a.dcm"], "a.dcm", ["a.dcm"]),
        (["a", "a.png"], "a", ["a"]),
        (["1.2.3.4", "1.2.3.5"], "1.2.3.4", ["1.2.3.4"]),
        (["1.2.3.4"], "1.2.3", []),  # a number is no suffix
        (["1.2.3.4.dcm"], "1.2.3.4", ["1.2.3.4.dcm"]),
        (["a.png"], "b.png", []),
        (["a.png"], "a.jpg", []),
        (["a.png"], "", []),
    ],
)
def test_finding(names: Collection[str], named: str, found: list[str]) -> None:
    assert list(_Named(names).find(named)) == found


def test_accents_stored_apart_are_the_same() -> None:
    apart = unicodedata.normalize("NFD", "niño.png")
    assert list(_Named([apart]).find("niño.png")) == [apart]


def test_what_no_row_names() -> None:
    films = _Named(["a.png", "b.png", "tabla.CSV", "c.dcm"])
    assert films.unnamed(["a.png"]) == ("b.png", "c.dcm")


def test_a_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "x.png").write_bytes(b"x")
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "y.png").write_bytes(b"x")
    (tmp_path / "outside.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    films = FolderFilms(folder)
    assert films.names == {*(f"film{n}.png" for n in range(1, 5)), "sub/x.png"}
    assert films.digest("sub/x.png") == hashlib.sha256(b"x").hexdigest()
    given = films.given("film1.png", Projection.AP)
    assert (given.content, given.projection, given.token) == (phantom_png(1), Projection.AP, None)
    (folder / "sub" / "x.png").unlink()
    with pytest.raises(ClinicError, match=r"sub/x\.png"):
        films.read("sub/x.png")


def _zip(files: dict[str, bytes]) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return zipfile.ZipFile(buffer)


def test_a_zip() -> None:
    files = {"x/a.png": b"film", "__MACOSX/x/._a.png": b"", "x/.DS_Store": b"", "x/": b""}
    films = ZipFilms(_zip(files), largest=100)
    assert films.names == {"x/a.png"}
    assert films.read("x/a.png") == b"film"


def test_a_film_of_a_zip_may_be_as_large_as_any() -> None:
    films = ZipFilms(_zip({"bomb.png": bytes(10_000_000), "fits.png": bytes(1000)}), largest=1000)
    assert len(films.read("fits.png")) == 1000
    with pytest.raises(ClinicError, match="larger than a film may be"):
        films.read("bomb.png")


def test_a_damaged_zip_is_said() -> None:
    archive = _zip({"a.png": b"film" * 100})
    stream = archive.fp
    assert isinstance(stream, io.BytesIO)
    stream.getbuffer()[40:60] = bytes(20)
    with pytest.raises(ClinicError, match=r"a\.png"):
        ZipFilms(archive, largest=1000).read("a.png")


def test_films_that_were_sent() -> None:
    films = SentFilms({"x/a.png": ("token-a", "5" * 64)})
    assert list(films.find("a")) == ["x/a.png"]
    assert films.digest("x/a.png") == "5" * 64
    given = films.given("x/a.png", None)
    assert (given.content, given.token) == (None, "token-a")
