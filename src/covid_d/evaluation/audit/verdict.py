"""From evidence to verdict. What is missing speaks against the bundle."""

from __future__ import annotations

import math
from datetime import datetime

from covid_d.detector.bundle.spec import Verdict
from covid_d.evaluation.audit.evidence import POOL, Check, Evidence, SourceEvidence
from covid_d.evaluation.audit.thresholds import Thresholds
from covid_d.evaluation.report.texts import number, percent
from covid_d.language import Message

_NO_SOURCE = Message(
    "Ninguna fuente tiene {threshold} o más radiografías de prueba de cada clase: no se puede "
    "mostrar que el modelo lea los pulmones y no la fuente.",
    "No source has {threshold} or more test films of each class: nothing can show that the "
    "model reads lungs, not sources.",
)
_SOURCES = Message(
    "{value} fuentes tienen {threshold} o más radiografías de prueba de cada clase.",
    "{value} sources have {threshold} or more test films of each class.",
)
_APART = Message(
    "Ningún paciente está a la vez en entrenamiento y prueba.",
    "No patient is in both training and test films.",
)
_SHARED = Message(
    "{value} pacientes están a la vez en entrenamiento y prueba: construya los datos con "
    "--protocol grouped.",
    "{value} patients are in both training and test films: build the data set with "
    "--protocol grouped.",
)
_NO_LUNGS = Message(
    "No hay modelo de segmentación pulmonar: no se probó con los pulmones borrados.",
    "There is no lung segmentation model: films with the lungs erased were not tried.",
)
_DICE = Message(
    "El modelo pulmonar alcanza un Dice de {value} en pacientes apartados (mínimo {threshold}).",
    "The lung model reaches a Dice of {value} on held-out patients (at least {threshold}).",
)
_FOUND = Message(
    "Se hallaron pulmones en el {value} de las radiografías de prueba (mínimo {threshold}).",
    "Lungs were found on {value} of the test films (at least {threshold}).",
)
_PROBE = Message(
    "{scope}: AUROC {model}, la mejor sonda sin pulmón ({probe}) {other}: diferencia "
    "{value} (mínimo {threshold}).",
    "{scope}: AUROC {model}, the best no-lung probe ({probe}) {other}: difference "
    "{value} (at least {threshold}).",
)
_ERASED = Message(
    "{scope}: AUROC {model}, con los pulmones borrados {other}: diferencia {value} "
    "(mínimo {threshold}).",
    "{scope}: AUROC {model}, with the lungs erased {other}: difference {value} "
    "(at least {threshold}).",
)
_WORST = Message(
    "La peor fuente ({scope}) tiene un límite inferior de AUROC de {value} (debe superar "
    "{threshold}).",
    "The worst source ({scope}) has a lower AUROC bound of {value} (must exceed {threshold}).",
)
_CALIBRATION = Message(
    "El error de calibración esperado es {value} (máximo {threshold}).",
    "The expected calibration error is {value} (at most {threshold}).",
)
_NOT_MEASURED = Message(
    "{scope}: {code} no se pudo medir.", "{scope}: {code} could not be measured."
)


def judge(evidence: Evidence, thresholds: Thresholds) -> tuple[Check, ...]:
    """Return every condition with what was found.

    A value that is missing or not a number fails its condition.
    """
    decisive = decisive_sources(evidence, thresholds)
    checks = [_groups_apart(evidence), _enough_sources(decisive, thresholds)]
    checks += _lung_checks(evidence, thresholds)
    for source in decisive:
        checks.append(_above_probe(source, thresholds))
        if evidence.lungs is not None:
            checks.append(_above_erased(source, thresholds))
    if decisive:
        checks.append(_worst(decisive, thresholds))
    return (*checks, _calibration(evidence, thresholds))


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
    message = _fill(text, value=_written(count, 0), threshold=_written(least, 0))
    return Check("within_source_evidence", POOL, count, least, bool(decisive), message)


def _groups_apart(evidence: Evidence) -> Check:
    shared = float(evidence.shared_groups)
    message = _fill(_APART if not shared else _SHARED, value=_written(shared, 0))
    return Check("groups_apart", POOL, shared, 0.0, not shared, message)


def _lung_checks(evidence: Evidence, thresholds: Thresholds) -> list[Check]:
    lungs, dice = evidence.lungs, thresholds.lung_dice
    if lungs is None:
        return [Check("lung_model", POOL, None, dice, False, _NO_LUNGS)]
    checks = []
    if lungs.spec is not None:
        reached = lungs.spec.dice
        message = _fill(_DICE, value=_written(reached, 3), threshold=_written(dice))
        checks.append(_check("lung_model", POOL, reached, dice, ">=", message))
    found, least = lungs.found, thresholds.lungs_found
    message = _fill(_FOUND, value=_percent(found), threshold=_percent(least))
    checks.append(_check("lungs_found", POOL, found, least, ">=", message))
    return checks


def _above_probe(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, least = "above_best_probe", thresholds.above_probe
    best = source.best_probe
    if source.model is None or best is None:
        return _missing(code, source.name, least)
    probe, result = best
    other = result.auroc.value
    message = _fill(
        _PROBE, probe=probe.message, **_compared(source.name, source.model.value, other)
    )
    return _margin(code, source.name, source.model.value - other, least, message)


def _above_erased(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, least = "above_lungs_erased", thresholds.above_lungs_erased
    if source.model is None or source.lungs_erased is None:
        return _missing(code, source.name, least)
    other = source.lungs_erased.value
    message = _fill(_ERASED, **_compared(source.name, source.model.value, other))
    return _margin(code, source.name, source.model.value - other, least, message)


def _worst(decisive: list[SourceEvidence], thresholds: Thresholds) -> Check:
    code, least = "worst_source_lower_bound", thresholds.worst_source_lower_bound
    for source in decisive:
        if source.model is None or math.isnan(source.model.low):
            return _missing(code, source.name, least)
    low, name = min((source.model.low, source.name) for source in decisive if source.model)
    message = _fill(_WORST, scope=_scope(name), value=_written(low), threshold=_written(least))
    return _check(code, name, low, least, ">", message)


def _calibration(evidence: Evidence, thresholds: Thresholds) -> Check:
    error, most = evidence.calibration_error.value, thresholds.calibration_error
    message = _fill(_CALIBRATION, value=_written(error, 3), threshold=_written(most))
    return _check("calibration_error", POOL, error, most, "<=", message)


def _margin(code: str, scope: str, value: float, least: float, message: Message) -> Check:
    filled = _fill(message, value=_written(value, signed=True), threshold=_written(least))
    return _check(code, scope, value, least, ">=", filled)


def _check(
    code: str, scope: str, value: float, threshold: float, relation: str, message: Message
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
    return Check(code, scope, value, threshold, passed, message)


def _missing(code: str, scope: str, threshold: float) -> Check:
    message = _fill(_NOT_MEASURED, scope=_scope(scope), code=Message(code, code))
    return Check(code, scope, None, threshold, False, message)


def _compared(scope: str, model: float, other: float) -> dict[str, Message]:
    return {"scope": _scope(scope), "model": _written(model), "other": _written(other)}


def _fill(text: Message, **parts: Message) -> Message:
    """Fill some of a text's fields, each in its own language; the others stay."""
    es, en = text.es, text.en
    for name, part in parts.items():
        es, en = es.replace(f"{{{name}}}", part.es), en.replace(f"{{{name}}}", part.en)
    return Message(es, en)


def _scope(name: str) -> Message:
    return Message("todas juntas", "pooled") if name == POOL else Message(name, name)


def _written(value: float, digits: int = 2, *, signed: bool = False) -> Message:
    sign = "+" if signed and value >= 0 else ""
    return Message(sign + number(value, "es", digits), sign + number(value, "en", digits))


def _percent(share: float) -> Message:
    return Message(percent(share, "es"), percent(share, "en"))
