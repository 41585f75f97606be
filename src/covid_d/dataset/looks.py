"""Who has looked at a data set's test split: each look is written down, so that none is denied.

A test split is worth what it has not been used for. Every evaluation and audit of it adds a line to
``looks.jsonl`` in the data set's folder; sentences about looking come from there and from nowhere
else.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from covid_d.errors import DatasetError
from covid_d.language import N_, Message

LOOKS: Final = "looks.jsonl"

_NEVER = Message(
    "Según el registro, la partición de prueba no se había mirado antes.",
    "By the record, the test split had not been looked at before.",
)
_LOOKED = Message(
    "Según el registro, la partición de prueba ya se había mirado {looks} (modelos: {models}; la "
    "primera vez el {first}): sus cifras pueden ser optimistas.",
    "By the record, the test split had already been looked at {looks} (models: {models}; first on "
    "{first}): its figures may be optimistic.",
)
_ONCE = Message("1 vez", "once")
_TIMES = Message("{n} veces", "{n} times")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the test split.

    Parameters
    ----------
    when
        ISO 8601, UTC.
    what
        ``evaluate`` or ``audit``.
    model
        SHA-256 of the network's file, which a new verdict or card does not change.
    name
        Of the model.
    dataset
        The data set's SHA-256.
    outcome
        The audit's verdict; empty for an evaluation.
    """

    when: str
    what: str
    model: str
    name: str
    dataset: str
    outcome: str = ""

    @classmethod
    def now(cls, what: str, *, model: str, name: str, dataset: str, outcome: str = "") -> Look:
        """Return a look of this moment."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(when, what, model, name, dataset, outcome)


def looks_at(folder: Path) -> tuple[Look, ...]:
    """Return the looks at a data set's test split, oldest first.

    Raises
    ------
    DatasetError
        If the record is damaged: nothing can then be said of the test split.
    """
    path = folder / LOOKS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error
    try:
        return tuple(Look(**json.loads(line)) for line in lines if line.strip())
    except (ValueError, TypeError) as error:
        raise _damaged(path, error) from error


def write_down(folder: Path, look: Look) -> None:
    """Add a look to the record.

    Raises
    ------
    DatasetError
        If it cannot be written: a look that leaves no trace is none that may be taken.
    """
    line = json.dumps(asdict(look), ensure_ascii=False) + "\n"
    try:
        # One write to a file opened for appending: lines of two processes do not mix.
        handle = os.open(folder / LOOKS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, line.encode("utf-8"))
        finally:
            os.close(handle)
    except OSError as error:
        raise DatasetError(
            N_(
                "The look at the test split cannot be written into %(path)s: %(error)s.",
                path=folder / LOOKS,
                error=error,
            ),
            N_("Copy the data set to a folder that you may write to, with its looks.jsonl."),
        ) from error


def told(looks: tuple[Look, ...]) -> Message:
    """Return the sentence about looks taken before."""
    if not looks:
        return _NEVER
    times = _ONCE if len(looks) == 1 else _TIMES.format(n=len(looks))
    models = len({look.model for look in looks})
    first = min(look.when for look in looks)[:10]
    return Message(
        _LOOKED.es.format(looks=times.es, models=models, first=first),
        _LOOKED.en.format(looks=times.en, models=models, first=first),
    )


def _damaged(path: Path, error: Exception) -> DatasetError:
    return DatasetError(
        N_(
            "%(path)s cannot be read (%(error)s): nobody can say who looked at the test split.",
            path=path,
            error=error,
        ),
        N_("Put the file back from a copy; without one, build a new test split."),
    )
