"""One self-contained page, and a contact sheet, that show what is in a dataset."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from covid_d.appearance import Appearance
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.describe.classes import CLASS_COLOURS, CLASS_NAMES
from covid_d.dataset.describe.contact_sheet import contact_sheet
from covid_d.dataset.describe.describe import (
    CLASSINGS,
    DIMENSIONS,
    UNKNOWN,
    Description,
    describe,
)
from covid_d.dataset.manifest import SET_ASIDE, Label, Split
from covid_d.files import write_atomically
from covid_d.html_report import Page, Picture, Section, Table, png_of
from covid_d.language import Language, Message

SHEET = "contact_sheet.png"
PAGE = "description.html"

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
_UNLABELLED = Message(
    "{films} radiografías. Apartados: {ct} cortes de tomografía y {lateral} radiografías "
    "laterales.",
    "{films} radiographs. Set aside: {ct} CT slices and {lateral} lateral films.",
)
_GRADED = Message(
    "{films} radiografías clasificadas por su aspecto ({patients} pacientes conocidos): {counts}. "
    "El aspecto no es la enfermedad: también una radiografía negativa puede ser de un paciente con "
    "COVID-19.",
    "{films} films graded by appearance ({patients} known patients): {counts}. Appearance is not "
    "disease: a negative film, too, may be of a patient with COVID-19.",
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
_BY_APPEARANCE = Message("Radiografías por fuente y aspecto", "Films by source and appearance")
_COUNTS = Message("Recuentos", "Counts")
# Column of the manifest -> the class whose share a table tells.
_SHARE_OF = {"label": Label.COVID.value, "appearance": Appearance.TYPICAL.value}


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
    """Return one table a dimension and way to class films; long ones end in the sum of the rest."""
    return [
        _table(_HEADINGS[name].in_language(language), counts[name], column, language)
        for column, counts in _classed(description).items()
        for name in DIMENSIONS
    ]


def _classed(description: Description) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """Return the counts by label, by appearance, or both: as far as films have them."""
    found = {"label": description.counts, "appearance": description.graded}
    told = {column: counts for column, counts in found.items() if counts["split"]}
    return told or {"label": description.counts}


def _page(dataset: Dataset, description: Description, sheet: Picture, language: Language) -> Page:
    films = dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
    origin = _ORIGIN.format(protocol=dataset.protocol, sha256=dataset.sha256)
    said = [*_summaries(description, language), origin.in_language(language)]
    captions = {"label": _BY_SOURCE, "appearance": _BY_APPEARANCE}
    plots = [
        Picture(
            png_of(_by_source(counts["source"], CLASSINGS[column], language)),
            captions[column].in_language(language),
        )
        for column, counts in _classed(description).items()
    ]
    labelled = films[films["label"] != ""]
    known = int(labelled["age"].notna().sum())
    if known:
        caption = _BY_AGE.format(known=known, all=len(labelled)).in_language(language)
        plots.append(Picture(png_of(_by_age(films, language)), caption))
    return Page(
        title=_TITLE.format(name=dataset.folder.resolve().name).in_language(language),
        notices=[warning.in_language(language) for warning in description.warnings],
        sections=[
            Section(_OVERVIEW.in_language(language), paragraphs=said),
            Section(_FILMS.in_language(language), pictures=[sheet]),
            Section(_BALANCE.in_language(language), pictures=plots),
            Section(_COUNTS.in_language(language), tables=tables(description, language)),
        ],
        language=language,
    )


def _summaries(description: Description, language: Language) -> list[str]:
    labelled = any(description.classes.values()) or not any(description.appearances.values())
    summary = (
        (_SUMMARY if labelled else _UNLABELLED)
        .format(
            films=description.films,
            ct=description.ct,
            lateral=description.lateral,
            **description.classes,
            **{f"{label}_patients": n for label, n in description.patients.items()},
        )
        .in_language(language)
    )
    if not any(description.appearances.values()):
        return [summary]
    graded = _GRADED.format(
        films=sum(description.appearances.values()),
        patients=sum(description.graded_patients.values()),
        counts=", ".join(
            f"{CLASS_NAMES[name].in_language(language)} {n}"
            for name, n in description.appearances.items()
        ),
    )
    return [summary, graded.in_language(language)]


def _table(
    heading: str, counts: dict[str, dict[str, int]], column: str, language: Language
) -> Table:
    classes, share = CLASSINGS[column], _SHARE_OF[column]
    shown = list(counts.items())
    if len(shown) > _LONGEST:
        rest = shown[_LONGEST - 1 :]
        others = Message("otros ({n})", "others ({n})").format(n=len(rest)).in_language(language)
        total = {label: sum(row[label] for _, row in rest) for label in classes}
        shown = [*shown[: _LONGEST - 1], (others, total)]
    unknown = Message("desconocido", "unknown").in_language(language)
    body = [
        (
            unknown if name == UNKNOWN else name,
            *(row[label] for label in classes),
            sum(row.values()),
            f"{100 * row[share] / max(1, sum(row.values())):.0f} %",
        )
        for name, row in shown
    ]
    share_name = CLASS_NAMES[share].in_language(language)
    return Table((heading, *_class_names(classes, language), "Total", f"% {share_name}"), body)


def _class_names(classes: list[str], language: Language) -> list[str]:
    return [CLASS_NAMES[label].in_language(language) for label in classes]


def _by_source(counts: dict[str, dict[str, int]], classes: list[str], language: Language) -> Figure:
    """Draw one bar a source, its classes side by side within it."""
    figure, axes = _lines_of(len(counts))
    left = np.zeros(len(counts))
    for label, name in zip(classes, _class_names(classes, language), strict=True):
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
    classes = CLASSINGS["label"]
    known = films[films["age"].notna() & (films["label"] != "")]
    sources = list(known["source"].value_counts().index)
    figure, axes = _lines_of(2 * len(sources))
    for label, name, offset in zip(
        classes, _class_names(classes, language), (-0.19, 0.19), strict=True
    ):
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
