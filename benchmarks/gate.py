"""What is refused, rightly and wrongly, and what a margin does to an answer.

    python benchmarks/gate.py DATASET ... [--bundle B] [--split S ...] [--children DIR]
        [--pictures DIR ...] [--films N] [--only refused|covered|margins] [--json FILE]

The films are those of some splits of data sets (default: validation), so that neither network nor
gate has learnt from them, drawn evenly from their sources with a fixed seed. Films that the bundle
lists among those it learnt from are left out, should a data set built anew be split otherwise.
Everything goes the whole way that a film goes: file, reader, checks, lungs, network, gate.
Intervals are Wilson's, 95 %. Needs the extras ``train`` and ``demo``.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from around import letterbox, margin, shutter
from covered import COVERS, Cover
from covid_d.dataset.dataset import Dataset
from covid_d.detector import Assessment, Bundle, Detector, Outcome
from covid_d.detector.explain import overlay
from covid_d.detector.frame import Frame
from covid_d.detector.gate import PictureKind
from covid_d.evaluation.figures.intervals import wilson
from covid_d.radiograph import Facts, Radiograph, RadiographError, read
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.prepare import Window
from covid_d.training.gate.montage import annotated, collage, half
from covid_d.training.gate.pictures import ALTERATIONS, altered, drawn, packaged, pictures_in

SEED = 12
_DRAWN = 280  # drawings from this one on are not learnt from
_COLOURS = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 140, 0))
_SUFFIXES = {".png", ".jpg", ".jpeg"}

_STEP = 0.5 / 255  # of grey: what differs by less was not drawn on
_OVER = 0.1

Alter = Callable[[FloatImage, np.random.Generator], FloatImage]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of some pictures are refused, why, and the interval of the share."""

    name: str
    refused: int
    pictures: int
    low: float
    high: float
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """What a margin did to answers."""

    name: str
    films: int
    changed: int
    low: float
    high: float
    opposed: int


def main() -> None:
    """Measure, print tables, write JSON when asked."""
    options = _options()
    detector = Detector.load(options.bundle)
    films = _films(options.datasets, options.split, options.films, _learnt(detector.bundle))
    print(f"{len(films)} films; bundle {detector.bundle.id}")
    wanted = {options.only} if options.only else {"refused", "covered", "margins"}
    rates = list(_rates(detector, films, options)) if "refused" in wanted else []
    rates += list(_covered_rates(detector, films)) if "covered" in wanted else []
    margins = films[: options.margins] if "margins" in wanted else []
    shifts = list(_shifts(detector, margins)) if margins else []
    for rate in rates:
        share = f"{100 * rate.refused / rate.pictures:5.1f} %"
        told = f"{rate.refused:>5} of {rate.pictures:<5} {share} {_interval(rate)}"
        print(f"{rate.name:44}{told}  {rate.reasons}")
    for shift in shifts:
        share = f"{100 * shift.changed / max(1, shift.films):5.1f} %"
        told = f"{shift.changed:>5} of {shift.films:<5} {share} {_interval(shift)}"
        print(f"outcome changed by {shift.name:25}{told}  positive to negative: {shift.opposed}")
    if options.json:
        record = {
            "bundle": detector.bundle.id.to_dict(),
            "refused": [asdict(rate) for rate in rates],
            "margins": [asdict(shift) for shift in shifts],
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _rates(
    detector: Detector, films: Sequence[Path], options: argparse.Namespace
) -> Iterator[Rate]:
    def of(name: str, pictures: Iterable[Radiograph | bytes | Path]) -> Rate:
        return _rate(name, (detector.assess(picture) for picture in pictures))

    yield of("frontal films, wrongly", films)
    yield of("the same as colour JPEG (60 to 95), wrongly", _again(films, (1.0, 1.0, 1.0)))
    yield of("the same with a sepia tint, wrongly", _again(films, (1.0, 0.97, 0.93)))
    yield of("the same saved with a narrow window, wrongly", _altered(films, _narrow, (75, 98)))
    for kind in ALTERATIONS:
        yield of(kind.value, _altered(films, _as_learnt(kind)))
    yield of("halves", _altered(films, half))
    yield of("side by side", _pairs(films))
    yield of("one grey mark or more, kept as PNG", _altered(films, _inked))
    yield of("the same as JPEG (70 to 95)", _altered(films, _inked, quality=(70, 96)))
    for name, keep in _KEPT.items():
        yield of(f"grey marks over the lungs, {name}", _over_lungs(detector, films, keep))
    yield of("coloured marks, as JPEG (60 to 95)", _coloured(films))
    yield of("our own overlays", _overlays(detector, films))
    if options.children:
        children = [p for folder in options.children for p in _pictures(folder)]
        yield of("children, no age stated", children)
    drawings = (drawn(seed) for seed in range(_DRAWN, 2 * _DRAWN))
    yield of("drawings", map(_film, drawings))
    yield of("packaged photographs (learnt from)", (_film(pixels) for _, pixels in packaged()))
    for folder in options.pictures:
        yield of(folder.name, (_film(pixels) for _, pixels in pictures_in(folder)))


def _covered_rates(detector: Detector, films: Sequence[Path]) -> Iterator[Rate]:
    for name, cover in COVERS.items():
        answers = (detector.assess(picture) for picture in _covered(detector, films, cover))
        yield _rate(name, answers)


def _covered(detector: Detector, films: Sequence[Path], cover: Cover) -> Iterator[bytes]:
    """Yield films on which two lungs are found, covered in part."""
    frame = Frame(detector.bundle)
    for number, path in enumerate(films):
        film = read(path)
        try:
            mask = frame.of(film).mask
        except RadiographError:
            continue
        if mask is not None:
            size = (film.width, film.height)
            lungs = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
            yield _png(cover(film.pixels, lungs, np.random.default_rng([SEED, number])))


def _shifts(detector: Detector, films: Sequence[Path]) -> Iterator[Shift]:
    """Yield what each margin does to the outcomes of films that are answered without it."""
    shared: dict[str, list[tuple[Outcome, Outcome]]] = {name: [] for name, _ in _margins()}
    for path in films:
        pixels = read(path).pixels
        plain = detector.assess(_png(pixels)).outcome
        if plain is Outcome.REFUSED:
            continue
        for name, add in _margins():
            shared[name].append((plain, detector.assess(_png(add(pixels))).outcome))
    for name, pairs in shared.items():
        changed = sum(before is not after for before, after in pairs)
        opposed = sum({*pair} == {Outcome.POSITIVE, Outcome.NEGATIVE} for pair in pairs)
        yield Shift(name, len(pairs), changed, *wilson(changed, len(pairs)), opposed)


def _margins() -> Iterator[tuple[str, Callable[[FloatImage], FloatImage]]]:
    for share in (0.02, 0.04, 0.08, 0.25):
        for name, level in (("black", 0.0), ("grey", 0.5), ("white", 1.0)):
            yield f"{share:.0%} {name} margin", partial(margin, share=share, level=level)
    yield "letterbox 16:9", letterbox
    yield "round shutter", shutter


def _learnt(bundle: Bundle) -> set[str]:
    """Return the hashes of the films that a bundle learnt from."""
    listed = csv.DictReader(bundle.training_films.splitlines())
    return {row["sha256"] for row in listed if row["split"] == "train"}


def _films(
    folders: Sequence[Path], splits: Sequence[str], count: int, learnt: set[str]
) -> list[Path]:
    """Return films of the splits, of each source in turn."""
    rng = np.random.default_rng(SEED)
    by_source: dict[str, list[Path]] = {}
    for folder in folders:
        dataset = Dataset.open(folder)
        rows = dataset.manifest[dataset.manifest["split"].isin(splits)]
        rows = rows[~rows["sha256"].isin(learnt)]
        for row in rows.itertuples(index=False):
            by_source.setdefault(str(row.source), []).append(dataset.path(row))
    for paths in by_source.values():
        rng.shuffle(paths)
    longest = max(map(len, by_source.values()))
    turns = (paths[at] for at in range(longest) for paths in by_source.values() if at < len(paths))
    return [path for path, _ in zip(turns, range(count), strict=False)]


def _altered(
    films: Sequence[Path], change: Alter, quality: tuple[int, int] | None = None
) -> Iterator[bytes]:
    for number, path in enumerate(films):
        rng = np.random.default_rng([SEED, number])
        pixels = change(read(path).pixels, rng)
        yield _png(pixels) if quality is None else _jpeg(pixels, int(rng.integers(*quality)))


def _as_learnt(kind: PictureKind) -> Alter:
    def change(pixels: FloatImage, rng: np.random.Generator) -> FloatImage:
        return altered(pixels, kind, rng)

    return change


def _inked(pixels: FloatImage, rng: np.random.Generator) -> FloatImage:
    return annotated(pixels, rng, with_maps=False)


def _narrow(pixels: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Return a film as a viewer's narrow window saves it: its dark and bright ends are clipped."""
    black, white = np.percentile(pixels, (rng.uniform(2.0, 15.0), rng.uniform(85.0, 99.5)))
    narrow: FloatImage = np.clip((pixels - black) / max(white - black, 0.05), 0.0, 1.0)
    return narrow.astype(np.float32)


def _over_lungs(
    detector: Detector, films: Sequence[Path], keep: Callable[..., bytes]
) -> Iterator[bytes]:
    """Yield each film with grey marks of which a tenth or more lies between the lungs' sides.

    What is drawn is what :func:`_inked` draws; elsewhere on a film it is not looked for.
    """
    frame = Frame(detector.bundle)
    for number, path in enumerate(films):
        film = read(path)
        try:
            found = frame.of(film)
        except RadiographError:
            continue
        rng = np.random.default_rng([SEED, number])
        pixels = _inked(film.pixels, rng)
        ink = np.abs(pixels - film.pixels) > _STEP
        if found.lungs is None or found.box is None or not ink.any():
            continue
        if (ink & _between(found.lungs, found.box, ink.shape)).sum() >= _OVER * ink.sum():
            yield keep(pixels, rng)


def _between(
    lungs: npt.NDArray[np.bool_], box: Window, shape: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Return where on a film lies what is between the first and last lung of each row."""
    rows, columns = shape
    sides = np.maximum.accumulate(lungs, 1) & np.maximum.accumulate(lungs[:, ::-1], 1)[:, ::-1]
    top, left = round(box.top * rows), round(box.left * columns)
    size = round(box.right * columns) - left, round(box.bottom * rows) - top
    placed = np.zeros((rows, columns), dtype=np.bool_)
    part = np.asarray(Image.fromarray(sides).resize(size, Image.Resampling.NEAREST))
    placed[top : top + size[1], left : left + size[0]] = part
    return placed


def _pairs(films: Sequence[Path]) -> Iterator[bytes]:
    for number, path in enumerate(films):
        rng = np.random.default_rng([SEED, number])
        yield _png(collage(read(path).pixels, read(films[number - 1]).pixels, rng))


def _again(films: Sequence[Path], tint: tuple[float, float, float]) -> Iterator[bytes]:
    for number, path in enumerate(films):
        quality = int(np.random.default_rng([SEED, number]).integers(60, 96))
        yield _jpeg(read(path).pixels[..., None] * np.array(tint, dtype=np.float32), quality)


def _coloured(films: Sequence[Path]) -> Iterator[bytes]:
    """Yield each film with one coloured line, ring, box or word."""
    for number, path in enumerate(films):
        rng = np.random.default_rng([SEED, number])
        picture = Image.fromarray(_bytes(read(path).pixels)).convert("RGB")
        pen, longest = ImageDraw.Draw(picture), max(picture.size)
        x, y = (rng.uniform(0.2, 0.7) * side for side in picture.size)
        long, wide = rng.uniform(0.06, 0.2) * longest, int(rng.integers(2, 6))
        ink, end = _COLOURS[int(rng.integers(len(_COLOURS)))], [x, y, x + long, y + long]
        shape = int(rng.integers(4))
        if shape == 0:
            pen.line(end, fill=ink, width=wide)
        elif shape == 1:
            pen.ellipse(end, outline=ink, width=wide)
        elif shape == 2:
            pen.rectangle(end, outline=ink, width=wide)
        else:
            pen.text((x, y), "RML", fill=ink, font=ImageFont.load_default(max(12, longest // 20)))
        yield _jpeg(np.asarray(picture, dtype=np.float32) / 255.0, int(rng.integers(60, 96)))


def _overlays(detector: Detector, films: Sequence[Path]) -> Iterator[bytes]:
    """Yield the film beside its map, and the map's half alone, as a picture viewer would cut it."""
    for path in films:
        answer = detector.assess(path, activation=True)
        if answer.activation is None:
            continue
        film = read(path)
        page = overlay(film, answer, detector.bundle.spec.preprocessing)
        yield _saved(page)
        yield _saved(page.crop((page.width // 2, 0, page.width, page.width // 2)))


def _rate(name: str, answers: Iterable[Assessment]) -> Rate:
    codes = Counter(answer.refusal.code.value if answer.refusal else "" for answer in answers)
    pictures, refused = codes.total(), codes.total() - codes[""]
    del codes[""]
    return Rate(name, refused, pictures, *wilson(refused, pictures), dict(codes.most_common()))


def _pictures(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _SUFFIXES]


def _film(pixels: FloatImage) -> Radiograph:
    return Radiograph(np.ascontiguousarray(pixels, dtype=np.float32), Facts("PNG", "", 8))


def _bytes(pixels: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    grey: npt.NDArray[np.uint8] = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return grey


def _png(pixels: FloatImage) -> bytes:
    return _saved(Image.fromarray(_bytes(pixels)))


def _jpeg(pixels: npt.NDArray[np.floating], quality: int) -> bytes:
    return _saved(Image.fromarray(_bytes(pixels)), "JPEG", quality=quality)


def _saved(picture: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    stream = BytesIO()
    picture.save(stream, kind, **how)
    return stream.getvalue()


def _compressed(pixels: FloatImage, rng: np.random.Generator, quality: tuple[int, int]) -> bytes:
    return _jpeg(pixels, int(rng.integers(*quality)))


def _resized(pixels: FloatImage, rng: np.random.Generator) -> bytes:
    """Return a film shrunk or enlarged (0.6 to 1.5), as JPEG of quality 70 to 95."""
    times = rng.uniform(0.6, 1.5)
    size = [round(side * times) for side in pixels.shape[::-1]]
    how = Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.LANCZOS
    small = np.asarray(Image.fromarray(_bytes(pixels)).resize(size, how), dtype=np.float32)
    return _jpeg(small / np.float32(255.0), int(rng.integers(70, 96)))


# How films with marks are kept.
_KEPT: dict[str, Callable[..., bytes]] = {
    "PNG": lambda pixels, rng: _png(pixels),
    "JPEG (70 to 95)": partial(_compressed, quality=(70, 96)),
    "JPEG (40 to 70)": partial(_compressed, quality=(40, 70)),
    "resized, JPEG": _resized,
}


def _interval(found: Rate | Shift) -> str:
    return f"({100 * found.low:.1f}-{100 * found.high:.1f})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+", help="folders of covid-d dataset build")
    parser.add_argument("--bundle", type=Path, help="default: the built-in one")
    parser.add_argument("--split", action="append", help="default: validation")
    parser.add_argument("--films", type=int, default=400, help="most films")
    parser.add_argument("--margins", type=int, default=200, help="films that get margins")
    parser.add_argument("--children", type=Path, action="append", default=[], help="their films")
    parser.add_argument("--pictures", type=Path, action="append", default=[], help="more pictures")
    parser.add_argument("--only", choices=("refused", "covered", "margins"), help="one part alone")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    options.split = options.split or ["validation"]
    return options


if __name__ == "__main__":
    main()
