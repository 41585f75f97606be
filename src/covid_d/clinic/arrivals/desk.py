"""The clinic as a node's ward (:mod:`covid_d.pacs.ward`): one object that the command line joins.

Whatever the clinic cannot do now (a full disk, a database that is away) closes the ward for a
while: the node keeps its films and tells them again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError

from covid_d.clinic.arrivals import entry, readings_back
from covid_d.clinic.arrivals.network_user import network_user
from covid_d.clinic.cases.network_films import SET_ASIDE
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.database.cases import Reading
from covid_d.clinic.film_work import Examined, FilmSight
from covid_d.clinic.installation import Installation
from covid_d.detector import Detector
from covid_d.errors import CovidDError
from covid_d.language import N_, Language
from covid_d.pacs.ward import (
    ArrivedFilm,
    ConfirmedReading,
    NotReadHereError,
    Release,
    WardClosedError,
)

ReadingsSent = Literal["asked", "always"]
_EVERY: Final = ""  # the title under which stands where everybody's films are read


class ClinicWard:
    """Where a node's films are read.

    Parameters
    ----------
    installation
        The clinic.
    units
        Number of the unit by the title of who sends; ``""`` stands for everybody else.
    readings
        Whether a doctor's reading goes back when somebody asks for it, or always.
    language
        Of what goes back.
    quiet
        How long after the last film a study is taken for whole.
    """

    def __init__(
        self,
        installation: Installation,
        units: Mapping[str, int],
        *,
        readings: ReadingsSent = "asked",
        language: Language = "es",
        quiet: timedelta = entry.QUIET,
    ) -> None:
        self._installation, self._units = installation, dict(units)
        self._readings, self._language, self._quiet = readings, language, quiet
        self._network = network_user(installation)

    def detector(self) -> Detector:
        """Return the detector that the clinic has switched on."""
        with _open():
            return self._installation.active_detector.detector

    def prevalence(self, caller: str) -> float | None:
        """Return the unit's."""
        with _open(), self._installation.reading() as session:
            return session.get_one(Unit, self._unit(caller)).prevalence

    def arrive(self, film: ArrivedFilm) -> bool:
        """Keep a film."""
        sight = None if film.film is None else FilmSight.of(film.film)
        with _open():
            return entry.take(
                self._installation,
                self._unit(film.caller),
                Examined(film.examination, film.milliseconds, sight),
                film.content,
                fingerprint=film.fingerprint,
                header=film.header,
                caller=film.caller,
                received=film.received,
            )

    def settle(self) -> int:
        """Enter what is plain, and order readings where all of them go back."""
        with _open():
            done = entry.settle(self._installation, self._quiet)
            if self._readings == "always":
                done += readings_back.order_all(self._installation, self._network)
            return done

    def releases(self, fingerprints: Collection[str]) -> Mapping[str, Release]:
        """Let answers go once somebody has read the case, and never where there is none."""
        read = exists().where(Reading.case_id == Arrival.case_id)
        with _open(), self._installation.reading() as session:
            rows = session.execute(
                select(Arrival.fingerprint, Arrival.state, read).where(
                    Arrival.fingerprint.in_(fingerprints)
                )
            ).all()
        found = {row[0]: _release(row[1], was_read=row[2]) for row in rows}
        # A patient that was erased has no reader any more.
        return {each: found.get(each, Release.NEVER) for each in fingerprints}

    def readings(self) -> Sequence[ConfirmedReading]:
        """Return readings that were ordered."""
        with _open():
            return readings_back.due(self._installation, self._language)

    def reading_taken(self, number: int) -> None:
        """Enter that the node has one."""
        with _open():
            readings_back.taken(self._installation, self._network, number)

    def _unit(self, caller: str) -> int:
        found = self._units.get(caller.strip(), self._units.get(_EVERY))
        if found is None:
            raise NotReadHereError(
                N_("No health unit reads the films of %(caller)s.", caller=caller)
            )
        return found


def _release(state: str, *, was_read: bool) -> Release:
    if state == SET_ASIDE:
        return Release.NEVER
    return Release.GOES if was_read else Release.WAITS


@contextmanager
def _open() -> Iterator[None]:
    try:
        yield
    except CovidDError as error:
        raise WardClosedError(error.sentences[0]) from error
    except SQLAlchemyError as error:
        reason = type(error).__name__  # its own words may hold a patient's
        raise WardClosedError(
            N_("The clinic's database cannot be used: %(reason)s.", reason=reason)
        ) from error


def units_of(installation: Installation, named: Sequence[str]) -> dict[str, int]:
    """Return which unit reads whose films.

    Parameters
    ----------
    installation
        The clinic.
    named
        ``UNIT`` for everybody's films, ``AET=UNIT`` for those of one sender; without any, the
        clinic's only unit.

    Raises
    ------
    CovidDError
        If a unit is not there, is switched off, or none is named among several.
    """
    with installation.reading() as session:
        there = {
            unit.name.casefold(): unit.id
            for unit in session.scalars(select(Unit).where(Unit.active).order_by(Unit.id))
        }
    names = ", ".join(there) or "-"
    if not named and len(there) == 1:
        return {_EVERY: next(iter(there.values()))}
    if not named:
        raise CovidDError(
            N_("The clinic has several health units, or none: whose are the films?"),
            N_("Name one with --unit. There are: %(names)s.", names=names),
        )
    found = {}
    for word in named:
        title, equals, unit = word.partition("=")
        key, name = (title.strip(), unit) if equals else (_EVERY, word)
        number = there.get(" ".join(name.split()).casefold())
        if number is None:
            raise CovidDError(
                N_("There is no health unit %(name)r.", name=name.strip()),
                N_("There are: %(names)s.", names=names),
            )
        found[key] = number
    return found
