"""A result in sentences of one language, the same on the page, on paper and in the PDF.

The headline block says what the film shows, what may make that wrong, what it means for COVID-19
and what to do. Everything else folds away (``result_details``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import Clock
from covid_d.clinic.follow_up.facts import Fact
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.http.render import formats
from covid_d.clinic.pages.case import result_advice as advice
from covid_d.clinic.pages.case import result_details as details
from covid_d.detector import Assessment, Outcome
from covid_d.detector import result_sentences as sentences
from covid_d.detector.cautions import (
    AGE_UNKNOWN,
    AGES_CONTRADICT,
    DEMONSTRATION,
    OF_PATIENT,
    OUTSIDE_LUNGS,
)
from covid_d.language import N_, Language, Text
from covid_d.radiograph import RefusalCode

# A sign beside the colour and the words, for whoever sees no colours.
_SIGNS: Final = {
    # Neither plus nor minus, which stand for laboratory results.
    Outcome.POSITIVE: "!",
    Outcome.NEGATIVE: "○",
    Outcome.INCONCLUSIVE: "?",
    Outcome.REFUSED: "×",
}
_NO_ANSWER: Final = _SIGNS[Outcome.REFUSED]
VERDICTS: Final[dict[str, Text]] = {
    "demonstration": N_("demonstration model: it did not pass the audit for shortcuts"),
    "audit-passed": N_(
        "passed the audit for shortcuts; not tested on patients (no clinical study)."
    ),
}
_DECIDING: Final = OF_PATIENT | {AGE_UNKNOWN.code, AGES_CONTRADICT.code, DEMONSTRATION.code}
"""Codes of the cautions by which an answer stands or falls."""
_DECIDING_NO_ANSWER: Final = OF_PATIENT | {DEMONSTRATION.code}
"""Those of them that are told beside a discarded answer, which has nothing left to doubt."""
_OF_FILM: Final = N_("Film: %(answer)s")
_OUTPUT: Final = N_("Trial output, of no clinical value: %(answer)s")
_NOT_FRONTAL: Final = frozenset(
    {
        RefusalCode.COLOUR,
        RefusalCode.ASPECT,
        RefusalCode.NOT_RADIOGRAPHY,
        RefusalCode.NOT_CHEST,
        RefusalCode.NOT_FRONTAL,
        RefusalCode.UNLIKE_CHEST,
        RefusalCode.LOOKS_CT,
        RefusalCode.LOOKS_LATERAL,
        RefusalCode.NO_LUNGS,
    }
)
"""Refusals of what may be no frontal chest film at all; the others say what else is wrong."""
_OF_CHILD: Final = frozenset({RefusalCode.CHILD, RefusalCode.LOOKS_CHILD})
"""Refusals that no other film mends: to invite one would invite a false age."""
_UNREAD: Final = N_(
    "This film was not read as a frontal chest film: make sure that it is one before you record a "
    "reading."
)
_DRIFT: Final = N_(
    "Drift alarm: the model's answers here are no longer what they were. Do not rely on this until "
    "the cause is found."
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
        model and ``void`` for one to be disregarded, which must look like a refused film's: it is
        no finding, and no danger to the patient.
    outcome
        The answer in words, one message; no finding where the answer is to be disregarded.
    leaning
        What an inconclusive answer leans to; else empty, and where the answer is to be disregarded.
    deciding
        Cautions by which the answer stands or falls, the most urgent first.
    laboratory
        What the laboratory says of the case, or that it says nothing yet; empty where nothing is
        known of that.
    settled
        Whether that is a result which goes before the film.
    meaning
        What it means for COVID-19 in this unit, or why nothing is said of that; of a refused film
        the reason, and of an answer to be disregarded why it is: no range.
    action
        What to do; of old refusals nothing, for their reason says it.
    why
        What the accepted error leaves; nothing for a refused film.
    figures
        Names and values of the numbers; none for a refused film, and none that does not count.
    notes
        What the numbers mean and rest on.
    warnings
        What else must be known beside the answer.
    another
        Whether another film may be entered in place of a refused one.
    unread
        What to make sure of before reading a film that was refused as no frontal chest film; else
        empty.
    model
        Name, version, hash and verdict of what answered, and when; no verdict beside a caution
        not to rely on the answer, which it would contradict.
    """

    kind: str
    sign: str
    tone: str
    outcome: str
    leaning: str
    deciding: tuple[str, ...]
    laboratory: str
    settled: bool
    meaning: str
    action: str
    why: str
    figures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    another: bool
    unread: str
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
    answered = [words for words in results if words.kind != Outcome.REFUSED]
    return Base(
        deciding=_once(said for words in results for said in words.deciding),
        meanings=_once(words.meaning for words in answered if words.meaning),
        actions=_once(words.action for words in answered),
        warnings=_once(said for words in results for said in words.warnings),
        models=_once(words.model for words in results),
    )


def words_of(
    result: Result,
    language: Language,
    clock: Clock,
    *,
    unit: str,
    drifting: bool = False,
    tests: Sequence[Fact] | None = None,
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
    unit
        The health unit of the case, by name: its prevalence is said.
    drifting
        Whether the alarm for drift of the bundle that answered is on.
    tests
        The case's laboratory results that hold; ``None`` where they may not be told.
    """
    answer = result.assessment
    deciding = tuple(_deciding(answer, language, drifting=drifting))
    laboratory = advice.laboratory_of(tests, language) if tests is not None else None
    settled = laboratory is not None and laboratory.to_date is not ResultToDate.PENDING
    positive = laboratory is not None and laboratory.to_date is ResultToDate.POSITIVE
    void = answer.is_void
    # Why an answer is void is said in the place of what it would mean.
    untold = {OUTSIDE_LUNGS.code} if void else set()
    others = (
        caution.message.in_language(language)
        for caution in answer.warnings
        if caution.code not in untold
    )
    return ResultWords(
        kind=answer.outcome.value,
        sign=_NO_ANSWER if void else _SIGNS[answer.outcome],
        tone=_tone(answer),
        outcome=_headline(answer, language, beside_result=settled),
        # Beside "discarded" they would be all that a hurried reader keeps.
        leaning="" if void else _leaning(answer, language),
        deciding=deciding,
        laboratory=laboratory.said if laboratory else "",
        settled=settled,
        # How probable it was before the result is of no use once that is positive.
        meaning="" if positive and _is_ranged(answer) else _meaning(answer, unit, language),
        action=advice.action(answer, laboratory, language),
        why="" if void else details.left_by_error(result, language),
        figures=() if void else details.figures(answer, language),
        notes=tuple(_notes(result, language)),
        warnings=_once(said for said in others if said not in deciding),
        another=answer.refusal is not None and answer.refusal.code not in _OF_CHILD,
        unread=_unread(answer, language),
        model=_model(result, language, clock, doubted=drifting or void),
    )


def _once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _tone(answer: Assessment) -> str:
    if answer.refusal is None and answer.verdict == "demonstration":
        return "demonstration"
    return "void" if answer.is_void else answer.outcome.value


def _notes(result: Result, language: Language) -> Iterator[str]:
    if result.assessment.is_void:
        yield sentences.NO_NUMBERS.in_language(language)
        return
    said = (details.calibration(result, language), _rests(result.assessment, language))
    yield from filter(None, said)


def _model(result: Result, language: Language, clock: Clock, *, doubted: bool) -> str:
    answer, bundle = result.assessment, result.assessment.bundle
    moment = formats(language)["moment"](clock.local(result.answered_at))
    named = f"{bundle.name} {bundle.version} ({bundle.sha256[:12]})"
    unlike = answer.refusal is None and not answer.conformal_set
    if (doubted or unlike) and answer.verdict != "demonstration":
        return f"{named} · {moment}"
    return f"{named}: {VERDICTS[answer.verdict].in_language(language)} · {moment}"


def _headline(answer: Assessment, language: Language, *, beside_result: bool) -> str:
    if answer.is_void:
        said = sentences.VOID.in_language(language)
        return _within(_OF_FILM, said, language) if beside_result else said
    if _tone(answer) == "demonstration":
        said = answer.headline.in_language(language)
        return Text(_OUTPUT.msgid, {"answer": said}).in_language(language)
    if answer.most_likely is None or answer.outcome is Outcome.INCONCLUSIVE:
        said = answer.outcome.conclusion(answer.most_likely).in_language(language)
        if beside_result and answer.outcome is Outcome.INCONCLUSIVE:
            # "Inconclusive" alone would be read as the laboratory's.
            said = _within(_OF_FILM, said, language)
    else:
        said = sentences.SEEN[answer.most_likely].in_language(language)
    if answer.is_for_adults_alone:
        said = _within(sentences.IF_ADULT, said, language)
    return details.capital(said)


def _within(text: Text, said: str, language: Language) -> str:
    """Return an answer behind the words that limit it."""
    return Text(text.msgid, {"answer": said[0].lower() + said[1:]}).in_language(language)


def _leaning(answer: Assessment, language: Language) -> str:
    """Return what an inconclusive answer leans to; a demonstration's output holds it already."""
    if answer.outcome is not Outcome.INCONCLUSIVE or _tone(answer) == "demonstration":
        return ""
    category = answer.most_likely
    return sentences.LEANS[category].in_language(language) if category is not None else ""


def _deciding(answer: Assessment, language: Language, *, drifting: bool) -> Iterator[str]:
    """Yield what may make the answer wrong: the model, then another's film, then the rest."""
    refused = answer.refusal is not None
    codes = _DECIDING_NO_ANSWER if answer.is_void else _DECIDING
    found = {one.code: one for one in answer.warnings if one.code in codes}
    order = [DEMONSTRATION.code, *sorted(OF_PATIENT), *sorted(found)]
    for code in dict.fromkeys(order):
        if code in found and (code in OF_PATIENT or not refused):
            yield found[code].message.in_language(language)
    if refused or answer.is_void:
        return
    if drifting:
        yield _DRIFT.in_language(language)
    if not answer.conformal_set:
        yield sentences.UNLIKE.in_language(language)


def _is_ranged(answer: Assessment) -> bool:
    return answer.covid is not None and not answer.is_void


def _meaning(answer: Assessment, unit: str, language: Language) -> str:
    if answer.refusal is not None:
        return answer.refusal.message.in_language(language)
    if answer.is_void:
        return sentences.WHY_VOID.in_language(language)
    if answer.covid is not None:
        return advice.expected(answer, unit, language)
    if answer.verdict == "demonstration":
        return _DEMONSTRATION.in_language(language)
    text = _OLD_KIND if answer.appearance is None else _NO_PREVALENCE
    return text.in_language(language)


def _unread(answer: Assessment, language: Language) -> str:
    refusal = answer.refusal
    no_frontal = refusal is not None and refusal.code in _NOT_FRONTAL
    return _UNREAD.in_language(language) if no_frontal else ""


def _rests(answer: Assessment, language: Language) -> str:
    """Return what the range rests on; nothing where there is none."""
    if answer.covid is None:
        return ""
    if answer.covid.is_published:
        return sentences.STUDIES.in_language(language)
    return Text(sentences.LOCAL.msgid, {"table": answer.covid.table}).in_language(language)
