"""How an assessment and a bundle show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.bundle.spec import AppearanceCalibration, Calibration
from covid_d.detector.cautions import cautions_of_bundle
from covid_d.detector.explain import colours
from covid_d.detector.words import MODEL, VERDICTS, numbers, percent
from covid_d.language import INTENDED_USE, Language, Message
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.show import picture_html, png_bytes

if TYPE_CHECKING:
    from covid_d.detector.assessment import Assessment
    from covid_d.detector.bundle.bundle import Bundle

_SIDE: Final = 192  # pixels of the shown activation
_ANSWERED_BY = Message("Respondió {name} {version}.", "Answered by {name} {version}.")
_EVIDENCE = Message(
    "Dónde está lo que pesa en la respuesta (claro: más); no delimita lesiones.",
    "Where what weighs in the answer lies (bright: more); it does not outline lesions.",
)
_FILMS = Message(
    "Entrenado con {train} radiografías y ajustado con {validation}: {sources}.",
    "Trained on {train} films and tuned on {validation}: {sources}.",
)
_INPUT = Message(
    "Red {backbone}; entrada de {size} × {size} píxeles.",
    "Network {backbone}; input of {size} × {size} pixels.",
)
_PREVALENCE = Message(
    "Calibrado con {n} radiografías, de ellas {p} con COVID-19.",
    "Calibrated on {n} films, {p} of them with COVID-19.",
)
_TYPICAL = Message(
    "Calibrado con {n} radiografías, de ellas {p} de aspecto típico.",
    "Calibrated on {n} films, {p} of them of typical appearance.",
)


def assessment_html(assessment: Assessment, language: Language) -> str:
    """Return the answer in words first, then its number, its warnings and who answered."""
    refusal = assessment.refusal
    lines = [] if refusal is None else [refusal.message, refusal.next_step]
    lines += numbers(assessment)
    lines += [caution.message for caution in assessment.warnings]
    lines.append(
        _ANSWERED_BY.format(name=assessment.bundle.name, version=assessment.bundle.version)
    )
    title = assessment.headline.in_language(language)
    if assessment.path:
        title = f"{assessment.path}: {title}"
    picture = ""
    if assessment.activation is not None:
        png = png_bytes(_heat(assessment.activation))
        picture = picture_html(png, _EVIDENCE.in_language(language))
    return _block(title, [*lines, INTENDED_USE], language) + picture


def bundle_html(bundle: Bundle, language: Language) -> str:
    """Return what a bundle says of itself, its verdict first."""
    spec = bundle.spec
    verdict = VERDICTS[spec.verdict.status].in_language(language)
    title = MODEL.format(name=spec.name, version=spec.version, verdict=verdict)
    sources = ", ".join(f"{name} {count}" for name, count in spec.training.sources.items())
    lines = [
        *(caution.message for caution in cautions_of_bundle(spec)),
        _INPUT.format(backbone=spec.network.backbone, size=spec.preprocessing.size),
        _FILMS.format(
            train=spec.training.films.get("train", 0),
            validation=spec.training.films.get("validation", 0),
            sources=sources,
        ),
        _calibrated(spec.calibration),
        Message(*(f"SHA-256 {bundle.id.sha256[:12]}…",) * 2),
        INTENDED_USE,
    ]
    return _block(title.in_language(language), lines, language)


def _calibrated(calibration: Calibration | AppearanceCalibration) -> Message:
    if isinstance(calibration, Calibration):
        return _PREVALENCE.format(n=calibration.films, p=percent(calibration.prevalence))
    typical = calibration.shares[CATEGORIES.index(Appearance.TYPICAL)]
    return _TYPICAL.format(n=calibration.films, p=percent(typical))


def _heat(activation: FloatImage) -> Image.Image:
    coloured = Image.fromarray(np.rint(colours(activation)).astype(np.uint8))
    return coloured.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)


def _block(title: str, lines: Iterable[Message], language: Language) -> str:
    body = "<br>".join(escape(line.in_language(language)) for line in lines)
    return f"<p><strong>{escape(title)}</strong></p><p>{body}</p>"
