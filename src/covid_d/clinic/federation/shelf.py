"""The merged report that a clinic (the ministry's) shows: kept as the files that were sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from covid_d.clinic.database.figures import FederationReport
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.federation.merge import FederationError, Sent, merge, read
from covid_d.clinic.federation.report import NationalReport, make
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_


@dataclass(frozen=True, slots=True)
class ShownReport:
    """The latest report.

    Parameters
    ----------
    report
        Itself.
    since
        When its files were brought in.
    """

    report: NationalReport
    since: datetime


def keep(installation: Installation, actor: Actor, files: Sequence[tuple[str, bytes]]) -> None:
    """Check files of clinics and keep them as the report that is shown.

    Parameters
    ----------
    installation, actor
        Where, and who brings them.
    files
        Name and content of each.

    Raises
    ------
    InvalidInputError
        If one is no genuine export, or there is none.
    """
    if not files:
        raise InvalidInputError({"files": N_("Choose at least one file.")})
    contents = [_json(name, content) for name, content in files]
    try:
        merged = merge(
            [read(found, name) for found, (name, _) in zip(contents, files, strict=True)]
        )
    except FederationError as error:
        raise InvalidInputError({"files": error.text}) from error
    with installation.act(actor) as act:
        act.session.add(
            FederationReport(
                created_at=act.now, created_by_id=actor.user_id, report={"sent": contents}
            )
        )
        act.record("federation.keep", "federation", clinics=[one.key for one in merged.sent])


def latest(installation: Installation, bundle: str = "") -> ShownReport | None:
    """Return the report that is shown; ``None`` before the first.

    Parameters
    ----------
    installation
        Where.
    bundle
        SHA-256 of the model to judge; by default the most used.
    """
    with installation.reading() as session:
        row = session.scalar(select(FederationReport).order_by(FederationReport.id.desc()).limit(1))
    if row is None:
        return None
    # They were checked when they came in; the signature is over the very same content.
    sent = [Sent.model_validate(content) for content in row.report["sent"]]
    return ShownReport(make(merge(sent), bundle), row.created_at)


def _json(name: str, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInputError({"files": N_("%(file)s is not readable as JSON.", file=name)})
    return found
