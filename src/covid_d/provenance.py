"""Which code made something: the version, and a hash of the package's own source.

The version tells releases apart; the hash tells apart what was built between two of them, or
changed by hand. Bundles, backups and training runs record both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from covid_d import __version__

_SHOWN = 12  # hex digits: as many as tell any two states of a project apart


@cache
def source_sha256() -> str:
    r"""Return the SHA-256 hex digest of the package's Python files, read once per process.

    Over the lines ``PATH SHA-256`` of every ``.py`` file, sorted by path within the package, with
    line ends as ``\n``: a checkout, an installed wheel and a copy on another system agree.
    """
    lines = sorted(_lines(resources.files("covid_d"), ""))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def described(version: str, source: str) -> str:
    """Return the words for a version and a source's hash, as ``0.4.0 (source 1f2e3d4c5b6a)``."""
    return f"{version} (source {source[:_SHOWN] or 'not recorded'})"


def this_code() -> str:
    """Return the words for the code that is running."""
    return described(__version__, source_sha256())


def _lines(folder: Traversable, path: str) -> Iterator[str]:
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            yield from _lines(entry, f"{name}/")
        elif entry.name.endswith(".py"):
            content = entry.read_bytes().replace(b"\r\n", b"\n")
            yield f"{name} {hashlib.sha256(content).hexdigest()}\n"
