"""``covid-d predict``: assess films and show, or write, the answers."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

import click

from covid_d.cli.answering import bundle_option, dialect_option, prevalence_options, ratios_of
from covid_d.cli.answers import DIALECTS, AnswerTable, closing, described
from covid_d.cli.options import language_option
from covid_d.cli.speech import say
from covid_d.detector import Assessment, Detector, Outcome, Stated, expand
from covid_d.detector.detector import AfterEach
from covid_d.detector.paths import missing
from covid_d.files import atomic_stream, write_atomically
from covid_d.language import N_, Language
from covid_d.radiograph import Projection, Radiograph, RadiographError, Sex, read

STANDARD_INPUT: Final = "-"
_QUICK: Final = 3  # of zlib: less than half the time for a tenth more bytes of overlay


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=str, allow_dash=True))
@bundle_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write a table to this file, row by row; all of it or, when interrupted, nothing. "
    "- prints it.",
)
@dialect_option
@click.option(
    "--explain",
    "explain_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a class activation overlay (PNG) a film into this folder.",
)
@click.option(
    "--dicom-out",
    "dicom_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the answers to DICOM films as a PACS takes them (structured report, picture) into "
    "this folder.",
)
@click.option(
    "--fhir",
    "fhir_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the answers to DICOM films as FHIR R4 transactions (JSON) into this folder.",
)
@prevalence_options
@click.option(
    "--projection",
    type=click.Choice([p.value for p in Projection if p is not Projection.OTHER]),
    help="Of the films, as you know it; L (lateral) is refused.",
)
@click.option(
    "--age",
    type=click.FloatRange(0, 130),
    help="Of the patient in years; under 18 is refused.",
)
@click.option(
    "--adult/--not-adult",
    default=None,
    help="Whether the patient is 18 or older, where the age is not known.",
)
@click.option("--sex", type=click.Choice([sex.value for sex in Sex]), help="Of the patient.")
@language_option
@click.option(
    "--threads",
    type=click.IntRange(min=0),
    help="Films answered at once; 0 means one a core; default: COVID_D_THREADS.",
)
def predict(
    paths: tuple[str, ...],
    bundle: Path | None,
    as_json: bool,
    csv_file: Path | None,
    csv_dialect: str,
    explain_folder: Path | None,
    dicom_folder: Path | None,
    fhir_folder: Path | None,
    prevalence: float | None,
    likelihood: Path | None,
    projection: str | None,
    age: float | None,
    adult: bool | None,
    sex: str | None,
    language: Language,
    threads: int | None,
) -> None:
    """Assess the chest radiographs in PATHS: files, folders or patterns; DICOM or pictures.

    Every film is answered or refused with its reason; a bad one never stops the others. A PATH of -
    reads one film from standard input. What --projection, --age and --sex state holds of every
    film. Ends with 2 where a PATH names nothing. The model supports a reader: RT-PCR or an antigen
    test decides.
    """
    if as_json and csv_file is not None:
        raise click.UsageError(say(N_("Choose either --json or --csv.")))
    ratios = ratios_of(likelihood, prevalence=prevalence)
    if not paths:
        raise click.UsageError(say(N_("Name at least one film, folder or pattern.")))
    films = expand(paths)
    if not films:
        raise click.UsageError(say(N_("There is no film in %(paths)s.", paths=", ".join(paths))))
    detector = Detector.load(bundle, threads=threads, ratios=ratios)
    overlays = (
        None if explain_folder is None else _Overlays(detector, films, explain_folder, language)
    )
    objects = None
    if dicom_folder is not None or fhir_folder is not None:
        objects = _objects(detector, dicom_folder, fhir_folder, language)
    after = [each for each in (overlays, objects) if each is not None]
    options: dict[str, Any] = {
        "stated": Stated(
            projection=Projection(projection) if projection else None,
            age_years=age,
            adult=adult,
            sex=Sex(sex) if sex else None,
        ),
        "prevalence": prevalence,
        "activation": bool(after),
    }
    answers = _with_progress(
        _answers(detector, films, after, options), total=len(films), lines=csv_file is None
    )
    counts: Counter[Outcome] = Counter()
    if as_json:
        for assessment in answers:
            # ASCII: any file name, on any console; json.loads gives it back as it was.
            click.echo(json.dumps(assessment.to_dict()))
    elif csv_file is not None:
        counts = _write_table(csv_file, csv_dialect, answers, language)
    else:
        for assessment in answers:
            counts[assessment.outcome] += 1
            click.echo("\n".join(described(assessment, detector.bundle, language)) + "\n")
    if not as_json and csv_file != Path(STANDARD_INPUT):
        asked = prevalence is not None
        click.echo("\n".join(closing(detector.bundle, counts, language, prevalence=asked)))
    nothing = missing(named for named in paths if named != STANDARD_INPUT)
    if nothing:
        raise click.UsageError(say(N_("Not found: %(paths)s.", paths=", ".join(nothing))))


def _answers(
    detector: Detector,
    films: Sequence[Path],
    after: Sequence[AfterEach],
    options: dict[str, Any],
) -> Iterator[Assessment]:
    def after_each(path: Path, film: Radiograph | None, assessment: Assessment) -> None:
        for each in after:
            each(path, film, assessment)

    given = Path(STANDARD_INPUT)
    place = films.index(given) if given in films else len(films)
    yield from detector.assess_many(films[:place], after_each=after_each, **options)
    if place == len(films):
        return
    yield _of_standard_input(detector, after_each, options)
    yield from detector.assess_many(films[place + 1 :], after_each=after_each, **options)


def _of_standard_input(
    detector: Detector, after_each: AfterEach, options: dict[str, Any]
) -> Assessment:
    content = sys.stdin.buffer.read()
    film: Radiograph | None = None
    with suppress(RadiographError):  # refused below, with its reason
        film = read(content, name=STANDARD_INPUT)
    assessment = detector.assess(film or content, name=STANDARD_INPUT, **options)
    after_each(Path(STANDARD_INPUT), film, assessment)
    return assessment


def _objects(
    detector: Detector, folder: Path | None, fhir: Path | None, language: Language
) -> AfterEach:
    """Return what writes answers as DICOM objects, as FHIR resources, or as both."""
    from covid_d.pacs.write import AnswerFiles

    return AnswerFiles(folder, detector.bundle.spec.preprocessing, language, fhir=fhir)


def _write_table(
    file: Path, dialect: str, answers: Iterator[Assessment], language: Language
) -> Counter[Outcome]:
    counts: Counter[Outcome] = Counter()
    with ExitStack() as stack:
        if file == Path(STANDARD_INPUT):
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
            stream = sys.stdout
        else:
            stream = stack.enter_context(atomic_stream(file))
        table = AnswerTable(stream, DIALECTS[dialect], language)
        for assessment in answers:
            counts[assessment.outcome] += 1
            table.write(assessment)
    return counts


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
        picture.save(buffer, "PNG", compress_level=_QUICK)
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
