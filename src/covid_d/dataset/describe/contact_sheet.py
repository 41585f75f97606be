"""A contact sheet: several films side by side, each with its class and source."""

from __future__ import annotations

import io
import math
import textwrap
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from PIL import Image

from covid_d.dataset.describe.classes import CLASS_COLOURS, CLASS_NAMES
from covid_d.dataset.manifest import Split
from covid_d.errors import DatasetError
from covid_d.html_report import png_of
from covid_d.language import N_, Language
from covid_d.radiograph import read

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

_SIDE = 2.4  # inches a film


def contact_sheet(
    dataset: Dataset,
    *,
    films: int = 9,
    columns: int = 3,
    split: Split | str = Split.TRAIN,
    seed: int = 7,
    language: Language = "en",
) -> Image.Image:
    """Draw films chosen at random; the article's ``show_batch``.

    Parameters
    ----------
    dataset
        Where the films come from.
    films
        How many; fewer when the split has fewer.
    columns
        Films a row.
    split
        Which part of the dataset.
    seed
        Fixes the choice.
    language
        Of the classes' names.

    Raises
    ------
    DatasetError
        If the split holds no film, or the numbers are not positive.
    RadiographError
        If a chosen film cannot be read.
    """
    if films < 1 or columns < 1:
        raise DatasetError(
            N_(
                "%(films)s films in %(columns)s columns cannot be shown.",
                films=films,
                columns=columns,
            ),
            N_("Use 1 or more."),
        )
    rows = dataset.films(split)
    if rows.empty:
        raise DatasetError(
            N_(
                "Split %(split)r of %(folder)s holds no film.",
                split=str(split),
                folder=dataset.folder,
            )
        )
    chosen = rows.sample(n=min(films, len(rows)), random_state=seed)
    columns = min(columns, len(chosen))
    lines = math.ceil(len(chosen) / columns)
    figure = Figure(figsize=(columns * _SIDE, lines * (_SIDE + 0.45)), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, film in zip(grid, chosen.itertuples(), strict=False):
        axes.imshow(read(dataset.path(film)).pixels, cmap="gray", vmin=0.0, vmax=1.0)
        axes.set_anchor("N")  # films of every shape hang from one line
        classes = [str(name) for name in (film.label, film.appearance) if name]
        classes = classes or [str(film.split)]
        source = textwrap.shorten(str(film.source), 30, placeholder="…")
        axes.set_title(
            f"{', '.join(CLASS_NAMES[name].in_language(language) for name in classes)}\n{source}",
            fontsize=10,
            color=CLASS_COLOURS[classes[0]],
            pad=3,
        )
    with Image.open(io.BytesIO(png_of(figure))) as picture:
        return picture.convert("RGB")
