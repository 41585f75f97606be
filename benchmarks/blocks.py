"""How many sound JPEG films are refused for blocks that seem to go on at another level.

    python benchmarks/blocks.py FOLDER... [--films N] [--every N] [--seed S]

Each JPEG of the folders, or one in so many (``--films``), is looked at as it is. Every N-th of
these is cut by 0 to 7 pixels above and to the left, so that its blocks lie otherwise, and saved
anew at a quality of 10 to 90: as it is, in colour, doubled, made smaller, with a margin or bands of
2 to 25 %, and saved twice.
Seeds are fixed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from covid_d.radiograph.readers.blocks import require_level_of

QUALITIES = (10, 30, 50, 75, 90)
MARGINS = (0.02, 0.04, 0.08, 0.25)
GREYS = (0, 128, 255)


def main() -> None:
    """Look, count, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--films", type=int, default=1)
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--seed", type=int, default=8)
    options = parser.parse_args()
    paths = sorted(
        path
        for folder in options.folders
        for path in folder.rglob("*")
        if path.suffix.lower() in (".jpg", ".jpeg")
    )
    films: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for number, path in enumerate(paths[:: options.films]):
        data = path.read_bytes()
        made = [("as it is", data)]
        if number % options.every == 0:
            rng = np.random.default_rng([options.seed, number])
            with Image.open(BytesIO(data)) as film:
                made += list(_anew(film.convert("L"), rng))
        for kind, each in made:
            films[kind] += 1
            refused[kind] += _is_refused(each)
    for kind, count in films.items():
        print(f"{kind:12}{count:8} films{refused[kind]:6} refused")


def _anew(film: Image.Image, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Yield a film saved anew in several ways, by their names."""
    left, top = (int(each) for each in rng.integers(0, 8, 2))
    film = film.crop((left, top, *film.size))
    width, height = film.size
    yield "anew", _saved(film, rng)
    yield "in colour", _saved(film.convert("RGB"), rng)
    yield "doubled", _saved(film.resize((2 * width, 2 * height), Image.Resampling.BICUBIC), rng)
    smaller = (2 * width // 3, 2 * height // 3)
    yield "smaller", _saved(film.resize(smaller, Image.Resampling.BILINEAR), rng)
    yield "margin", _saved(_within(film, rng, sides=True), rng)
    yield "bands", _saved(_within(film, rng, sides=False), rng)
    yield "twice", _saved(Image.open(BytesIO(_saved(film, rng))), rng)


def _within(film: Image.Image, rng: np.random.Generator, *, sides: bool) -> Image.Image:
    wide = int(rng.choice(MARGINS) * film.height)
    if rng.random() < 0.5:
        wide = wide // 8 * 8  # its edge lies between blocks
    beside = wide if sides else 0
    size = film.width + 2 * beside, film.height + 2 * wide
    picture = Image.new("L", size, int(rng.choice(GREYS)))
    picture.paste(film, (beside, wide))
    return picture


def _saved(film: Image.Image, rng: np.random.Generator) -> bytes:
    stream = BytesIO()
    film.save(stream, "JPEG", quality=int(rng.choice(QUALITIES)))
    return stream.getvalue()


def _is_refused(data: bytes) -> bool:
    with Image.open(BytesIO(data)) as film:
        grey = film.getchannel("G") if film.mode == "RGB" else film.convert("L")
        try:
            require_level_of(data, np.asarray(grey))
        except ValueError:
            return True
    return False


if __name__ == "__main__":
    main()
