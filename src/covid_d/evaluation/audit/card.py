"""Writing the verdict into the bundle, and the audit's section into its model card."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from covid_d.dataset.looks import told
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import CARD, SPEC, update
from covid_d.detector.bundle.summary import with_verdict
from covid_d.detector.lungs import lung_files
from covid_d.errors import EvaluationError
from covid_d.evaluation.audit import texts
from covid_d.evaluation.audit.evidence import POOL, AuditResult, Sensitivity, SourceEvidence
from covid_d.evaluation.audit.questions import COVID, QUESTIONS
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report.card_markers import with_part
from covid_d.evaluation.report.texts import DEMONSTRATION_STAMP, number, percent, shown
from covid_d.language import N_, Language

BEGIN = "<!-- audit:begin -->"
END = "<!-- audit:end -->"
_LANGUAGE: Language = "en"  # the card is one document, in English


def audit_section(result: AuditResult, command: Sequence[str]) -> str:
    """Return the card's section as Markdown, without its markers.

    Parameters
    ----------
    result
        The audit.
    command
        The command that made it, as typed.
    """
    verdict = texts.PASSED if result.passed else texts.DEMONSTRATION
    lines = [f"**{verdict.in_language(_LANGUAGE)}**", "", _table(result), ""]
    for check in result.checks:
        holds = "holds" if check.passed else "**falls short**"
        lines.append(f"- {holds}: {check.message.in_language(_LANGUAGE)}")
    lines += [
        f"- Source from penultimate features ({found.films} films, {len(found.sources)} sources): "
        f"balanced accuracy {percent(found.balanced_accuracy, _LANGUAGE)}, chance "
        f"{percent(found.chance, _LANGUAGE)}."
        for found in result.evidence.predictability
    ]
    lines += [_sensitivity(found) for found in result.evidence.sensitivities]
    lines += ["", *_provenance(result, command)]
    return "\n".join(lines)


def with_audit_section(card: str, section: str) -> str:
    """Return a model card with the text between the audit markers replaced.

    Raises
    ------
    EvaluationError
        If the card lacks the markers, in order and once.
    """
    next_step = N_(
        "Put both on lines of their own where the audit belongs, and seal the bundle again."
    )
    return with_part(card, BEGIN, END, section, next_step)


def without_stamp(card: str) -> str:
    """Return a card without what an evaluation before the audit says of the verdict."""
    return card.replace(f"> {DEMONSTRATION_STAMP.in_language(_LANGUAGE)}\n\n", "")


def write_verdict(
    bundle: Bundle, result: AuditResult, command: Sequence[str], *, lungs: Path | None = None
) -> None:
    """Write verdict and card section into the bundle and seal it again; a signature is dropped.

    Parameters
    ----------
    bundle, result
        What was audited, and what came out.
    command
        The command that made it, as typed.
    lungs
        Folder of the lung model that it was audited with, if not the bundle's own: goes in too, so
        that the bundle carries what its verdict rests on.

    Raises
    ------
    EvaluationError
        If the result is of another bundle, or the card lacks the markers.
    BundleError
        If the bundle or the lung model is not sound.
    """
    current = Bundle.load(bundle.path)
    if current.id != result.bundle:
        raise EvaluationError(
            N_(
                "%(path)s is not the bundle that was audited: its hash is %(now)s, the "
                "audited one's %(audited)s.",
                path=bundle.path,
                now=current.id.sha256[:12],
                audited=result.bundle.sha256[:12],
            ),
            N_("Audit it again."),
        )
    spec = current.spec.model_copy(update={"verdict": result.verdict})
    files: dict[str, str | bytes] = {}
    if lungs is not None:
        own, found = lung_files(lungs)
        spec = spec.model_copy(update={"lungs": own})
        files.update(found)
    card = without_stamp(current.card) if result.passed else current.card
    card = with_audit_section(card, audit_section(result, command))
    files[CARD] = with_verdict(card, result.verdict)
    files[SPEC] = spec.model_dump_json(indent=2) + "\n"
    update(bundle.path, files)


def _table(result: AuditResult) -> str:
    evidence = result.evidence
    header = ["Films", "with", "without", "patients", "Model AUROC", "Closest probe",
              "Lungs erased", "Lungs only"]  # fmt: skip
    rows = [header, ["---"] * len(header)]
    rows += [_row(source) for source in (*evidence.sources, evidence.pool)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(source: SourceEvidence) -> list[str]:
    name = texts.POOLED.in_language(_LANGUAGE) if source.name == POOL else source.name
    if source.question != COVID.name:
        name = f"{name}, {QUESTIONS[source.question].message.in_language(_LANGUAGE)}"
    counts = [name, str(source.positives), str(source.negatives), str(source.patients)]
    if source.model is None or source.closest_probe is None:
        return counts + [texts.TOO_FEW.in_language(_LANGUAGE)] * 4
    probe, best = source.closest_probe
    return [
        *counts,
        _written(source.model),
        f"{_written(best.auroc)}, {probe.message.in_language(_LANGUAGE)}",
        _written(source.lungs_erased),
        _written(source.only_lungs),
    ]


def _sensitivity(found: Sensitivity) -> str:
    name = found.message.in_language(_LANGUAGE)
    if found.refused == found.films:
        return f"- {name}: all {found.films} films are refused."
    return (
        f"- {name}: probability moves by {number(found.score_change, _LANGUAGE)} on average, "
        f"{percent(found.flips, _LANGUAGE)} of {found.films} answers change"
        + (f" ({found.refused} refused)." if found.refused else ".")
    )


def _written(estimate: Estimate | None) -> str:
    return "–" if estimate is None else shown("auroc", estimate, _LANGUAGE)


def _provenance(result: AuditResult, command: Sequence[str]) -> list[str]:
    return [
        f"{result.evidence.test_films} test films, {result.evidence.train_films} training films "
        f"for the probes. Intervals are 95%, by patient. {told(result.attempts).en}",
        f"Data set SHA-256 `{result.dataset_sha256}`. Command:",
        "",
        "```",
        shlex.join(command),
        "```",
    ]
