"""Writing the films of a data set, and their rows in the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from covid_d.appearance import CATEGORIES
from covid_d.dataset.build.films import WriteOrder, Written, map_films, write_film
from covid_d.dataset.build.names import film_names, film_suffix
from covid_d.dataset.build.options import BuildOptions
from covid_d.dataset.build.plan import Plan
from covid_d.dataset.build.select import InspectedFilm
from covid_d.dataset.manifest import COLUMNS, SET_ASIDE, Label, Split, class_folder
from covid_d.errors import DatasetError
from covid_d.language import N_

_BY_CLASS: Final = (Split.TRAIN, Split.VALIDATION)
_FLAT_FOLDERS: Final = (Split.TEST.value, *SET_ASIDE)


def write_films(
    plan: Plan, options: BuildOptions, work: Path, pool: Executor | None, *, progress: bool
) -> list[dict[str, str]]:
    """Write the films into the data set's folders.

    Returns
    -------
    The manifest's rows, in its order.
    """
    taken = plan.taken()
    for name in (*_class_folders([plan.films[at] for at in taken]), *_FLAT_FOLDERS):
        (work / name).mkdir(parents=True)
    rendered = [_is_rendered(plan.films[at], options) for at in taken]
    names = film_names(
        (
            film.row.source,
            film.row.original or "film",
            film_suffix(
                film.row.original or "", film.inspection.facts.format, rendered=is_rendered
            ),
        )
        for film, is_rendered in zip((plan.films[at] for at in taken), rendered, strict=True)
    )
    paths = [
        f"{_folder(plan.films[at], plan.splits[at])}/{name}"
        for at, name in zip(taken, names, strict=True)
    ]
    orders = [
        _write_order(plan.films[at], work / path, is_rendered, options)
        for at, path, is_rendered in zip(taken, paths, rendered, strict=True)
    ]
    written = map_films(write_film, orders, pool, what="Writing", progress=progress)
    rows = [
        _manifest_row(plan, at, path, result)
        for at, path, result in zip(taken, paths, written, strict=True)
    ]
    return sorted(rows, key=lambda row: (list(Split).index(Split(row["split"])), row["path"]))


def _is_rendered(film: InspectedFilm, options: BuildOptions) -> bool:
    longest = max(film.inspection.width, film.inspection.height)
    too_long = options.max_side is not None and longest > options.max_side
    return too_long or film.inspection.facts.format == "DICOM"


def _class_folders(films: Sequence[InspectedFilm]) -> list[str]:
    """Return the folders of films that have a class; both labels' wherever a film has a label."""
    used = {_class_folder(film) for film in films}
    names = [str(name) for name in CATEGORIES if name in used]
    if not names or used & set(Label):
        names = [*map(str, Label), *names]
    return [f"{split.value}/{name}" for split in _BY_CLASS for name in names]


def _class_folder(film: InspectedFilm) -> str:
    return class_folder(film.row.label or "", film.row.appearance or "")


def _folder(film: InspectedFilm, split: Split) -> str:
    return f"{split.value}/{_class_folder(film)}" if split in _BY_CLASS else split.value


def _write_order(
    film: InspectedFilm, target: Path, rendered: bool, options: BuildOptions
) -> WriteOrder:
    if film.row.file is None:
        raise DatasetError(
            N_("%(original)s has no file.", original=film.row.original),
            N_("Please report this defect."),
        )
    return WriteOrder(
        file=film.row.file,
        target=target,
        sha256=film.inspection.fingerprint.sha256,
        max_side=options.max_side,
        render=rendered,
    )


def _manifest_row(plan: Plan, at: int, path: str, written: Written) -> dict[str, str]:
    film = plan.films[at]
    row, inspection = film.row, film.inspection
    width, height = written.size or (inspection.width, inspection.height)
    learnt = plan.splits[at] not in SET_ASIDE
    cells = {
        "path": path,
        "label": row.label.value if row.label and learnt else "",
        "appearance": row.appearance.value if row.appearance and learnt else "",
        "split": plan.splits[at].value,
        "source": row.source,
        "subsource": row.subsource,
        "patient": row.patient,
        "group": f"g{plan.groups[at]:05d}",
        "finding": row.finding,
        "projection": row.projection.value if row.projection else "",
        "age": "" if row.age is None else f"{row.age:g}",
        "sex": row.sex.value if row.sex else "",
        "license": row.license,
        "url": row.url,
        "original": row.original or "",
        "width": str(width),
        "height": str(height),
        "sha256": written.sha256,
        "original_sha256": inspection.fingerprint.sha256,
        "phash": inspection.fingerprint.phash_hex,
    }
    return {name: cells[name] for name in COLUMNS}
