"""Whether the clinic can do its work: database, film folder, disk, bundle, migrations."""

from __future__ import annotations

import shutil
import tempfile
from typing import Final

from covid_d.clinic.database.engine import is_reachable
from covid_d.clinic.database.migrate import is_current
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.missing_films import missing
from covid_d.errors import BundleError

# Less would end in failed uploads within the hour of a busy day.
LEAST_FREE_BYTES: Final = 200 * 1024 * 1024


def checks(installation: Installation) -> dict[str, bool]:
    """Return each part's name and whether it works."""
    reachable = is_reachable(installation.engine)
    current = reachable and is_current(installation.engine)
    return {
        "database": reachable,
        "migrations": current,
        "films": current and not missing(installation),
        "film_folder": _can_write(installation),
        "disk_space": shutil.disk_usage(installation.folder).free >= LEAST_FREE_BYTES,
        "bundle": _has_bundle(installation),
    }


def _can_write(installation: Installation) -> bool:
    folder = installation.films.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except OSError:
        return False
    return True


def _has_bundle(installation: Installation) -> bool:
    try:
        _ = installation.active_detector.detector
    except BundleError:
        return False
    return True
