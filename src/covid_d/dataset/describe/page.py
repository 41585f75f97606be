"""One self-contained page, and a contact sheet, that show what is in a dataset."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.describe.classes import CLASS_COLOURS, CLASS_NAMES
from covid_d.dataset.describe.contact_sheet import contact_sheet
from covid_d.dataset.describe.describe import DIMENSIONS, UNKNOWN, Description, describe
from covid_d.dataset.manifest import SET_ASIDE, Label, Split
from covid_d.files import write_atomically
from covid_d.html_report import Page, Picture, Section, Table, png_of
from covid_d.language import Language, Message

SHEET = "contact_sheet.png"
PAGE = "description.html"

_CLASSES = [label.value for label in Label]
_LONGEST = 15  # rows of a table; the rest are added up

_HEADINGS = {
    "split": Message("Partición", "Split"),
    "source": Message("Fuente", "Source"),
    "subsource": Message("Origen dentro de la fuente", "Publisher within the source"),
    "projection": Message("Proyección", "Projection"),
    "sex": Message("Sexo", "Sex"),
    "age": Message("Edad, años", "Age, years"),
}
_TITLE = Message("Conjunto de datos «{name}»", "Dataset '{name}'")
_OVERVIEW = Message("Resumen", "Overview")
_SUMMARY = Message(
    "{films} radiografías: {covid} con COVID-19 ({covid_patients} pacientes conocidos) y {nocovid} "
    "sin COVID-19 ({nocovid_patients} pacientes conocidos). Apartados: {ct} cortes de tomografía y "
    "{lateral} radiografías laterales.",
    "{films} radiographs: {covid} with COVID-19 ({covid_patients} known patients) and {nocovid} "
    "without ({nocovid_patients} known patients). Set aside: {ct} CT slices and {lateral} lateral "
    "films.",
)
_ORIGIN = Message(
    "Protocolo: {protocol}. Huella SHA-256 del conjunto: {sha256}.",
    "Protocol: {protocol}. SHA-256 of the dataset: {sha256}.",
)
_FILMS = Message("Radiografías", "Films")
_SHEET = Message(
    "Radiografías elegidas al azar (partición {split}, semilla {seed}), con su clase y su fuente",
    "Films chosen at random (split {split}, seed {seed}), with class and source",
)
_BALANCE = Message("Clase, fuente y edad", "Class, source and age")
_BY_SOURCE = Message("Radiografías por fuente y clase", "Films by source and class")
_BY_AGE = Message(
    "Edad por fuente y clase (mediana, cuartiles, rango); {known} de {all} radiografías con edad",
    "Age by source and class (median, quartiles, range); {known} of {all} films with an age",
)
_COUNTS = Message("Recuentos", "Counts")


def write_description(
    dataset: Dataset,
    folder: Path,
    *,
    rows: int = 3,
    columns: int = 3,
    split: Split | str = Split.TRAIN,
    seed: int = 7,
    language: Language = "en",
) -> Description:
    """Write ``contact_sheet.png`` and ``description.html`` into a folder.

    Parameters
    ----------
    dataset
        What to describe.
    folder
        Where the two files go; made when missing.
    rows, columns, split, seed
        Of the contact sheet.
    language
        Of the page and the sheet.

    Raises
    ------
    DatasetError
        If the split holds no film.
    RadiographError
        If a film of the contact sheet cannot be read.
    CovidDError
        If the files cannot be written.
    """
    description = describe(dataset)
    sheet = io.BytesIO()
    contact_sheet(
        dataset, films=rows * columns, columns=columns, split=split, seed=seed, language=language
    ).save(sheet, format="PNG")
    caption = _SHEET.format(split=split, seed=seed).in_language(language)
    page = _page(dataset, description, Picture(sheet.getvalue(), caption), language)
    write_atomically(folder / SHEET, sheet.getvalue())
    write_atomically(folder / PAGE, page.to_html())
    return description


def tables(description: Description, language: Language = "en") -> list[Table]:
    """Return one table a dimension; long ones end in the sum of the rest."""
    return [
        _table(_HEADINGS[name].in_language(language), description.counts[name], language)
        for name in DIMENSIONS
    ]


def _page(dataset: Dataset, description: Description, sheet: Picture, language: Language) -> Page:
    films = dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
    summary = _SUMMARY.format(
        films=description.films,
        ct=description.ct,
        lateral=description.lateral,
        **description.classes,
        **{f"{label}_patients": n for label, n in description.patients.items()},
    )
    origin = _ORIGIN.format(protocol=dataset.protocol, sha256=dataset.sha256)
    plots = [Picture(png_of(_by_source(description, language)), _BY_SOURCE.in_language(language))]
    known = int(films["age"].notna().sum())
    if known:
        caption = _BY_AGE.format(known=known, all=len(films)).in_language(language)
        plots.append(Picture(png_of(_by_age(films, language)), caption))
    return Page(
        title=_TITLE.format(name=dataset.folder.resolve().name).in_language(language),
        notices=[warning.in_language(language) for warning in description.warnings],
        sections=[
            Section(
                _OVERVIEW.in_language(language),
                paragraphs=[summary.in_language(language), origin.in_language(language)],
            ),
            Section(_FILMS.in_language(language), pictures=[sheet]),
            Section(_BALANCE.in_language(language), pictures=plots),
            Section(_COUNTS.in_language(language), tables=tables(description, language)),
        ],
        language=language,
    )


def _table(heading: str, counts: dict[str, dict[str, int]], language: Language) -> Table:
    shown = list(counts.items())
    if len(shown) > _LONGEST:
        rest = shown[_LONGEST - 1 :]
        others = Message("otros ({n})", "others ({n})").format(n=len(rest)).in_language(language)
        total = {label: sum(row[label] for _, row in rest) for label in _CLASSES}
        shown = [*shown[: _LONGEST - 1], (others, total)]
    unknown = Message("desconocido", "unknown").in_language(language)
    body = [
        (
            unknown if name == UNKNOWN else name,
            *(row[label] for label in _CLASSES),
            sum(row.values()),
            f"{100 * row[Label.COVID.value] / max(1, sum(row.values())):.0f} %",
        )
        for name, row in shown
    ]
    return Table((heading, *_class_names(language), "Total", "% COVID-19"), body)


def _class_names(language: Language) -> list[str]:
    return [CLASS_NAMES[label].in_language(language) for label in _CLASSES]


def _by_source(description: Description, language: Language) -> Figure:
    """Draw one bar a source, its classes side by side within it."""
    counts = description.counts["source"]
    figure, axes = _lines_of(len(counts))
    left = np.zeros(len(counts))
    for label, name in zip(_CLASSES, _class_names(language), strict=True):
        widths = np.array([row[label] for row in counts.values()])
        bars = axes.barh(list(counts), widths, left=left, color=CLASS_COLOURS[label], label=name)
        shown = [str(n) if n else "" for n in widths]
        axes.bar_label(bars, labels=shown, label_type="center", color="white", fontsize=9)
        left = left + widths
    axes.set_xlabel(Message("radiografías", "films").in_language(language))
    axes.invert_yaxis()
    _legend(axes)
    return figure


def _by_age(films: pd.DataFrame, language: Language) -> Figure:
    """Draw one box a source and class."""
    known = films[films["age"].notna()]
    sources = list(known["source"].value_counts().index)
    figure, axes = _lines_of(2 * len(sources))
    for label, name, offset in zip(_CLASSES, _class_names(language), (-0.19, 0.19), strict=True):
        of_class = known[known["label"] == label]
        colour = CLASS_COLOURS[label]
        axes.barh([0], [0], color=colour, label=name)  # the legend's entry
        for place, source in enumerate(sources):
            ages = of_class.loc[of_class["source"] == source, "age"].to_numpy()
            if len(ages):
                low, lower, middle, upper, high = np.percentile(ages, (0, 25, 50, 75, 100))
                axes.hlines(place + offset, low, high, color=colour, linewidth=1.5)
                axes.barh(place + offset, upper - lower, left=lower, height=0.3, color=colour)
                axes.vlines(
                    middle, place + offset - 0.15, place + offset + 0.15, color="white", linewidth=2
                )
    axes.set_yticks(range(len(sources)), sources)
    axes.set_ylim(len(sources) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(_HEADINGS["age"].in_language(language))
    _legend(axes)
    return figure


def _lines_of(lines: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 1.5 + 0.36 * lines), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
