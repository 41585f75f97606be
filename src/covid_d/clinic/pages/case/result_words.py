"""A result in sentences of one language, the same on the page, on paper and in the PDF.

The headline block says what the film shows, what may make that wrong, what it means for COVID-19
and what to do. Everything else folds away (``result_details``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import Clock
from covid_d.clinic.http.render import formats
from covid_d.clinic.pages.case import result_details as details
from covid_d.detector import Assessment, Outcome
from covid_d.detector.cautions import (
    AGE_UNKNOWN,
    AGES_CONTRADICT,
    DEMONSTRATION,
    OF_PATIENT,
    OUTSIDE_LUNGS,
)
from covid_d.language import N_, Language, Text

# A sign beside the colour and the words, for whoever sees no colours.
_SIGNS: Final = {
    Outcome.POSITIVE: "+",
    Outcome.NEGATIVE: "−",
    Outcome.INCONCLUSIVE: "?",
    Outcome.REFUSED: "×",
}
VERDICTS: Final[dict[str, Text]] = {
    "demonstration": N_("demonstration model: it did not pass the audit for shortcuts"),
    "audit-passed": N_("passed the audit for shortcuts; no clinical study was made."),
}
_DECIDING: Final = OF_PATIENT | {
    AGE_UNKNOWN.code,
    AGES_CONTRADICT.code,
    DEMONSTRATION.code,
    OUTSIDE_LUNGS.code,
}
"""Codes of the cautions by which an answer stands or falls."""
_RULE: Final = N_("This does not rule out COVID-19; confirm with RT-PCR or an antigen test.")
_IF_ADULT: Final = N_("If an adult: %(answer)s")
_UNLIKE: Final = N_("The film is unlike those that the model learnt from: do not rely on this.")
_DRIFT: Final = N_(
    "Drift alarm: the model's answers here are no longer what they were. Do not rely on this until "
    "the cause is found."
)
_STUDIES: Final = N_(
    "From published studies of how often radiologists see each appearance with COVID-19 and "
    "without it, by Bayes' rule. The range holds how much the studies differ; your patients may "
    "differ from theirs."
)
_NO_PREVALENCE: Final = N_(
    "Your unit had no prevalence set when this film was answered, so there is no predictive value. "
    "An administrator can set it."
)
_DEMONSTRATION: Final = N_(
    "A demonstration model has no predictive value: its numbers say nothing about the patient."
)
_OLD_KIND: Final = N_(
    "This model was taught laboratory results and not appearances, so there is no predictive value."
)


@dataclass(frozen=True, slots=True)
class ResultWords:
    """What is said of one film.

    Parameters
    ----------
    kind, sign
        The outcome's code, and its sign.
    tone
        The colours' name: the outcome's code, but ``demonstration`` for every answer of such a
        model, which must look like no finding.
    outcome
        The answer in words.
    deciding
        Cautions by which the answer stands or falls, the most urgent first.
    meaning
        What it means for COVID-19 in this unit, or why nothing is said of that; of a refused film
        the reason.
    action
        What to do; of old refusals nothing, for their reason says it.
    why
        What the accepted error leaves; nothing for a refused film.
    figures
        Names and values of the numbers; none for a refused film.
    notes
        What the numbers mean and rest on.
    warnings
        What else must be known beside the answer.
    model
        Name, version, hash and verdict of what answered, and when.
    """

    kind: str
    sign: str
    tone: str
    outcome: str
    deciding: tuple[str, ...]
    meaning: str
    action: str
    why: str
    figures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Base:
    """What several results rest on, each thing said once.

    Parameters
    ----------
    deciding, meanings, actions, warnings, models
        As in :class:`ResultWords`.
    """

    deciding: tuple[str, ...]
    meanings: tuple[str, ...]
    actions: tuple[str, ...]
    warnings: tuple[str, ...]
    models: tuple[str, ...]


def base_of(results: Collection[ResultWords]) -> Base:
    """Return what results have in common, for a page that shows several."""
    return Base(
        deciding=_once(said for words in results for said in words.deciding),
        meanings=_once(words.meaning for words in results if words.figures),
        actions=_once(words.action for words in results if words.figures),
        warnings=_once(said for words in results for said in words.warnings),
        models=_once(words.model for words in results),
    )


def words_of(
    result: Result, language: Language, clock: Clock, *, drifting: bool = False
) -> ResultWords:
    """Return a result in the words of a language.

    Parameters
    ----------
    result
        Whose.
    language
        Of the sentences.
    clock
        The installation's.
    drifting
        Whether the alarm for drift of the bundle that answered is on.
    """
    answer, bundle = result.assessment, result.assessment.bundle
    moment = formats(language)["moment"](clock.local(result.answered_at))
    verdict = VERDICTS[answer.verdict].in_language(language)
    deciding = tuple(_deciding(answer, language, drifting=drifting))
    others = (caution.message.in_language(language) for caution in answer.warnings)
    return ResultWords(
        kind=answer.outcome.value,
        sign=_SIGNS[answer.outcome],
        tone=_tone(answer),
        outcome=_headline(answer, language),
        deciding=deciding,
        meaning=_meaning(answer, language),
        action=_action(answer, language),
        why=details.left_by_error(result, language),
        figures=details.figures(answer, language),
        notes=tuple(
            filter(None, (details.calibration(result, language), _rests(answer, language)))
        ),
        warnings=_once(said for said in others if said not in deciding),
        model=f"{bundle.name} {bundle.version} ({bundle.sha256[:12]}): {verdict} · {moment}",
    )


def _once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _tone(answer: Assessment) -> str:
    if answer.refusal is None and answer.verdict == "demonstration":
        return "demonstration"
    return answer.outcome.value


def _headline(answer: Assessment, language: Language) -> str:
    said = answer.headline.in_language(language)
    if answer.refusal is None and any(one.code == AGE_UNKNOWN.code for one in answer.warnings):
        said = Text(_IF_ADULT.msgid, {"answer": said}).in_language(language)
    return details.capital(said)


def _deciding(answer: Assessment, language: Language, *, drifting: bool) -> Iterator[str]:
    """Yield what may make the answer wrong: another's film first, then the model, then the rest."""
    refused = answer.refusal is not None
    found = {one.code: one for one in answer.warnings if one.code in _DECIDING}
    order = [*sorted(OF_PATIENT), DEMONSTRATION.code, *sorted(found)]
    for code in dict.fromkeys(order):
        if code in found and (code in OF_PATIENT or not refused):
            yield found[code].message.in_language(language)
    if refused:
        return
    if drifting:
        yield _DRIFT.in_language(language)
    if not answer.conformal_set:
        yield _UNLIKE.in_language(language)


def _meaning(answer: Assessment, language: Language) -> str:
    if answer.refusal is not None:
        return answer.refusal.message.in_language(language)
    if answer.covid is not None:
        return details.expected(answer, language)
    if answer.verdict == "demonstration":
        return _DEMONSTRATION.in_language(language)
    text = _OLD_KIND if answer.appearance is None else _NO_PREVALENCE
    return text.in_language(language)


def _action(answer: Assessment, language: Language) -> str:
    said = _RULE if answer.refusal is None else answer.refusal.next_step
    return said.in_language(language)


def _rests(answer: Assessment, language: Language) -> str:
    """Return what the range rests on; nothing where there is none."""
    return "" if answer.covid is None else _STUDIES.in_language(language)
