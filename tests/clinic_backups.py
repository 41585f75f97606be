"""What a clinic's backup holds, and archives that somebody changed."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.operations.backup import MANIFEST, NOT_KEPT, Manifest


def content_of(installation: Installation) -> dict[str, list[tuple[Any, ...]]]:
    with installation.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in TableBase.metadata.sorted_tables
            if table.name not in NOT_KEPT
        }


def rewritten(archive: Path, name: str, change: Callable[[bytes], bytes | None]) -> None:
    with zipfile.ZipFile(archive) as old:
        members = {entry: old.read(entry) for entry in old.namelist()}
    changed = change(members.pop(name))
    if changed is not None:
        members[name] = changed
    with zipfile.ZipFile(archive, "w") as new:
        for entry, content in members.items():
            new.writestr(entry, content)


def rewritten_and_agreeing(
    archive: Path, name: str, change: Callable[[bytes], bytes], keys: Keys | None
) -> None:
    """Change a file and have the manifest agree; with the key, have it vouch for it too."""
    with zipfile.ZipFile(archive) as opened:
        digest = hashlib.sha256(change(opened.read(name))).hexdigest()
    rewritten(archive, name, change)

    def agree(content: bytes) -> bytes:
        told = Manifest(**json.loads(content))
        told = replace(told, files={**told.files, name: digest})
        return json.dumps(asdict(told if keys is None else told.authenticated(keys))).encode()

    rewritten(archive, MANIFEST, agree)
