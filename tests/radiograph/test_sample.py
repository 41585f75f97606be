"""The film for the first try: a real one where a package carries it, else a drawn one."""

from __future__ import annotations

import pytest

from covid_d.errors import MissingExtraError
from covid_d.radiograph import Projection, check, read
from covid_d.radiograph.sample import sample_bytes, sample_film


def test_the_sample_is_a_frontal_chest_film_that_passes_the_checks() -> None:
    film = read(sample_film())

    assert film.facts.modality == "CR"
    assert film.facts.projection is Projection.PA
    assert check(film) is None
    assert sample_bytes() == sample_film().read_bytes()


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match="demo"):
        sample_film()


def test_without_the_package_a_drawn_film_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    film = read(sample_bytes())

    assert film.facts.format == "PNG"
    assert check(film) is None
