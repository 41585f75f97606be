"""Whether the clinic can do its work: database, film folder, disk, bundle, migrations."""

from __future__ import annotations

import shutil
from typing import Final

from covid_d.clinic.database.engine import is_reachable
from covid_d.clinic.database.migrate import is_current
from covid_d.clinic.films import FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import integrity
from covid_d.clinic.operations.missing_films import missing
from covid_d.errors import BundleError

# Less would end in failed uploads within the hour of a busy day.
LEAST_FREE_BYTES: Final = 200 * 1024 * 1024


def checks(installation: Installation) -> dict[str, bool]:
    """Return each part's name and whether it works."""
    reachable = is_reachable(installation.engine)
    current = reachable and is_current(installation.engine)
    found = integrity.last(installation)
    return {
        "database": reachable,
        "migrations": current,
        "films": current and _has_every_film(installation),
        "film_folder": installation.films.can_write(),
        "disk_space": shutil.disk_usage(installation.folder).free >= LEAST_FREE_BYTES,
        "bundle": current and _has_bundle(installation),
        "integrity": found is None or found.sound,
    }


def _has_every_film(installation: Installation) -> bool:
    try:
        return not missing(installation)
    except FilmStoreError:
        return False


def _has_bundle(installation: Installation) -> bool:
    try:
        _ = installation.active_detector.detector
    except BundleError:
        return False
    return True
