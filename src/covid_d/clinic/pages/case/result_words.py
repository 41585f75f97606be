"""A result in sentences of one language, the same on the page, on paper and in the PDF."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import Clock
from covid_d.clinic.http.render import formats
from covid_d.clinic.texts import N_, NN_, Text
from covid_d.detector import Outcome
from covid_d.language import Language

# A sign beside the colour and the words, for whoever sees no colours.
_SIGNS: Final = {
    Outcome.POSITIVE: "+",
    Outcome.NEGATIVE: "−",
    Outcome.INCONCLUSIVE: "?",
    Outcome.REFUSED: "×",
}
_RULE: Final = N_("This does not rule out COVID-19; confirm with RT-PCR or an antigen test.")
_SHARE: Final = N_("(Among all films of the calibration, %(p)s were.)")
_OF_UNIT: Final = N_(
    "Of 100 patients of your unit (prevalence %(p)s) whose film gets this number, one would expect "
    "%(n)s with COVID-19 and %(m)s without it."
)
_BAYES: Final = N_(
    "These are the predictive values of this very answer, from the calibrated probability by "
    "Bayes' rule. They hold only as far as your patients' films are like those of the calibration. "
    "The model brings no sensitivity or specificity measured at your unit, so none is used."
)
_NO_PREVALENCE: Final = N_(
    "Your unit had no prevalence set when this film was answered, so there is no predictive value. "
    "An administrator can set it."
)


@dataclass(frozen=True, slots=True)
class ResultWords:
    """What is said of one film.

    Parameters
    ----------
    kind, sign
        The outcome's code, for colours, and its sign.
    outcome
        The answer in words.
    why
        What the accepted error leaves; for a refused film the reason and what to do.
    contradictions
        That the film may be another patient's.
    figures
        Names and values of the numbers; none for a refused film.
    meaning
        The numbers in plain words.
    caveat
        What the numbers rest on.
    warnings
        What must be known beside the answer.
    rule
        That a laboratory test decides.
    model
        Name, version, hash and verdict of what answered, and when.
    """

    kind: str
    sign: str
    outcome: str
    why: str
    contradictions: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    meaning: tuple[str, ...]
    caveat: str
    warnings: tuple[str, ...]
    rule: str
    model: str


@dataclass(frozen=True, slots=True)
class Base:
    """What several results rest on, each thing said once.

    Parameters
    ----------
    rule, warnings, caveats, models
        As in :class:`ResultWords`.
    """

    rule: str
    warnings: tuple[str, ...]
    caveats: tuple[str, ...]
    models: tuple[str, ...]


def base_of(results: Collection[ResultWords], language: Language) -> Base:
    """Return what results have in common, for a page that shows several."""
    return Base(
        rule=_RULE.in_language(language),
        warnings=_once(warning for words in results for warning in words.warnings),
        caveats=_once(words.caveat for words in results if words.caveat),
        models=_once(words.model for words in results),
    )


def words_of(result: Result, language: Language, clock: Clock) -> ResultWords:
    """Return a result in the words of a language, its moment by the installation's clock."""
    moment = formats(language)["moment"](clock.local(result.answered_at))
    bundle = f"{result.bundle_name} {result.bundle_version} ({result.bundle_sha256[:12]})"
    said = result.refusal or result.remaining
    outcome = result.outcome.message.in_language(language)
    return ResultWords(
        kind=result.outcome.value,
        sign=_SIGNS[result.outcome],
        outcome=outcome[0].upper() + outcome[1:],
        why=said.in_language(language) if said else "",
        contradictions=tuple(one.in_language(language) for one in result.contradictions),
        figures=_figures(result, language),
        meaning=_meaning(result, language),
        caveat=_caveat(result, language),
        warnings=tuple(warning.in_language(language) for warning in result.warnings),
        rule=_RULE.in_language(language),
        model=f"{bundle}: {result.verdict.in_language(language)} · {moment}",
    )


def _once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _figures(result: Result, language: Language) -> tuple[tuple[str, str], ...]:
    if result.probability is None:
        return ()
    named: list[tuple[Text, float]] = [
        (N_("Probability of COVID-19 by the model"), result.probability)
    ]
    if result.post_test_probability is not None:
        with_it = result.post_test_probability
        named.append((N_("With COVID-19, at your unit's prevalence"), with_it))
        named.append((N_("Without COVID-19, at your unit's prevalence"), 1.0 - with_it))
    return tuple((name.in_language(language), _percent(value)) for name, value in named)


def _meaning(result: Result, language: Language) -> tuple[str, ...]:
    if result.probability is None:
        return ()
    percent = formats(language)["percent"]
    said = [_of_calibration(result.probability, language)]
    if result.calibration_prevalence is not None:
        said.append(_with(_SHARE, p=percent(result.calibration_prevalence)))
    sentences = [" ".join(text.in_language(language) for text in said)]
    if result.post_test_probability is not None:
        with_it = result.post_test_probability
        unit = _with(
            _OF_UNIT,
            p=percent(result.prevalence, 0 if _is_whole(result.prevalence) else 1),
            n=_about(with_it, language),
            m=_about(1.0 - with_it, language),
        )
        sentences.append(unit.in_language(language))
    return tuple(sentences)


def _caveat(result: Result, language: Language) -> str:
    if result.probability is None:
        return ""
    text = _NO_PREVALENCE if result.post_test_probability is None else _BAYES
    return text.in_language(language)


def _of_calibration(share: float, language: Language) -> Text:
    return NN_(
        "Of 100 films like those the model was calibrated on that get this number, %(n)s is of a "
        "patient with COVID-19.",
        "Of 100 films like those the model was calibrated on that get this number, %(n)s are of "
        "patients with COVID-19.",
        _of_hundred(share),
        n=_about(share, language),
    )


def _with(text: Text, **values: object) -> Text:
    return Text(text.msgid, values)


def _percent(share: float) -> str:
    """Return a percentage without false precision, and never a false certainty."""
    if share < 0.01:
        return "< 1 %"
    return "> 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def _about(share: float, language: Language) -> str:
    """Return how many of 100, in words that promise no more than the number holds."""
    if share < 0.01:
        return N_("fewer than 1").in_language(language)
    if share > 0.99:
        return N_("more than 99").in_language(language)
    return NN_("about %(num)d", "about %(num)d", _of_hundred(share)).in_language(language)


def _of_hundred(share: float) -> int:
    """Return how many of 100; a share of fewer than one is said as one is."""
    return max(1, round(100 * share))


def _is_whole(share: float | None) -> bool:
    return share is not None and math.isclose(100 * share, round(100 * share))
