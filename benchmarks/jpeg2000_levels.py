"""What it saves, and changes, to judge large JPEG 2000 films without their highest resolution.

    python benchmarks/jpeg2000_levels.py --films DIR [--count N] [--megapixels M] [--damaged N]
        [--json FILE]

Real films are enlarged to ``--megapixels`` of 12 bits with noise, as a detector gives them, and
made DICOM files, coded without loss: as they are, within black, grey and white margins, in a
letterbox, and behind a round shutter. Each is answered twice: read whole, and as COVID-D reads it.
Compared are the processor time, where the margins are cut off (pixels of the file), the film as the
lung model sees it (levels of 255; how many of its 256 x 256 cells differ by more than one), the
network's numbers and the outcomes.

With ``--damaged`` so many are spoilt instead, always within the coded data, most of which belongs
to the highest level: a bit, some bytes, a disk's sector or more overwritten, emptied, taken out or
put in. Counted is what becomes of them: refused, or answered with the numbers of the sound film, or
with others; and whether whole reading refuses them.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

from around import letterbox, margin, shutter
from covid_d.detector import Detector
from covid_d.radiograph import Preprocessing, Radiograph, RadiographError, read
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.prepare import standardise
from covid_d.radiograph.readers.codestream import Codestream
from covid_d.radiograph.readers.tile_parts import layout

_TOP = 4095
_NOISE = 14  # of 4095: lossless streams come out at about six bits a pixel
_SEEN = Preprocessing(size=256, fit="squash")
_SEED = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """One film read in both ways."""

    film: str
    surrounded: str
    whole_s: float
    lowered_s: float
    edge: int
    grey: int
    beyond: int
    logits: float
    outcomes: tuple[str, str]


def main() -> None:
    """Compare film by film, print each and the whole."""
    options = _options()
    found = sorted(options.films.rglob("*.jp*g"))
    some = found[:: max(1, len(found) // options.count)][: options.count]
    detector = Detector.load("builtin")
    pairs, counts = [], {}
    if options.damaged:
        counts = _damaged(detector, some, options.megapixels, options.damaged)
        for name, found_so in counts.items():
            print(f"{name}: {dict(found_so)}")
    else:
        pairs = [pair for path in some for pair in _pairs(detector, path, options.megapixels)]
    for pair in pairs:
        print(pair)
    for name in _AROUND:
        _told(name, [pair for pair in pairs if pair.surrounded == name])
    if options.json:
        record = {"pairs": [asdict(pair) for pair in pairs], "damaged": counts}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _told(name: str, pairs: list[Pair]) -> None:
    if not pairs:
        return
    answered = [pair for pair in pairs if pair.outcomes[0] != "refused"]
    same = sum(len(set(pair.outcomes)) == 1 for pair in pairs)
    moved = [pair.logits for pair in answered if np.isfinite(pair.logits)] or [0.0]
    print(
        f"{name}: {len(pairs)} films, {statistics.median(p.whole_s for p in pairs):.2f} s whole, "
        f"{statistics.median(p.lowered_s for p in pairs):.2f} s as read; edges within "
        f"{max(pair.edge for pair in pairs)} pixels; grey within a level in "
        f"{100 - 100 * statistics.mean(pair.beyond for pair in pairs) / _SEEN.size**2:.3f} % of "
        f"the cells (at most {max(pair.grey for pair in pairs)}); "
        f"the same outcome {same}; logits differ by {statistics.median(moved):.3f} "
        f"(at most {max(moved):.3f})"
    )


def _pairs(detector: Detector, path: Path, megapixels: float) -> Iterator[Pair]:
    try:
        pixels = enlarged(read(path).pixels, megapixels)
    except RadiographError:
        return
    for name, around in _AROUND.items():
        data = filed(coded(around(pixels)))
        (whole, slow), (lowered, fast) = _timed(data, whole=True), _timed(data, whole=False)
        boxes = [np.array(film.box.to_list() if film.box else []) for film in (whole, lowered)]
        greys = [standardise(film, _SEEN).astype(int) for film in (whole, lowered)]
        logits = [np.array(detector.examine(film).logits) for film in (whole, lowered)]
        yield Pair(
            path.name,
            name,
            slow,
            fast,
            int(np.abs(boxes[0] - boxes[1]).max()),
            int(np.abs(greys[0] - greys[1]).max()),
            int((np.abs(greys[0] - greys[1]) > 1).sum()),
            float(np.abs(logits[0] - logits[1]).max()) if all(map(len, logits)) else np.nan,
            (_outcome(detector, whole), _outcome(detector, lowered)),
        )


def _outcome(detector: Detector, film: Radiograph) -> str:
    return detector.assess(film).outcome.value


def _timed(data: bytes, *, whole: bool) -> tuple[Radiograph, float]:
    """Return the film, and the processor time of reading it."""
    start = time.process_time()
    film = read(data, whole=whole)
    return film, time.process_time() - start


def enlarged(pixels: FloatImage, megapixels: float) -> FloatImage:
    """Return a film of so many pixels, with noise."""
    height, width = pixels.shape
    times = (megapixels * 1e6 / (height * width)) ** 0.5
    size = round(width * times), round(height * times)
    large = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    noise = np.random.default_rng(1).normal(0.0, _NOISE / _TOP, large.shape)
    return np.clip(large * (3500 / _TOP) + 200 / _TOP + noise, 0.0, 1.0).astype(np.float32)


_AROUND: dict[str, Callable[[FloatImage], FloatImage]] = {
    "as they are": lambda pixels: pixels,
    "black margin of 8 %": lambda pixels: margin(pixels, 0.08, 0.0),
    "grey margin of 2 %": lambda pixels: margin(pixels, 0.02, 0.5),
    "white margin of 25 %": lambda pixels: margin(pixels, 0.25, 3800 / _TOP),
    "letterbox": letterbox,
    "round shutter": shutter,
}


def coded(pixels: FloatImage) -> bytes:
    """Return a film of 12 bits as a JPEG 2000 codestream without loss."""
    samples = np.rint(pixels * _TOP).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, "JPEG2000", no_jp2=True, irreversible=False)
    return stream.getvalue()


def filed(stream: bytes) -> bytes:
    """Return a DICOM file of 12 bits that holds a codestream, whatever is wrong with it."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = uid.JPEG2000Lossless
    film.file_meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    film.SOPInstanceUID = uid.UID("1.2.826.0.1.3680043.8.498.1")
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    film.SOPClassUID = uid.DigitalXRayImageStorageForPresentation
    film.Modality = "DX"
    head = Codestream.of(stream)
    film.Rows, film.Columns, film.SamplesPerPixel = head.rows, head.columns, 1
    film.PhotometricInterpretation, film.PixelRepresentation = "MONOCHROME2", 0
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 12, 11
    film.PixelData = encapsulate([stream])
    film["PixelData"].is_undefined_length = True
    data = io.BytesIO()
    film.save_as(data, enforce_file_format=True)
    return data.getvalue()


def _damaged(
    detector: Detector, films: list[Path], megapixels: float, count: int
) -> dict[str, Counter[str]]:
    """Spoil films in turn; return for each way what became of them."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in _SPOILT}
    streams: dict[int, tuple[bytes, tuple[float, ...]]] = {}
    for number in range(count):
        at = number % min(len(films), 4)
        if at not in streams:
            stream = coded(enlarged(read(films[at]).pixels, megapixels))
            streams[at] = stream, detector.examine(filed(stream)).logits
        stream, sound = streams[at]
        rng = np.random.default_rng([_SEED, number])
        name = list(_SPOILT)[number % len(_SPOILT)]
        data = np.frombuffer(stream, np.uint8)
        spoilt = filed(_SPOILT[name](data, _place(stream, rng), rng).tobytes())
        examined = detector.examine(spoilt)
        answer = "refused" if examined.refusal else "same" if examined.logits == sound else "other"
        counts[name][f"{answer}, {'whole' if _reads_whole(spoilt) else 'refused'} when whole"] += 1
    return counts


def _reads_whole(data: bytes) -> bool:
    try:
        read(data, whole=True)
    except RadiographError:
        return False
    return True


def _place(stream: bytes, rng: np.random.Generator) -> int:
    first, last = layout(stream).bodies[0]
    return int(rng.integers(first, last - 70_000))


_Bytes = npt.NDArray[np.uint8]
_Spoil = Callable[[_Bytes, int, np.random.Generator], _Bytes]


def _over(data: _Bytes, at: int, others: npt.ArrayLike) -> _Bytes:
    spoilt, others = data.copy(), np.asarray(others, dtype=np.uint8)
    spoilt[at : at + len(others)] = others
    return spoilt


_SPOILT: dict[str, _Spoil] = {
    "a bit": lambda data, at, rng: _over(data, at, [data[at] ^ (1 << int(rng.integers(8)))]),
    "4 bytes": lambda data, at, rng: _over(data, at, rng.integers(0, 256, 4)),
    "512 bytes": lambda data, at, rng: _over(data, at, rng.integers(0, 256, 512)),
    "512 bytes emptied": lambda data, at, _: _over(data, at, np.zeros(512)),
    "64 kB": lambda data, at, rng: _over(data, at, rng.integers(0, 256, 65_536)),
    "64 kB of elsewhere": lambda data, at, rng: _over(data, at, data[9_000 : 9_000 + 65_536]),
    "a byte taken out": lambda data, at, _: np.delete(data, at),
    "a byte put in": lambda data, at, rng: np.insert(data, at, rng.integers(0, 256)),
    "cut off": lambda data, at, _: data[:at],
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--films", type=Path, required=True, help="folder with films")
    parser.add_argument("--count", type=int, default=12, help="films to use at most")
    parser.add_argument("--megapixels", type=float, default=10.0)
    parser.add_argument("--damaged", type=int, default=0, help="spoil so many films instead")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
