"""``run.json``: what a run says of itself, and which code worked on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.provenance import described, source_sha256, this_code
from covid_d.training.recipes import Recipe

RECORD = "run.json"


def read_record(run: Path) -> dict[str, Any]:
    """Return what ``run.json`` says.

    Raises
    ------
    TrainingError
        If the folder holds no run, or a damaged one.
    """
    try:
        record: dict[str, Any] = json.loads((run / RECORD).read_text(encoding="utf-8"))
        Recipe.model_validate(record["recipe"])
    except FileNotFoundError:
        raise TrainingError(
            N_("There is no run in %(run)s.", run=run),
            N_("Give the --out folder of covid-d train, or start a run without --resume."),
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(
            N_("%(path)s cannot be read: %(error)s", path=run / RECORD, error=error),
            N_("Start a new run in another folder."),
        ) from error
    return record


def other_code(record: dict[str, Any]) -> str | None:
    """Return a sentence that says who started a run, if it was other code than this.

    Such a run may be continued: its recipe and films are held to be the same, and ``run.json``
    and the report name everybody who worked on it. That it ends as an unbroken run would have is
    promised for one code only.
    """
    if record.get("source_sha256") == source_sha256():
        return None
    started = described(str(record["covid_d"]), str(record.get("source_sha256", "")))
    return (
        f"This run was started by COVID-D {started} and is continued by {this_code()}: "
        "its result may differ from an unbroken run's."
    )


def origin_of(earlier: dict[str, Any]) -> dict[str, Any]:
    """Return who started a run and which other code continued it."""
    origin: dict[str, Any] = {
        key: earlier[key] for key in ("covid_d", "source_sha256") if key in earlier
    }
    others = list(earlier.get("continued_by", []))
    said = other_code(earlier)
    if said and said not in others:
        others.append(said)
    return {"source_sha256": "", **origin, "continued_by": others}
