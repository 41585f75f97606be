"""Which films the bundle was fitted on and chosen by, by the bundle's own list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bundle_factory import make_bundle
from covid_d.detector import Bundle
from covid_d.detector.bundle.contents import update
from covid_d.evaluation.appearance.figures import Count
from covid_d.evaluation.appearance.roles import SourceRole, roles


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    make_bundle(tmp_path / "bundle")
    films = "split,sha256,original_sha256\ntrain,a1,o1\ntrain,,o2\nvalidation,a3,\n"
    update(tmp_path / "bundle", {"training_films.csv": films})
    return Bundle.load(tmp_path / "bundle")


def _manifest() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["siim", "siim", "siim", "siim", "rsna", "phantom"],
            "group": ["g1", "g1", "g2", "g3", "g4", "g5"],
            "sha256": ["a1", "a2", "a3", "a4", "a5", "a6"],
            "original_sha256": ["o1", "o2", "o3", "o4", "o5", "o6"],
        }
    )


def test_roles_by_hash(bundle: Bundle) -> None:
    found = {role.source: role for role in roles(bundle, _manifest())}
    assert found["siim"] == SourceRole("siim", Count(2, 1), Count(1, 1), 0)
    assert found["rsna"].outside
    assert found["rsna"].to_dict()["outside"] is True


def test_a_source_that_the_bundle_names_is_not_outside(bundle: Bundle) -> None:
    # The bundle's record counts two films of "phantom", though none is of this data set.
    role = next(role for role in roles(bundle, _manifest()) if role.source == "phantom")
    assert role.named == 2
    assert not role.outside
    assert "says it was made from 2 films" in role.message.en


def test_a_film_of_both_splits_counts_as_fitted(bundle: Bundle) -> None:
    films = "split,sha256,original_sha256\ntrain,a1,\nvalidation,a1,\n"
    both = replace(bundle, files={**bundle.files, "training_films.csv": films.encode()})
    found = next(role for role in roles(both, _manifest()) if role.source == "siim")
    assert (found.fitted.films, found.chosen.films) == (1, 0)


def test_words_in_both_languages() -> None:
    role = SourceRole("siim", Count(400, 380), Count(100, 95), 500)
    assert "400 de sus radiografías (380 pacientes)" in role.message.es
    assert "100 (95 patients) chose and calibrated it" in role.message.en
