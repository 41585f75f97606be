"""What is in a dataset: counts, and warnings where something other than lungs tells the class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from covid_d.appearance import CATEGORIES
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.describe.classes import CLASS_NAMES
from covid_d.dataset.manifest import SET_ASIDE, Label, Split
from covid_d.language import Message, localised

DIMENSIONS = ("split", "source", "subsource", "projection", "sex", "age")
UNKNOWN = "unknown"
AGE_EDGES = (0, 18, 40, 60, 80, float("inf"))
AGE_BANDS = ("0-17", "18-39", "40-59", "60-79", "80+")
_FEW = 10  # films; a lone class in a smaller source proves nothing

# The two ways to class a film: column of the manifest -> its classes.
CLASSINGS = {
    "label": [label.value for label in Label],
    "appearance": [name.value for name in CATEGORIES],
}
_ONE_CLASS = Message(
    "La fuente «{source}» tiene {films} radiografías y todas son {label}: un modelo puede acertar "
    "reconociendo la fuente, no los pulmones.",
    "Source '{source}' has {films} films and all are {label}: a model can be right by recognising "
    "the source, not the lungs.",
)
_ONE_CLASS_SHARE = Message(
    "{percent} % de las radiografías ({films} de {all}) vienen de fuentes con una sola clase.",
    "{percent} % of the films ({films} of {all}) come from sources with only one class.",
)
_FACTS = {
    "source": Message("La fuente", "The source"),
    "age": Message("La edad", "The age"),
    "projection": Message("La proyección", "The projection"),
}
_SHORTCUT = Message(
    "{fact} por sí sola predice {what} con un AUROC de {auroc} ({films} radiografías; 0,50 sería "
    "azar): un modelo puede acertar sin mirar los pulmones.",
    "{fact} of a film alone predicts {what} with AUROC {auroc} ({films} films; 0.50 would be "
    "chance): a model can be right without looking at lungs.",
)
# Key of dataset.json -> what the measured facts predict.
_PREDICTED = {
    "shortcuts": Message("COVID-19", "COVID-19"),
    "appearance_shortcuts": Message("una opacidad pulmonar", "a lung opacity"),
}
_CHILDREN = Message(
    "{nocovid} radiografías sin COVID-19 y {covid} con COVID-19 son de menores de 18 años: un "
    "modelo puede aprender la edad.",
    "{nocovid} films without COVID-19 and {covid} with it are of people under 18: a model can "
    "learn age.",
)


@dataclass(frozen=True, slots=True)
class Description:
    """Counts of a dataset's radiographs; what is set aside is counted apart.

    Parameters
    ----------
    films
        Radiographs.
    ct
        Computed tomography slices set aside.
    lateral
        Lateral films set aside.
    counts
        Dimension (of :data:`DIMENSIONS`) -> value -> label -> number of films that have one.
    classes
        Radiographs by label.
    patients
        Known patients by label.
    graded
        As ``counts``, by appearance in place of label.
    appearances
        Radiographs by appearance.
    graded_patients
        Known patients by appearance.
    warnings
        Where something other than the lungs tells the class.
    """

    films: int
    ct: int
    lateral: int
    counts: dict[str, dict[str, dict[str, int]]]
    classes: dict[str, int]
    patients: dict[str, int]
    graded: dict[str, dict[str, dict[str, int]]]
    appearances: dict[str, int]
    graded_patients: dict[str, int]
    warnings: tuple[Message, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object documented for ``covid-d dataset describe --json``."""
        return {
            "films": self.films,
            "ct": self.ct,
            "lateral": self.lateral,
            "classes": self.classes,
            "patients": self.patients,
            "counts": self.counts,
            "appearances": self.appearances,
            "graded_patients": self.graded_patients,
            "graded": self.graded,
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def age_bands(ages: pd.Series[float]) -> pd.Series[str]:
    """Return the age band of each age in years, ``unknown`` for NaN."""
    bands = pd.cut(ages, list(AGE_EDGES), right=False, labels=list(AGE_BANDS))
    return bands.astype(object).where(bands.notna(), UNKNOWN).astype(str)


def describe(dataset: Dataset) -> Description:
    """Count a dataset's films and warn where source or age tells the class; reads no film."""
    manifest = dataset.manifest
    films = manifest[~manifest["split"].isin(SET_ASIDE)]
    values = {name: films[name].replace("", UNKNOWN) for name in DIMENSIONS if name != "age"}
    known = films["subsource"] != ""
    values["subsource"] = (films["source"] + "/" + films["subsource"]).where(known, UNKNOWN)
    values["age"] = age_bands(films["age"])
    counts, classes, patients = {}, {}, {}
    for column, names in CLASSINGS.items():
        counts[column] = {
            dimension: _count(values[dimension], films[column], dimension, names)
            for dimension in DIMENSIONS
        }
        classes[column] = {name: int((films[column] == name).sum()) for name in names}
        patients[column] = {
            name: int(films.loc[films[column] == name, "patient"].replace("", None).nunique())
            for name in names
        }
    return Description(
        films=len(films),
        ct=int((manifest["split"] == Split.CT.value).sum()),
        lateral=int((manifest["split"] == Split.LATERAL.value).sum()),
        counts=counts["label"],
        classes=classes["label"],
        patients=patients["label"],
        graded=counts["appearance"],
        appearances=classes["appearance"],
        graded_patients=patients["appearance"],
        warnings=(
            *_shortcuts(dataset.record),
            *(warning for table in counts.values() for warning in _lone_classes(table)),
            *_children(counts["label"]),
        ),
    )


def _count(
    values: pd.Series[str], labels: pd.Series[str], dimension: str, classes: list[str]
) -> dict[str, dict[str, int]]:
    known = labels != ""
    table = pd.crosstab(values[known], labels[known]).reindex(columns=classes, fill_value=0)
    fixed: Sequence[str] = {
        "split": [split.value for split in Split if split not in SET_ASIDE],
        "age": AGE_BANDS,
    }.get(dimension, [])
    order = [name for name in fixed if name in table.index]
    rest = table.drop(index=order)
    order += [
        str(name)
        for name in sorted(rest.index, key=lambda name: (name == UNKNOWN, -rest.loc[name].sum()))
    ]
    return {
        name: {label: int(table.loc[name, label]) for label in classes}  # type: ignore[arg-type]
        for name in order
    }


def _shortcuts(record: dict[str, Any]) -> Iterator[Message]:
    """Yield what the build measured: how well a fact alone tells the class."""
    from covid_d.dataset.describe.shortcuts import (
        LOUD_AUROC,  # needs scikit-learn, which is slow to load
    )

    for key, what in _PREDICTED.items():
        measured = record.get(key, {}).get("auroc", {})
        for name, fact in _FACTS.items():
            auroc = measured.get(name, {}).get("auroc")
            if auroc is not None and auroc >= LOUD_AUROC:
                told = {"films": measured[name]["films"]}
                es, en = localised(f"{auroc:.2f}", "es"), f"{auroc:.2f}"
                yield Message(
                    _SHORTCUT.es.format(fact=fact.es, what=what.es, auroc=es, **told),
                    _SHORTCUT.en.format(fact=fact.en, what=what.en, auroc=en, **told),
                )


def _lone_classes(counts: dict[str, dict[str, dict[str, int]]]) -> list[Message]:
    found, alone = [], 0
    films = sum(sum(row.values()) for row in counts["source"].values())
    for source, row in counts["source"].items():
        total = sum(row.values())
        if total >= _FEW and total in row.values():
            label = CLASS_NAMES[max(row, key=lambda name: row[name])]
            found.append(
                Message(
                    _ONE_CLASS.es.format(source=source, films=total, label=label.in_language("es")),
                    _ONE_CLASS.en.format(source=source, films=total, label=label.in_language("en")),
                )
            )
            alone += total
    if found:
        percent = round(100 * alone / films)
        found.append(_ONE_CLASS_SHARE.format(percent=percent, films=alone, all=films))
    return found


def _children(counts: dict[str, dict[str, dict[str, int]]]) -> list[Message]:
    children = counts["age"].get(AGE_BANDS[0], {})
    return [_CHILDREN.format(**children)] if sum(children.values()) >= _FEW else []
