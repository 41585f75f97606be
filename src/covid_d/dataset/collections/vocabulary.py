"""Words by which people name what a film shows: one vocabulary for every collection.

Only what is listed here is understood. A finding with any other word tells no class: a word left
out of a list of diseases would otherwise teach a model that COVID-19 is not COVID-19.
"""

from __future__ import annotations

import re
from typing import Final

from covid_d.appearance import Appearance
from covid_d.dataset.manifest import Label
from covid_d.plain_words import UNTOLD, words_in, words_of
from covid_d.radiograph.film import Projection

# --- findings ------------------------------------------------------------------------------------

_COVID: Final = re.compile(
    r"\b(?:covid ?(?:19|2019)?|sars ?cov ?2|2019 ?n ?cov|n ?cov ?(?:19|2019)?"
    r"|(?:novel|nuevo) coronavirus(?: 2019)?|coronavirus disease 2019|coronavirus 2019"
    r"|enfermedad por coronavirus(?: 2019)?)\b"
)
# A sign that ends a finding or stands in brackets, or before the next one: COVID-, PCR (-). A
# hyphen that was left over would read the same, so it tells no class.
_MINUS: Final = re.compile(r"[-\u2010-\u2013\u2212]\s*(?:$|[)\],;/|])")
# Words that may stand beside it and change nothing.
_BESIDE: Final = words_in(
    """positive, positivo, positiva, confirmed, confirmado, confirmada, pneumonia, neumonia,
    pneumonitis, neumonitis, viral, virus, infection, infeccion, disease, enfermedad,
    patient, paciente, case, caso, severe, grave, moderate, moderado, moderada, mild, leve,
    critical, critico, critica, ards, sdra, acute, aguda, bilateral, unilateral, multifocal,
    with, con, and, y, e, due, to, by, por, para, a, de, la, el, of, in, paediatric,
    pediatric, pediatrico, pediatrica, child, nino, nina, adult, adulto, adulta, typical,
    tipica, rt, pcr"""
)
_NEGATION: Final = words_in(
    """no, non, not, sin, without, negative, negativo, negativa, descartado, descartada, excluded,
    absent, ausente, never"""
)
_NEGATED: Final = re.compile(r"\b(?:no|not) (?:detected|detectado|detectada)\b|\bruled out\b")
_DOUBT: Final = words_in(
    """suspected, suspect, suspicion, suspicious, sospecha, sospechoso, sospechosa, possible,
    possibly, posible, probable, probably, probablemente, presumed, presumptive, presunto,
    presunta, maybe, perhaps, quiza, quizas, vs, versus, descartar, pending, pendiente,
    compatible, consistent, sugestivo, sugestiva, sugerente, suggestive, likely, unlikely,
    indeterminate, indeterminado, indeterminada, dudoso, dudosa, equivocal, inconclusive,
    uncertain, incierto, evaluate, differential, rule"""
)
_POSITIVE: Final = words_in("positive, positivo, positiva, pos")
_NOCOVID: Final = words_in(
    """nocovid, noncovid, normal, normales, healthy, sano, sana, sanos, sanas, control, controls,
    controles, no finding, no findings, no findings detected, sin hallazgos, negative,
    negativo, negativa, neg, laboratory negative, laboratorio negativo, other, otro, otra, otros,
    otras, other disease, otra enfermedad, pneumonia, neumonia, other pneumonia, otra neumonia,
    otras neumonias, viral, viral pneumonia, neumonia viral, virus, bacterial, bacteria,
    bacterial pneumonia, pneumonia bacterial, neumonia bacteriana, community acquired pneumonia,
    neumonia adquirida en la comunidad, mycoplasma bacterial pneumonia, bronchopneumonia,
    bronconeumonia, aspiration, aspiracion, aspiration pneumonia, neumonia por aspiracion,
    lobar pneumonia, neumonia lobar, sars, mers, mers cov, sars cov 1, ards, sdra,
    influenza, gripe, h1n1, rsv, vrs, adenovirus, varicella, varicela, herpes,
    cytomegalovirus, measles, sarampion, streptococcus, streptococcus pneumoniae,
    staphylococcus, staphylococcus aureus, mrsa, klebsiella, mycoplasma, mycoplasma
    pneumoniae, legionella, chlamydophila, chlamydia, e coli, escherichia coli, haemophilus,
    pseudomonas, nocardia, actinomycosis, tuberculosis, tb, tbc, unusual, fungal, hongos,
    pneumocystis, pneumocystis jirovecii, aspergillosis, aspergilosis, histoplasmosis,
    cryptococcosis, lipoid, lipoidea, eosinophilic, organizing pneumonia, interstitial, lung
    opacity, opacidad pulmonar, opacity, opacidad, infiltration, infiltrate, infiltrado,
    consolidation, consolidacion, atelectasis, atelectasia, effusion, pleural effusion,
    derrame, derrame pleural, edema, pulmonary edema, edema pulmonar, oedema, pneumothorax,
    neumotorax, nodule, nodulo, mass, masa, cardiomegaly, cardiomegalia, emphysema,
    enfisema, fibrosis, pulmonary fibrosis, fibrosis pulmonar, pleural thickening,
    engrosamiento pleural, hernia, pneumonia noncovid, noncovid pneumonia, lung cancer,
    cancer, cancer de pulmon, neoplasia, copd, epoc, asthma, asma, heart failure,
    insuficiencia cardiaca, sarcoidosis"""
)
# What separates the findings of a list, or the levels of a hierarchy.
_BETWEEN: Final = re.compile(r"[,/|;+]|\s&\s")


def label_of(finding: str) -> Label | None:
    """Return the class that a finding tells, as people write it; ``None`` when it tells none.

    A list of findings (``COVID-19, ARDS``) or a hierarchy (``Pneumonia/Viral/COVID-19``) is
    COVID-19 when one of them is, and no COVID-19 when all of them are something else. With a doubt
    (``COVID-19?``, *suspected*, *sospecha*) or a word that is not understood it tells none.

    Examples
    --------
    >>> [label_of(text) for text in ("SARS-CoV-2", "Pneumonia/Viral/SARS", "COVID-19?", "sano")]
    [<Label.COVID: 'covid'>, <Label.NOCOVID: 'nocovid'>, None, <Label.NOCOVID: 'nocovid'>]
    """
    if "?" in finding or "¿" in finding or _MINUS.search(finding.strip()):
        return None
    parts = [words_of(part) for part in _BETWEEN.split(finding)]
    told = [_told_by(part) for part in parts if part and part not in UNTOLD]
    if not told or None in told:
        return None
    return Label.COVID if Label.COVID in told else Label.NOCOVID


def is_untold(finding: str) -> bool:
    """Return whether a finding says, in known words, that it is not told: empty, *todo*, *unknown*.

    Such a film is unlabelled, but there is no word to learn.
    """
    parts = [words_of(part) for part in _BETWEEN.split(finding)]
    if words_of(finding) in UNTOLD:
        return True
    return "?" not in finding.strip(" ?") and all(not part or part in UNTOLD for part in parts)


def _told_by(part: str) -> Label | None:
    words = set(part.split())
    if words & _DOUBT and not _NEGATED.search(part):
        return None
    if part in _NOCOVID:
        return Label.NOCOVID
    if part in _POSITIVE:
        return Label.COVID
    if not _COVID.search(part):
        return None
    beside = " ".join(_COVID.sub(" ", part).split())
    left, negated = _NEGATED.subn(" ", beside)
    others = set(left.split())
    negations = len(others & _NEGATION) + negated
    if others - _NEGATION - _BESIDE or negations > 1:
        return None
    return Label.NOCOVID if negations else Label.COVID


_CHILD: Final = re.compile(
    r"\b(?:p(?:a)?ediatric[oa]?s?|child(?:ren)?|infants?|nin[oa]s?|lactantes?|neonat\w*|newborns?)\b"
)


def names_child(finding: str) -> bool:
    """Return whether a finding says that the patient is a child: ``COVID-19 paediatric``."""
    return bool(_CHILD.search(words_of(finding)))


# --- laboratory ----------------------------------------------------------------------------------

_YES: Final = words_in(
    "y, yes, s, si, true, verdadero, 1, positive, positivo, positiva, pos, detected"
)
_NO: Final = words_in("n, no, false, falso, 0, negative, negativo, negativa, neg, not detected")


def pcr_of(text: str) -> bool | None:
    """Return whether a test for the virus was positive; ``None`` when that is not told.

    Examples
    --------
    >>> pcr_of("Y"), pcr_of("negativo"), pcr_of("Unclear")
    (True, False, None)
    """
    words = words_of(text)
    return True if words in _YES else False if words in _NO else None


# --- appearance ----------------------------------------------------------------------------------

_APPEARANCES: Final = {
    "negative": Appearance.NEGATIVE,
    "negative for pneumonia": Appearance.NEGATIVE,
    "negativo": Appearance.NEGATIVE,
    "negativa": Appearance.NEGATIVE,
    "sin neumonia": Appearance.NEGATIVE,
    "atypical": Appearance.ATYPICAL,
    "atypical appearance": Appearance.ATYPICAL,
    "atipico": Appearance.ATYPICAL,
    "aspecto atipico": Appearance.ATYPICAL,
    "indeterminate": Appearance.INDETERMINATE,
    "indeterminate appearance": Appearance.INDETERMINATE,
    "indeterminado": Appearance.INDETERMINATE,
    "aspecto indeterminado": Appearance.INDETERMINATE,
    "typical": Appearance.TYPICAL,
    "typical appearance": Appearance.TYPICAL,
    "tipico": Appearance.TYPICAL,
    "aspecto tipico": Appearance.TYPICAL,
}


def appearance_of(text: str) -> Appearance | None:
    """Return the appearance that a word names; ``None`` when it names none.

    Examples
    --------
    >>> appearance_of("Typical Appearance").value, appearance_of("normal")
    ('typical', None)
    """
    return _APPEARANCES.get(words_of(text))


# --- projection ----------------------------------------------------------------------------------

# Said of a frontal film, whichever way the beam went.
_POSTURE: Final = words_in(
    """erect, semi, semierect, upright, standing, sitting, seated, seduto, sentado, sentada, de,
    pie, bipedestacion, parado, parada, portable, portatil, mobile, movil, bedside, en,
    cama, chest, torax, thorax, view, proyeccion, projection, radiografia, rx, frontal,
    inspiration, inspiracion, expiration, espiracion, internal, external, rotation, 1, 2"""
)
_SUPINE: Final = words_in(
    """supine, supino, supina, sup, decubito, dorsal, horizontal, acostado, acostada, deitado,
    recumbent, lying, ds, dd"""
)
_AP: Final = words_in("ap, anteroposterior, portable, portatil, mobile, movil, bedside")
_PA: Final = words_in("pa, posteroanterior")
_LATERAL: Final = words_in(
    """l, ll, rl, lat, lateral, llat, rlat, perfil, profile, izquierda, izquierdo, izq, derecha,
    derecho, der, left, right, xtable, cross, table, view, chest, torax"""
)
_SIDE: Final = words_in("l, ll, rl, lat, lateral, llat, rlat, perfil, profile")
_OTHER: Final = re.compile(
    r"\b(?:oblique|oblicua|oblicuo|lordotic|lordotica|lordotico|axial|costal|lld|rld|lao|rao|lpo|rpo"
    r"|(?:lateral|left|right|izquierd[oa]|derech[oa]) decubit[uo]s?"
    r"|decubit[uo]s? (?:lateral|left|right|izquierd[oa]|derech[oa])|swimmers?)\b"
)
_SLICES: Final = words_in("axial, coronal, sagittal")


def parse_projection(text: str) -> Projection | None:
    """Return the projection that collections and people name; ``None`` when none is understood.

    Examples
    --------
    >>> [parse_projection(t) for t in ("AP semi erect", "portátil", "SUP", "perfil", "?")]
    [<Projection.AP: 'AP'>, <Projection.AP: 'AP'>, <Projection.AP_SUPINE: 'AP Supine'>, \
<Projection.LATERAL: 'L'>, None]
    """
    plain = words_of(text).replace("antero posterior", "ap").replace("postero anterior", "pa")
    plain = plain.replace("anterior posterior", "ap").replace("posterior anterior", "pa")
    if plain in _SLICES:
        return None
    if _OTHER.search(plain):
        return Projection.OTHER
    words = set(plain.split())
    if words & _SIDE:
        return Projection.LATERAL if words <= _LATERAL else None
    if not words or words - _POSTURE - _SUPINE - _AP - _PA or (words & {"pa"} and words & {"ap"}):
        return None
    if words & _PA:
        return Projection.PA
    if words & _SUPINE:
        return Projection.AP_SUPINE
    return Projection.AP if words & _AP else None


def is_slice(text: str) -> bool:
    """Return whether a text names the plane of a slice, which is no projection."""
    return words_of(text) in _SLICES


def is_frontal(text: str) -> bool:
    """Return whether a text says that a film is frontal and leaves open from which side."""
    return words_of(text) in {"frontal", "torax frontal", "chest frontal", "frontal view"}
