"""The page that answers on a device against Python, film by film: outcome, refusal, pixels, more.

    python benchmarks/offline.py --films DIR [--count N] [--browser chromium|firefox]
        [--damaged N] [--cases] [--kept FILE] [--json FILE]

The page's own modules run in Node (18 or later) or in a browser, one film after another; times and
memory are theirs. What the page does not read is counted apart. ``--damaged`` adds real films that
were cut off or changed; ``--cases`` the hostile, damaged and odd files of the test suite. With
``--kept`` a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from covid_d.detector import Bundle, Detector
from covid_d.detector.lungs import LungModel
from covid_d.evaluation.figures.intervals import wilson
from covid_d.offline.site import make_site
from covid_d.radiograph import RadiographError, RefusalCode, read, standardise
from covid_d.radiograph.prepare import Window
from page_runtimes import RUNTIMES, Asked, Film, asking

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

_KINDS = {".png", ".dcm", ".jpg", ".jpeg"}
_SEED = 16
_APART = 1e-4
_PREFIXES = {"damaged": "damaged", "hostile": "cases", "case": "cases"}
_EVERYTHING = Window(0.0, 0.0, 1.0, 1.0)
Record = dict[str, Any]


def main() -> None:
    """Compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, action="append", default=[])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--damaged", type=int, default=0)
    parser.add_argument("--cases", action="store_true")
    parser.add_argument("--browser", choices=RUNTIMES, default="node")
    parser.add_argument("--program", help="in place of the runtime that is found")
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    paths = chosen(options.films, options.count)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        films = {str(path): path for path in paths}
        films |= dict(_damaged(paths[: options.damaged], Path(work, "damaged")))
        if options.cases:
            films |= dict(_cases(Path(work, "cases")))
        kept = options.kept or Path(work, "kept.jsonl")
        bundle = Bundle.load("builtin")
        (place := Path(work, "runtime")).mkdir()
        with asking(options.browser, make_site(bundle), place, options.program) as asked:
            compare(asked, bundle, films, kept)
            told = {
                "runtime": asked.agent,
                "opened_ms": round(asked.opened_ms),
                "memory_mb_most": asked.memory_mb_most(),
            }
        records = {record["film"]: record for record in _read(kept)}
        found = told | by_kind([records[name] for name in films])
    print(json.dumps(found, indent=1))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1))


def chosen(folders: list[Path], count: int) -> list[Path]:
    """Return films of folders, drawn alike each time."""
    films = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _KINDS
    ]
    random.Random(_SEED).shuffle(films)
    return films[:count]


def compare(asked: Asked, bundle: Bundle, films: dict[str, Path], kept: Path) -> None:
    """Ask the page and Python about each film that is not kept yet, and keep both answers."""
    done = {record["film"] for record in _read(kept)}
    waiting = {name: path for name, path in films.items() if name not in done}
    detector = Detector(bundle, threads=1)
    lungs = LungModel.load(bundle)
    contents: Iterator[Film] = ((name, path.read_bytes()) for name, path in waiting.items())
    with kept.open("a") as lines:
        for (name, path), page in zip(waiting.items(), asked.about(contents), strict=True):
            data = path.read_bytes()
            told = detector.assess(data, name=name, prevalence=0.1).to_dict()
            record = {
                "film": name,
                "took": page["took"],
                "page": page["answer"],
                "python": told,
                "seen": _seen_alike(page, data, bundle, lungs),
            }
            lines.write(json.dumps(record) + "\n")
            lines.flush()


def by_kind(records: list[Record]) -> Record:
    """Return :func:`summary` of films as they are, of damaged ones and of the tests' cases."""
    kinds: dict[str, list[Record]] = {"films": [], "damaged": [], "cases": []}
    for record in records:
        kinds[_PREFIXES.get(record["film"].partition(" ")[0], "films")].append(record)
    return {kind: summary(some) for kind, some in kinds.items() if some}


def summary(records: list[Record]) -> Record:
    """Return how far the page's answers are from Python's."""
    here_alone: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    unlike: dict[str, list[Any]] = {"fate": [], "pixels": [], "grey": [], "answer": []}
    apart, compared = [], []
    for record in records:
        mine, theirs = record["page"], record["python"]
        codes = [(each["refusal"] or {}).get("code", each["outcome"]) for each in (mine, theirs)]
        if codes[0] == "not_read_here":
            here_alone[codes[1]] += 1
            continue
        compared.append(record)
        fates[codes[1]] += 1
        if codes[0] != codes[1] or _cautions(mine) != _cautions(theirs):
            unlike["fate"].append([record["film"], *codes])
        if mine["appearance"] is not None and theirs["appearance"] is not None:
            apart += [abs(mine["appearance"][c] - p) for c, p in theirs["appearance"].items()]
        if not _alike(mine, theirs):
            unlike["answer"].append(record["film"])
        unlike["pixels"] += [record["film"]] * (not record["seen"]["pixels"])
        unlike["grey"] += [[record["film"], *record["seen"]["grey"]]] * any(record["seen"]["grey"])
    same = len(compared) - len(unlike["fate"])
    low, high = wilson(same, len(compared))
    took = [record["took"] for record in records]
    return {
        "films": len(records),
        "not_read_here": sum(here_alone.values()),
        "not_read_here_in_python": dict(here_alone.most_common()),
        "compared": len(compared),
        "same": same,
        "same_interval": [round(low, 4), round(high, 4)],
        "answered": sum(record["python"]["appearance"] is not None for record in compared),
        "probability_apart_most": max(apart, default=0.0),
        "unlike": unlike,
        "fates": dict(fates.most_common()),
        "film_ms_median": round(statistics.median(took)),
        "film_ms_most": round(max(took)),
    }


def _damaged(paths: list[Path], folder: Path) -> Iterator[tuple[str, Path]]:
    """Cut off, change or blot out a part of each film, in turn."""
    draw = random.Random(_SEED)
    folder.mkdir()
    for number, path in enumerate(paths):
        data = bytearray(path.read_bytes())
        if number % 3 == 0:
            del data[int(len(data) * draw.uniform(0.02, 0.99)) :]
        elif number % 3 == 1:
            for at in draw.choices(range(len(data)), k=draw.randint(1, 8)):
                data[at] ^= draw.randint(1, 255)
        else:
            at = draw.randrange(len(data))
            data[at : at + 200] = bytes(len(data[at : at + 200]))
        place = folder / str(number)
        place.write_bytes(data)
        yield f"damaged {path}", place


def _cases(folder: Path) -> Iterator[tuple[str, Path]]:
    """Write the test suite's hostile, damaged and odd files."""
    from golden_films import many
    from hostile import make_hostile_files

    for path in make_hostile_files(folder / "hostile"):
        if path.is_file():
            yield f"hostile {path.name}", path
    for name, data in many().items():
        path = folder / name
        path.write_bytes(data)
        yield f"case {name}", path


def _seen_alike(page: Record, data: bytes, bundle: Bundle, lungs: LungModel) -> Record:
    """Return whether pixels are equal, and how far the network's picture is: levels, share."""
    try:
        film = read(data)
    except RadiographError:
        return {"pixels": page["pixels"] is None, "grey": [0, 0.0]}
    if page["pixels"] is None:
        return {"pixels": False, "grey": [0, 0.0]}
    found = lungs.find(film).window
    window = _EVERYTHING if isinstance(found, RefusalCode) else found
    grey = standardise(film, bundle.spec.preprocessing, window)
    theirs = np.frombuffer(base64.b64decode(page["grey"]), np.uint8).reshape(grey.shape)
    levels = np.abs(grey.astype(int) - theirs)
    pixels = hashlib.sha256(np.ascontiguousarray(film.pixels).tobytes()).hexdigest()
    return {
        "pixels": page["pixels"] == pixels,
        "grey": [int(levels.max()), float((levels > 0).mean())],
    }


def _cautions(answer: Record) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def _alike(mine: Any, theirs: Any) -> bool:
    """Return whether two answers are one, but for the last digits of numbers."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(_alike(mine[k], theirs[k]) for k in mine)
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(map(_alike, mine, theirs))
    if isinstance(theirs, float) and isinstance(mine, int | float):
        return abs(mine - theirs) <= _APART
    return bool(mine == theirs)


def _read(kept: Path) -> list[Record]:
    if not kept.is_file():
        return []
    return [json.loads(line) for line in kept.read_text().splitlines()]


if __name__ == "__main__":
    main()
