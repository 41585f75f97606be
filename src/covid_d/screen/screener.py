"""What answers a lot of films and writes its part: the same in every engine."""

from __future__ import annotations

import faulthandler
import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from covid_d.detector import Detector, Examination
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.errors import CovidDError
from covid_d.files import sha256_of
from covid_d.language import N_
from covid_d.provenance import this_code
from covid_d.radiograph import Facts, RadiographError, Refusal, RefusalCode
from covid_d.screen.alone import Alone, Died
from covid_d.screen.fetch import fetch
from covid_d.screen.identity import FilmOrigin, columns_of, origin_of
from covid_d.screen.job import ScreenJob
from covid_d.screen.listing import ListedFilm
from covid_d.screen.table import named

LONGEST: Final = 300.0
"""Seconds after which a film is taken for one that never ends; its process is ended."""
_DEATHS: Final = 3
"""Times that the whole machine may die over one film before it is refused untried."""

OnFilm = Callable[[], object]


@dataclass(frozen=True, slots=True)
class ScreenerOrder:
    """What a worker needs to know to answer lots of a job.

    Parameters
    ----------
    job
        Its place.
    bundle
        As :meth:`Detector.load` takes it; it must be the job's.
    ratios
        As of the detector.
    salt
        Secret of the job's hashes.
    longest
        Seconds that a film may take.
    """

    job: str
    bundle: str | None = None
    ratios: LikelihoodTable = PUBLISHED
    salt: bytes = field(default=b"", repr=False)
    longest: float = LONGEST


class Screener:
    """Answers lots of a job's films; one a process.

    A lot that a process died over is answered again with care: each film in a process of its own
    kin, so that the film which ends it is found, tried once more and then refused.

    Parameters
    ----------
    order
        Which job, and how.

    Raises
    ------
    CovidDError
        If the bundle or the code is another than the job's: on a cluster, each machine has its own.
    """

    def __init__(self, order: ScreenerOrder) -> None:
        self.order = order
        self.job = ScreenJob.open(order.job)
        self._films = FilmScreener(order, self.job)

    def __call__(self, lot: int, on_film: OnFilm = lambda: None) -> int:
        """Answer a lot, write its part and return how many films it holds.

        Parameters
        ----------
        lot
            Its number.
        on_film
            Called after each film.

        Raises
        ------
        CovidDError
            If the films' store does not answer, or the part cannot be written.
        """
        noted = self.job.tried(lot)
        first, films = self.job.films_of(lot)
        if noted is None:
            self.job.note(lot, {})
            rows = [self._answered(*each, on_film) for each in enumerate(films, first)]
        else:
            rows = list(self._with_care(lot, noted, first, films, on_film))
        self.job.write_part(lot, rows)
        return len(rows)

    def _answered(self, number: int, film: ListedFilm, on_film: OnFilm) -> dict[str, Any]:
        row = self._films.row(number, film)
        on_film()
        return row

    def _with_care(
        self,
        lot: int,
        noted: dict[str, Any],
        first: int,
        films: list[ListedFilm],
        on_film: OnFilm,
    ) -> Iterator[dict[str, Any]]:
        deaths: dict[str, int] = dict(noted.get("deaths", {}))
        if "film" in noted:  # not even this process outlived it
            deaths[noted["film"]] = deaths.get(noted["film"], 0) + 1
        with Alone(self.order) as alone:
            for number, film in enumerate(films, first):
                if deaths.get(str(number), 0) >= _DEATHS:
                    yield self._films.refused(number, film, "killed")
                else:
                    self.job.note(lot, {"film": str(number), "deaths": deaths})
                    yield self._tried_twice(alone, number, film)
                on_film()

    def _tried_twice(self, alone: Alone, number: int, film: ListedFilm) -> dict[str, Any]:
        with suppress(Died):
            return alone.row(number, film)
        try:
            return alone.row(number, film)
        except Died as died:
            return self._films.refused(number, film, died.how)


class FilmScreener:
    """Makes the row of one film.

    Parameters
    ----------
    order
        Which job, and how.
    job
        It.
    """

    def __init__(self, order: ScreenerOrder, job: ScreenJob) -> None:
        self._options, self._order = job.options, order
        self.detector = Detector.load(order.bundle, threads=1, ratios=order.ratios)
        if self.detector.bundle.id != job.options.bundle or this_code() != job.record["code"]:
            raise CovidDError(
                N_(
                    "This machine (%(host)s) has %(bundle)s and COVID-D %(code)s, not what the "
                    "job was begun with.",
                    host=platform.node(),
                    bundle=self.detector.bundle.id.sha256[:12],
                    code=this_code(),
                ),
                N_("Install the same version and bundle on every machine."),
            )

    def row(self, number: int, film: ListedFilm) -> dict[str, Any]:
        """Return a film's row.

        Parameters
        ----------
        number
            Its place in the list.
        film
            As listed.

        Raises
        ------
        StoreError
            If the film's store does not answer.
        """
        began = time.perf_counter()
        with _ended_after(self._order.longest):
            try:
                source = fetch(film.path)
            except RadiographError as error:
                examination = self._refused(film, error.refusal)
                origin, print_ = FilmOrigin(), None
            else:
                examination = self.detector.examine(source, name=film.path)
                origin, print_ = origin_of(source), _sha256(examination.facts, source)
        return self._row(number, film, examination, origin, print_, time.perf_counter() - began)

    def refused(self, number: int, film: ListedFilm, how: str) -> dict[str, Any]:
        """Return the row of a film that ended the process which read it.

        Parameters
        ----------
        number, film
            As of :meth:`row`.
        how
            The signal, or the exit code.
        """
        examination = self._refused(film, Refusal.of(RefusalCode.INTERNAL, how))
        return self._row(number, film, examination, FilmOrigin(), None, 0.0)

    def _refused(self, film: ListedFilm, refusal: Refusal) -> Examination:
        return Examination(name=film.path, bundle=self.detector.bundle.id, refusal=refusal)

    def _row(
        self,
        number: int,
        film: ListedFilm,
        examination: Examination,
        origin: FilmOrigin,
        print_: str | None,
        seconds: float,
    ) -> dict[str, Any]:
        answer = self.detector.judge(examination, prevalence=self._options.prevalence)
        facts = examination.facts
        day = facts.taken_on if facts else None
        row = answer.to_dict() | named(film.path)
        row |= columns_of(origin, self._order.salt)
        row |= {
            "number": number,
            "size": film.size,
            "etag": film.etag,
            "sha256": print_,
            "format": facts and facts.format,
            "width": examination.width,
            "height": examination.height,
            "month": day and day.strftime("%Y-%m"),
            "seconds": seconds,
        }
        if self._options.identifiers:
            row |= {
                "patient_id": origin.patient_id or None,
                "study_uid": origin.study_uid or None,
                "series_uid": origin.series_uid or None,
                "taken_on": day and day.isoformat(),
            }
        return row


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process, whoever holds it, where the block takes longer: a thread could not."""
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _sha256(facts: Facts | None, source: Path | bytes) -> str | None:
    """Return the hash of a film's bytes: reading reckoned it, unless the film was refused there."""
    if facts is not None:
        return facts.sha256
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    if not source.is_file():
        return None
    try:
        return sha256_of(source)
    except OSError:  # its refusal says so
        return None
