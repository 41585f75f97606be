"""A clinic that COVID-D 0.1.0 made: its folder, as it lay on the disk before today's tables."""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path

from covid_d.clinic.installation import DATABASE_FILE
from covid_d.clinic.keys import FILE as KEY_FILE

MADE = Path(__file__).parent / "clinic" / "database" / "made_by_0_1_0"
BACKUP = MADE / "backup.zip"
ENTRIES = 28
"""Of its audit trail."""
HEAD = "9d38ecad255a584ef5a5cbbbdc6d77a1cb2861bb8102105f36cb55b63ce8aa2d"
"""The hash of the last one, as that version wrote it."""


def lay_out(folder: Path) -> Path:
    """Write the clinic's data folder as it was, and return it: database, key, films, bundle."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(BACKUP) as archive:
        for name in archive.namelist():
            if name.startswith(("films/", "bundles/")):
                archive.extract(name, folder)
    (folder / KEY_FILE).write_bytes((MADE / KEY_FILE).read_bytes())
    connection = sqlite3.connect(folder / DATABASE_FILE)
    connection.executescript((MADE / "database.sql").read_text(encoding="utf-8"))
    connection.close()
    return folder
