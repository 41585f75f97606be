"""How many damaged films are answered.

    python benchmarks/mutations.py [FILM] [--count N] [--bundle B] [--keep DIR] [--json FILE]

One film (default: the sample film, else a phantom) is written in every encoding that is read, and
each file is damaged in turn: bits flipped, bytes removed, inserted, doubled, zeroed, swapped, the
end cut off, always within the coded pixels. A damaged film *misleads* when it still decodes and
more than a fifth of its pixels differ from the sound film's. Of those at most 1 % may be answered;
how many get another answer than the sound film is counted too, since all that lies below a damaged
block of JPEG may be a level or two brighter and nothing else.
Seeds are fixed. ``--keep`` writes the misleading films that were answered.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import Dataset, dcmread, uid
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

from covid_d.detector import Detector
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.sample import sample_bytes

SIDE = 512
DIFFERS = 1.5 / 255
MISLEADS = 0.2
LONGEST_S = 5.0

Coded = npt.NDArray[np.uint8]
Mutation = Callable[[Coded, np.random.Generator], Coded]


def main() -> None:
    """Damage, read, answer; print a table."""
    options = _options()
    detector = Detector.load(options.bundle)
    sound = read(options.film.read_bytes() if options.film else sample_bytes()).pixels
    encoded = dict(_encodings(sound))
    answers = {kind: detector.assess(film.data).outcome.value for kind, film in encoded.items()}
    counts: dict[str, Counts] = defaultdict(Counts)
    for number in range(options.count):
        rng = np.random.default_rng([options.seed, number])
        kind = list(encoded)[number % len(encoded)]
        name, damaged = damage(encoded[kind], rng)
        outcome = _judged(detector, damaged, encoded[kind].pixels, counts[kind])
        counts[kind].otherwise += outcome not in ("", answers[kind])
        if outcome and options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{number}-{name}-{kind}-{outcome}").write_bytes(damaged)
    _print(counts)
    if options.json:
        table = {kind: vars(count) for kind, count in counts.items()}
        options.json.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("film", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for misleading films that were answered")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


@dataclass
class Counts:
    """What became of the damaged films of one encoding."""

    films: int = 0
    refused_unread: int = 0
    unharmed: int = 0
    misleading: int = 0
    answered: int = 0
    otherwise: int = 0
    broken: list[str] = field(default_factory=list)
    longest_s: float = 0.0


def _judged(detector: Detector, data: bytes, sound: FloatImage, count: Counts) -> str:
    """Count a damaged film; return its outcome where it misleads and is answered."""
    count.films += 1
    start = time.perf_counter()
    try:
        film = read(data)
    except RadiographError:
        count.refused_unread += 1
        return ""
    except BaseException as error:  # noqa: BLE001 - whatever else leaves `read` is what is sought
        count.broken.append(repr(error)[:200])
        return ""
    finally:
        count.longest_s = max(count.longest_s, time.perf_counter() - start)
    same = film.pixels.shape == sound.shape
    if same and (np.abs(film.pixels - sound) > DIFFERS).mean() <= MISLEADS:
        count.unharmed += 1
        return ""
    count.misleading += 1
    assessment = detector.assess(film)
    if assessment.refusal is not None:
        return ""
    count.answered += 1
    return assessment.outcome.value


@dataclass(frozen=True, eq=False)
class Encoded:
    """A sound film's file, where its coded pixels lie in it, and what they decode to."""

    data: bytes
    start: int
    stop: int
    pixels: FloatImage


def damage(film: Encoded, rng: np.random.Generator) -> tuple[str, bytes]:
    """Return the name of what was done to the coded pixels, and the damaged file."""
    names = list(MUTATIONS)
    name = names[rng.integers(len(names))]
    coded = np.frombuffer(film.data, np.uint8)[film.start : film.stop].copy()
    changed = MUTATIONS[name](coded, rng)
    return name, film.data[: film.start] + changed.tobytes() + film.data[film.stop :]


def _flip(coded: Coded, rng: np.random.Generator) -> Coded:
    coded[rng.integers(len(coded))] ^= 1 << rng.integers(8)
    return coded


def _flip_many(coded: Coded, rng: np.random.Generator) -> Coded:
    at = rng.integers(len(coded), size=rng.integers(2, 65))
    coded[at] ^= (1 << rng.integers(8, size=len(at))).astype(np.uint8)
    return coded


def _delete(coded: Coded, rng: np.random.Generator) -> Coded:
    at, length = _stretch(coded, rng)
    return np.delete(coded, slice(at, at + length))


def _insert(coded: Coded, rng: np.random.Generator) -> Coded:
    at, length = _stretch(coded, rng)
    return np.insert(coded, at, rng.integers(0, 256, length, dtype=np.uint8))


def _double(coded: Coded, rng: np.random.Generator) -> Coded:
    at, length = _stretch(coded, rng)
    return np.insert(coded, at, coded[at : at + length])


def _zero(coded: Coded, rng: np.random.Generator) -> Coded:
    at, length = _stretch(coded, rng)
    coded[at : at + length] = 0
    return coded


def _swap(coded: Coded, rng: np.random.Generator) -> Coded:
    first, length = _stretch(coded, rng)
    second = int(rng.integers(len(coded) - length))
    one, other = coded[first : first + length].copy(), coded[second : second + length].copy()
    coded[first : first + length], coded[second : second + length] = other, one
    return coded


def _cut(coded: Coded, rng: np.random.Generator) -> Coded:
    return coded[: rng.integers(len(coded))]


def _stretch(coded: Coded, rng: np.random.Generator) -> tuple[int, int]:
    length = min(2 ** int(rng.integers(0, 13)), len(coded) // 4)
    return int(rng.integers(len(coded) - length)), length


MUTATIONS: dict[str, Mutation] = {
    "flip": _flip,
    "flips": _flip_many,
    "delete": _delete,
    "insert": _insert,
    "double": _double,
    "zero": _zero,
    "swap": _swap,
    "cut": _cut,
}


def _encodings(sound: FloatImage) -> Iterator[tuple[str, Encoded]]:
    """Yield the film in every encoding that is read, by a name that ends as its file would."""
    small = Image.fromarray(sound)
    small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0)
    grey = np.rint(np.asarray(small) * 255).astype(np.uint8)
    deep = np.rint(np.asarray(small) * 4095).astype(np.uint16)
    for name, kind, samples, options in _PICTURES:
        stream = BytesIO()
        pixels = {"grey": grey, "deep": deep * 16, "colour": np.repeat(grey[..., None], 3, 2)}
        Image.fromarray(pixels[samples]).save(stream, kind, **options)
        yield name, _located(stream.getvalue())
    for name, syntax in _NATIVE:
        yield name, _located(_dicom(deep, syntax))
    for name, syntax, samples in _BY_GDCM:
        yield name, _located(_by_gdcm(grey if samples == "grey" else deep, syntax))


_PICTURES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("baseline.jpg", "JPEG", "grey", {"quality": 90}),
    ("colour.jpg", "JPEG", "colour", {"quality": 85}),
    ("progressive.jpg", "JPEG", "grey", {"quality": 90, "progressive": True}),
    ("film.png", "PNG", "grey", {}),
    ("deep.png", "PNG", "deep", {}),
    ("lossy.webp", "WEBP", "grey", {"quality": 85}),
    ("film.bmp", "BMP", "grey", {}),
    ("raw.tif", "TIFF", "grey", {}),
    ("lzw.tif", "TIFF", "deep", {"compression": "tiff_lzw"}),
    ("packbits.tif", "TIFF", "grey", {"compression": "packbits"}),
    ("deflate.tif", "TIFF", "grey", {"compression": "tiff_adobe_deflate"}),
    ("jpeg.tif", "TIFF", "grey", {"compression": "jpeg"}),
)
_NATIVE = (
    ("native.dcm", uid.ExplicitVRLittleEndian),
    ("deflated.dcm", uid.DeflatedExplicitVRLittleEndian),
    ("rle.dcm", uid.RLELossless),
    ("j2k.dcm", uid.JPEG2000Lossless),
    ("j2k-lossy.dcm", uid.JPEG2000),
    ("jpeg.dcm", uid.JPEGBaseline8Bit),
)
_BY_GDCM = (
    ("jpeg-lossless.dcm", uid.JPEGLosslessSV1, "deep"),
    ("jpeg-ls.dcm", uid.JPEGLSLossless, "deep"),
)


def _located(data: bytes) -> Encoded:
    """Return where a file's coded pixels lie: after its last header that a reader must have."""
    marks = (b"\xe0\x7f\x10\x00", b"\xff\xda", b"IDAT", b"VP8")  # Pixel Data, SOS, IDAT, VP8/VP8L
    found = [data.find(mark) for mark in marks]
    start = next((at for at in found if at >= 0), 8) + 16
    deflated = uid.DeflatedExplicitVRLittleEndian.encode() in data[:400]
    return Encoded(data, 400 if deflated else start, len(data), read(data).pixels)


def _dicom(deep: npt.NDArray[Any], syntax: str) -> bytes:
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = uid.ComputedRadiographyImageStorage
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = uid.UID(
        "1.2.826.0.1.3680043.8.498.1"
    )
    film.Modality, film.PhotometricInterpretation = "CR", "MONOCHROME2"
    film.Rows, film.Columns, film.SamplesPerPixel = *deep.shape, 1
    bits = 8 * deep.itemsize
    film.BitsAllocated, film.BitsStored, film.PixelRepresentation = bits, min(bits, 12), 0
    film.HighBit = film.BitsStored - 1
    film.PixelData = deep.astype(deep.dtype.newbyteorder("<")).tobytes()
    film["PixelData"].VR = "OW"
    if syntax == uid.RLELossless:
        film.compress(uid.RLELossless, generate_instance_uid=False)
    elif syntax in (uid.JPEG2000Lossless, uid.JPEG2000):
        film.BitsStored, film.HighBit = 16, 15
        lossy = syntax == uid.JPEG2000
        options: dict[str, Any] = {"quality_mode": "dB", "quality_layers": [50]} if lossy else {}
        _encapsulate(film, Image.fromarray(deep * 16), "JPEG2000", no_jp2=True, **options)
    elif syntax == uid.JPEGBaseline8Bit:
        film.BitsAllocated, film.BitsStored, film.HighBit = 8, 8, 7
        _encapsulate(film, Image.fromarray((deep >> 4).astype(np.uint8)), "JPEG", quality=90)
    film.file_meta.TransferSyntaxUID = uid.UID(syntax)
    stream = BytesIO()
    film.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _encapsulate(film: Dataset, picture: Image.Image, kind: str, **options: Any) -> None:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    film.PixelData = encapsulate([stream.getvalue()])
    film["PixelData"].VR = "OB"
    film["PixelData"].is_undefined_length = True


def _by_gdcm(samples: npt.NDArray[Any], syntax: str) -> bytes:
    import gdcm

    with TemporaryDirectory() as folder:
        plain, coded = Path(folder, "plain.dcm"), Path(folder, "coded.dcm")
        plain.write_bytes(_dicom(samples, uid.ExplicitVRLittleEndian))
        reader = gdcm.ImageReader()
        reader.SetFileName(str(plain))
        reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise SystemExit(f"GDCM does not write {uid.UID(syntax).name}.")
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(coded))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        writer.Write()
        assert dcmread(coded, stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax
        return coded.read_bytes()


def _print(counts: dict[str, Counts]) -> None:
    heads = ("films", "unread", "unharmed", "misleading", "answered", "otherwise")
    print(f"{'':20}" + "".join(f"{head:>12}" for head in heads) + "     slowest")
    total = Counts()
    for kind, count in [*sorted(counts.items()), ("all", total)]:
        print(
            f"{kind:20}{count.films:>12}{count.refused_unread:>12}{count.unharmed:>12}"
            f"{count.misleading:>12}{count.answered:>12}{count.otherwise:>12}"
            f"{count.longest_s:>10.2f} s"
        )
        if count is total:
            break
        for name in ("films", "refused_unread", "unharmed", "misleading", "answered", "otherwise"):
            setattr(total, name, getattr(total, name) + getattr(count, name))
        total.longest_s = max(total.longest_s, count.longest_s)
        total.broken += count.broken
    refused = total.films - total.unharmed - total.answered
    harmed = total.films - total.unharmed
    print(f"refused of the harmed: {refused} of {harmed}; answered though misleading: ", end="")
    print(f"{total.answered} of {harmed} ({100 * total.answered / max(1, harmed):.2f} %)")
    print(f"errors that are no refusal: {total.broken or 'none'}; over {LONGEST_S} s: ", end="")
    print(sum(count.longest_s > LONGEST_S for count in counts.values()))


if __name__ == "__main__":
    main()
