"""Begin a job or go on with it, with either engine, until every film has its row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from covid_d.detector import Bundle
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.places import is_address
from covid_d.screen.counts import ScreenCounts
from covid_d.screen.job import ScreenJob, ScreenOptions
from covid_d.screen.listing import ListedFilm, films_of
from covid_d.screen.local import run_local
from covid_d.screen.screener import ScreenerOrder

Engine = Literal["local", "ray"]
ENGINES: Final[tuple[Engine, ...]] = ("local", "ray")


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who wants to know how far a run is; each function is called often.

    Parameters
    ----------
    listed
        With how many films are listed so far.
    begun
        With the films of the job, and how many of them have their row already.
    answered
        With how many more have; fewer than none where a lot begins anew.
    """

    listed: Callable[[int], object] = lambda _: None
    begun: Callable[[int, int], object] = lambda films, done: None
    answered: Callable[[int], object] = lambda _: None


def screen(
    archive: str | Path,
    out: str | Path,
    *,
    bundle: str | Path | None = None,
    prevalence: float | None = None,
    ratios: LikelihoodTable = PUBLISHED,
    identifiers: bool = False,
    engine: Engine = "local",
    address: str | None = None,
    workers: int = 0,
    watcher: Watcher | None = None,
) -> ScreenCounts:
    """Screen an archive: list its films, answer each, write each answer once.

    Called again after it was stopped, however that was, it goes on where it was.

    Parameters
    ----------
    archive
        Folder, address of an object store, or table of paths.
    out
        The job's folder or address.
    bundle
        As of :meth:`covid_d.detector.Detector.load`.
    prevalence, ratios
        As of ``covid-d predict``.
    identifiers
        Whether numbers of patients and studies, and days, are kept as they are.
    engine
        ``local`` (processes of this machine) or ``ray`` (actors of a cluster).
    address
        Of a Ray cluster that runs; by default one is started on this machine.
    workers
        Processes; 0 means one a core.
    watcher
        Is told how far it is.

    Returns
    -------
    What was answered, over the whole job.

    Raises
    ------
    CovidDError
        If there is no archive, the job is another's, the store does not answer, or rows do not
        add up.
    """
    watcher = watcher or Watcher()
    named = os.fspath(archive)
    # Whole, since workers may stand elsewhere, and the next run too.
    whole = named if is_address(named) or "://" in named else os.path.abspath(named)  # noqa: PTH100
    loaded = Bundle.load(bundle)
    options = ScreenOptions(
        archive=whole,
        bundle=loaded.id,
        prevalence=prevalence,
        table=None if prevalence is None else ratios.name,
        identifiers=identifiers,
    )
    films = films_of(whole)  # before a job is begun for an archive that is not there
    place = os.fspath(out) if is_address(os.fspath(out)) else Path(out).absolute()
    job = ScreenJob.begin(place, options, loaded.spec)
    with job.alone():
        if job.films is None:
            job.write_list(_some(films, named), watcher.listed)
        lots = job.missing()
        films_of_job = job.films or 0
        watcher.begun(films_of_job, films_of_job - job.films_in(lots))
        order = ScreenerOrder(
            str(place),
            bundle=None if bundle is None else _whole(bundle),
            ratios=ratios,
            salt=job.salt(),
        )
        if lots and engine == "ray":
            from covid_d.screen.ray_engine import run_ray

            run_ray(job, order, lots, workers, watcher.answered, address)
        elif lots:
            run_local(job, order, lots, workers, watcher.answered)
        counts = ScreenCounts.of(job)
        if counts.films != films_of_job or counts.numbers != films_of_job:
            raise CovidDError(
                N_(
                    "The job in %(place)s has %(rows)s rows of %(films)s films.",
                    place=job.place.address,
                    rows=counts.films,
                    films=films_of_job,
                ),
                N_("Its files were changed: remove the parts concerned and run it again."),
            )
        if job.record["ended"] is None:
            job.end(counts.to_dict())
    return counts


def _some(films: Iterator[ListedFilm], archive: str) -> Iterator[ListedFilm]:
    empty = True
    for film in films:
        empty = False
        yield film
    if empty:
        raise CovidDError(
            N_("There is no film in %(paths)s.", paths=archive),
            N_("Look at what lies there, then run the same command again."),
        )


def _whole(bundle: str | Path) -> str:
    path = Path(bundle)
    return str(path.absolute()) if path.exists() else os.fspath(bundle)
