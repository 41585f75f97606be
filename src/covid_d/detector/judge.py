"""The one judge: from what was examined, and what is stated of it, to the answer.

Nothing here opens a film or a network: an examination kept from yesterday is judged in no time,
and every face judges alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import Assessment, Outcome
from covid_d.detector.bundle.spec import (
    AppearanceCalibration,
    AppearanceConformal,
    BundleSpec,
    Calibration,
    Conformal,
)
from covid_d.detector.calibrate import (
    appearance_probabilities,
    appearance_set,
    calibrated_probability,
    check_prevalence,
    conformal_set,
    outcome_of,
    outcome_of_appearance,
)
from covid_d.detector.cautions import (
    OUTSIDE_LUNGS,
    cautions_of_bundle,
    cautions_of_unknown,
    contradictions,
)
from covid_d.detector.examine import Examination
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.detector.stated import Stated
from covid_d.radiograph import Facts, Refusal, RefusalCode, check_facts
from covid_d.radiograph.ages import ADULT_YEARS

NOTHING_STATED: Final = Stated()
_LEAST_INSIDE: Final = 0.5
"""Share of the evidence in cells that the lungs reach, below which the reader is told."""


def judge(
    examination: Examination,
    spec: BundleSpec,
    stated: Stated = NOTHING_STATED,
    prevalence: float | None = None,
    ratios: LikelihoodTable = PUBLISHED,
) -> Assessment:
    """Return the answer to an examined film.

    A film is refused as a child's, or as not frontal, whether its file or a person says so. Where
    the two contradict each other the answer warns of it; the file's own projection stands.

    Parameters
    ----------
    examination
        By the bundle of this ``spec``.
    spec
        What the bundle says of itself.
    stated
        What a person says of the film and its patient.
    prevalence
        Share of COVID-19 among the patients at hand, in (0, 1).
    ratios
        What the appearance says about COVID-19; a clinic may have its own.

    Raises
    ------
    ValueError
        If ``prevalence`` does not lie in (0, 1).
    """
    if prevalence is not None:
        check_prevalence(prevalence)
    facts = examination.facts
    refusal = examination.refusal
    # A refused film may be refused because it is somebody else's.
    warnings = (contradictions(facts, stated) if facts else ()) + cautions_of_bundle(spec)
    if refusal is None and facts is not None:
        refusal = _stated_against(facts, stated)
    known: dict[str, Any] = {
        "path": examination.name,
        "bundle": examination.bundle,
        "verdict": spec.verdict.status,
    }
    if refusal is not None:
        return Assessment(outcome=Outcome.REFUSED, refusal=refusal, warnings=warnings, **known)
    if facts is not None:
        warnings += cautions_of_unknown(facts, stated)
    if isinstance(spec.calibration, AppearanceCalibration):
        answer = _of_appearance(examination, spec, spec.calibration, prevalence, ratios)
    else:
        answer = _of_covid(examination, spec, spec.calibration)
    best = answer.pop("best")
    if examination.inside is not None and examination.inside[best] < _LEAST_INSIDE:
        warnings += (OUTSIDE_LUNGS,)
    maps = examination.activation
    return Assessment(
        warnings=warnings,
        activation=None if maps is None else maps[best],
        box=examination.box,
        **known,
        **answer,
    )


def facts_with(facts: Facts, stated: Stated) -> Facts:
    """Return a file's facts with what a person stated beside them.

    The file's own projection and sex stand. Of two ages the lower one counts: the model knows no
    children, whoever says that this is one.
    """
    ages = [age for age in (facts.age_years, stated.age_years) if age is not None]
    return replace(
        facts,
        projection=facts.projection or stated.projection,
        age_years=min(ages) if ages else None,
        sex=facts.sex or stated.sex,
    )


def _stated_against(facts: Facts, stated: Stated) -> Refusal | None:
    """Return why what a person states forbids an answer."""
    projection = stated.projection
    if projection is not None and not projection.is_frontal:
        return Refusal.of(RefusalCode.NOT_FRONTAL, projection.value)
    refusal = check_facts(facts_with(facts, stated))
    if refusal is None and stated.adult is False:
        return Refusal.of(RefusalCode.CHILD, f"< {ADULT_YEARS}")
    return refusal


def _of_appearance(
    examination: Examination,
    spec: BundleSpec,
    calibration: AppearanceCalibration,
    prevalence: float | None,
    ratios: LikelihoodTable,
) -> dict[str, Any]:
    appearance = appearance_probabilities(examination.logits, calibration)
    thresholds = spec.conformal
    remaining = appearance_set(
        appearance, thresholds if isinstance(thresholds, AppearanceConformal) else None
    )
    # A demonstration's answer is no evidence, so no odds follow from it.
    covid = (
        ratios.covid(appearance, calibration.shares, prevalence)
        if prevalence is not None and spec.verdict.status == "audit-passed"
        else None
    )
    return {
        "appearance": appearance,
        "conformal_set": tuple(category.value for category in remaining),
        "outcome": outcome_of_appearance(remaining),
        "covid": covid,
        "best": max(range(len(CATEGORIES)), key=lambda place: appearance[CATEGORIES[place]]),
    }


def _of_covid(
    examination: Examination, spec: BundleSpec, calibration: Calibration
) -> dict[str, Any]:
    """Return the answer of a bundle of the old kind, which knows no appearance."""
    probability = calibrated_probability(examination.logits[0], calibration)
    thresholds = spec.conformal
    remaining = conformal_set(
        probability, thresholds if isinstance(thresholds, Conformal) else None
    )
    return {
        "probability": probability,
        "conformal_set": remaining,
        "outcome": outcome_of(remaining),
        "best": 0,
    }
