"""What is wrong now, in sentences without a patient in them: units, counts and parts alone."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from covid_d.clinic.arrivals import node_queue
from covid_d.clinic.clock import now
from covid_d.clinic.collection.search import standing
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.figures import CalibrationCheck, LocalCalibration
from covid_d.clinic.database.operations import FilmReview
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.follow_up.laboratory import ResultToDate, result_to_date_is
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import health, integrity, last_backup
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.statistics.alarm import bundle_in_alarm
from covid_d.language import N_, NN_, Text

_MB, _GB = 10**6, 10**9
_LONGEST_WAIT: Final = timedelta(minutes=60)
"""Of a film or an answer on the hospital's network; it is as long as the node's own alarm."""
# The same from wherever one looks.
_SHARED: Final = {"part:films", "part:migrations"}
# What has an alert of its own, with more to say.
_TOLD_APART: Final = {"disk_space", "integrity"}
_PARTS: Final = {
    "database": N_("The database does not answer."),
    "migrations": N_("The database is of another version of COVID-D."),
    "films": N_("Films are missing from their folder."),
    "film_folder": N_("Films cannot be stored."),
    "bundle": N_("The model cannot be used: no film is answered."),
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong.

    Parameters
    ----------
    key
        The same as long as it is the same thing: ``"drift:3"``, ``"backup_old"``.
    text
        What is wrong.
    remedy
        Where to look, or what to do.
    """

    key: str
    text: Text
    remedy: Text


def alerts(installation: Installation) -> tuple[Alert, ...]:
    """Return everything that is wrong now, as this machine sees it."""
    return (
        *_of_machine(installation, _broken_parts(installation)),
        *_of_machine(installation, _disk(installation)),
        *_backup(installation),
        *_check(installation),
        *_drift(installation),
        *_calibration(installation),
        *_laboratory(installation),
        *_review(installation),
        *_of_machine(installation, _network(installation)),
    )


def machine_of(settings: ClinicSettings) -> str:
    """Return the machine's name where several serve one clinic; else nothing."""
    return socket.gethostname() if settings.on_postgresql else ""


def _of_machine(place: Installation, found: Iterator[Alert]) -> Iterator[Alert]:
    """Yield alerts, those of a single machine under its name."""
    machine = machine_of(place.settings)
    for alert in found:
        if not machine or alert.key in _SHARED:
            yield alert
            continue
        told = N_("%(machine)s: %(what)s", machine=machine, what=alert.text)
        yield Alert(f"{alert.key}@{machine}", told, alert.remedy)


def _broken_parts(place: Installation) -> Iterator[Alert]:
    for name, works in health.checks(place).items():
        if not works and name not in _TOLD_APART:
            yield Alert(f"part:{name}", _PARTS[name], N_("See Upkeep."))


def _disk(place: Installation) -> Iterator[Alert]:
    free, least = shutil.disk_usage(place.folder).free, place.settings.notice_free_gb
    if free < least * _GB:
        yield Alert(
            "disk",
            N_(
                "The disk of the data folder is nearly full: %(free)d MB are free.",
                free=free // _MB,
            ),
            N_("Make room: a full disk refuses films."),
        )


def _backup(place: Installation) -> Iterator[Alert]:
    hours, known = place.settings.notice_backup_hours, last_backup.read(place)
    remedy = N_("Look at what runs `covid-d backup`, and run it by hand.")
    if known.failed_at is not None:
        yield Alert("backup_failed", N_("The last backup failed."), remedy)
    elif known.missing:
        yield Alert(
            "backup_missing",
            NN_(
                "The last backup lacks %(num)d film that is gone or altered.",
                "The last backup lacks %(num)d films that are gone or altered.",
                known.missing,
            ),
            N_("Copy them from an older backup; `covid-d clinic check` names them."),
        )
    if _in_use_for(place, hours) and (
        known.made_at is None or known.made_at < now() - timedelta(hours=hours)
    ):
        text = N_("There has been no backup for more than %(hours)d hours.", hours=hours)
        yield Alert("backup_old", text, remedy)


def _check(place: Installation) -> Iterator[Alert]:
    found, hours = integrity.last(place), place.settings.notice_check_hours
    if found is not None and not found.sound:
        counts = {"films": len(found.films), "records": len(found.rows)}
        text = N_("Not whole, by the last check: films %(films)d, records %(records)d.", **counts)
        if not found.trail:
            text = N_(
                "Not whole, by the last check: the audit trail; films %(films)d, records "
                "%(records)d.",
                **counts,
            )
        yield Alert("check", text, N_("See Upkeep, or run `covid-d clinic check`."))
    if _in_use_for(place, hours) and (
        found is None or found.moment < now() - timedelta(hours=hours)
    ):
        yield Alert(
            "check_old",
            N_("There has been no check for more than %(hours)d hours.", hours=hours),
            N_("Look at what runs `covid-d clinic check`, and run it by hand."),
        )


def _drift(place: Installation) -> Iterator[Alert]:
    with place.reading() as session:
        units = session.execute(
            select(Unit.id, Unit.name).where(Unit.active.is_(True)).order_by(Unit.id)
        ).all()
    for unit in units:
        if bundle_in_alarm(place, unit.id):
            yield Alert(
                f"drift:{unit.id}",
                N_("The drift alarm is on at %(unit)s.", unit=unit.name),
                N_("The films or the patients have changed: see the dashboard, Drift."),
            )


def _calibration(place: Installation) -> Iterator[Alert]:
    latest = (
        select(CalibrationCheck.alarm)
        .join(LocalCalibration, LocalCalibration.id == CalibrationCheck.calibration_id)
        .where(LocalCalibration.ended_at.is_(None))
        .order_by(CalibrationCheck.id.desc())
        .limit(1)
    )
    with place.reading() as session:
        alarm = session.scalar(latest)
    if alarm:
        yield Alert(
            "calibration",
            N_("The clinic's own calibration now says less than the published studies."),
            N_("See Models, this clinic's own calibration."),
        )


def _laboratory(place: Installation) -> Iterator[Alert]:
    days = place.settings.notice_laboratory_days
    overdue = (
        select(Unit.id, Unit.name, func.count(Case.id).label("cases"))
        .join(Case, Case.unit_id == Unit.id)
        .where(
            Case.sample.is_(False),
            Case.created_at < now() - timedelta(days=days),
            result_to_date_is(ResultToDate.PENDING),
        )
        .group_by(Unit.id, Unit.name)
        .order_by(Unit.id)
    )
    with place.reading() as session:
        rows = session.execute(overdue).all()
    for row in rows:
        yield Alert(
            f"laboratory:{row.id}",
            NN_(
                "%(num)d case of %(unit)s has waited for its laboratory result for more than "
                "%(days)d days.",
                "%(num)d cases of %(unit)s have waited for their laboratory result for more than "
                "%(days)d days.",
                row.cases,
                unit=row.name,
                days=days,
            ),
            N_("Enter the results, or import them."),
        )


def _review(place: Installation) -> Iterator[Alert]:
    days = place.settings.notice_review_days
    with place.reading() as session:
        oldest = session.scalar(
            select(func.min(FilmReview.found_at)).where(FilmReview.decision.is_(None))
        )
        if oldest is None or oldest > now() - timedelta(days=days):
            return
        pending = standing(session, place).pending
    if pending:
        yield Alert(
            "review",
            NN_(
                "%(num)d film of the collection waits for review, for more than %(days)d days.",
                "%(num)d films of the collection wait for review, for more than %(days)d days.",
                pending,
                days=days,
            ),
            N_("See Collection."),
        )


def _network(place: Installation) -> Iterator[Alert]:
    """Yield what the node on the hospital's network cannot bring to an end."""
    try:
        failed, oldest = node_queue.trouble(place)
    except UnavailableError:  # the database, which has an alert of its own
        return
    remedy = N_("See the PACS queue.")
    if failed:
        text = NN_(
            "%(num)d film or answer of the PACS node has failed.",
            "%(num)d films or answers of the PACS node have failed.",
            failed,
        )
        yield Alert("pacs_failed", text, remedy)
    if oldest is not None and oldest < now() - _LONGEST_WAIT:
        minutes = int(_LONGEST_WAIT.total_seconds() // 60)
        text = N_(
            "Films or answers of the PACS node have waited for more than %(minutes)d minutes.",
            minutes=minutes,
        )
        yield Alert("pacs_waits", text, remedy)


def _in_use_for(place: Installation, hours: float) -> bool:
    """Return whether there are cases, and for so long that something should have been done."""
    with place.reading() as session:
        first = session.scalar(select(func.min(Case.created_at)))
    return first is not None and first < now() - timedelta(hours=hours)
