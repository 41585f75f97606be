"""What an answer means at this unit, and what to do: a laboratory result goes before the film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from covid_d.clinic.follow_up.facts import Fact
from covid_d.clinic.follow_up.laboratory import ResultToDate, result_to_date
from covid_d.clinic.http.render import formats
from covid_d.clinic.pages.case import result_details as details
from covid_d.detector import Assessment, Outcome
from covid_d.detector import result_sentences as sentences
from covid_d.language import (
    INTENDED_USE,
    N_,
    TESTED_USE,
    Language,
    Message,
    Text,
    localised,
)

_OF_LABORATORY: Final = {
    ResultToDate.POSITIVE: N_(
        "The laboratory's result decides: follow your unit's protocol for a confirmed case. The "
        "film helps to see how severe it is."
    ),
    ResultToDate.NEGATIVE: N_("If the suspicion remains, repeat the test."),
}
_WITHOUT_MODEL: Final = N_("Read the film without the model.")
_OF_COVID: Final = N_("COVID-19, %(test)s: %(result)s")
_NO_RESULT: Final = N_("No laboratory result is recorded yet.")
_CHANGED: Final = N_(
    "With a film like this, between %(low)s and %(high)s of 100 patients would have COVID-19; "
    "before the film, %(before)s of 100 (prevalence at %(unit)s, set by its administrator)."
)
_UNCHANGED: Final = N_(
    "The film hardly changes how probable COVID-19 is: between %(low)s and %(high)s of 100 "
    "patients; before the film, %(before)s of 100 (prevalence at %(unit)s, set by its "
    "administrator)."
)
_HALF: Final = 0.5
_LITTLE: Final = 2.0
"""Odds that change by less than this factor change a probability to a small and rarely important
degree: Jaeschke, Guyatt and Sackett (1994), JAMA 271:703-707."""


@dataclass(frozen=True, slots=True)
class KnownResult:
    """What the laboratory says of a case, for the headline block.

    Parameters
    ----------
    to_date
        The result to date.
    said
        The disease, the test and its result, with its day; that there is none, where there is none.
    """

    to_date: ResultToDate
    said: str


def laboratory_of(tests: Sequence[Fact], language: Language) -> KnownResult:
    """Return what the results that hold say of a case.

    Parameters
    ----------
    tests
        Laboratory results that hold; entries of other kinds count nothing.
    language
        Of the sentence.
    """
    results = [fact for fact in tests if fact.kind.is_test]
    to_date = result_to_date([fact.value for fact in results])
    telling = [fact for fact in results if fact.value == to_date.value] or results
    if not telling:
        return KnownResult(to_date, _NO_RESULT.in_language(language))
    newest = telling[-1]
    day = f" ({formats(language)['day'](newest.day)})" if newest.day else ""
    test, result = (text.in_language(language) for text in (newest.kind.text, newest.text))
    if test[1].islower():  # not RT-PCR
        test = test[0].lower() + test[1:]
    said = Text(_OF_COVID.msgid, {"test": test, "result": result}).in_language(language)
    return KnownResult(to_date, f"{said}{day}")


def intended_use(tests: Sequence[Fact]) -> Message:
    """Return what stands under a case: what to do next follows from what is known of it.

    Parameters
    ----------
    tests
        Laboratory results that hold; entries of other kinds count nothing.
    """
    to_date = result_to_date([fact.value for fact in tests if fact.kind.is_test])
    return TESTED_USE if to_date in _OF_LABORATORY else INTENDED_USE


def expected(answer: Assessment, unit: str, language: Language) -> str:
    """Return how many of 100 patients of the unit would have COVID-19, as a range; else nothing.

    Where the whole range lies below half and the model sees something, it says what follows: a
    headline alone ("typical of COVID-19") would be taken for the odds.

    Parameters
    ----------
    answer
        Any; only one that carries a range says it.
    unit
        The health unit whose prevalence it was reckoned with.
    language
        Of the sentence.
    """
    if answer.covid is None:
        return ""
    covid = answer.covid
    changes = [_odds(bound) / _odds(covid.prevalence) for bound in (covid.low, covid.high)]
    little = all(1 / _LITTLE < change < _LITTLE for change in changes)
    values = {
        "low": details.about(covid.low, language),
        "high": details.about(covid.high, language),
        "before": localised(f"{100 * covid.prevalence:.3g}", language),
        "unit": unit,
    }
    said = Text((_UNCHANGED if little else _CHANGED).msgid, values).in_language(language)
    raised = not little and covid.prevalence < covid.high < _HALF
    if raised and answer.outcome is not Outcome.NEGATIVE:
        return f"{said} {sentences.OTHER_CAUSE.in_language(language)}"
    return said


def action(answer: Assessment, laboratory: KnownResult | None, language: Language) -> str:
    """Return what to do.

    Parameters
    ----------
    answer
        Of the film.
    laboratory
        What the laboratory says; ``None`` where nothing is known of that.
    language
        Of the sentence.
    """
    known = laboratory.to_date if laboratory else ResultToDate.PENDING
    if answer.refusal is not None:
        step = answer.refusal.next_step.in_language(language)
        if known is ResultToDate.POSITIVE:
            return f"{_OF_LABORATORY[known].in_language(language)} {step}".strip()
        pending = known is ResultToDate.PENDING and bool(step)
        return f"{step} {sentences.MEANWHILE.in_language(language)}" if pending else step
    if answer.is_void:
        return _of_void(known, language)
    named = answer.appearance is not None and answer.verdict != "demonstration"
    usual = sentences.ACTIONS[answer.outcome if named else Outcome.INCONCLUSIVE]
    return _OF_LABORATORY.get(known, usual).in_language(language)


def _of_void(known: ResultToDate, language: Language) -> str:
    if known not in _OF_LABORATORY:
        return sentences.ACTION_VOID.in_language(language)
    parts = (_WITHOUT_MODEL, _OF_LABORATORY[known])
    return " ".join(part.in_language(language) for part in parts)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")
