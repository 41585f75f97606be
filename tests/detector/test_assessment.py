"""An answer comes back from JSON as it went, and says its words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from covid_d.detector import CATEGORIES, Appearance, Assessment, BundleId, CovidRange, Outcome
from covid_d.detector.assessment import Caution, VerdictStatus
from covid_d.detector.cautions import AGE_UNKNOWN, OUTSIDE_LUNGS, SUPINE, age_differs
from covid_d.radiograph import Refusal, RefusalCode

BUNDLE = BundleId("phantom", "1.0", "a" * 64)
shares = st.floats(0.0, 1.0)
cautions = st.lists(st.sampled_from([AGE_UNKNOWN, SUPINE, age_differs(61.0, 40)]), max_size=3)
maps = st.none() | arrays(np.float32, (3, 4), elements=st.floats(0, 1, width=32))
boxes = st.none() | st.tuples(shares, shares, shares, shares)


@st.composite
def ranges(draw: st.DrawFn) -> CovidRange:
    low, value, high = sorted(draw(st.tuples(shares, shares, shares)))
    return CovidRange(low, value, high, draw(st.floats(0.001, 0.999)))


@st.composite
def appearances(draw: st.DrawFn) -> dict[Appearance, float]:
    found = draw(st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4))
    return {c: w / sum(found) for c, w in zip(CATEGORIES, found, strict=True)}


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    common: dict[str, Any] = {
        "path": draw(st.text(max_size=9)),
        "bundle": BUNDLE,
        "warnings": tuple(draw(cautions)),
    }
    verdict: VerdictStatus = draw(st.sampled_from(get_args(VerdictStatus)))
    kind = draw(st.sampled_from(["refused", "old", "appearance"]))
    if kind == "refused":
        refusal = Refusal.of(draw(st.sampled_from(RefusalCode)), draw(st.text(max_size=5)))
        return Assessment(outcome=Outcome.REFUSED, refusal=refusal, verdict=verdict, **common)
    common |= {"activation": draw(maps), "box": draw(boxes), "verdict": verdict}
    common["outcome"] = draw(st.sampled_from([o for o in Outcome if o is not Outcome.REFUSED]))
    if kind == "old":
        return Assessment(probability=draw(shares), conformal_set=("covid",), **common)
    return Assessment(
        appearance=draw(appearances()),
        conformal_set=tuple(draw(st.lists(st.sampled_from(CATEGORIES), unique=True))),
        covid=draw(ranges()) if verdict == "audit-passed" and draw(st.booleans()) else None,
        **common,
    )


@given(assessments())
def test_json_and_back(assessment: Assessment) -> None:
    kept = assessment.to_dict(activation=True)
    back = Assessment.from_dict(json.loads(json.dumps(kept)))
    assert back.to_dict(activation=True) == kept
    assert (back.outcome, back.covid, back.refusal) == (
        assessment.outcome,
        assessment.covid,
        assessment.refusal,
    )
    assert (back.warnings, back.box, back.headline) == (
        assessment.warnings,
        assessment.box,
        assessment.headline,
    )
    assert back.appearance == assessment.appearance
    if assessment.activation is None:
        assert back.activation is None
    else:
        np.testing.assert_allclose(back.activation, assessment.activation, atol=5e-5)


@given(assessments())
def test_without_its_map_it_is_small(assessment: Assessment) -> None:
    whole = assessment.to_dict(activation=True)
    assert assessment.to_dict() == {
        name: whole[name] for name in whole if name not in ("activation", "box")
    }
    assert Assessment.from_dict(assessment.to_dict()).activation is None


def _seen(category: Appearance, outcome: Outcome) -> Assessment:
    appearance = {c: 0.7 if c is category else 0.1 for c in CATEGORIES}
    return Assessment("film", outcome, BUNDLE, appearance=appearance)


@pytest.mark.parametrize(
    ("category", "outcome", "es", "opacity"),
    [
        (Appearance.TYPICAL, Outcome.POSITIVE, "aspecto típico de COVID-19", 0.9),
        (Appearance.NEGATIVE, Outcome.NEGATIVE, "sin signos de neumonía", 0.3),
        (
            Appearance.ATYPICAL,
            Outcome.INCONCLUSIVE,
            "no concluyente (posible aspecto atípico para COVID-19)",
            0.9,
        ),
        (
            Appearance.NEGATIVE,
            Outcome.INCONCLUSIVE,
            "no concluyente (posiblemente sin signos de neumonía)",
            0.3,
        ),
    ],
)
def test_says_what_a_radiologist_would(
    category: Appearance, outcome: Outcome, es: str, opacity: float
) -> None:
    answer = _seen(category, outcome)
    assert answer.headline.es == es
    assert answer.most_likely is category
    assert answer.opacity == pytest.approx(opacity)


def test_without_any_age_the_answer_itself_is_for_adults() -> None:
    # Built by hand: the caution's code is what a stored answer keeps.
    known = _seen(Appearance.TYPICAL, Outcome.POSITIVE)
    unknown = replace(known, warnings=(*known.warnings, AGE_UNKNOWN))
    assert unknown.headline.es == "si es adulto: aspecto típico de COVID-19"
    assert unknown.headline.en == f"if an adult: {known.headline.en}"
    assert AGE_UNKNOWN.code == "age_unknown"
    child = Refusal.of(RefusalCode.CHILD)
    refused = Assessment("film", Outcome.REFUSED, BUNDLE, refusal=child, warnings=(AGE_UNKNOWN,))
    assert refused.headline == Outcome.REFUSED.message


def test_an_answer_from_outside_the_lungs_is_void_and_a_refusal_is_none() -> None:
    answer = Assessment("film", Outcome.POSITIVE, BUNDLE, probability=0.9, warnings=(SUPINE,))
    assert not answer.is_void
    void = replace(answer, warnings=(SUPINE, OUTSIDE_LUNGS))
    assert void.is_void
    assert Assessment.from_dict(void.to_dict()).is_void
    blurred = Refusal.of(RefusalCode.BLURRED)
    assert not Assessment(
        "film", Outcome.REFUSED, BUNDLE, refusal=blurred, warnings=(OUTSIDE_LUNGS,)
    ).is_void


def test_no_appearance_is_called_incompatible_with_covid() -> None:
    """A film without pneumonia does not rule COVID-19 out."""
    for category in CATEGORIES:
        for outcome in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INCONCLUSIVE):
            assert "no compatible" not in _seen(category, outcome).headline.es


@pytest.mark.parametrize(
    "wrong",
    [
        (0.5, 0.4, 0.6, 0.1),
        (0.1, 0.2, 1.1, 0.1),
        (0.1, 0.2, 0.3, 0.0),
        (float("nan"), 0.2, 0.3, 0.1),
    ],
)
def test_a_range_out_of_order_is_none(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"range|prevalence"):
        CovidRange(*wrong)


def test_a_caution_comes_back() -> None:
    assert Caution.from_dict(SUPINE.to_dict()) == SUPINE
