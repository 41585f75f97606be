"""``covid-d screen``: a whole archive, answered film by film, however long it takes."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from covid_d.cli.answering import bundle_option, dialect_option, prevalence_options, ratios_of
from covid_d.cli.answers import DIALECTS, AnswerTable
from covid_d.cli.options import echo_json, echo_table, json_option, language_option
from covid_d.cli.speech import say
from covid_d.files import atomic_stream
from covid_d.language import INTENDED_USE, N_, Language, Message, Text, localised

if TYPE_CHECKING:
    from covid_d.screen import ScreenJob
    from covid_d.screen.counts import ScreenCounts
    from covid_d.screen.run import Engine, Watcher

_EVERY: Final = 60.0  # seconds between lines where no bar can be shown
_SMOOTH: Final = 0.05  # tqdm's: the rate of the last minutes, not of the last lot

job_argument = click.argument("job", type=click.Path(path_type=str))


@click.group()
def screen() -> None:
    """Screen whole archives: every film listed, answered and written once."""


@screen.command(short_help="Answer every film of an archive.")
@click.argument("archive", type=click.Path(path_type=str))
@click.option(
    "--out",
    "job",
    required=True,
    type=click.Path(path_type=str),
    metavar="JOB",
    help="Folder of the job, or an address (s3://bucket/folder); the same one to go on.",
)
@bundle_option
@prevalence_options
@click.option(
    "--keep-identifiers",
    is_flag=True,
    help="Keep numbers of patients and studies, and days, as the films state them; without it only "
    "salted hashes and the month are kept.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who does the work: processes of this machine, or actors of Ray.",
)
@click.option("--address", help="Of a Ray cluster that runs (HOST:PORT); else Ray starts here.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Films answered at once; 0 means one a core.",
)
@language_option
def run(
    archive: str,
    job: str,
    bundle: Path | None,
    prevalence: float | None,
    likelihood: Path | None,
    keep_identifiers: bool,
    engine: Engine,
    address: str | None,
    workers: int,
    language: Language,
) -> None:
    """Answer every film of ARCHIVE: a folder, an address or a table of paths.

    An address is that of an object store (s3://bucket/folder); a table is a CSV or Parquet file
    with a column path. Stopped or killed, it goes on when the same command is run again: each film
    gets one row, also one that cannot be answered.
    """
    ratios = ratios_of(likelihood, prevalence=prevalence)
    if address is not None and engine != "ray":
        raise click.UsageError(say(N_("--address says something only with --engine ray.")))
    from covid_d.screen import ScreenJob
    from covid_d.screen import screen as screen_archive

    progress = _Progress()
    with _stopped_by_terminate(), progress:
        counts = screen_archive(
            archive,
            job,
            bundle=bundle,
            prevalence=prevalence,
            ratios=ratios,
            identifiers=keep_identifiers,
            engine=engine,
            address=address,
            workers=workers,
            watcher=progress.watcher(),
        )
        # Anew each time: the language may be another now.
        page = _write_report(ScreenJob.open(job), language)
    _show(counts, language)
    click.echo(say(N_("Report: %(file)s", file=page)))
    click.echo(INTENDED_USE.in_language(language))


@screen.command(short_help="Say how far a job is.")
@job_argument
@json_option
@language_option
def status(job: str, as_json: bool, language: Language) -> None:
    """Say how far JOB is and what its answers are so far; also while it runs."""
    from covid_d.screen import ScreenJob
    from covid_d.screen.counts import ScreenCounts

    found = ScreenJob.open(job)
    counts = ScreenCounts.of(found)
    if as_json:
        kept = {name: value for name, value in found.record.items() if name not in ("salt", "spec")}
        echo_json(kept | {"done": counts.films, "counts": counts.to_dict()})
        return
    if found.films is None:
        click.echo(say(N_("The archive is still being listed: %(archive)s", **_archive(found))))
    elif counts.films < found.films:
        click.echo(
            say(
                N_(
                    "%(done)s of %(films)s films answered; the same command goes on: %(archive)s",
                    done=counts.films,
                    films=found.films,
                    **_archive(found),
                )
            )
        )
    else:
        click.echo(say(N_("Every film is answered: %(archive)s", **_archive(found))))
    if counts.films:
        _show(counts, language)


@screen.command(short_help="Print a job's rows as JSON or CSV.")
@job_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object a film, a line each.")
@click.option("--csv", "as_csv", is_flag=True, help="One row a film, as predict --csv writes it.")
@dialect_option
@click.option(
    "--out",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file, all of it or nothing; by default it is printed.",
)
@language_option
def export(
    job: str,
    as_json: bool,
    as_csv: bool,
    csv_dialect: str,
    file: Path | None,
    language: Language,
) -> None:
    """Print the rows of JOB as JSON or CSV, one line a film.

    The answers are those of covid-d predict, in its shape; size, hashes, unit, month and seconds of
    the film stand beside them.
    """
    if as_json == as_csv:
        raise click.UsageError(say(N_("Choose either --json or --csv.")))
    from covid_d.screen import ScreenJob

    found = ScreenJob.open(job)
    with ExitStack() as stack:
        if file is None:
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
            stream: Any = sys.stdout
        else:
            stream = stack.enter_context(atomic_stream(file))
        if as_json:
            _write_json(found, stream)
        else:
            _write_csv(found, stream, csv_dialect, language)


@screen.command(short_help="Write a job's report as a page.")
@job_argument
@language_option
def report(job: str, language: Language) -> None:
    """Write JOB's report.html anew: pace, answers, refusals, groups, faults; also while it runs."""
    from covid_d.screen import ScreenJob

    click.echo(_write_report(ScreenJob.open(job), language))


def _write_report(job: ScreenJob, language: Language) -> str:
    """Write a job's report beside its rows; return where it is."""
    from covid_d.screen.figures import ScreenFigures
    from covid_d.screen.report import REPORT
    from covid_d.screen.report import report as page_of

    page = page_of(job, ScreenFigures.of(job), language)
    job.place.write(REPORT, page.to_html())
    return f"{job.place.address.rstrip('/')}/{REPORT}"


def _write_json(job: ScreenJob, stream: TextIO) -> None:
    from covid_d.screen.table import answer_of, film_of

    for rows in job.rows():
        for row in rows:
            # ASCII: any file name, as predict writes it.
            stream.write(json.dumps(answer_of(row) | film_of(row)) + "\n")


def _write_csv(job: ScreenJob, stream: TextIO, dialect: str, language: Language) -> None:
    from covid_d.detector import Assessment
    from covid_d.screen.table import answer_of, film_of, schema

    more = [*film_of(dict.fromkeys(schema(identifiers=job.options.identifiers).names))]
    table = AnswerTable(stream, DIALECTS[dialect], language, more=more)
    for rows in job.rows():
        for row in rows:
            table.write(Assessment.from_dict(answer_of(row)), [*film_of(row).values()])


def _archive(job: Any) -> dict[str, str]:
    return {"archive": job.options.archive}


def _show(counts: ScreenCounts, language: Language) -> None:
    from covid_d.detector import Appearance, Outcome
    from covid_d.radiograph import Refusal, RefusalCode

    tables: list[tuple[Text, list[tuple[Message, int]]]] = [
        (
            N_("Answer"),
            [(which.message, counts.outcomes[which]) for which in Outcome],
        ),
        (
            N_("Likeliest appearance"),
            [(Appearance(name).message, n) for name, n in counts.categories.most_common()],
        ),
        (
            N_("Refused because"),
            [
                (Refusal.of(RefusalCode(code), "…").message, n)
                for code, n in counts.refusals.most_common()
            ],
        ),
    ]
    for heading, found in tables:
        rows = [
            (
                what.in_language(language),
                count,
                localised(f"{100 * count / counts.films:.1f} %", language),
            )
            for what, count in found
            if count
        ]
        if rows:
            films = N_("films").in_language(language)
            echo_table([heading.in_language(language), films, "%"], rows)


@contextmanager
def _stopped_by_terminate() -> Iterator[None]:
    """Let a scheduler's SIGTERM stop a run as Ctrl-C does: cleanly."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Progress:
    """How far a run is: a bar on a terminal, a line a minute in a log."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._films = self._done = 0
        self._began = self._told = 0.0
        self._new = 0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def watcher(self) -> Watcher:
        """Return what a run tells it by."""
        from covid_d.screen.run import Watcher

        return Watcher(self._on_listed, self._on_begun, self._on_answered)

    def _on_listed(self, films: int) -> None:
        click.echo(say(N_("%(films)s films listed", films=films)), err=True)

    def _on_begun(self, films: int, done: int) -> None:
        self._films, self._done = films, done
        self._began = self._told = time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=films, initial=done, unit="film", file=sys.stderr, smoothing=_SMOOTH
            )

    def _on_answered(self, more: int) -> None:
        self._done += more
        self._new += more
        if self._bar is not None:
            self._bar.update(more)
        elif time.monotonic() - self._told >= _EVERY:
            self._told = time.monotonic()
            self._line(self._told - self._began)

    def _line(self, seconds: float) -> None:
        rate = self._new / seconds
        left = (self._films - self._done) / rate if rate > 0 else float("inf")
        click.echo(
            say(
                N_(
                    "%(done)s of %(films)s films, %(rate)s a second, %(left)s left",
                    done=self._done,
                    films=self._films,
                    rate=f"{rate:.1f}",
                    left="?" if left == float("inf") else _clock(left),
                )
            ),
            err=True,
        )


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"
