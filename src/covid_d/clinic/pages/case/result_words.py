"""A result in sentences of one language, the same on the page, on paper and in the PDF."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import Clock
from covid_d.clinic.http.render import formats
from covid_d.detector import CATEGORIES, Appearance, Assessment, Outcome
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE, Calibration
from covid_d.detector.cautions import OF_PATIENT
from covid_d.detector.words import percent
from covid_d.language import N_, NN_, Language, Text, localised

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
_RULE: Final = N_("This does not rule out COVID-19; confirm with RT-PCR or an antigen test.")
_SHARE: Final = N_("(Among all films of the calibration, %(p)s were.)")
_OF_UNIT: Final = N_(
    "Of 100 patients of your unit (prevalence %(p)s) whose film looks like this, one would expect "
    "between %(low)s and %(high)s with COVID-19."
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
    answer, bundle = result.assessment, result.assessment.bundle
    moment = formats(language)["moment"](clock.local(result.answered_at))
    verdict = VERDICTS[answer.verdict].in_language(language)
    return ResultWords(
        kind=answer.outcome.value,
        sign=_SIGNS[answer.outcome],
        outcome=_capital(answer.headline.in_language(language)),
        why=_why(result, language),
        contradictions=_warnings(answer, language, of_patient=True),
        figures=_figures(answer, language),
        meaning=_meaning(result, language),
        caveat=_caveat(result, language),
        warnings=_warnings(answer, language, of_patient=False),
        rule=_RULE.in_language(language),
        model=f"{bundle.name} {bundle.version} ({bundle.sha256[:12]}): {verdict} · {moment}",
    )


def _once(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _warnings(answer: Assessment, language: Language, *, of_patient: bool) -> tuple[str, ...]:
    return tuple(
        warning.message.in_language(language)
        for warning in answer.warnings
        if (warning.code in OF_PATIENT) == of_patient
    )


def _why(result: Result, language: Language) -> str:
    """Return what the accepted error leaves; of a refused film the reason and what to do."""
    answer, spec = result.assessment, result.spec
    if answer.refusal is not None:
        return answer.refusal.text.in_language(language)
    if spec is not None and spec.conformal is None:
        said = N_("The model has no decision thresholds, so it never settles on an answer.")
        return said.in_language(language)
    error = f"{100 * spec.conformal.error_rate:.3g} %" if spec and spec.conformal else "—"
    if answer.appearance is None:
        return _of_classes(answer.conformal_set, error).in_language(language)
    left = [Appearance(name).message.in_language(language) for name in answer.conformal_set]
    if not left:
        said = N_(
            "At its accepted error (%(e)s a category) the film is like none of the appearances "
            "that the model knows.",
            e=error,
        )
    else:
        said = N_(
            "At its accepted error (%(e)s a category) the model leaves: %(left)s.",
            e=error,
            left=", ".join(left),
        )
    return said.in_language(language)


def _of_classes(remaining: tuple[str, ...], error: str) -> Text:
    if remaining == (POSITIVE,):
        return N_(
            "At its accepted error (%(e)s a class) the model finds the film unlike those without "
            "COVID-19.",
            e=error,
        )
    if remaining == (NEGATIVE,):
        return N_(
            "At its accepted error (%(e)s a class) the model finds the film unlike COVID-19; "
            "the patient may have it all the same.",
            e=error,
        )
    if remaining:
        return N_(
            "At its accepted error (%(e)s a class) the model can rule out neither COVID-19 nor "
            "its absence.",
            e=error,
        )
    return N_(
        "At its accepted error (%(e)s a class) the film is like neither of the two classes that "
        "the model knows.",
        e=error,
    )


def _figures(answer: Assessment, language: Language) -> tuple[tuple[str, str], ...]:
    named: list[tuple[str, str]] = []
    if answer.appearance is not None:
        for category in reversed(CATEGORIES):
            name = _capital(category.message.in_language(language))
            named.append((name, percent(answer.appearance[category])))
    if answer.opacity is not None:
        named.append((N_("Any lung opacity").in_language(language), percent(answer.opacity)))
    if answer.covid is not None:
        name = N_("COVID-19, at your unit's prevalence").in_language(language)
        named.append((name, f"{percent(answer.covid.low)} – {percent(answer.covid.high)}"))
    if answer.probability is not None:
        named.append(_number(answer, answer.probability, language))
    return tuple(named)


def _number(answer: Assessment, probability: float, language: Language) -> tuple[str, str]:
    """Return the one number of a bundle of the old kind; a demonstration's is no percentage."""
    if answer.verdict == "demonstration":
        name = N_("Score of the demonstration model (no probability of disease)")
        return name.in_language(language), localised(f"{probability:.2f}", language)
    name = N_("Probability of COVID-19 by the model")
    return name.in_language(language), percent(probability)


def _meaning(result: Result, language: Language) -> tuple[str, ...]:
    answer = result.assessment
    shown = formats(language)["percent"]
    if answer.covid is not None:
        prevalence = answer.covid.prevalence
        unit = _with(
            _OF_UNIT,
            p=shown(prevalence, 0 if _is_whole(prevalence) else 1),
            low=_about(answer.covid.low, language),
            high=_about(answer.covid.high, language),
        )
        return (unit.in_language(language),)
    if answer.probability is None or answer.verdict == "demonstration":
        return ()
    said = [_of_calibration(answer.probability, language)]
    if result.spec is not None and isinstance(result.spec.calibration, Calibration):
        said.append(_with(_SHARE, p=shown(result.spec.calibration.prevalence)))
    return (" ".join(text.in_language(language) for text in said),)


def _caveat(result: Result, language: Language) -> str:
    answer = result.assessment
    if answer.refusal is not None:
        return ""
    if answer.covid is not None:
        text = _STUDIES
    elif answer.verdict == "demonstration":
        text = _DEMONSTRATION
    elif answer.appearance is None:
        text = _OLD_KIND
    else:
        text = _NO_PREVALENCE
    return text.in_language(language)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


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


def _is_whole(share: float) -> bool:
    return math.isclose(100 * share, round(100 * share))
