"""Whether two versions give the same answers: everything they say of films, as they are and spoilt.

    python benchmarks/same.py --before SRC --films DIR [DIR ...] [--count N] [--spoilt N]

``SRC`` is the ``src`` folder of another checkout with the same built-in bundle. Each asks its
detector about every n-th film of the folders, ``--count`` of each, and about ``--spoilt`` of them
spoilt in a dozen ways (turned, inverted, cut, damaged, drawn upon...), which meet other refusals.
Compared are the whole ``Assessment`` and ``Examination``, maps of the evidence included: words and
codes must be equal, numbers to ``--within``. Exits with 1 where anything differs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_FILMS = {".png", ".jpg", ".jpeg", ".dcm"}
_SOURCE = Path(__file__).resolve().parents[1] / "src"
_WORKER = """
import json, sys
from covid_d.detector import Detector
detector = Detector.load("builtin")
for line in sys.stdin:
    examined = detector.examine(line.strip(), activation=True)
    answer = [detector.judge(examined).to_dict(), examined.to_dict()]
    print(json.dumps(answer, default=str), flush=True)
"""


def main() -> None:
    """Ask both, compare, print what was answered and what differs."""
    options = _options()
    with tempfile.TemporaryDirectory() as work:
        films = [film for folder in options.films for film in _some(folder, options.count)]
        films += list(_spoilt(films, options.spoilt, Path(work)))
        before, now = (_answers(source, films) for source in (options.before, _SOURCE))
        outcomes: Counter[str] = Counter()
        different, largest = 0, 0.0
        for film, one, other in zip(films, before, now, strict=True):
            refusal = other[0].get("refusal")
            outcomes[refusal["code"] if refusal else other[0]["outcome"]] += 1
            apart = [0.0]
            told = list(_differences(one, other, options.within, apart))
            largest = max(largest, *apart)
            different += bool(told)
            for line in told[:3]:
                print(f"{film}: {line}")
    print(f"{len(films)} pictures, {different} answered otherwise; numbers differ by {largest:.2g}")
    print(", ".join(f"{name} {count}" for name, count in outcomes.most_common()))
    sys.exit(1 if different else 0)


def _answers(source: Path, films: list[Path]) -> Iterator[Any]:
    surroundings = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for film in films:
            process.stdin.write(f"{film}\n")
            process.stdin.flush()
            yield json.loads(process.stdout.readline())
        process.stdin.close()


def _differences(
    one: Any, other: Any, within: float, apart: list[float], at: str = ""
) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name, value in one.items():
            yield from _differences(value, other[name], within, apart, f"{at}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (value, its) in enumerate(zip(one, other, strict=True)):
            yield from _differences(value, its, within, apart, f"{at}[{number}]")
    elif isinstance(one, float) and isinstance(other, float):
        apart.append(abs(one - other))
        # A map is kept to four digits.
        if apart[-1] > (2e-4 if "activation" in at else within):
            yield f"{at}: {one} became {other}"
    elif one != other:
        yield f"{at}: {one} became {other}"


def _some(folder: Path, count: int) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _FILMS)
    return found[:: max(1, len(found) // count)][:count]


def _spoilt(films: list[Path], count: int, work: Path) -> Iterator[Path]:
    pictures = [film for film in films if film.suffix.lower() != ".dcm"]
    for number, film in enumerate(pictures[:: max(1, len(pictures) // max(1, count))][:count]):
        with Image.open(film) as picture:
            grey = picture.convert("L")
        for name, spoil in _WAYS.items():
            path = work / f"{number}-{name}"
            path.write_bytes(spoil(grey, np.random.default_rng(number)))
            yield path


def _jpeg(picture: Image.Image | np.ndarray[Any, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    film = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    film.save(stream, "JPEG", **{"quality": 85} | options)
    return stream.getvalue()


def _png(film: Image.Image, _: np.random.Generator) -> bytes:
    stream = io.BytesIO()
    film.save(stream, "PNG")
    return stream.getvalue()


def _turned(film: Image.Image, _: np.random.Generator) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _jpeg(film, exif=exif)


def _bent(film: Image.Image, rng: np.random.Generator) -> bytes:
    data = bytearray(_jpeg(film))
    for at in rng.integers(700, len(data) - 4, 3):
        data[at] ^= int(rng.integers(1, 256))
    return bytes(data)


def _marked(film: Image.Image, _: np.random.Generator) -> bytes:
    drawn = np.asarray(film).copy()
    height, width = drawn.shape
    drawn[height // 2 : height // 2 + 4, width // 4 : width // 4 + 80] = 255
    drawn[height // 2 - 30 : height // 2 + 30, width // 4 : width // 4 + 4] = 255
    return _jpeg(drawn, quality=90)


def _coloured(film: Image.Image, _: np.random.Generator) -> bytes:
    drawn = np.asarray(film.convert("RGB")).copy()
    height, width = drawn.shape[:2]
    drawn[height // 3 : height // 3 + 9, width // 3 : width // 3 + 60] = (255, 40, 40)
    return _jpeg(drawn)


_WAYS: dict[str, Callable[[Image.Image, np.random.Generator], bytes]] = {
    "colour": lambda film, _: _jpeg(film.convert("RGB")),
    "sideways": lambda film, _: _jpeg(film.rotate(90, expand=True)),
    "inverted": lambda film, _: _jpeg(255 - np.asarray(film)),
    "half": lambda film, _: _jpeg(film.crop((0, 0, film.width // 2, film.height))),
    "margin": lambda film, _: _jpeg(np.pad(np.asarray(film), 40)),
    "large": lambda film, _: _jpeg(film.resize((3 * film.width, 3 * film.height))),
    "pair": lambda film, _: _jpeg(np.concatenate([np.asarray(film)] * 2, axis=1)),
    "progressive": lambda film, _: _jpeg(film, progressive=True),
    "cut": lambda film, _: _jpeg(film)[:4000],
    "png": _png,
    "turned": _turned,
    "bent": _bent,
    "marked": _marked,
    "coloured": _coloured,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--before", type=Path, required=True, help="src folder of a checkout")
    parser.add_argument("--films", type=Path, nargs="+", required=True, help="folders with films")
    parser.add_argument("--count", type=int, default=150, help="films of each folder at most")
    parser.add_argument("--spoilt", type=int, default=40, help="films to be spoilt in every way")
    parser.add_argument("--within", type=float, default=1e-6, help="most that numbers may differ")
    return parser.parse_args()


if __name__ == "__main__":
    main()
