"""The structured report: a Comprehensive 3D SR by TID 1500 (PS3.16), preliminary and unverified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom.dataset import FileDataset
from pydicom.sr.coding import Code

from covid_d.detector import CATEGORIES, Assessment, Outcome
from covid_d.detector.words import numbers
from covid_d.language import INTENDED_USE, Message
from covid_d.pacs.results import codes
from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.document import report_shell, state_equipment
from covid_d.pacs.results.encode import state
from covid_d.pacs.results.identity import uid
from covid_d.pacs.results.sr import (
    code_item,
    container_item,
    image_item,
    number_item,
    state_content,
    text_item,
    uid_item,
)
from covid_d.pacs.results.viewers import GROUP_TEMPLATE, library_item, whole_film
from covid_d.radiograph import Refusal

SERIES_NUMBER: Final = 9901
"""Behind the series that a station makes, and apart from our pictures."""
_DESCRIPTION: Final = Message("COVID-D: informe del modelo", "COVID-D: report of the model")
_DIGITS: Final = 6
_LONGEST: Final = 1024  # of a text that every viewer shows whole


def report(answered: Answered) -> FileDataset:
    """Return an answer as a structured report; a refused film's holds its reason and no number."""
    made = report_shell(
        answered.header,
        uid=uid("report", *answered.key),
        series=uid("series-report", *answered.key),
        number=SERIES_NUMBER,
        description=_DESCRIPTION.in_language(answered.language),
        moment=answered.received,
    )
    state_equipment(made, answered.equipment)
    state(
        made,
        InstanceCreatorUID=uid("device", answered.assessment.bundle.sha256),
        VerificationFlag="UNVERIFIED",
        PreliminaryFlag="PRELIMINARY",
    )
    state_content(made, codes.MEASUREMENT_REPORT, "1500", _content(answered))
    return made


def _content(answered: Answered) -> Iterator[bytes]:
    """Yield what hangs on the report's root (TID 1500), in the template's order."""
    language = codes.SPANISH if answered.language == "es" else codes.ENGLISH
    yield code_item("HAS CONCEPT MOD", codes.LANGUAGE, language)
    yield from _observer(answered)
    yield code_item("HAS CONCEPT MOD", codes.PROCEDURE, codes.RADIOGRAPHY)
    yield library_item(answered.header)
    group = container_item("CONTAINS", codes.GROUP, _group(answered), template=GROUP_TEMPLATE)
    yield container_item("CONTAINS", codes.MEASUREMENTS, [group])


def _observer(answered: Answered) -> Iterator[bytes]:
    """Yield who observed: a device (TID 1002, 1004)."""
    bundle = answered.assessment.bundle
    yield code_item("HAS OBS CONTEXT", codes.OBSERVER_TYPE, codes.DEVICE)
    yield uid_item("HAS OBS CONTEXT", codes.DEVICE_UID, uid("device", bundle.sha256))
    for name, text in (
        (codes.DEVICE_NAME, "COVID-D"),
        (codes.DEVICE_MANUFACTURER, codes.MANUFACTURER),
        (codes.DEVICE_MODEL, bundle.name),
        (codes.DEVICE_SERIAL, bundle.sha256[:16]),
    ):
        yield text_item("HAS OBS CONTEXT", name, text)


def _group(answered: Answered) -> Iterator[bytes]:
    """Yield the one group of measurements and evaluations (TID 1410, TID 4019)."""
    assessment, header = answered.assessment, answered.header
    bundle = assessment.bundle
    yield text_item("HAS OBS CONTEXT", codes.TRACKING, "COVID-D")
    yield uid_item("HAS OBS CONTEXT", codes.TRACKING_UID, uid("report", *answered.key, "group"))
    yield from whole_film(header)
    yield code_item("HAS CONCEPT MOD", codes.SITE, codes.LUNG)
    for name, text in (
        (codes.ALGORITHM_NAME, bundle.name),
        (codes.ALGORITHM_VERSION, bundle.version),
        (codes.ALGORITHM_MANUFACTURER, codes.MANUFACTURER),
        (codes.ALGORITHM_PARAMETERS, f"bundle sha256 {bundle.sha256}"),
        (codes.ALGORITHM_PARAMETERS, f"verdict {assessment.verdict}"),
    ):
        yield text_item("HAS CONCEPT MOD", name, text)
    yield code_item("HAS CONCEPT MOD", codes.ALGORITHM_FAMILY, codes.INTELLIGENCE)
    for code, value in values(assessment):
        yield number_item(code, value, codes.RATIO)
    for name, code in _evaluations(assessment):
        yield code_item("CONTAINS", name, code)
    yield image_item(codes.SOURCE, str(header.SOPClassUID), str(header.SOPInstanceUID))
    for text in sentences(answered):
        yield text_item("CONTAINS", codes.COMMENT, text[:_LONGEST])


def sentences(answered: Answered) -> list[str]:
    """Return an answer in words: the headline, its numbers or its reason, cautions, the limits."""
    assessment = answered.assessment
    refusal = assessment.refusal
    lines = [assessment.headline]
    if refusal is not None:
        lines += _reason(answered, refusal)
    lines += numbers(assessment)
    lines += [caution.message for caution in assessment.warnings]
    return [line.in_language(answered.language) for line in [*lines, INTENDED_USE]]


def _reason(answered: Answered, refusal: Refusal) -> list[Message]:
    """Return why there is no answer; outside the hospital without the file's own words."""
    hidden = "PatientIdentityRemoved" in answered.header
    return [refusal.next_step] if hidden else [refusal.message, refusal.next_step]


def _evaluations(assessment: Assessment) -> Iterator[tuple[Code, Code]]:
    refused = assessment.outcome is Outcome.REFUSED
    # Not as a finding: who skims the report would take the disease for found.
    yield codes.CONDITION, codes.COVID
    yield codes.ANALYSIS, codes.NOT_ATTEMPTED if refused else codes.SUCCEEDED
    if assessment.refusal is not None:
        value = assessment.refusal.code.value
        yield codes.REFUSAL, Code(value[:16], codes.SCHEME, value.replace("_", " "))
        return
    yield codes.OUTCOME, codes.ANSWER[assessment.outcome]
    if assessment.most_likely is not None:
        yield codes.APPEARANCE, codes.CATEGORY[assessment.most_likely]
    for name in assessment.conformal_set:
        code = next((c for category, c in codes.CATEGORY.items() if category.value == name), None)
        if code is not None:
            yield codes.NOT_RULED_OUT, code


def values(assessment: Assessment) -> list[tuple[Code, float]]:
    """Return an answer's numbers by their code; a range of COVID-19 with its prevalence beside it.

    A refusal has none.
    """
    found: list[tuple[Code, float | None]] = []
    if assessment.appearance is not None:
        found += [(codes.PROBABILITY_OF[c], assessment.appearance[c]) for c in CATEGORIES]
    found += [(codes.OPACITY, assessment.opacity), (codes.PROBABILITY, assessment.probability)]
    if assessment.covid is not None:
        covid = assessment.covid
        found += [
            (codes.PREVALENCE, covid.prevalence),
            (codes.COVID_LOW, covid.low),
            (codes.COVID_VALUE, covid.value),
            (codes.COVID_HIGH, covid.high),
        ]
    return [(code, round(float(value), _DIGITS)) for code, value in found if value is not None]
