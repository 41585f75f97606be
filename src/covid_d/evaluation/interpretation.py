"""What a bundle's answers are worth, to be looked at in a notebook; after fastai's class."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.evaluation.evaluation import Evaluation, evaluate
from covid_d.evaluation.figures.bootstrap import RESAMPLES
from covid_d.evaluation.figures.metrics import Stratum
from covid_d.evaluation.report import losses, plots, texts
from covid_d.evaluation.report.output import write_evaluation
from covid_d.evaluation.report.page import stamps
from covid_d.evaluation.report.texts import shown
from covid_d.evaluation.scores import score
from covid_d.html_report import png_of
from covid_d.language import Language
from covid_d.settings import settings

_FIGURES = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Interpretation:
    """An evaluation with what it takes to draw it; made by :meth:`of`.

    A picture shows itself in a notebook; ``.save(path)`` writes it.

    Parameters
    ----------
    evaluation
        Every figure.
    detector, dataset
        What was measured, and on which films.
    language
        Of tables and pictures.

    Examples
    --------
    >>> report = Interpretation.of("runs/first/bundle", dataset)      # doctest: +SKIP
    >>> report.plot_confusion_matrix()                                # doctest: +SKIP
    >>> report.plot_top_losses(9)                                     # doctest: +SKIP
    """

    evaluation: Evaluation
    detector: Detector
    dataset: Dataset
    language: Language

    @classmethod
    def of(
        cls,
        bundle: Bundle | Path | str | None,
        dataset: Dataset,
        split: Split | str = Split.TEST,
        *,
        allow_seen: bool = False,
        resamples: int = RESAMPLES,
        language: Language | None = None,
        progress: bool = True,
    ) -> Interpretation:
        """Measure a bundle on a split, as ``covid-d evaluate`` does.

        Parameters
        ----------
        bundle
            A bundle, or its folder or zip; ``None`` takes the one of the settings, else the
            built-in one.
        dataset, split
            The films.
        allow_seen
            Let in films that the bundle was made from; the table says so.
        resamples
            Of the bootstrap.
        language
            Of tables and pictures; ``None`` takes the setting ``COVID_D_LANGUAGE``.
        progress
            Show a bar.

        Raises
        ------
        BundleError
            If the bundle cannot be read, trusted or used.
        EvaluationError
            If films were used to make the bundle, or a class is missing.
        """
        detector = Detector.load(bundle)
        scores = score(
            detector, dataset, Split(split).value, allow_seen=allow_seen, progress=progress
        )
        return cls(
            evaluate(scores, detector.bundle, resamples=resamples),
            detector,
            dataset,
            language or settings().language,
        )

    @property
    def films(self) -> pd.DataFrame:
        """One row a film that was answered; see :class:`covid_d.evaluation.scores.Scores`."""
        return self.evaluation.scores.films

    def plot_confusion_matrix(self) -> Image.Image:
        """Return the forced two-way and the three-way answers against the truth."""
        return _picture(plots.confusion(self.films, self.language))

    def plot_top_losses(self, n: int = losses.TOP) -> Image.Image | None:
        """Return the ``n`` worst errors under their activation; ``None`` when all are right."""
        worst = losses.worst(self.films, n)
        figure = losses.draw(self.detector, self.dataset.folder, worst, self.language)
        return None if figure is None else _picture(figure)

    def plot_reliability(self) -> Image.Image:
        """Return how often a stated probability came true."""
        return _picture(plots.reliability_diagram(self.films, self.language))

    def plot_scores(self) -> Image.Image:
        """Return the probabilities of each source, by class."""
        return _picture(plots.score_histograms(self.films, self.language))

    def table(self) -> pd.DataFrame:
        """Return the figures by source and publisher, with 95 % intervals; the pool last."""
        groups = self.evaluation.subgroups
        publishers = [s for s in groups["subsource"].values() if s.has_both_classes]
        rows = {s.name: self._row(s) for s in [*groups["source"].values(), *publishers]}
        rows[texts.POOL_HEADING.in_language(self.language)] = self._row(self.evaluation.pool)
        return pd.DataFrame.from_dict(rows, orient="index")

    def save(self, out: Path | str, *, overwrite: bool = False) -> Path:
        """Write report, figures, scores and plots into a folder, and return it.

        Raises
        ------
        CovidDError
            If the folder exists and may not be replaced, or cannot be written.
        """
        folder = Path(out)
        write_evaluation(
            self.evaluation,
            self.detector,
            self.dataset,
            folder,
            language=self.language,
            overwrite=overwrite,
        )
        return folder

    def _row(self, stratum: Stratum) -> dict[str, object]:
        names = {key: texts.FIGURES[key].in_language(self.language) for key in _FIGURES}
        cells = {
            name: shown(key, stratum.figures[key], self.language) if key in stratum.figures else "–"
            for key, name in names.items()
        }
        return {
            texts.WITH_COVID.in_language(self.language): stratum.positives,
            texts.WITHOUT_COVID.in_language(self.language): stratum.negatives,
            **cells,
        }

    def __repr__(self) -> str:
        bundle = self.evaluation.scores.bundle
        return f"Interpretation({bundle.name} {bundle.version}, {len(self.films)} films)"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what must be known first, then the table."""
        notes = [stamp.in_language(self.language) for stamp in stamps(self.evaluation)]
        worst = self.evaluation.headline
        if worst is None:
            notes.append(texts.NO_HEADLINE.in_language(self.language))
        else:
            headline = texts.HEADLINE.format(
                name=worst.name,
                auroc=shown("auroc", worst.figures["auroc"], self.language),
                positives=worst.positives,
                negatives=worst.negatives,
                patients=worst.patients,
            )
            notes.append(headline.in_language(self.language))
        return "".join(f"<p>{escape(note)}</p>" for note in notes) + str(self.table().to_html())


def _picture(figure: Figure) -> Image.Image:
    with Image.open(io.BytesIO(png_of(figure))) as picture:
        return picture.convert("RGB")
