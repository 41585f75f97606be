"""Where the audit trail stood, kept outside its table: how many entries, and the hash of the last.

Whoever empties the table, or cuts its end off, cannot make the anchor agree: it lies beside the key
and is authenticated with it. Who has the folder as well can put back both as they were on another
day; an anchor that this machine cannot take back (an append-only file, the system's log) finds
that too.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from covid_d.clinic.file_lock import file_lock
from covid_d.clinic.keys import Keys
from covid_d.errors import CovidDError
from covid_d.files import write_atomically

FILE: Final = "trail.anchor"
LOCK: Final = "trail.lock"
SYSLOG: Final = "syslog"
_PURPOSE: Final = "trail anchor"
_LINE: Final = "covid-d audit trail: entry {entries}, head {head}"
_lock = Lock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the trail stood.

    Parameters
    ----------
    entries
        How many there were.
    head
        The hash of the last.
    """

    entries: int
    head: str


def note(folder: Path, keys: Keys, anchor: Anchor, outside: str = "") -> None:
    """Note where the trail stands; an older anchor never takes the place of a newer one.

    The entry is committed already: what cannot be noted is logged, and noted with the next one.

    Parameters
    ----------
    folder, keys
        Of the installation.
    anchor
        After an act.
    outside
        A file to add a line to, or ``syslog``; empty for none.
    """
    with _lock, _alone(folder):
        known = read(folder, keys)
        if known is None or known.entries < anchor.entries:
            told = {"entries": anchor.entries, "head": anchor.head, "mac": _mac(keys, anchor)}
            try:
                write_atomically(folder / FILE, json.dumps(told) + "\n", mode=0o600)
            except CovidDError:
                _log.warning("the audit trail's anchor could not be written")
        if outside:
            _tell(outside, anchor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from noting meanwhile; where that cannot be, note all the same."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(file_lock(folder / LOCK))
        yield


def read(folder: Path, keys: Keys) -> Anchor | None:
    """Return the anchor beside the key; ``None`` where there is none that the key made."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        anchor = Anchor(int(told["entries"]), str(told["head"]))
        if keys.is_digest(_PURPOSE, _text(anchor), str(told["mac"])):
            return anchor
    return None


def read_outside(outside: str) -> Anchor | None:
    """Return the last line of an append-only file; ``None`` of a log that is read elsewhere."""
    if not outside or outside == SYSLOG:
        return None
    last = None
    with suppress(OSError):
        for last in _lines(Path(outside)):  # noqa: B007 - the last one counts
            pass
    return last


def _lines(path: Path) -> Iterator[Anchor]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            words = line.split()
            if len(words) >= 4 and words[-4] == "entry" and words[-2] == "head":
                with suppress(ValueError):
                    yield Anchor(int(words[-3].rstrip(",")), words[-1])


def _tell(outside: str, anchor: Anchor) -> None:
    line = _LINE.format(entries=anchor.entries, head=anchor.head)
    try:
        if outside == SYSLOG:
            handler = logging.handlers.SysLogHandler("/dev/log")
            with suppress(OSError):
                handler.emit(logging.makeLogRecord({"msg": line, "levelno": logging.INFO}))
            handler.close()
        else:
            with Path(outside).open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
    except OSError:
        _log.warning("the audit trail's outside anchor could not be written")


def _mac(keys: Keys, anchor: Anchor) -> str:
    return keys.digest(_PURPOSE, _text(anchor))


def _text(anchor: Anchor) -> str:
    return f"{anchor.entries} {anchor.head}"
