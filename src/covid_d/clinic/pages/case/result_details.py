"""What folds away under a result: the accepted error, the numbers and what they rest on."""

from __future__ import annotations

from typing import Final

from covid_d.clinic.cases.result import Result
from covid_d.clinic.http.render import formats
from covid_d.detector import CATEGORIES, Appearance, Assessment
from covid_d.detector import result_sentences as sentences
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE, Calibration
from covid_d.detector.words import percent
from covid_d.language import N_, NN_, Language, Text, localised

_SHARE: Final = N_("(Among all films of the calibration, %(p)s were.)")


def left_by_error(result: Result, language: Language) -> str:
    """Return what the accepted error leaves; of a refused film nothing."""
    answer, spec = result.assessment, result.spec
    if answer.refusal is not None:
        return ""
    if spec is not None and spec.conformal is None:
        said = N_("The model has no decision thresholds, so it never settles on an answer.")
        return said.in_language(language)
    error = f"{100 * spec.conformal.error_rate:.3g} %" if spec and spec.conformal else "—"
    if answer.appearance is None:
        return _of_classes(answer.conformal_set, error).in_language(language)
    left = [Appearance(name).message.in_language(language) for name in answer.conformal_set]
    if not left:
        said = _with(sentences.LEFT_NONE, e=error)
    else:
        said = _with(sentences.LEFT, e=error, left=", ".join(left))
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


def figures(answer: Assessment, language: Language) -> tuple[tuple[str, str], ...]:
    """Return the names and values of the numbers; none for a refused film."""
    named: list[tuple[str, str]] = []
    if answer.appearance is not None:
        for category in reversed(CATEGORIES):
            name = capital(category.message.in_language(language))
            named.append((name, percent(answer.appearance[category])))
    if answer.opacity is not None:
        named.append((sentences.OPACITY.in_language(language), percent(answer.opacity)))
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


def calibration(result: Result, language: Language) -> str:
    """Return what the one number of an audited bundle of the old kind means; else nothing."""
    answer = result.assessment
    if answer.probability is None or answer.verdict == "demonstration":
        return ""
    said = [_of_calibration(answer.probability, language)]
    if result.spec is not None and isinstance(result.spec.calibration, Calibration):
        share = formats(language)["percent"](result.spec.calibration.prevalence)
        said.append(_with(_SHARE, p=share))
    return " ".join(text.in_language(language) for text in said)


def capital(text: str) -> str:
    """Return a sentence of it."""
    return text[0].upper() + text[1:]


def _of_calibration(share: float, language: Language) -> Text:
    # In Spanish films are feminine and patients not: this word fits films.
    films = _in_words(share, N_("roughly %(num)d", num=_of_hundred(share)), language)
    return NN_(
        "Of 100 films like those the model was calibrated on that get this number, %(n)s is of a "
        "patient with COVID-19.",
        "Of 100 films like those the model was calibrated on that get this number, %(n)s are of "
        "patients with COVID-19.",
        _of_hundred(share),
        n=films,
    )


def _with(text: Text, **values: object) -> Text:
    return Text(text.msgid, values)


def about(share: float, language: Language) -> str:
    """Return how many of 100 patients, in words that promise no more than the number holds."""
    counted = NN_("about %(num)d", "about %(num)d", _of_hundred(share))
    return _in_words(share, counted, language)


def _in_words(share: float, counted: Text, language: Language) -> str:
    if share < 0.01:
        return sentences.FEWER_THAN_ONE.in_language(language)
    if share > 0.99:
        return sentences.MORE_THAN_99.in_language(language)
    return counted.in_language(language)


def _of_hundred(share: float) -> int:
    """Return how many of 100; a share of fewer than one is said as one is."""
    return max(1, round(100 * share))
