"""What was told already, by each way apart: one that failed is told the next time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from covid_d.clinic import shared_notes
from covid_d.clinic.alerts.found import Alert
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.language import Message

FILE: Final = "notices.json"
_AT: Final = "@"


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that somebody was told of.

    Parameters
    ----------
    since
        When it was told first.
    text
        What was said.
    """

    since: datetime
    text: Message


@dataclass(frozen=True, slots=True)
class News:
    """What has changed since somebody was last told.

    Parameters
    ----------
    new
        What is wrong and was not told yet.
    still
        What is wrong and was told already.
    over
        What was told and is no longer wrong.
    """

    new: tuple[Alert, ...]
    still: tuple[Alert, ...]
    over: tuple[Heard, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.over)


Memory = dict[str, dict[str, Heard]]
"""By way (``"mail"``, ``"webhook"``), then by the alert's key."""


def news(found: Iterable[Alert], told: Mapping[str, Heard], machine: str = "") -> News:
    """Return what somebody who was told this much must hear.

    Parameters
    ----------
    found
        What is wrong now, as this machine sees it.
    told
        What they know.
    machine
        This one's name: what is wrong with another is not over because it is well here.
    """
    present = tuple(found)
    keys = {alert.key for alert in present}
    return News(
        tuple(alert for alert in present if alert.key not in told),
        tuple(alert for alert in present if alert.key in told),
        tuple(one for key, one in told.items() if key not in keys and _is_seen(key, machine)),
    )


def after(found: Iterable[Alert], told: Mapping[str, Heard], machine: str = "") -> dict[str, Heard]:
    """Return what somebody knows once they have heard the news; as :func:`news`."""
    moment = now()
    others = {key: one for key, one in told.items() if not _is_seen(key, machine)}
    return others | {
        alert.key: told.get(alert.key) or Heard(moment, alert.text.to_message()) for alert in found
    }


def _is_seen(key: str, machine: str) -> bool:
    """Return whether this machine can tell that something is over."""
    return _AT not in key or key.endswith(f"{_AT}{machine}")


def read(installation: Installation) -> Memory:
    """Return what was told by any server; nothing where it cannot be read: it is told again."""
    try:
        kept = shared_notes.hear(installation.engine, installation.keys, shared_notes.NOTICES)
        if kept is None:  # an older version's
            kept = json.loads((installation.folder / FILE).read_text(encoding="utf-8"))
        return {
            str(way): {
                str(key): Heard(
                    datetime.fromisoformat(one["since"]),
                    Message(str(one["es"]), str(one["en"])),
                )
                for key, one in told.items()
            }
            for way, told in kept.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write(installation: Installation, memory: Memory) -> None:
    """Keep what was told, for every server; what cannot be kept is told again."""
    kept = {
        way: {
            key: {"since": one.since.isoformat(timespec="seconds"), **one.text.to_dict()}
            for key, one in told.items()
        }
        for way, told in memory.items()
    }
    shared_notes.tell(installation.engine, installation.keys, shared_notes.NOTICES, kept)
