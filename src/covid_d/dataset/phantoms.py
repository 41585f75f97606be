"""Whole collections of drawn phantoms, in the layouts of the published ones.

For rehearsals where the published films are not at hand: the guide's notebooks, tests, a first try
without a connection. Every picture says PHANTOM. What a network reaches on them is no medicine;
but, as in the published collections, the source of a film nearly tells its class.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from covid_d.files import atomic_folder
from covid_d.radiograph.phantom import Phantom, draw_phantom

COHEN: Final = "covid-chestxray-dataset"
KERMANY: Final = "chest_xray"
ADULTS: Final = "adult/manifest.csv"
SIIM: Final = "siim-covid19"
MASKS: Final = f"{COHEN}/annotations/lung-masks"

_SIDE: Final = 192  # pixels
_README: Final = """# Drawn phantoms, not patients

Pictures drawn by COVID-D in the layouts of published collections, to rehearse with. They teach no
medicine: no figure measured on them says anything about COVID-19.

# Fantomas dibujados, no pacientes

Imágenes dibujadas por COVID-D con la estructura de las colecciones publicadas, para ensayar. No
enseñan medicina: ninguna cifra medida con ellas dice nada sobre COVID-19.
"""


@dataclass(frozen=True, slots=True)
class _Style:
    """How a source's films look, whatever they show: width over height, brightness, dark frame."""

    aspect: float
    brightness: float
    frame: float


_STYLES: Final = {
    "radiopaedia.org": _Style(1.0, 1.0, 0.0),
    "sirm.org": _Style(1.15, 1.1, 0.03),
    "kermany": _Style(1.35, 0.8, 0.0),
    "cxnet": _Style(1.1, 1.05, 0.03),
    "nih": _Style(1.0, 0.9, 0.0),
    "rsna": _Style(0.9, 0.75, 0.05),
    # The challenge's films come from several hospitals, each with every class.
    "siim-a": _Style(1.0, 1.0, 0.0),
    "siim-b": _Style(1.0, 0.85, 0.03),
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many films of each kind are drawn.

    Parameters
    ----------
    cohen
        Patients of Cohen's layout; half of them from radiopaedia.org, two in three with COVID-19.
    children
        Healthy children, and as many with pneumonia.
    adults
        Of each of three sources, one of COVID-19 alone and two without.
    siim
        Studies of each of the four appearances in the layout of the SIIM challenge.
    """

    cohen: int = 90
    children: int = 100
    adults: int = 60
    siim: int = 30


def draw_collections(folder: Path | str, sizes: Sizes | None = None, *, seed: int = 7) -> Path:
    """Draw phantoms in the layouts of Cohen, Kermany, SIIM and a manifest of adults.

    Parameters
    ----------
    folder
        Gets :data:`COHEN` (with lung masks), :data:`KERMANY`, :data:`SIIM` and :data:`ADULTS`,
        whole or not at all.
    sizes
        How many films.
    seed
        Every picture follows from it.

    Returns
    -------
    The folder.

    Raises
    ------
    CovidDError
        If the folder exists or cannot be written.
    """
    sizes, out = sizes or Sizes(), Path(folder)
    with atomic_folder(out) as work:
        (work / "README.md").write_text(_README, encoding="utf-8")
        pen = _Pen(work, seed * 1_000_000)
        _cohen(pen, sizes.cohen)
        _kermany(pen, sizes.children)
        _adults(pen, sizes.adults)
        _siim(pen, sizes.siim)
    return out


class _Pen:
    """Draws phantom after phantom, each with a seed of its own."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self._seed = seed

    def draw(
        self, name: str, style: str, *, covid: bool, region: tuple[float, ...] | None = None
    ) -> Phantom:
        """Draw one film, ill within a region alone (left, top, right, bottom; shares) if given."""
        self._seed += 1
        phantom = draw_phantom(self._seed, opacities=covid, size=_SIDE)
        if covid and region is not None:
            phantom = _ill_within(phantom, draw_phantom(self._seed, size=_SIDE), region)
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _labelled(_styled(phantom.to_image(), _STYLES[style])).save(path)
        return phantom


def _styled(picture: Image.Image, style: _Style) -> Image.Image:
    size = (round(_SIDE * style.aspect), _SIDE)
    wide = picture.resize(size, Image.Resampling.BILINEAR).point(
        lambda grey: min(255, round(grey * style.brightness))
    )
    edge = round(_SIDE * style.frame)
    if edge:
        inside = wide.resize((size[0] - 2 * edge, size[1] - 2 * edge))
        wide = Image.new("L", size, 0)
        wide.paste(inside, (edge, edge))
    return wide


def _labelled(picture: Image.Image) -> Image.Image:
    pen = ImageDraw.Draw(picture)
    place = (picture.width / 2, picture.height - 2)
    pen.text(place, "PHANTOM", fill=255, anchor="mb", font=ImageFont.load_default(11))
    return picture


def _cohen(pen: _Pen, patients: int) -> None:
    rows: list[dict[str, str]] = []
    for number in range(patients):
        covid = number % 3 > 0
        publisher = "radiopaedia.org" if number % 2 else "sirm.org"
        name = f"phantom-{number:03}.png"
        phantom = pen.draw(f"{COHEN}/images/{name}", publisher, covid=covid)
        _mask(pen.root / MASKS / name, phantom, _STYLES[publisher])
        rows.append(
            {
                "patientid": str(number),
                "sex": "FM"[number % 2],
                "age": str(30 + number % 50),
                "finding": "COVID-19" if covid else ("Streptococcus", "SARS")[number % 2],
                "view": ("PA", "AP")[number % 5 == 0],
                "modality": "X-ray",
                "folder": "images",
                "filename": name,
                "license": "CC0",
                "url": f"https://{publisher}/phantom/{number}",
            }
        )
    pen.draw(f"{COHEN}/images/slice.png", "sirm.org", covid=True)
    rows.append({**rows[1], "filename": "slice.png", "modality": "CT", "view": "Axial"})
    _write_csv(pen.root / COHEN / "metadata.csv", rows)


def _mask(path: Path, phantom: Phantom, style: _Style) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = Image.fromarray(phantom.lungs.astype(np.uint8) * 255)
    # The frame's resize blends grey into the edge; a mask is black and white.
    _styled(drawn, _Style(style.aspect, 1.0, style.frame)).point(
        lambda grey: 255 * (grey > 127)
    ).save(path)


def _kermany(pen: _Pen, each: int) -> None:
    for number in range(each):
        split = ("train", "val", "test")[number % 3]
        healthy = f"{KERMANY}/{split}/NORMAL/IM-{number:04d}-0001.jpeg"
        pen.draw(healthy, "kermany", covid=False)
        ill = f"{KERMANY}/{split}/PNEUMONIA/person{number}_bacteria_{number + 7}.jpeg"
        pen.draw(ill, "kermany", covid=False)


def _adults(pen: _Pen, each: int) -> None:
    root = Path(ADULTS).parent
    rows = []
    for source, label in (("cxnet", "covid"), ("nih", "normal"), ("rsna", "normal")):
        for number in range(each):
            name = f"{source}/{number:03}.png"
            pen.draw(f"{root}/{name}", source, covid=label == "covid")
            rows.append(
                {
                    "path": name,
                    "source": source,
                    "patient": f"{source}:{number}",
                    "label": label,
                    "view": ("PA", "AP")[number % 2],
                    "age": str(25 + number % 60),
                    "sex": "FM"[number % 2],
                    "license": "CC0",
                    "url": "",
                }
            )
    _write_csv(pen.root / ADULTS, rows)


# Column of the challenge's table -> where the drawn lungs are ill; nowhere, or everywhere.
_REGIONS: Final = {
    "Negative for Pneumonia": None,
    "Typical Appearance": (0.0, 0.0, 1.0, 1.0),
    "Indeterminate Appearance": (0.0, 0.0, 0.5, 1.0),
    "Atypical Appearance": (0.5, 0.0, 1.0, 0.45),
}


def _ill_within(ill: Phantom, well: Phantom, region: tuple[float, ...]) -> Phantom:
    left, top, right, bottom = (round(_SIDE * share) for share in region)
    inside = Image.new("L", (_SIDE, _SIDE))
    inside.paste(255, (left, top, right, bottom))
    # No disease ends at a ruler's edge, and such an edge is refused.
    soft = inside.filter(ImageFilter.GaussianBlur(_SIDE / 32))
    share = np.asarray(soft, dtype=np.float32) / np.float32(255.0)
    pixels = well.pixels * (1 - share) + ill.pixels * share
    return Phantom(pixels.astype(well.pixels.dtype), well.lungs)


def _siim(pen: _Pen, each: int) -> None:
    studies: list[dict[str, str]] = []
    films: list[dict[str, str]] = []
    for column, region in _REGIONS.items():
        for _ in range(each):
            number = len(studies)
            study, image = f"5{number:011x}", f"a{number:011x}"
            style = ("siim-a", "siim-b")[number % 2]
            name = f"{SIIM}/train/{image}.jpg"
            pen.draw(name, style, covid=region is not None, region=region)
            studies.append(
                {"id": f"{study}_study", **{name: str(int(name == column)) for name in _REGIONS}}
            )
            films.append({"id": f"{image}_image", "StudyInstanceUID": study})
    _write_csv(pen.root / SIIM / "train_study_level.csv", studies)
    _write_csv(pen.root / SIIM / "train_image_level.csv", films)


def _write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
