"""From published collections to a data set: rows, exclusions, groups, splits, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from covid_d.dataset.build.films import film_workers
from covid_d.dataset.build.options import BuildOptions
from covid_d.dataset.build.output import write_films
from covid_d.dataset.build.plan import make_plan
from covid_d.dataset.build.select import gather
from covid_d.dataset.build.tables import write_tables
from covid_d.dataset.collections.base import Collection
from covid_d.errors import DatasetError
from covid_d.files import atomic_folder
from covid_d.language import N_


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A data set that was built.

    Parameters
    ----------
    folder
        Where it is.
    record
        What ``dataset.json`` says.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash over everything in the data set."""
        return str(self.record["sha256"])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before trusting a figure from this data set."""
        return tuple(self.record["warnings"])


def build_dataset(
    collections: Sequence[Collection],
    out: Path,
    options: BuildOptions | None = None,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    progress: bool = False,
) -> BuildResult:
    """Build a data set; the folder appears whole, or not at all.

    Parameters
    ----------
    collections
        Where the films are from; see :func:`covid_d.dataset.collections.open_collection`.
    out
        The folder to make.
    options
        What to take and how to split; the grouped protocol by default.
    jobs
        Processes. The result does not depend on it.
    overwrite
        Replace an existing folder.
    progress
        Show progress bars on standard error.

    Returns
    -------
    Where the data set is, and its record.

    Raises
    ------
    DatasetError
        If a collection cannot be read, there is no film to learn from, or the options make no
        sense.
    CovidDError
        If the folder exists or cannot be written.
    """
    options = options or BuildOptions()
    if not collections:
        raise DatasetError(N_("No collection was given."), N_("Name at least one, as --cohen DIR."))
    with atomic_folder(out, overwrite=overwrite) as work, film_workers(jobs) as pool:
        plan = make_plan(gather(collections), options, pool, jobs=jobs, progress=progress)
        rows = write_films(plan, options, work, pool, progress=progress)
        record = write_tables(plan, options, rows, collections, work)
    return BuildResult(out, record)
