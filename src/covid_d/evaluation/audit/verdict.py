"""From evidence to verdict. What is missing speaks against the bundle."""

from __future__ import annotations

import math
from datetime import datetime

from covid_d.detector.spec import Verdict
from covid_d.evaluation.audit.evidence import POOL, Check, Evidence, SourceEvidence
from covid_d.evaluation.audit.thresholds import Thresholds
from covid_d.language import Message

_NO_SOURCE = Message(
    "Ninguna fuente tiene {threshold:.0f} o más radiografías de prueba de cada clase: no se puede "
    "mostrar que el modelo lea los pulmones y no la fuente.",
    "No source has {threshold:.0f} or more test films of each class: nothing can show that the "
    "model reads lungs, not sources.",
)
_SOURCES = Message(
    "{value:.0f} fuentes tienen {threshold:.0f} o más radiografías de prueba de cada clase.",
    "{value:.0f} sources have {threshold:.0f} or more test films of each class.",
)
_NO_LUNGS = Message(
    "No hay modelo de segmentación pulmonar: no se probó con los pulmones borrados.",
    "There is no lung segmentation model: films with the lungs erased were not tried.",
)
_DICE = Message(
    "El modelo pulmonar alcanza un Dice de {value:.3f} en pacientes apartados (mínimo "
    "{threshold:.2f}).",
    "The lung model reaches a Dice of {value:.3f} on held-out patients (at least {threshold:.2f}).",
)
_FOUND = Message(
    "Se hallaron pulmones en el {percent:.0f} % de las radiografías de prueba (mínimo "
    "{least:.0f} %).",
    "Lungs were found on {percent:.0f} % of the test films (at least {least:.0f} %).",
)
_PROBE = Message(
    "{scope}: AUROC {model:.2f}, la mejor sonda sin pulmón ({probe}) {other:.2f}: diferencia "
    "{value:+.2f} (mínimo {threshold:+.2f}).",
    "{scope}: AUROC {model:.2f}, the best no-lung probe ({probe}) {other:.2f}: difference "
    "{value:+.2f} (at least {threshold:+.2f}).",
)
_ERASED = Message(
    "{scope}: AUROC {model:.2f}, con los pulmones borrados {other:.2f}: diferencia {value:+.2f} "
    "(mínimo {threshold:+.2f}).",
    "{scope}: AUROC {model:.2f}, with the lungs erased {other:.2f}: difference {value:+.2f} "
    "(at least {threshold:+.2f}).",
)
_WORST = Message(
    "La peor fuente ({scope}) tiene un límite inferior de AUROC de {value:.2f} (debe superar "
    "{threshold:.2f}).",
    "The worst source ({scope}) has a lower AUROC bound of {value:.2f} (must exceed "
    "{threshold:.2f}).",
)
_CALIBRATION = Message(
    "El error de calibración esperado es {value:.3f} (máximo {threshold:.2f}).",
    "The expected calibration error is {value:.3f} (at most {threshold:.2f}).",
)
_NOT_MEASURED = Message(
    "{scope}: {code} no se pudo medir.", "{scope}: {code} could not be measured."
)


def judge(evidence: Evidence, thresholds: Thresholds) -> tuple[Check, ...]:
    """Return every condition with what was found.

    A value that is missing or not a number fails its condition.
    """
    decisive = decisive_sources(evidence, thresholds)
    checks = [_enough_sources(decisive, thresholds)]
    checks += _lung_checks(evidence, thresholds)
    for source in decisive:
        checks.append(_above_probe(source, thresholds))
        if evidence.lungs is not None:
            checks.append(_above_erased(source, thresholds))
    if decisive:
        checks.append(_worst(decisive, thresholds))
    error = evidence.calibration_error.value
    checks.append(
        _check("calibration_error", POOL, error, thresholds.calibration_error, _CALIBRATION, "<=")
    )
    return tuple(checks)


def verdict_of(checks: tuple[Check, ...], audited: datetime) -> Verdict:
    """Return the verdict: ``audit-passed`` only if every condition holds, and there are some."""
    failed = tuple(check.message.en for check in checks if not check.passed)
    passed = bool(checks) and not failed
    return Verdict(
        status="audit-passed" if passed else "demonstration",
        reasons=() if passed else failed or ("nothing was checked",),
        audited=audited,
    )


def decisive_sources(evidence: Evidence, thresholds: Thresholds) -> list[SourceEvidence]:
    """Return the sources whose test films hold enough of each class to count."""
    least = thresholds.films_per_class
    return [
        source for source in evidence.sources if min(source.positives, source.negatives) >= least
    ]


def _enough_sources(decisive: list[SourceEvidence], thresholds: Thresholds) -> Check:
    least, count = float(thresholds.films_per_class), float(len(decisive))
    text = _SOURCES if decisive else _NO_SOURCE
    return Check(
        "within_source_evidence",
        POOL,
        count,
        least,
        bool(decisive),
        text.format(value=count, threshold=least),
    )


def _lung_checks(evidence: Evidence, thresholds: Thresholds) -> list[Check]:
    lungs = evidence.lungs
    if lungs is None:
        return [Check("lung_model", POOL, None, thresholds.lung_dice, False, _NO_LUNGS)]
    checks = []
    if lungs.spec is not None:
        checks.append(
            _check("lung_model", POOL, lungs.spec.dice, thresholds.lung_dice, _DICE, ">=")
        )
    shares = {"percent": 100 * lungs.found, "least": 100 * thresholds.lungs_found}
    checks.append(
        _check("lungs_found", POOL, lungs.found, thresholds.lungs_found, _FOUND, ">=", **shares)
    )
    return checks


def _above_probe(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, least = "above_best_probe", thresholds.above_probe
    best = source.best_probe
    if source.model is None or best is None:
        return _missing(code, source.name, least)
    probe, result = best
    model, other = source.model.value, result.auroc.value
    text = Message(
        _PROBE.es.replace("{probe}", probe.message.es),
        _PROBE.en.replace("{probe}", probe.message.en),
    )
    return _check(code, source.name, model - other, least, text, ">=", model=model, other=other)


def _above_erased(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, least = "above_lungs_erased", thresholds.above_lungs_erased
    if source.model is None or source.lungs_erased is None:
        return _missing(code, source.name, least)
    model, other = source.model.value, source.lungs_erased.value
    return _check(code, source.name, model - other, least, _ERASED, ">=", model=model, other=other)


def _worst(decisive: list[SourceEvidence], thresholds: Thresholds) -> Check:
    code, least = "worst_source_lower_bound", thresholds.worst_source_lower_bound
    if any(source.model is None for source in decisive):
        return _missing(code, POOL, least)
    low, name = min((source.model.low, source.name) for source in decisive if source.model)
    return _check(code, name, low, least, _WORST, ">")


def _check(
    code: str,
    scope: str,
    value: float,
    threshold: float,
    text: Message,
    relation: str,
    **more: object,
) -> Check:
    # Comparisons with NaN are false, so a figure that is not a number never passes. Figures are
    # compared to nine digits: 0.9 - 0.8 must count as 0.1.
    if math.isnan(value):
        return _missing(code, scope, threshold)
    rounded = round(value, 9)
    passed = {
        ">=": rounded >= threshold,
        ">": rounded > threshold,
        "<=": rounded <= threshold,
    }[relation]
    message = text.format(value=value, threshold=threshold, scope=scope, **more)
    return Check(code, scope, value, threshold, passed, message)


def _missing(code: str, scope: str, threshold: float) -> Check:
    return Check(code, scope, None, threshold, False, _NOT_MEASURED.format(scope=scope, code=code))
