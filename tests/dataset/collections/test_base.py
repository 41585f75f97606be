"""The collection protocol, its registry, and what all collections parse alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.collections import (
    Collection,
    Exclusion,
    FilmRow,
    Modality,
    Reason,
    available_collections,
    open_collection,
)
from covid_d.dataset.collections.base import host_of
from covid_d.dataset.manifest import Label
from covid_d.errors import DatasetError


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://radiopaedia.org/cases/covid-19?lang=us", "radiopaedia.org"),
        ("https://www.SIRM.org/2020/03/08/covid-19-caso-13/", "sirm.org"),
        ("http://user@example.org:8080/x", "example.org"),
        ("", ""),
        ("10.1056/nejmc2001272", ""),
        ("http://[broken", ""),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


def test_the_collections_are_installed() -> None:
    assert {"cohen", "kermany", "manifest", "siim"} <= set(available_collections())


@pytest.mark.parametrize("kind", ["cohen", "kermany", "manifest", "siim"])
def test_every_plug_in_keeps_the_protocol(kind: str, tmp_path: Path) -> None:
    collection = open_collection(kind, tmp_path)
    assert isinstance(collection, Collection)
    assert collection.name
    assert collection.citation


def test_an_unknown_kind_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Unknown collection kind 'padchest'") as error:
        open_collection("padchest", tmp_path)
    assert "cohen, kermany, manifest" in error.value.next_step


def test_a_row_has_a_file_or_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either a file or a reason"):
        FilmRow(source="x", original="a.png")
    with pytest.raises(ValueError, match="either a file or a reason"):
        FilmRow(source="x", original="a.png", file=tmp_path, exclusion=Exclusion(Reason.MISSING))


def test_a_radiograph_needs_a_label_or_an_appearance_and_ct_does_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a label"):
        FilmRow(source="x", original="a.png", file=tmp_path)
    row = FilmRow(source="x", original="a.png", file=tmp_path, appearance=Appearance.TYPICAL)
    assert row.has_class
    row = FilmRow(source="x", original="a.png", file=tmp_path, modality=Modality.CT)
    assert row.label is None
    assert FilmRow(source="x", original="a", file=tmp_path, label=Label.COVID).subsource == ""
