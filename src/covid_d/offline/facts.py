"""What the page must know and may not say by itself: limits, weights, sentences, in one JSON.

Each comes from the Python that decides by it, so that nothing is typed twice: a limit that changes
there changes on every device with the next build.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import numpy as np

from covid_d import __version__
from covid_d.detector import (
    cautions,
    examine,
    explain,
    gate,
    judge,
    likelihood,
    lung_field,
    lungs,
    reasons,
)
from covid_d.detector import words as detector_words
from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import (
    AGE_UNKNOWN_CODE,
    IF_ADULT,
    PUBLISHED_TABLE,
    Caution,
    Outcome,
)
from covid_d.detector.bundle import contents
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.errors import BundleError
from covid_d.language import INTENDED_USE, N_, NN_, Message, Text, years
from covid_d.offline.facts_radiograph import radiograph_facts
from covid_d.offline.words import PAGE
from covid_d.radiograph import ages
from covid_d.radiograph.film import Projection, Sex
from covid_d.radiograph.refusal import Refusal, RefusalCode

FORMAT: Final = 1
FACTS: Final = "facts.json"
_FIELD: Final = re.compile(r"%\((\w+)\)s")
_SOME: Final = 22
_PLAIN: Final = (bool, int, float)


def facts_json(bundle: Bundle, ratios: LikelihoodTable = PUBLISHED) -> bytes:
    """Return :func:`facts` as the page reads it: UTF-8, keys in order."""
    return json.dumps(facts(bundle, ratios), ensure_ascii=False, indent=1).encode()


def facts(bundle: Bundle, ratios: LikelihoodTable = PUBLISHED) -> dict[str, Any]:
    """Return all that the page knows beside the bundle's files.

    Parameters
    ----------
    bundle
        That answers on the device.
    ratios
        What a film's appearance says about COVID-19.

    Raises
    ------
    BundleError
        If the bundle is none that may answer where nobody looks after it: :func:`refuse_unfit`.
    """
    refuse_unfit(bundle)
    return {
        "format": FORMAT,
        "covid_d": __version__,
        "bundle": _bundle(bundle),
        "limits": {
            module.__name__.rpartition(".")[2]: constants(module)
            for module in (ages, cautions, examine, gate, judge, lung_field, lungs, likelihood)
        },
        "radiograph": radiograph_facts(),
        "appearance": {c.value: c.message.to_dict() for c in CATEGORIES},
        "outcomes": {outcome.value: _outcome(outcome) for outcome in Outcome},
        "if_adult": IF_ADULT.to_dict(),
        "age_unknown": AGE_UNKNOWN_CODE,
        "kinds": {kind.value: kind.code.value for kind in gate.PictureKind},
        "better_reasons": {
            vague.value: sorted(code.value for code in telling)
            for vague, telling in reasons.BETTER.items()
        },
        "refusals": {code.value: _refusal(code) for code in RefusalCode},
        "cautions": _messages(cautions, Caution),
        "sexes": {sex.value: message.to_dict() for sex, message in cautions.SEXES.items()},
        "frontal": [projection.value for projection in Projection if projection.is_frontal],
        "projections": [projection.value for projection in Projection],
        "recorded_sexes": [sex.value for sex in Sex],
        "adult": {"true": cautions.ADULT.to_dict(), "false": cautions.CHILD.to_dict()},
        "years": _counted(years),
        "about": _counted(
            lambda number: NN_("about %(num)d", "about %(num)d", number).to_message()
        ),
        "likelihood": _likelihood(ratios),
        "words": _messages(detector_words, Message),
        "verdicts": {name: said.to_dict() for name, said in detector_words.VERDICTS.items()},
        "explain": {
            "inferno": explain.INFERNO.tolist(),
            "weakest_colour": explain.WEAKEST_COLOUR,
        },
        "intended_use": INTENDED_USE.to_dict(),
        "page": {name: _with_fields(said) for name, said in PAGE.items()},
    }


def refuse_unfit(bundle: Bundle) -> None:
    """Raise unless a bundle may answer on devices that nobody looks after.

    Raises
    ------
    BundleError
        If its audit is not passed (or not believed), or it lacks a part of what keeps a film that
        is none of its business from being answered.
    """
    lacking = _lacking(bundle.spec)
    if lacking is not None:
        raise BundleError(
            N_(
                "Bundle %(path)s cannot answer offline: %(lacking)s.",
                path=bundle.path,
                lacking=lacking,
            ),
            N_("Use a bundle of appearance that passed the audit; the built-in one is such."),
        )


def _lacking(spec: BundleSpec) -> Any:
    if spec.verdict.status != "audit-passed":
        return N_("it is a demonstration")
    if not spec.has_appearance:
        return N_("it says nothing of a film's appearance")
    if spec.preprocessing.frame != "lungs" or spec.lungs is None:
        return N_("it does not look for the lungs")
    if spec.gate is None:
        return N_("it has no input gate")
    if spec.conformal is None:
        return N_("it has no decision thresholds")
    return None


def constants(module: ModuleType) -> dict[str, Any]:
    """Return a module's own limits: its constants that are numbers, or tuples of such.

    Names are the module's, without the underscore of a private one.
    """
    found = {}
    for name, value in vars(module).items():
        if name.strip("_").isupper() and _is_plain(value):
            found[name.lstrip("_")] = list(value) if isinstance(value, tuple) else value
    return found


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_plain(part) for part in value)
    return type(value) in _PLAIN


def _messages(module: ModuleType, kind: type[Caution] | type[Message]) -> dict[str, Any]:
    """Return the sentences that a module holds by name: cautions by code."""
    found = {}
    for name, value in vars(module).items():
        if isinstance(value, Caution) and kind is Caution:
            found[value.code] = value.message.to_dict()
        elif isinstance(value, Message) and kind is Message and value is not INTENDED_USE:
            found[name.lstrip("_").lower()] = value.to_dict()
    return found


def _bundle(bundle: Bundle) -> dict[str, Any]:
    names = sorted(bundle.files)
    return {
        "id": bundle.id.to_dict(),
        # The verdict here is the believed one; what the file claims counts for nothing.
        "spec": bundle.spec.model_dump(mode="json"),
        "sums": contents.SUMS,
        "files": {name: len(bundle.files[name]) for name in names},
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    """Return what is said of an outcome, by the most probable category and without one."""
    said = {c.value: outcome.headline(c).to_dict() for c in CATEGORIES}
    return {"message": outcome.message.to_dict(), "headline": said}


def _refusal(code: RefusalCode) -> dict[str, Any]:
    """Return a refusal's sentences with its field, ``{detail}``, unfilled."""
    kept = Refusal.of(code, "{detail}").to_dict()
    return {"message": kept["message"], "next_step": kept["next_step"]}


def _with_fields(text: Text) -> dict[str, str]:
    """Return a sentence of a catalogue with its fields, unfilled, as the page fills them."""
    said = text.to_message().to_dict()
    return {lang: _FIELD.sub(r"{\1}", sentence) for lang, sentence in said.items()}


def _counted(of: Callable[[int], Message]) -> dict[str, dict[str, str]]:
    """Return what is said of one, and of more with ``{n}`` in the number's place."""
    many = of(_SOME).to_dict()
    return {
        "one": of(1).to_dict(),
        "many": {lang: said.replace(str(_SOME), "{n}") for lang, said in many.items()},
    }


def _likelihood(ratios: LikelihoodTable) -> Mapping[str, Any]:
    """Return the table in use: its middle, and its draws as little-endian float64."""
    covid, other = (np.ascontiguousarray(side, dtype="<f8") for side in ratios.draws)
    return {
        "table": ratios.name,
        "published": ratios.name == PUBLISHED_TABLE,
        "pooled": {"covid": list(ratios.pooled[0]), "other": list(ratios.pooled[1])},
        "draws": {
            "covid": base64.b64encode(covid.tobytes()).decode("ascii"),
            "other": base64.b64encode(other.tobytes()).decode("ascii"),
        },
    }
