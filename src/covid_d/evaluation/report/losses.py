"""The films on which a bundle was surest of the opposite, and where it looked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import log_loss

from covid_d.dataset.manifest import Label
from covid_d.detector.detector import Detector
from covid_d.detector.explain import to_film_coordinates
from covid_d.evaluation.report.texts import WITH_COVID, WITHOUT_COVID, percent
from covid_d.language import Language, Message
from covid_d.radiograph import read

TOP = 9
_SIDE = 360  # pixels of a shown film's longer side

_CAPTION = Message(
    "{truth}\nel modelo dice {p} · {source}", "{truth}\nthe model says {p} · {source}"
)


def losses(films: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the cross-entropy of each film's probability, in nats."""
    truth = films["label"].eq(Label.COVID.value).to_numpy(dtype=float)
    p = films["probability"].to_numpy(dtype=np.float64)
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return np.array([log_loss([t], [q], labels=[0.0, 1.0]) for t, q in zip(truth, p, strict=True)])


def worst(films: pd.DataFrame, top: int = TOP) -> pd.DataFrame:
    """Return the ``top`` films of highest loss that were answered wrongly, worst first."""
    loss = losses(films)
    wrong = films.assign(loss=loss).loc[loss > np.log(2)]
    ranked: pd.DataFrame = wrong.sort_values(["loss", "path"], ascending=[False, True])
    return ranked.head(top)


def draw(
    detector: Detector, folder: Path, films: pd.DataFrame, language: Language
) -> Figure | None:
    """Draw films under their class activation, three a row; ``None`` when there are none.

    Parameters
    ----------
    detector
        The bundle that answered them.
    folder
        The data set's folder.
    films
        Rows of a score table, as from :func:`worst`.
    language
        Of the captions.
    """
    if films.empty:
        return None
    columns = min(3, len(films))
    rows = -(-len(films) // columns)
    figure = Figure(figsize=(3.1 * columns, 3.55 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, (_, film) in zip(grid, films.iterrows(), strict=False):
        _draw_one(axes, detector, folder / str(film["path"]))
        truth = WITH_COVID if film["label"] == Label.COVID.value else WITHOUT_COVID
        caption = _CAPTION.format(
            truth="{truth}", p=percent(float(film["probability"]), language), source=film["source"]
        )
        axes.set_title(
            caption.in_language(language).replace("{truth}", truth.in_language(language)),
            fontsize=9,
        )
    return figure


def _draw_one(axes: Axes, detector: Detector, path: Path) -> None:
    film = read(path)
    step = max(1, max(film.height, film.width) // _SIDE)
    axes.imshow(film.pixels[::step, ::step], cmap="gray", vmin=0, vmax=1)
    evidence = detector.assess(film, activation=True).activation
    if evidence is None:
        return
    shown = to_film_coordinates(
        evidence, (film.height, film.width), detector.bundle.spec.preprocessing
    )[::step, ::step]
    axes.imshow(shown, cmap="inferno", vmin=0, vmax=1, alpha=np.clip(shown, 0, 1) * 0.6)
