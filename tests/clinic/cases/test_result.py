"""A stored answer in words: what it leaves open, what it rests on, whichever bundle gave it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundle_factory import make_bundle, spec_dict
from covid_d.clinic.cases.result import Result, spec_of
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.detector import Bundle, BundleSpec, Outcome, pack
from covid_d.radiograph import Refusal, RefusalCode


def _stored(**changes: object) -> StoredAssessment:
    columns: dict[str, object] = {
        "created_at": now(),
        "outcome": "positive",
        "probability": 0.8,
        "conformal_set": ["covid"],
        "refusal": None,
        "warnings": [{"code": "supine", "message": {"es": "supino", "en": "supine"}}],
        "activation": [[0.0, 1.0]],
        "prevalence": 0.1,
        "post_test_probability": 0.3,
        "bundle_name": "phantom",
        "bundle_version": "1.0",
        "bundle_sha256": "a" * 64,
        "bundle_verdict": "demonstration",
        "milliseconds": 5.0,
    }
    return StoredAssessment(**columns | changes)


SPEC = BundleSpec.model_validate(spec_dict())


@pytest.mark.parametrize(
    ("remaining", "words"),
    [
        (["covid"], "unlike those without COVID-19"),
        (["nocovid"], "the patient may have it all the same"),
        (["covid", "nocovid"], "neither COVID-19 nor its absence"),
        ([], "like neither of the two classes"),
    ],
)
def test_the_conformal_set_is_said_with_its_error(remaining: list[str], words: str) -> None:
    said = str(Result.of(_stored(conformal_set=remaining), SPEC).remaining)
    assert words in said
    assert "(10 % a class)" in said
    unknown = str(Result.of(_stored(conformal_set=remaining), None).remaining)
    assert "10 %" not in unknown, "the error of a bundle that is not here is not made up"


def test_that_a_film_may_be_anothers_is_told_apart() -> None:
    both = [
        {"code": "sex_differs", "message": {"es": "otro sexo", "en": "another sex"}},
        *_stored().warnings,
    ]
    result = Result.of(_stored(warnings=both), SPEC)
    assert [one.en for one in result.contradictions] == ["another sex"]
    assert [one.en for one in result.warnings] == ["supine"]


def test_a_bundle_without_thresholds_says_so() -> None:
    spec = BundleSpec.model_validate(spec_dict(conformal=None))
    result = Result.of(_stored(conformal_set=["covid", "nocovid"]), spec)
    assert "no decision thresholds" in str(result.remaining)


def test_a_refusal_carries_its_reason_and_no_number() -> None:
    refusal = Refusal.of(RefusalCode.NOT_FRONTAL, "L").to_dict()
    result = Result.of(
        _stored(
            outcome="refused",
            probability=None,
            conformal_set=[],
            refusal=refusal,
            activation=None,
            post_test_probability=None,
        ),
        SPEC,
    )
    assert result.outcome is Outcome.REFUSED
    assert result.refusal is not None
    assert "Use la proyección PA o AP." in result.refusal.es
    assert (result.probability, result.remaining, result.has_activation) == (None, None, False)


def test_warnings_keep_both_languages() -> None:
    [warning] = Result.of(_stored(), SPEC).warnings
    assert (warning.es, warning.en) == ("supino", "supine")


def test_the_map_needs_the_bundle() -> None:
    assert Result.of(_stored(), SPEC).has_activation
    assert not Result.of(_stored(), None).has_activation
    assert Result.of(_stored(), None).calibration_prevalence is None


def test_old_answers_find_their_bundle(installation: Installation, tmp_path: Path) -> None:
    active = installation.desk.detector.bundle
    assert spec_of(installation, active.id.sha256) == active.spec
    older = Bundle.load(make_bundle(tmp_path / "older", version="0.9"))
    assert spec_of(installation, older.id.sha256) is None
    installation.desk.folder.mkdir(parents=True, exist_ok=True)
    pack(older.path, installation.desk.folder / f"{older.id.sha256}.zip")
    found = spec_of(installation, older.id.sha256)
    assert found is not None
    assert found.version == "0.9"
