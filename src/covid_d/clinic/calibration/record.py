"""The signed record of a local table: what it is, what it was fitted on, what it was worth.

Whoever changes it in the database, or moves it to another bundle, makes it unreadable: then the
published table answers, and the page of the administrator says why.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.calibration.compare import Comparison
from covid_d.clinic.database.figures import LocalCalibration
from covid_d.clinic.keys import Keys
from covid_d.detector.likelihood import Vector
from covid_d.detector.local_ratios import LocalRatios

FORMAT: Final = 1
_PURPOSE: Final = "local calibration"


@dataclass(frozen=True, slots=True)
class CalibrationRecord:
    """A local table with its proof.

    Parameters
    ----------
    bundle_sha256
        The only bundle that it speaks for.
    covid, other
        Dirichlet parameters, in the order of ``CATEGORIES``.
    first, last
        Days of the cases it was fitted on, ISO 8601.
    positives, negatives
        How many these were.
    tried
        What it was worth on later cases.
    tried_first, tried_last
        Days of these.
    """

    bundle_sha256: str
    covid: Vector
    other: Vector
    first: str
    last: str
    positives: int
    negatives: int
    tried: Comparison
    tried_first: str
    tried_last: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that is signed."""
        return {
            "format": FORMAT,
            "bundle": self.bundle_sha256,
            "covid": list(self.covid),
            "other": list(self.other),
            "fitted": {
                "first": self.first,
                "last": self.last,
                "positives": self.positives,
                "negatives": self.negatives,
            },
            "tried": {
                "first": self.tried_first,
                "last": self.tried_last,
                **self.tried.to_dict(),
            },
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> CalibrationRecord:
        """Return what :meth:`to_dict` was called on."""
        fitted, tried = kept["fitted"], kept["tried"]
        return cls(
            kept["bundle"],
            tuple(kept["covid"]),
            tuple(kept["other"]),
            fitted["first"],
            fitted["last"],
            fitted["positives"],
            fitted["negatives"],
            Comparison.from_dict(tried),
            tried["first"],
            tried["last"],
        )

    @property
    def fitted_days(self) -> tuple[date, date]:
        """The first and the last day of the cases it was fitted on."""
        return date.fromisoformat(self.first), date.fromisoformat(self.last)

    @property
    def tried_days(self) -> tuple[date, date]:
        """The first and the last day of the cases it was tried on."""
        return date.fromisoformat(self.tried_first), date.fromisoformat(self.tried_last)

    @property
    def name(self) -> str:
        """By which answers name the table: its last day and the beginning of its hash."""
        digest = hashlib.sha256(_canonical(self.to_dict()).encode()).hexdigest()
        return f"local {self.last} {digest[:12]}"

    @property
    def ratios(self) -> LocalRatios:
        """The table itself."""
        return LocalRatios(self.name, self.covid, self.other)

    def signature(self, keys: Keys) -> str:
        """Return the installation's signature (HMAC-SHA256, hex)."""
        return signature_of(self.to_dict(), keys)


def signature_of(record: dict[str, Any], keys: Keys) -> str:
    """Return the installation's signature of a stored record."""
    return keys.digest(_PURPOSE, _canonical(record))


def signed_by(record: dict[str, Any], signature: str, keys: Keys) -> bool:
    """Return whether the holder of a key signed a stored record."""
    return keys.is_digest(_PURPOSE, _canonical(record), signature)


def is_sound(row: LocalCalibration, keys: Keys) -> bool:
    """Return whether a row is as this installation signed it, for its bundle."""
    return row.record.get("bundle") == row.bundle_sha256 and signed_by(
        row.record, row.signature, keys
    )


def row_in_use(session: Session, bundle_sha256: str) -> LocalCalibration | None:
    """Return the row that is on for a bundle, sound or not."""
    return session.scalar(
        select(LocalCalibration)
        .where(LocalCalibration.bundle_sha256 == bundle_sha256, LocalCalibration.ended_at.is_(None))
        .order_by(LocalCalibration.id.desc())
        .limit(1)
    )


def ratios_in_use(session: Session, keys: Keys, bundle_sha256: str) -> LocalRatios | None:
    """Return the local table that answers with a bundle; ``None`` where none does."""
    row = row_in_use(session, bundle_sha256)
    if row is None or not is_sound(row, keys):
        return None
    return CalibrationRecord.from_dict(row.record).ratios


def _canonical(record: dict[str, Any]) -> str:
    return json.dumps(record, sort_keys=True, separators=(",", ":"))
