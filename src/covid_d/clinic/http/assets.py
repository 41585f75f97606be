"""Styles, scripts and pictures: they lie beside the page they belong to, under one address."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from starlette.staticfiles import StaticFiles

# What may leave the house. Code and templates lie in the same folders: everything else stays in.
SERVED: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain",
}
VENDOR: Final = "vendor"
# So that a machine's own table of types cannot break a page.
for suffix, kind in SERVED.items():
    mimetypes.add_type(kind, suffix.lower())


class Assets(StaticFiles):
    """Serve the assets found in some folders when the clinic starts, and nothing else.

    An asset's address is its file's name, wherever it lies; that of other people's work keeps its
    folder (``vendor/htmx.min.js``). No address is ever made into a path.

    Parameters
    ----------
    folders
        Where to look, with all that lies below.

    Raises
    ------
    RuntimeError
        If two assets would have one address.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        super().__init__()
        self.files: dict[str, Path] = {}
        for folder in folders:
            for file in sorted(folder.rglob("*")):
                if file.suffix in SERVED and file.is_file():
                    self._add(file)

    def _add(self, file: Path) -> None:
        name = f"{VENDOR}/{file.name}" if file.parent.name == VENDOR else file.name
        if name in self.files:
            raise RuntimeError(f"{file} and {self.files[name]} have the one address {name!r}")
        self.files[name] = file

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return the file of an address and its state; none for an address that is not listed."""
        file = self.files.get(path.replace(os.sep, "/"))
        return ("", None) if file is None else (str(file), file.stat())
