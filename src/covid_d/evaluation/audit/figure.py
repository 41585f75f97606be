"""The audit's one figure: model, probes and erased lungs side by side, source by source."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from covid_d.evaluation.audit import texts
from covid_d.evaluation.audit.evidence import POOL, Evidence, SourceEvidence
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.questions import COVID, QUESTIONS
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report.texts import number
from covid_d.html_report import png_of
from covid_d.language import Language

# Okabe and Ito (2008): colour-blind readers can tell these apart. Probes share one hue.
_MODEL = "#0072B2"
_ERASED = "#D55E00"
_ONLY = "#009E73"
_PROBES = ("#F0C75E", "#E69F00", "#B57C00", "#7F5700", "#56B4E9", "#999999", "#F0E442", "#CC79A7")
_CHANCE = 0.5  # bars start here: their length is what is known beyond guessing


def audit_figure(evidence: Evidence, language: Language) -> bytes:
    """Return the figure as PNG: AUROC with 95 % interval, one group of bars a source."""
    sources = [source for source in (evidence.pool, *evidence.sources) if source.model]
    figure = Figure(figsize=(max(7.0, 2.2 + 2.4 * len(sources)), 4.6), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)
    named: set[str] = set()
    width = 0.8 / (3 + len(Probe))
    for place, source in enumerate(sources):
        for slot, (label, colour, estimate) in enumerate(_bars(source, language)):
            axes.bar(
                place - 0.4 + (slot + 0.5) * width,
                estimate.value - _CHANCE,
                width * 0.92,
                bottom=_CHANCE,
                color=colour,
                label=None if label in named else label,
                yerr=[[estimate.value - estimate.low], [estimate.high - estimate.value]],
                error_kw={"elinewidth": 0.9, "capsize": 2, "ecolor": "#333333"},
            )
            named.add(label)
    axes.axhline(_CHANCE, color="#333333", linewidth=1.0)
    axes.set_xticks(range(len(sources)), [_label(source, language) for source in sources])
    axes.set(ylim=(0.2, 1.03), ylabel="AUROC")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language, 1)))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=8)  # fmt: skip
    return png_of(figure)


def _bars(source: SourceEvidence, language: Language) -> Iterator[tuple[str, str, Estimate]]:
    if source.model is not None:
        yield texts.MODEL.in_language(language), _MODEL, source.model
    if source.only_lungs is not None:
        yield texts.ONLY.in_language(language), _ONLY, source.only_lungs
    if source.lungs_erased is not None:
        yield texts.ERASED.in_language(language), _ERASED, source.lungs_erased
    for probe, colour in zip(Probe, _PROBES, strict=True):
        if probe in source.probes:
            yield probe.message.in_language(language), colour, source.probes[probe].auroc


def _label(source: SourceEvidence, language: Language) -> str:
    name = texts.POOLED.in_language(language) if source.name == POOL else source.name
    if source.question != COVID.name:
        name = f"{name}\n{QUESTIONS[source.question].message.in_language(language)}"
    # Long publisher names break after the collection.
    return f"{name.replace('/', '/' + chr(10))}\n({source.positives} / {source.negatives})"
