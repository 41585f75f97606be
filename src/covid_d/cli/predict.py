"""``covid-d predict``: assess films and show, or write, the answers."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from covid_d.detector import Assessment, Bundle, Detector, Outcome, expand
from covid_d.detector.cautions import cautions_of_bundle
from covid_d.files import write_atomically
from covid_d.language import INTENDED_USE, Language, Message, localised
from covid_d.radiograph import Radiograph
from covid_d.settings import settings

_PROBABILITY = Message(
    "Probabilidad de COVID-19 según el modelo: {p}", "Probability of COVID-19 by the model: {p}"
)
_POST_TEST = Message(
    "Con una prevalencia del {prevalence}: {p}", "At a prevalence of {prevalence}: {p}"
)
_WARNING = Message("Aviso: {text}", "Note: {text}")
_COUNT = Message("{n} radiografías: {counts}.", "{n} films: {counts}.")
_MODEL = Message("Modelo: {name} {version} ({verdict}).", "Model: {name} {version} ({verdict}).")
_VERDICTS = {
    "demonstration": Message("demostración", "demonstration"),
    "audit-passed": Message(
        "superó la auditoría de atajos; sin estudio clínico",
        "passed the shortcut audit; no clinical study",
    ),
}
_INCONCLUSIVE = Message(
    "No concluyente: con un error admitido del {error} por clase, el modelo no puede decidirse "
    "por una respuesta.",
    "Inconclusive: at an accepted error of {error} a class, the model cannot settle on an answer.",
)
_COLUMNS = (
    "path",
    "outcome",
    "probability",
    "conformal_set",
    "post_test_probability",
    "refusal",
    "refusal_message",
    "warnings",
    "bundle_name",
    "bundle_version",
    "bundle_sha256",
)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=str))
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="Bundle that answers: folder, zip or builtin; default: COVID_D_BUNDLE, else builtin.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a table to this file; all of it or, when interrupted, nothing.",
)
@click.option(
    "--explain",
    "explain_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a class activation overlay (PNG) a film into this folder.",
)
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of COVID-19 among your patients (0.05 is 5 %), for the post-test probability.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["es", "en"]),
    help="Language of the sentences; default: COVID_D_LANGUAGE, else es.",
)
@click.option(
    "--threads",
    type=click.IntRange(0),
    help="Films answered at once; default: COVID_D_THREADS, else one a core.",
)
def predict(
    paths: tuple[str, ...],
    bundle: Path | None,
    as_json: bool,
    csv_file: Path | None,
    explain_folder: Path | None,
    prevalence: float | None,
    language: Language | None,
    threads: int | None,
) -> None:
    """Assess the chest radiographs in PATHS: files, folders or patterns; DICOM or pictures.

    Every film is answered or refused with its reason; a bad one never stops the others.
    The model supports a reader: RT-PCR or an antigen test decides.
    """
    if as_json and csv_file is not None:
        raise click.UsageError("Choose either --json or --csv.")
    if not paths:
        raise click.UsageError("Name at least one film, folder or pattern.")
    films = expand(paths)
    if not films:
        raise click.UsageError(f"There is no film in {', '.join(paths)}.")
    spoken = language or settings().language
    detector = Detector.load(bundle, threads=threads)
    overlays = (
        None if explain_folder is None else _Overlays(detector, films, explain_folder, spoken)
    )
    assessments = _with_progress(
        detector.assess_many(
            films, prevalence=prevalence, activation=overlays is not None, after_each=overlays
        ),
        total=len(films),
        lines=csv_file is None,
    )
    if as_json:
        for assessment in assessments:
            # ASCII: any file name, on any console; json.loads gives it back as it was.
            click.echo(json.dumps(assessment.to_dict()))
        return
    counts: Counter[Outcome] = Counter()
    if csv_file is not None:
        done = list(assessments)
        counts.update(assessment.outcome for assessment in done)
        write_atomically(csv_file, _table(done, spoken))
    else:
        for assessment in assessments:
            counts[assessment.outcome] += 1
            click.echo("\n".join(_describe(assessment, detector.bundle, prevalence, spoken)) + "\n")
    click.echo("\n".join(_closing(detector.bundle, counts, spoken)))


class _Overlays:
    """Writes each answered film's overlay, under a name of its own."""

    def __init__(
        self, detector: Detector, films: Sequence[Path], folder: Path, language: Language
    ) -> None:
        self._preprocessing = detector.bundle.spec.preprocessing
        self._files = {
            film: folder / name for film, name in zip(films, _distinct_names(films), strict=True)
        }
        self._language = language

    def __call__(self, path: Path, film: Radiograph | None, assessment: Assessment) -> None:
        if film is None or assessment.activation is None:
            return
        from covid_d.detector.explain import overlay

        picture = overlay(film, assessment, self._preprocessing, language=self._language)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        write_atomically(self._files[path], buffer.getvalue())


def _distinct_names(films: Iterable[Path]) -> list[str]:
    """Return one PNG name a film: its own, numbered where films of several folders share it."""
    # Compared without case: some file systems know only one of A.png and a.png.
    taken: set[str] = set()
    names = []
    for film in films:
        stem = film.name[:120]  # file systems take 255 bytes, our own addition included
        name, number = f"{stem}.overlay.png", 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}.overlay.png"
        taken.add(name.lower())
        names.append(name)
    return names


def _with_progress(
    assessments: Iterator[Assessment], *, total: int, lines: bool
) -> Iterator[Assessment]:
    """Show a bar on a terminal, unless the answers themselves scroll by on it."""
    if total == 1 or not sys.stderr.isatty() or (lines and sys.stdout.isatty()):
        return assessments
    from tqdm import tqdm

    return iter(tqdm(assessments, total=total, unit="film", file=sys.stderr))


def _describe(
    assessment: Assessment, bundle: Bundle, prevalence: float | None, language: Language
) -> Iterator[str]:
    yield f"{_printable(assessment.path)}: {assessment.outcome.message.in_language(language)}"
    if assessment.refusal is not None:
        yield f"  {assessment.refusal.message.in_language(language)}"
        yield f"  {assessment.refusal.next_step.in_language(language)}"
        return
    if assessment.probability is not None:
        text = _PROBABILITY.format(p=_percent(assessment.probability))
        yield f"  {text.in_language(language)}"
    if assessment.post_test_probability is not None and prevalence is not None:
        text = _POST_TEST.format(
            prevalence=localised(f"{100 * prevalence:.3g} %", language),
            p=_percent(assessment.post_test_probability),
        )
        yield f"  {text.in_language(language)}"
    said_once = cautions_of_bundle(bundle.spec)  # in the closing block
    for warning in assessment.warnings:
        if warning in said_once:
            continue
        yield "  " + _WARNING.format(text=warning.message.in_language(language)).in_language(
            language
        )


def _closing(bundle: Bundle, counts: Counter[Outcome], language: Language) -> Iterator[str]:
    spec = bundle.spec
    if counts.total() > 1:
        listed = ", ".join(
            f"{outcome.message.in_language(language)} ({counts[outcome]})"
            for outcome in Outcome
            if counts[outcome]
        )
        yield _COUNT.format(n=counts.total(), counts=listed).in_language(language)
    if counts[Outcome.INCONCLUSIVE] and spec.conformal is not None:
        error = localised(f"{100 * spec.conformal.error_rate:.3g} %", language)
        yield _INCONCLUSIVE.format(error=error).in_language(language)
    verdict = _VERDICTS[spec.verdict.status].in_language(language)
    yield _MODEL.format(name=spec.name, version=spec.version, verdict=verdict).in_language(language)
    for caution in cautions_of_bundle(spec):
        yield caution.message.in_language(language)
    yield INTENDED_USE.in_language(language)


def _percent(probability: float) -> str:
    """Return a percentage without false precision, and never a false certainty."""
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return "> 99 %"
    return f"{100 * probability:.0f} %"


def _table(assessments: Iterable[Assessment], language: Language) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for assessment in assessments:
        fields = assessment.to_dict()
        refusal = fields["refusal"] or {"code": "", "message": {language: ""}}
        writer.writerow(
            (
                _printable(assessment.path),
                fields["outcome"],
                fields["probability"],
                " ".join(fields["conformal_set"]),
                fields["post_test_probability"],
                refusal["code"],
                refusal["message"][language],
                " ".join(warning.code for warning in assessment.warnings),
                *fields["bundle"].values(),
            )
        )
    return buffer.getvalue()


def _printable(path: str) -> str:
    """Return a path that can be written as UTF-8, whatever bytes its name holds."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
