"""The folder: whole, replaced whole, never in the place of something else; and its own server."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from covid_d.errors import CovidDError
from covid_d.offline.build import build
from covid_d.offline.site import HEADERS, Site
from page_server import served


@pytest.fixture
def small() -> Site:
    """A page of few bytes."""
    return Site({"index.html": b"<p>", "files.js": b"1", "bundle/x.onnx": b"net"}, "a" * 64, 8)


def test_every_file_lies_at_its_address_and_the_server_beside(small: Site, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "page"
    build(small, folder)
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert set(found) == {*small.files, "serve.py"}
    assert found["bundle/x.onnx"].read_bytes() == b"net"
    assert [p.name for p in folder.parent.iterdir()] == ["page"], "nothing half made stays behind"
    assert folder.stat().st_mode & 0o055 == 0o055, "a web server may read it"


def test_an_earlier_page_is_replaced_whole_and_only_when_asked(small: Site, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    build(small, folder)
    (folder / "old.mjs").write_text("old")
    with pytest.raises(CovidDError, match="--overwrite"):
        build(small, folder)
    assert (folder / "old.mjs").exists()
    build(small, folder, overwrite=True)
    assert not (folder / "old.mjs").exists()
    assert (folder / "index.html").exists()


def test_an_empty_folder_may_be_filled(small: Site, tmp_path: Path) -> None:
    build(small, tmp_path)
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_page_is_never_replaced(small: Site, tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(CovidDError, match="holds no offline page"):
        build(small, tmp_path, overwrite=overwrite)
    with pytest.raises(CovidDError, match="holds no offline page"):
        build(small, tmp_path / "thesis.docx", overwrite=overwrite)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_its_own_server_sends_the_policy_and_the_right_kinds(small: Site, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    build(small, folder)
    with served(folder) as (address, _):
        assert address.startswith("http://localhost:")
        with urllib.request.urlopen(f"{address}files.js") as answer:
            assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            assert answer.read() == b"1"
        with urllib.request.urlopen(address) as answer:
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
