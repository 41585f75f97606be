"""The offline page reads real films as Python does: pixels, facts, reasons and looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from offline_films import NOT_HERE, by_page, by_python

pytestmark = [pytest.mark.real, pytest.mark.slow]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".dcm"}
_FILMS = 330
_AT_ONCE = 55


def test_real_films_are_read_alike(real_data: Path, tmp_path: Path) -> None:
    """Nothing is answered that Python refuses, and nothing that is read here differs."""
    every = sorted(path for path in real_data.rglob("*") if path.suffix.lower() in _SUFFIXES)
    dicom = [path for path in every if path.suffix.lower() == ".dcm"]
    films = [*dicom, *every[:: len(every) // _FILMS]]
    assert len(films) >= _FILMS
    alike, refused, not_here = 0, 0, []
    for start in range(0, len(films), _AT_ONCE):
        files = {str(path): path.read_bytes() for path in films[start : start + _AT_ONCE]}
        for name, page in by_page(tmp_path, files).items():
            if page.get("code") == NOT_HERE:
                not_here.append((name, page["detail"]))
                continue
            if "code" in page:
                refused += 1
                assert by_python(files[name]) == {"code": page["code"]}, name
            else:
                alike += 1
                assert by_python(files[name]) == page, name
    print(f"{alike} read alike, {refused} refused alike, not read here: {not_here}")  # noqa: T201
    assert len(not_here) <= len(films) // 50
