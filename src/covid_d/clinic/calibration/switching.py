"""A local table is offered, switched on where it helps, taken back, and tried again each month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from covid_d.clinic.calibration.compare import Comparison, compare
from covid_d.clinic.calibration.fit import fit
from covid_d.clinic.calibration.laboratory_cases import LATER, NEEDED, LaboratoryCases, of_episodes
from covid_d.clinic.calibration.record import CalibrationRecord, is_sound, row_in_use
from covid_d.clinic.clock import now
from covid_d.clinic.database.figures import CalibrationCheck, LocalCalibration
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.installation import Installation
from covid_d.clinic.statistics.episodes import bundles, load
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Bundle
from covid_d.detector.bundle.spec import AppearanceCalibration
from covid_d.detector.likelihood import PUBLISHED
from covid_d.detector.local_ratios import LocalRatios
from covid_d.language import N_, Text

MONTH: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class InUse:
    """The local table that is on.

    Parameters
    ----------
    record
        ``None`` when it was altered: then the published table answers.
    since, by
        When it was switched on, and who did.
    checks
        What it was worth since, the latest first: when, whether it alarmed, figures.
    """

    record: CalibrationRecord | None
    since: datetime
    by: str
    checks: tuple[tuple[datetime, bool, Comparison], ...]

    @property
    def alarm(self) -> bool:
        """Whether the latest check found it worse than the published table."""
        return bool(self.checks) and self.checks[0][1]


@dataclass(frozen=True, slots=True)
class CalibrationState:
    """Where a clinic stands.

    Parameters
    ----------
    positives, negatives
        Cases of the active bundle that could be used, one a patient.
    offered
        What could be switched on, whether or not it helps; ``None`` while something lacks.
    refusal
        Why nothing can be switched on.
    in_use
        The local table that is on.
    """

    positives: int
    negatives: int
    offered: CalibrationRecord | None
    refusal: Text | None
    in_use: InUse | None


def evidence(installation: Installation, bundle_sha256: str) -> LaboratoryCases:
    """Return what the whole clinic knows of a bundle's answers.

    Every unit counts, and cases to be read blind too: the figures say nothing of any one. A patient
    counts once, by the first case, so nobody is on both sides of a split.

    Parameters
    ----------
    installation
        Where.
    bundle_sha256
        Whose answers.
    """
    with installation.reading() as session:
        names = bundles(session)
        cases = load(session, names, unit_id=None, end=now(), told=true(), clock=installation.clock)
    place = next((n for n, known in enumerate(names) if known.sha256 == bundle_sha256), -2)
    return of_episodes(cases.where(cases.bundle == place))


def state(installation: Installation) -> CalibrationState:
    """Return where the clinic stands with its active bundle.

    Raises
    ------
    BundleError
        If the active bundle cannot be used.
    """
    bundle = installation.active_detector.detector.bundle
    found = evidence(installation, bundle.id.sha256)
    offered, refusal = offer(bundle, found)
    return CalibrationState(
        *found.counts, offered, refusal, _in_use(installation, bundle.id.sha256)
    )


def offer(bundle: Bundle, cases: LaboratoryCases) -> tuple[CalibrationRecord | None, Text | None]:
    """Fit a table on earlier cases and try it on later ones.

    Returns
    -------
    The table, and why it may not be switched on; the first is ``None`` while something lacks.
    """
    calibration = bundle.spec.calibration
    if not isinstance(calibration, AppearanceCalibration):
        return None, N_("This model does not answer with the appearance of a film.")
    if bundle.spec.verdict.status != "audit-passed":
        return None, N_("Only a model that passed its audit says how probable COVID-19 is.")
    if min(cases.counts) < NEEDED:
        return None, N_(
            "It takes %(n)d cases with a positive laboratory result and %(n)d with a negative one.",
            n=NEEDED,
        )
    earlier, later = cases.split()
    if min(later.counts) < LATER:
        return None, N_(
            "Of the last third of the cases, at least %(n)d positive and %(n)d negative ones are "
            "needed to try the table on.",
            n=LATER,
        )
    covid, other = fit(earlier.appearance, earlier.positive, calibration.shares)
    tried = compare(
        PUBLISHED,
        LocalRatios("offered", covid, other),
        later,
        calibration.shares,
        earlier.share,
    )
    (first, last), (tried_first, tried_last) = earlier.days, later.days
    made = CalibrationRecord(
        bundle.id.sha256,
        covid,
        other,
        first.isoformat(),
        last.isoformat(),
        *earlier.counts,
        tried,
        tried_first.isoformat(),
        tried_last.isoformat(),
    )
    if tried.helps:
        return made, None
    return made, N_(
        "On later cases it says no more than the published studies do, or not surely so: the "
        "interval of the gain reaches zero."
    )


def switch_on(installation: Installation, actor: Actor) -> str:
    """Have the clinic's own table answer from now on, and return its name.

    It is fitted and tried anew: what a page showed may be of yesterday.

    Raises
    ------
    ConflictError
        If it does not help, or something lacks.
    BundleError
        If the active bundle cannot be used.
    """
    bundle = installation.active_detector.detector.bundle
    offered, refusal = offer(bundle, evidence(installation, bundle.id.sha256))
    if offered is None or refusal is not None:
        raise ConflictError(
            refusal or N_("There is nothing to switch on."),
            N_("The published studies stay in use."),
            code="calibration_refused",
        )
    with installation.act(actor) as act:
        _end(act.session, bundle.id.sha256, act.now, actor)
        act.session.add(
            LocalCalibration(
                bundle_sha256=bundle.id.sha256,
                record=offered.to_dict(),
                signature=offered.signature(installation.keys),
                created_at=act.now,
                created_by_id=actor.user_id,
            )
        )
        act.record("calibration.on", f"bundle:{bundle.id.sha256}", table=offered.name)
    installation.active_detector.reload()
    return offered.name


def take_back(installation: Installation, actor: Actor) -> None:
    """Have the published studies answer again; answers that were given keep their table."""
    bundle = installation.active_detector.detector.bundle
    with installation.act(actor) as act:
        _end(act.session, bundle.id.sha256, act.now, actor)
        act.record("calibration.off", f"bundle:{bundle.id.sha256}")
    installation.active_detector.reload()


def check(installation: Installation, actor: Actor, *, at_once: bool = False) -> bool | None:
    """Try the table that is on, on cases since it was fitted; ``True`` is an alarm.

    Parameters
    ----------
    installation, actor
        Where, and who has it done; nobody, by the clock.
    at_once
        Also when the last check was less than a month ago.

    Returns
    -------
    ``None`` where nothing was due or there are too few cases.
    """
    bundle = installation.active_detector.detector.bundle
    calibration = bundle.spec.calibration
    in_use = _in_use(installation, bundle.id.sha256)
    if (
        in_use is None
        or in_use.record is None
        or not isinstance(calibration, AppearanceCalibration)
    ):
        return None
    looked = in_use.checks[0][0] if in_use.checks else in_use.since
    if not at_once and now() - looked < MONTH:
        return None
    record = in_use.record
    # Since the trial that let it in; those cases were looked at.
    since = evidence(installation, bundle.id.sha256).after(record.tried_days[1])
    if min(since.counts) < LATER:
        return None
    found = compare(PUBLISHED, record.ratios, since, calibration.shares, record.tried.prevalence)
    with installation.act(actor) as act:
        row = row_in_use(act.session, bundle.id.sha256)
        if row is None:  # taken back meanwhile
            return None
        act.session.add(
            CalibrationCheck(
                calibration_id=row.id,
                created_at=act.now,
                alarm=found.is_worse,
                figures=found.to_dict(),
            )
        )
        act.record("calibration.check", f"bundle:{bundle.id.sha256}", alarm=found.is_worse)
    return found.is_worse


def alarm_on(installation: Installation) -> bool:
    """Return whether the table that answers was found worse than the published one."""
    bundle = installation.active_detector.detector.bundle
    found = _in_use(installation, bundle.id.sha256)
    return found is not None and found.alarm


def _in_use(installation: Installation, bundle_sha256: str) -> InUse | None:
    with installation.reading() as session:
        row = row_in_use(session, bundle_sha256)
        if row is None:
            return None
        sound = is_sound(row, installation.keys)
        checks = session.scalars(
            select(CalibrationCheck)
            .where(CalibrationCheck.calibration_id == row.id)
            .order_by(CalibrationCheck.id.desc())
        ).all()
        return InUse(
            CalibrationRecord.from_dict(row.record) if sound else None,
            row.created_at,
            row.created_by.full_name,
            tuple((one.created_at, one.alarm, Comparison.from_dict(one.figures)) for one in checks),
        )


def _end(session: Session, bundle_sha256: str, moment: datetime, actor: Actor) -> None:
    session.execute(
        update(LocalCalibration)
        .where(LocalCalibration.bundle_sha256 == bundle_sha256, LocalCalibration.ended_at.is_(None))
        .values(ended_at=moment, ended_by_id=actor.user_id)
    )
