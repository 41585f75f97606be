"""Write small collections of phantoms in the layouts of the published ones."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from covid_d.radiograph.phantom import draw_phantom

COHEN_COLUMNS = (
    "patientid", "offset", "sex", "age", "finding", "view", "modality", "folder", "filename",
    "url", "license", "clinical_notes", "RT_PCR_positive", "",
)  # fmt: skip


def draw(path: Path, seed: int, *, covid: bool = False, size: int = 160) -> Path:
    """Draw one phantom into a picture file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_phantom(seed, opacities=covid, size=size).to_image().save(path)
    return path


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> Path:
    """Write a CSV file; cells that a row does not name are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(columns), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def cohen_row(filename: str, **cells: str) -> dict[str, str]:
    """Return a row of ``metadata.csv``: an adult's PA film with COVID-19, unless said otherwise."""
    usual = {
        "patientid": "1",
        "sex": "M",
        "age": "60",
        "finding": "COVID-19",
        "view": "PA",
        "modality": "X-ray",
        "folder": "images",
        "filename": filename,
        "license": "CC BY-NC-SA",
        "url": "https://radiopaedia.org/articles/1",
        "clinical_notes": "First line,\nsecond line",
    }
    return usual | cells


def write_cohen(root: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write ``metadata.csv`` in Cohen's layout."""
    write_csv(root / "metadata.csv", COHEN_COLUMNS, rows)
    return root


def make_cohen(root: Path, patients: int = 12, first_seed: int = 1000) -> Path:
    """Make a collection of one film a patient, every third with another pneumonia, and one CT."""
    rows = []
    for number in range(patients):
        covid = number % 3 > 0
        name = f"film {number}.png"
        draw(root / "images" / name, first_seed + number, covid=covid)
        finding = "COVID-19" if covid else "Streptococcus"
        rows.append(cohen_row(name, patientid=str(number), finding=finding))
    draw(root / "images" / "slice.png", first_seed + 900)
    rows.append(cohen_row("slice.png", patientid="900", modality="CT", view="Axial"))
    rows.append(cohen_row("gone.png", patientid="901"))
    return write_cohen(root, rows)


def make_kermany(root: Path, each: int = 6, first_seed: int = 2000) -> Path:
    """Make as many healthy as ill children, spread over the publisher's splits."""
    for number in range(each):
        split = ("train", "val", "test")[number % 3]
        healthy = root / split / "NORMAL" / f"IM-{number:04d}-0001.jpeg"
        draw(healthy, first_seed + number)
        ill = root / split / "PNEUMONIA" / f"person{number}_bacteria_{number + 7}.jpeg"
        draw(ill, first_seed + 500 + number, covid=True)
    return root


SIIM_COLUMNS = (
    "id", "Negative for Pneumonia", "Typical Appearance", "Indeterminate Appearance",
    "Atypical Appearance",
)  # fmt: skip
SIIM_GRADES = {
    "negative": "1000", "typical": "0100", "indeterminate": "0010", "atypical": "0001",
}  # fmt: skip


def write_siim(root: Path, studies: Mapping[str, str], images: Iterable[tuple[str, str]]) -> Path:
    """Write the challenge's two tables.

    ``studies`` maps a study to the four marks of its row, ``images`` are (film, study).
    """
    rows = [
        dict(zip(SIIM_COLUMNS, (f"{study}_study", *marks), strict=True))
        for study, marks in studies.items()
    ]
    write_csv(root / "train_study_level.csv", SIIM_COLUMNS, rows)
    films = [
        {"id": f"{image}_image", "boxes": "", "label": "none 1 0 0 1 1", "StudyInstanceUID": study}
        for image, study in images
    ]
    write_csv(root / "train_image_level.csv", ("id", "boxes", "label", "StudyInstanceUID"), films)
    return root


def make_siim(root: Path, each: int = 6, first_seed: int = 90_000) -> Path:
    """Make as many studies of each appearance; the first of each has two films."""
    studies, images = {}, []
    for place, (name, marks) in enumerate(SIIM_GRADES.items()):
        for number in range(each):
            study = f"{name[:2]}{number:03}"
            studies[study] = marks
            for film in range(2 if number == 0 else 1):
                image = f"{place}{film}{number:03}"
                seed = first_seed + 1000 * place + 10 * number + film
                draw(root / "train" / f"{image}.jpg", seed, covid=name != "negative")
                images.append((image, study))
    return write_siim(root, studies, images)


def make_manifest(root: Path, films: int = 12, first_seed: int = 3000) -> Path:
    """Make a manifest of adults: one source with COVID-19 only, another without."""
    rows = []
    for number in range(films):
        covid = number % 2 == 0
        source = "clinic" if covid else "nih"
        draw(root / source / f"{number}.png", first_seed + number, covid=covid)
        rows.append(
            {
                "path": f"{source}/{number}.png",
                "label": "covid" if covid else "normal",
                "source": source,
                "patient": f"{source}:{number}",
                "view": "AP",
                "age": str(40 + number),
                "sex": "F",
                "license": "CC BY 4.0" if covid else "CC0",
            }
        )
    return write_csv(root / "manifest.csv", rows[0], rows)
