"""Tables and folders of films to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from clinic_factory import phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.imports.importer import importer
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

Written = Callable[..., Path]


@pytest.fixture
def admin(installation: Installation, people: dict[Role, Person]) -> Person:
    """The administrator, importing for "Hospital Uno"."""
    unit = people[Role.DOCTOR].unit_id
    assert unit is not None
    return importer(installation, people[Role.ADMINISTRATOR], unit)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the films ``film1.png`` to ``film4.png``."""
    place = tmp_path / "films"
    place.mkdir()
    for seed in range(1, 5):
        (place / f"film{seed}.png").write_bytes(phantom_png(seed))
    return place


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a table as a Spanish Excel does, and give its path."""

    def write(
        rows: Sequence[Mapping[str, str]], name: str = "tabla.csv", encoding: str = "cp1252"
    ) -> Path:
        headings = list(dict.fromkeys(heading for row in rows for heading in row))
        lines = [headings, *([row.get(heading, "") for heading in headings] for row in rows)]
        path = tmp_path / name
        text = "".join(";".join(line) + "\r\n" for line in lines)
        path.write_bytes(text.encode(encoding))
        return path

    return write
