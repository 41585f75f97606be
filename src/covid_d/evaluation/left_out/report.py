"""What leaving sources out shows: a page, a table and a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from covid_d import __version__
from covid_d.evaluation.left_out.leave_one_out import SPECIFICITY, ExperimentResult, HeldOutKind
from covid_d.evaluation.report.texts import FIGURES, WITH_COVID, WITHOUT_COVID, shown
from covid_d.files import atomic_folder, write_atomically
from covid_d.html_report import Page, Section, Table
from covid_d.language import Language, Message

FORMAT = 1
RESULTS = "leave-one-out.json"
TABLE = "leave-one-out.csv"
REPORT = "report.html"

_TITLE = Message("Una fuente fuera cada vez", "One source left out at a time")
_INTRO = Message(
    "Se entrena sin una fuente y se mide en ella: lo que cabe esperar en un hospital que el modelo "
    "no conoce. Los pacientes y casi duplicados de la fuente excluida tampoco se usan para "
    "entrenar. El umbral se elige en las otras fuentes (especificidad de 90 %).",
    "Training leaves a source out and measures on it: what to expect in a hospital that the model "
    "does not know. Patients and near-duplicates of the source left out are not trained on either. "
    "The threshold is chosen on the other sources (90% specificity).",
)
_MODES = {
    "light": Message(
        "Modo ligero: regresión logística sobre las características fijas de {network}. Mide los "
        "datos más que el modelo final.",
        "Light mode: logistic regression on frozen features of {network}. It measures the data "
        "more than the final model.",
    ),
    "full": Message(
        "Modo completo: la receta {network} entera, una vez por fuente excluida.",
        "Full mode: the whole recipe {network}, once for each source left out.",
    ),
}
_KINDS = {
    HeldOutKind.PUBLISHER: (
        Message(
            "Dentro de un mismo publicador (la cifra que cuenta)",
            "Within one publisher (the figure that counts)",
        ),
        Message(
            "COVID-19 frente a otras neumonías y hallazgos del mismo publicador, no visto al "
            "entrenar: aquí la procedencia no ayuda.",
            "COVID-19 against other pneumonias and findings of the same publisher, not seen in "
            "training: here provenance does not help.",
        ),
    ),
    HeldOutKind.SOURCE: (
        Message("Por fuente excluida", "By source left out"),
        Message(
            "Una fuente de una sola clase no tiene AUROC; se da la sensibilidad o la "
            "especificidad.",
            "A source of one class has no AUROC; its sensitivity or specificity is given.",
        ),
    ),
    HeldOutKind.PAIR: (
        Message(
            "Pares de fuentes de una clase (confundidos por la fuente)",
            "Pairs of one-class sources (confounded by source)",
        ),
        Message(
            "NO son medidas de la enfermedad: todas las radiografías con COVID-19 son de una "
            "fuente y todas las demás de otra. Un AUROC alto puede ser solo reconocer la fuente.",
            "These do NOT measure the disease: all films with COVID-19 are of one source and all "
            "others of another. A high AUROC may be recognising the source alone.",
        ),
    ),
}
_LEFT_OUT = Message("Excluida", "Left out")
_TRAINED = Message("Entrenado con (COVID + otras)", "Trained on (COVID + others)")
_SEEN = Message(
    "AUROC con la fuente vista (otros pacientes)", "AUROC with the source seen (other patients)"
)
_NO_TRAINING = Message("sin ambas clases para entrenar", "both classes are not left for training")
# Of the table: also where nothing could be measured, so that it still reads back.
_COLUMNS = (
    "name",
    "kind",
    "positives",
    "negatives",
    "patients",
    "figure",
    "value",
    "low",
    "high",
    "n",
    "method",
)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutReport:
    """Results of leaving sources out, and how they came about.

    Parameters
    ----------
    results
        One an experiment.
    mode
        ``light`` or ``full``.
    network
        What was trained, in a few words.
    dataset_sha256
        Of the data set.
    resamples, seed
        Of the bootstrap.
    """

    results: Sequence[ExperimentResult]
    mode: str
    network: str
    dataset_sha256: str
    resamples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return the object of ``leave-one-out.json``."""
        return {
            "format": FORMAT,
            "covid_d": __version__,
            "mode": self.mode,
            "network": self.network,
            "dataset": {"sha256": self.dataset_sha256},
            "method": {
                "threshold": f"{SPECIFICITY:.0%} specificity on the other sources",
                "bootstrap": {"unit": "group", "resamples": self.resamples, "seed": self.seed},
            },
            "results": [result.to_dict() for result in self.results],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row an experiment and figure; without any, the header alone."""
        return pd.DataFrame.from_records(
            [
                {
                    "name": result.name,
                    "kind": result.kind.value,
                    "positives": result.positives,
                    "negatives": result.negatives,
                    "patients": result.patients,
                    "figure": name,
                    "value": figure.value,
                    "low": figure.low,
                    "high": figure.high,
                    "n": figure.n,
                    "method": figure.method,
                }
                for result in self.results
                for name, figure in result.figures.items()
            ],
            columns=_COLUMNS,
        )

    def page(self, language: Language) -> Page:
        """Return the report."""
        sections = [
            Section(
                heading.in_language(language),
                [text.in_language(language)],
                [self.table(kind, language)],
            )
            for kind, (heading, text) in _KINDS.items()
            if any(result.kind is kind for result in self.results)
        ]
        mode = _MODES[self.mode].format(network=self.network)
        intro = Section(
            _TITLE.in_language(language),
            [_INTRO.in_language(language), mode.in_language(language)],
        )
        return Page(_TITLE.in_language(language), [intro, *sections], language=language)

    def table(self, kind: HeldOutKind, language: Language) -> Table:
        """Return the results of one kind."""
        header = [
            _LEFT_OUT.in_language(language),
            WITH_COVID.in_language(language),
            WITHOUT_COVID.in_language(language),
            "AUROC",
            _SEEN.in_language(language),
            FIGURES["sensitivity"].in_language(language),
            FIGURES["specificity"].in_language(language),
            _TRAINED.in_language(language),
        ]
        rows = [_row(result, language) for result in self.results if result.kind is kind]
        return Table(header, rows)


def _row(result: ExperimentResult, language: Language) -> list[object]:
    trained = f"{result.trained_positives} + {result.trained_negatives}"
    if not result.figures:
        trained += f" ({_NO_TRAINING.in_language(language)})"
    cells = [
        shown(name, result.figures[name], language) if name in result.figures else "–"
        for name in ("auroc", "auroc_source_seen", "sensitivity", "specificity")
    ]
    return [result.name, result.positives, result.negatives, *cells, trained]


def write_held_out(
    report: HeldOutReport, out: Path, *, language: Language = "es", overwrite: bool = False
) -> None:
    """Write the page, the table and the JSON file into a folder, or nothing.

    Raises
    ------
    CovidDError
        If the folder exists and may not be replaced, or cannot be written.
    """
    with atomic_folder(out, overwrite=overwrite) as work:
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        write_atomically(work / RESULTS, text + "\n")
        write_atomically(work / TABLE, report.to_frame().to_csv(index=False))
        write_atomically(work / REPORT, report.page(language).to_html())
