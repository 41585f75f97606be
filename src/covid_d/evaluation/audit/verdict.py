"""From evidence to verdict. What is missing speaks against the bundle."""

from __future__ import annotations

import math
from datetime import datetime

from covid_d.detector.bundle.spec import Verdict
from covid_d.evaluation.audit.evidence import POOL, Check, Evidence, SourceEvidence
from covid_d.evaluation.audit.questions import COVID, QUESTIONS
from covid_d.evaluation.audit.thresholds import Thresholds
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report.texts import number, percent
from covid_d.language import Message

_NO_SOURCE = Message(
    "Ninguna fuente tiene {threshold} o más radiografías de prueba de cada clase: no se puede "
    "mostrar que el modelo lea los pulmones y no la fuente.",
    "No source has {threshold} or more test films of each class: nothing can show that the "
    "model reads lungs, not sources.",
)
_SOURCES = Message(
    "Fuentes con {threshold} o más radiografías de prueba de cada clase: {value} ({names}).",
    "Sources with {threshold} or more test films of each class: {value} ({names}).",
)
_ASKED = Message(" A cada una se le pregunta: {questions}.", " What is asked of each: {questions}.")
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
    "{scope}: AUROC {model}; la sonda que más se le acerca ({probe}), {other}: diferencia {value} "
    "({low} a {high}); su límite inferior debe superar {threshold}. {power}",
    "{scope}: AUROC {model}; the probe that comes closest ({probe}), {other}: difference {value} "
    "({low} to {high}); its lower bound must exceed {threshold}. {power}",
)
_ERASED = Message(
    "{scope}: AUROC {model}; con los pulmones borrados, {other}: diferencia {value} ({low} a "
    "{high}); su límite inferior debe superar {threshold}. {power}",
    "{scope}: AUROC {model}; with the lungs erased, {other}: difference {value} ({low} to {high}); "
    "its lower bound must exceed {threshold}. {power}",
)
_MARKS = Message(
    "{scope}: al borrar letras, flechas, electrodos y tubos de los pulmones ({positives} "
    "radiografías positivas y {negatives} negativas los llevan) el AUROC pierde {value} ({low} a "
    "{high}); su límite superior no puede pasar de {threshold}.",
    "{scope}: erasing letters, arrows, electrodes and tubes on the lungs ({positives} positive and "
    "{negatives} negative films carry some) takes {value} of the AUROC ({low} to {high}); the "
    "upper bound must not exceed {threshold}.",
)
_OPPOSITE = Message(
    "Poner cosas sobre los pulmones ({change}) vuelve del revés el {value} de {films} respuestas "
    "(máximo {threshold}).",
    "Laying things on the lungs ({change}) turns {value} of {films} answers into their opposite "
    "(at most {threshold}).",
)
_OPPOSITE_UNTRIED = Message(
    "No se probó a poner cosas sobre los pulmones.", "Laying things on the lungs was not tried."
)
_CAN_TELL = Message(
    "Con {positives} positivas y {negatives} negativas se confirma una diferencia desde {needed}.",
    "With {positives} positives and {negatives} negatives a difference from {needed} is confirmed.",
)
_CANNOT_TELL = Message(
    "Con {positives} positivas y {negatives} negativas esta auditoría no puede decidirlo: solo "
    "confirma una diferencia desde {needed}.",
    "With {positives} positives and {negatives} negatives this audit cannot tell: it confirms only "
    "a difference from {needed}.",
)
_WORST = Message(
    "La peor fuente ({scope}) tiene un límite inferior de AUROC de {value} (debe superar "
    "{threshold}).",
    "The worst source ({scope}) has a lower AUROC bound of {value} (must exceed {threshold}).",
)
_CALIBRATION = Message(
    "{scope}: error de calibración, corregido por el número de radiografías, {value} (máximo "
    "{threshold}).",
    "{scope}: calibration error, corrected for the number of films, {value} (at most {threshold}).",
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
        checks.append(_marks(source, thresholds))
        if source.question in _CALIBRATED:
            checks.append(_calibration(source, thresholds))
    checks += [_worst(one, thresholds) for one in _by_question(decisive)]
    return (*checks, _opposite(evidence, thresholds))


# Asked of every film of a source, so that stated and observed shares can be compared.
_CALIBRATED = ("covid", "opacity")


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
    # A source that is asked two questions is one source.
    names = list(dict.fromkeys(source.name for source in decisive))
    least, count = float(thresholds.films_per_class), float(len(names))
    listed = Message(", ".join(names), ", ".join(names))
    text = _fill(
        _SOURCES if decisive else _NO_SOURCE,
        value=_written(count, 0),
        threshold=_written(least, 0),
        names=listed,
    )
    asked = [QUESTIONS[name].message for name in dict.fromkeys(s.question for s in decisive)]
    if len(asked) > 1:
        told = Message("; ".join(q.es for q in asked), "; ".join(q.en for q in asked))
        told = _fill(_ASKED, questions=told)
        text = Message(text.es + told.es, text.en + told.en)
    return Check("within_source_evidence", POOL, count, least, bool(decisive), text)


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
    closest = source.closest_probe
    if source.model is None or closest is None or closest[1].difference is None:
        return _missing(code, source, least)
    probe, result = closest
    text = _fill(_PROBE, probe=probe.message, other=_written(result.auroc.value))
    return _difference(code, source, closest[1].difference, least, text)


def _above_erased(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, least = "above_lungs_erased", thresholds.above_lungs_erased
    if source.above_lungs_erased is None or source.lungs_erased is None:
        return _missing(code, source, least)
    text = _fill(_ERASED, other=_written(source.lungs_erased.value))
    return _difference(code, source, source.above_lungs_erased, least, text)


def _difference(
    code: str, source: SourceEvidence, found: Estimate, least: float, text: Message
) -> Check:
    """Return the condition that a difference lies surely above a margin, with its power."""
    model = source.model.value if source.model else math.nan
    passed = _reaches(found.low, least, ">")
    needed = least + (found.value - found.low)
    # The interval holds the margin: neither shown nor refuted.
    unsure = not passed and found.high > least
    power = _fill(
        _CANNOT_TELL if unsure else _CAN_TELL,
        positives=_written(source.positives, 0),
        negatives=_written(source.negatives, 0),
        needed=_written(needed),
    )
    message = _fill(
        text,
        scope=_scope(source),
        model=_written(model),
        value=_written(found.value, signed=True),
        low=_written(found.low, signed=True),
        high=_written(found.high, signed=True),
        threshold=_written(least),
        power=power,
    )
    return _check(code, source.scope, found.low, least, ">", message)


def _marks(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, most = "marks_on_lungs", thresholds.marks_effect
    found = source.above_marks_erased
    if found is None:
        return _missing(code, source, most)
    message = _fill(
        _MARKS,
        scope=_scope(source),
        positives=_written(source.marked_positives, 0),
        negatives=_written(source.marked_negatives, 0),
        value=_written(found.value, signed=True),
        low=_written(found.low, signed=True),
        high=_written(found.high, signed=True),
        threshold=_written(most),
    )
    return _check(code, source.scope, found.high, most, "<=", message)


def _opposite(evidence: Evidence, thresholds: Thresholds) -> Check:
    """Return whether things laid on the lungs turn answers round; the worst thing counts."""
    code, most = "answers_turned_by_marks", thresholds.opposite_answers
    tried = [found for found in evidence.sensitivities if found.on_lungs]
    if not tried or any(math.isnan(found.opposite) for found in tried):
        return Check(code, POOL, None, most, False, _OPPOSITE_UNTRIED)
    worst = max(tried, key=lambda found: found.opposite)
    message = _fill(
        _OPPOSITE,
        change=worst.message,
        value=_percent(worst.opposite),
        films=_written(worst.films, 0),
        threshold=_percent(most),
    )
    return _check(code, POOL, worst.opposite, most, "<=", message)


def _by_question(decisive: list[SourceEvidence]) -> list[list[SourceEvidence]]:
    names = dict.fromkeys(source.question for source in decisive)
    return [[source for source in decisive if source.question == name] for name in names]


def _worst(decisive: list[SourceEvidence], thresholds: Thresholds) -> Check:
    code, least = "worst_source_lower_bound", thresholds.worst_source_lower_bound
    for source in decisive:
        if source.model is None or math.isnan(source.model.low):
            return _missing(code, source, least)
    worst = min(decisive, key=lambda source: source.model.low if source.model else -math.inf)
    low = worst.model.low if worst.model else math.nan
    message = _fill(_WORST, scope=_scope(worst), value=_written(low), threshold=_written(least))
    return _check(code, worst.scope, low, least, ">", message)


def _calibration(source: SourceEvidence, thresholds: Thresholds) -> Check:
    code, most = "calibration_error", thresholds.calibration_error
    error = source.calibration_error
    if error is None:
        return _missing(code, source, most)
    message = _fill(
        _CALIBRATION, scope=_scope(source), value=_written(error, 3), threshold=_written(most)
    )
    return _check(code, source.scope, error, most, "<=", message)


def _check(
    code: str, scope: str, value: float, threshold: float, relation: str, message: Message
) -> Check:
    if math.isnan(value):
        return Check(code, scope, None, threshold, False, _unmeasured(code, Message(scope, scope)))
    return Check(code, scope, value, threshold, _reaches(value, threshold, relation), message)


def _reaches(value: float, threshold: float, relation: str) -> bool:
    # Comparisons with NaN are false, so a figure that is not a number never passes. Figures are
    # compared to nine digits: 0.9 - 0.8 must count as 0.1.
    rounded = round(value, 9) if not math.isnan(value) else value
    return {">=": rounded >= threshold, ">": rounded > threshold, "<=": rounded <= threshold}[
        relation
    ]


def _missing(code: str, source: SourceEvidence, threshold: float) -> Check:
    message = _unmeasured(code, _scope(source))
    return Check(code, source.scope, None, threshold, False, message)


def _unmeasured(code: str, scope: Message) -> Message:
    return _fill(_NOT_MEASURED, scope=scope, code=Message(code, code))


def _fill(text: Message, **parts: Message) -> Message:
    """Fill some of a text's fields, each in its own language; the others stay."""
    es, en = text.es, text.en
    for name, part in parts.items():
        es, en = es.replace(f"{{{name}}}", part.es), en.replace(f"{{{name}}}", part.en)
    return Message(es, en)


def _scope(source: SourceEvidence) -> Message:
    if source.question == COVID.name:
        return Message(source.name, source.name)
    asked = QUESTIONS[source.question].message
    return Message(f"{source.name} ({asked.es})", f"{source.name} ({asked.en})")


def _written(value: float, digits: int = 2, *, signed: bool = False) -> Message:
    sign = "+" if signed and value >= 0 else ""
    return Message(sign + number(value, "es", digits), sign + number(value, "en", digits))


def _percent(share: float) -> Message:
    return Message(percent(share, "es"), percent(share, "en"))
