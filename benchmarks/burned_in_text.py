"""How much burned-in text the collection's export finds on real films, and what it mistakes.

For films of each source beside the project (../shared/data): the share that would wait for a
person as they are, and the share of lines written on them by us that are found, by place and
letter height. A line counts as found in a margin when four fifths of it would be black, within
the film when any of it is framed.

    PYTHONPATH=src python benchmarks/burned_in_text.py
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from covid_d.clinic.collection.burned_in import blacked_out, find_text, in_margin
from covid_d.evaluation.figures.intervals import wilson
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.film import Box, FloatImage

DATA = Path(__file__).parents[2] / "shared" / "data"
FILMS, SEED = 40, 7
HEIGHTS = (12, 16, 24)
LINES = ("PEREZ LOPEZ MARIA", "1712345678", "12/03/2021 10:32", "HOSP. GUAYAQUIL", "ID 0923-441")


def sources() -> dict[str, list[Path]]:
    """Return a sample of films by source."""
    found: dict[str, list[Path]] = defaultdict(list)
    with (DATA / "adult" / "manifest.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            found[row["source"]].append(DATA / "adult" / row["path"])
    rng = random.Random(SEED)
    return {name: rng.sample(paths, FILMS) for name, paths in sorted(found.items())}


def written(pixels: FloatImage, place: str, height: int, seed: int) -> tuple[FloatImage, Box]:
    """Return a film with a line of white text in a corner or in its middle, and where it is."""
    rng = random.Random(seed)
    picture = Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    pen, font, text = ImageDraw.Draw(picture), ImageFont.load_default(height), rng.choice(LINES)
    length = pen.textlength(text, font=font)
    far = max(3.0, picture.width - length - 3), picture.height - height - 8.0
    at = (rng.choice((3.0, far[0])), rng.choice((3.0, far[1])))
    if place == "inside":
        at = (rng.uniform(0.25, 0.5) * picture.width, rng.uniform(0.3, 0.7) * picture.height)
    pen.text(at, text, fill=255, font=font)
    left, top, right, bottom = (int(edge) for edge in pen.textbbox(at, text, font=font))
    box = Box(max(0, top), max(0, left), bottom, min(right, picture.width))
    return np.asarray(picture, dtype=np.float32) / np.float32(255), box


def is_found(film: FloatImage, box: Box, place: str) -> bool:
    """Return whether a line is found."""
    hidden = blacked_out(np.ones_like(film), find_text(film)) == 0
    share = float(hidden[box.top : box.bottom, box.left : box.right].mean())
    return share >= 0.8 if place == "margin" else share > 0


def show(what: str, hits: int, n: int) -> None:
    """Print a share with its interval."""
    low, high = wilson(hits, n)
    print(f"{what:32} {hits:4}/{n:<4} {hits / n:5.0%}  ({low:.0%} to {high:.0%})")


def main() -> None:
    """Print everything."""
    hits: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for source, paths in sources().items():
        waits = []
        for number, path in enumerate(paths):
            try:
                pixels = read(path).pixels
            except RadiographError:
                continue
            waits.append(any(not in_margin(box, *pixels.shape) for box in find_text(pixels)))
            for place in ("margin", "inside"):
                for height in HEIGHTS:
                    film, box = written(pixels, place, height, number)
                    hits[place, height].append(is_found(film, box, place))
        show(f"{source}: would wait", sum(waits), len(waits))
    for (place, height), found in sorted(hits.items()):
        show(f"found, {place}, font {height} px", sum(found), len(found))


if __name__ == "__main__":
    main()
