"""A stored answer, ready to be said: it comes back as it was given, whichever bundle gave it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bundle_factory import make_bundle, spec_dict
from covid_d.clinic.cases.result import Result, spec_of
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import StoredAssessment, assessment_columns
from covid_d.clinic.installation import Installation
from covid_d.detector import (
    CATEGORIES,
    Appearance,
    Assessment,
    Bundle,
    BundleId,
    BundleSpec,
    CovidRange,
    Outcome,
    pack,
)
from covid_d.detector.cautions import OUTSIDE_LUNGS, SUPINE
from covid_d.radiograph import Refusal, RefusalCode
from covid_d.radiograph.prepare import Window

SPEC = BundleSpec.model_validate(spec_dict())
SEEN = Assessment(
    path="",
    outcome=Outcome.POSITIVE,
    bundle=BundleId("phantom", "1.0", "a" * 64),
    verdict="audit-passed",
    appearance=dict(zip(CATEGORIES, (0.1, 0.1, 0.1, 0.7), strict=True)),
    conformal_set=("typical",),
    covid=CovidRange(0.1, 0.3, 0.9, 0.05),
    warnings=(SUPINE,),
    activation=np.array([[0.0, 0.5]], dtype=np.float32),
    box=Window(0.1, 0.1, 0.9, 0.9),
)
REFUSED = Assessment(
    path="",
    outcome=Outcome.REFUSED,
    bundle=SEEN.bundle,
    refusal=Refusal.of(RefusalCode.NOT_FRONTAL, "L"),
)


def _stored(assessment: Assessment) -> StoredAssessment:
    columns = assessment_columns(assessment, prevalence=0.05, milliseconds=5.0)
    return StoredAssessment(**columns, created_at=now())


def test_it_comes_back_as_it_was_given() -> None:
    for given in (SEEN, REFUSED):
        result = Result.of(_stored(given), SPEC)
        assert result.assessment.to_dict(activation=True) == given.to_dict(activation=True)
        assert result.prevalence == 0.05


def test_what_queries_need_is_copied() -> None:
    stored = _stored(SEEN)
    assert (stored.outcome, stored.probability, stored.refusal_code) == ("positive", None, None)
    assert (stored.negative, stored.atypical, stored.indeterminate, stored.typical) == (
        0.1,
        0.1,
        0.1,
        0.7,
    )
    assert (stored.bundle_sha256, stored.bundle_verdict) == ("a" * 64, "audit-passed")
    refused = _stored(REFUSED)
    assert (refused.outcome, refused.typical, refused.refusal_code) == (
        "refused",
        None,
        "not_frontal",
    )


def test_the_map_needs_the_bundle() -> None:
    assert Result.of(_stored(SEEN), SPEC).offers_map
    assert not Result.of(_stored(SEEN), None).offers_map
    assert not Result.of(_stored(REFUSED), SPEC).offers_map
    assert Result.of(_stored(SEEN), SPEC).evidence_for == Appearance.TYPICAL.message


def test_the_map_of_an_answer_to_be_disregarded_is_not_offered() -> None:
    """What would its legend say the colours are of?"""
    void = Result.of(_stored(replace(SEEN, warnings=(OUTSIDE_LUNGS,))), SPEC)
    assert void.assessment.activation is not None, "it is kept all the same"
    assert not void.offers_map
    assert void.evidence_for is None
    assert Result.of(_stored(replace(SEEN, warnings=(SUPINE,))), SPEC).offers_map


def test_a_demonstrations_map_is_not_offered() -> None:
    shown = Result.of(_stored(replace(SEEN, verdict="demonstration", covid=None)), SPEC)
    assert shown.assessment.activation is not None, "it is kept all the same"
    assert not shown.offers_map
    assert shown.evidence_for is None


def test_old_answers_find_their_bundle(installation: Installation, tmp_path: Path) -> None:
    active = installation.active_detector.detector.bundle
    assert spec_of(installation, active.id.sha256) == active.spec
    older = Bundle.load(make_bundle(tmp_path / "older", version="0.9"))
    assert spec_of(installation, older.id.sha256) is None
    installation.active_detector.files.folder.mkdir(parents=True, exist_ok=True)
    pack(older.path, installation.active_detector.files.folder / f"{older.id.sha256}.zip")
    found = spec_of(installation, older.id.sha256)
    assert found is not None
    assert found.version == "0.9"
