"""One clinic's figures for the ministry: blocks by bundle, month and unit, and drift, signed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import numpy as np
from sqlalchemy import true

from covid_d import __version__
from covid_d.clinic.clock import now
from covid_d.clinic.federation.blocks import block
from covid_d.clinic.federation.signing import signed
from covid_d.clinic.installation import Installation
from covid_d.clinic.statistics.drift import drift
from covid_d.clinic.statistics.episodes import BundleName, Episodes, bundles, load, unit_names
from covid_d.clinic.statistics.suppression import LEAST
from covid_d.clinic.trail.audit_trail import Actor

FORMAT: Final = "covid-d federation 1"
MONTHS: Final = 36


def export(
    installation: Installation, actor: Actor, clinic: str, *, months: int = MONTHS
) -> dict[str, Any]:
    """Return what the clinic sends; it holds counts and no patient.

    Whole months that are over count, and every case of them, those to be read blind too.

    Parameters
    ----------
    installation
        Whose.
    actor
        Who sends, for the audit trail.
    clinic
        By what name the ministry knows it.
    months
        How many months to go back, at most.
    """
    today = installation.clock.today()
    last = _months_back(today, 1)
    first = _months_back(today, months)
    with installation.reading() as session:
        known, names = bundles(session), unit_names(session)
        every = load(
            session,
            known,
            unit_id=None,
            end=installation.clock.midnight(today.replace(day=1)),
            told=true(),
            clock=installation.clock,
            stated=True,
        )
    blocks = list(_blocks(every.where(every.day >= first.toordinal()), known, names))
    sent = {
        "format": FORMAT,
        "covid_d": __version__,
        "clinic": clinic,
        "made": now().isoformat(timespec="seconds"),
        "first": first.strftime("%Y-%m"),
        "last": last.strftime("%Y-%m"),
        "least": LEAST,
        "bundles": {
            bundle.sha256: {"name": bundle.name, "version": bundle.version} for bundle in known
        },
        "blocks": blocks,
        "drift": list(_drifts(every, known, names)),
    }
    with installation.act(actor) as act:
        act.record("federation.export", "federation", blocks=len(blocks))
    return signed(sent, installation.keys)


def _blocks(
    cases: Episodes, known: list[BundleName], names: dict[int, str]
) -> Iterator[dict[str, Any]]:
    month = np.array([date.fromordinal(int(day)).strftime("%Y-%m") for day in cases.day])
    for place, bundle in enumerate(known):
        for unit in np.unique(cases.unit):
            own = (cases.bundle == place) & (cases.unit == unit)
            for name in np.unique(month[own]):
                yield {
                    "bundle": bundle.sha256,
                    "unit": names[int(unit)],
                    "month": str(name),
                    **block(cases.where(own & (month == name))).to_dict(),
                }


def _drifts(
    cases: Episodes, known: list[BundleName], names: dict[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield the latest window of each bundle and unit; a window is of a hundred cases."""
    for place, bundle in enumerate(known):
        for unit in np.unique(cases.unit):
            found = drift(cases.where((cases.bundle == place) & (cases.unit == unit)))
            if found.windows:
                latest = found.windows[-1]
                yield {
                    "bundle": bundle.sha256,
                    "unit": names[int(unit)],
                    "month": latest.last.strftime("%Y-%m"),
                    "alarms": list(found.alarms),
                    "distance": _rounded(latest.distance),
                    "p_scores": _rounded(latest.p_scores),
                    "p_refused": _rounded(latest.p_refused),
                }


def _rounded(number: float) -> float | None:
    return None if np.isnan(number) else float(f"{number:.4g}")


def _months_back(day: date, count: int) -> date:
    """Return the first day of the month so many months before a day's."""
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)
