"""What screening costs: beside the bare networks, with one worker and two, with Ray; its memory.

    python benchmarks/screen.py [--films DIR] [--count 600] [--repeats 6] [--ray] [--json FILE]

Over pictures of 512 pixels (``--films``; else drawn ones) and over drawn DICOM films of full size,
uncompressed: films a second, and processor time a film, of the two networks alone on films that are
prepared already; of ``Detector.assess`` in a loop; of ``covid-d screen run`` with one worker and
with two, and with ``--ray`` the same with Ray. All are measured in turn, repeat by repeat, so that
whatever else the machine does falls on each; a ratio is one of the same repeat, and its interval is
the 95 % one of the median over repeats (from six of them on; of fewer, their range). Rates by
the clock mean something on an idle machine only, so the load is printed too; processor time is less
sensitive. Beside it the memory of a list of 1,000,000 paths and of a worker. At the end the plan
for 100 million films that follows, on assumptions that can be given.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tqdm import trange

from predict import Figure

FULL: Final = (2500, 2048)  # rows and columns of a computed radiography plate of 35 x 43 cm
_PEAK: Final = """
import json, sys, time
from covid_d.screen.job import ScreenJob, ScreenOptions
from covid_d.screen.listing import films_of
from covid_d.detector import BundleId
kind, place, archive = sys.argv[1:]
began = time.perf_counter()
if kind == "list":
    job = ScreenJob.begin(place, ScreenOptions(archive, BundleId("b", "1", "0" * 64)))
    job.write_list(films_of(archive))
    films = job.films
else:
    from covid_d.screen.screener import Screener, ScreenerOrder
    films = Screener(ScreenerOrder(place, salt=b"x"))(0)
status = open("/proc/self/status").read()
print(time.perf_counter() - began, int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What answering some films took.

    Parameters
    ----------
    films
        How many.
    clock
        Seconds from the first film to the last.
    whole
        Seconds of the whole command, start and report included.
    processor
        Seconds of processor of it and its processes.
    """

    films: int
    clock: float
    whole: float
    processor: float


def main() -> None:
    """Measure, print a table and a plan, write JSON when asked."""
    options = _options()
    figures: list[Figure] = []
    plans: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        archives = {
            "512 pixels": _pictures(options.films, options.count, work / "small"),
            "full size": _plates(max(8, options.count // 20), work / "full"),
        }
        for name, archive in archives.items():
            measured, cost = _of_archive(name, archive, work, options)
            figures += measured
            sizes = [path.stat().st_size for path in archive.iterdir()]
            plans[name] = (cost, statistics.mean(sizes))
        figures += _memory(work, archives["512 pixels"])
    _print(figures, options)
    _print_plan(plans, options)
    if options.json:
        record = {
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
            "figures": [asdict(figure) for figure in figures],
            "plan": plans,
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--films", type=Path, help="folder with pictures of some 512 pixels")
    parser.add_argument("--count", type=int, default=600, help="pictures to use at most")
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--ray", action="store_true", help="with Ray too, on this machine")
    parser.add_argument("--price", type=float, default=0.05, help="of a core-hour, USD")
    parser.add_argument("--gbit", type=float, default=10.0, help="of a network, Gbit/s")
    parser.add_argument("--cores", type=int, default=500, help="at the archive")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def _pictures(films: Path | None, count: int, folder: Path) -> Path:
    folder.mkdir()
    if films is None:
        from covid_d.radiograph.phantom import draw_phantom

        for seed in range(count):
            draw_phantom(seed, size=512).to_image().save(folder / f"{seed:05}.jpg", quality=92)
        return folder
    found = sorted(path for path in films.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    if not found:
        sys.exit(f"There is no JPEG or PNG film in {films}.")
    for number, path in enumerate(found[:: max(1, len(found) // count)][:count]):
        (folder / f"{number:05}{path.suffix}").symlink_to(path.absolute())
    return folder


def _plates(count: int, folder: Path) -> Path:
    """Draw DICOM films of full size, 12 bits in 16, uncompressed."""
    import numpy as np
    from PIL import Image
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

    from covid_d.radiograph.phantom import draw_phantom

    folder.mkdir()
    rows, columns = FULL
    for seed in range(count):
        drawn = Image.fromarray(draw_phantom(seed, size=512).pixels)
        large = np.asarray(drawn.resize((columns, rows), Image.Resampling.BICUBIC))
        film = Dataset()
        film.file_meta = FileMetaDataset()
        film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        film.Modality, film.BodyPartExamined, film.ViewPosition = "CR", "CHEST", "PA"
        film.PatientAge = "061Y"
        film.Rows, film.Columns, film.SamplesPerPixel = rows, columns, 1
        film.PhotometricInterpretation = "MONOCHROME2"
        film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
        film.PixelData = np.rint(np.clip(large, 0, 1) * 4095).astype("<u2").tobytes()
        film["PixelData"].VR = "OW"
        film.save_as(folder / f"{seed:05}.dcm", enforce_file_format=True)
    return folder


def _of_archive(
    name: str, archive: Path, work: Path, options: argparse.Namespace
) -> tuple[list[Figure], float]:
    """Return the figures of an archive, and the processor seconds that a film of it costs."""
    films = sorted(archive.iterdir())
    single = work / f"one film of {archive.name}"
    single.mkdir()
    (single / films[0].name).symlink_to(films[0].resolve())
    ways: dict[str, Callable[[], Spent]] = {
        "networks": lambda: _networks(films),
        "loop": lambda: _loop(films),
        "one": lambda: _screened(archive, work, 1),
        "two": lambda: _screened(archive, work, 2),
    }
    if options.ray:
        ways["ray one"] = lambda: _screened(archive, work, 1, "--engine", "ray")
        ways["ray two"] = lambda: _screened(archive, work, 2, "--engine", "ray")
    start = _screened(single, work, 1).processor  # nearly all of it: one film more or less
    ways["networks"](), ways["loop"]()  # warms up
    spent: dict[str, list[Spent]] = {way: [] for way in ways}
    for _ in trange(options.repeats, desc=name, unit="round"):
        for way, measure in ways.items():
            spent[way].append(measure())
    spent["one"] = [replace(each, processor=each.processor - start) for each in spent["one"]]
    figures = _rates(name, spent) + _shares(name, spent)
    cost = statistics.median(each.processor / each.films for each in spent["one"])
    return figures, cost


def _rates(name: str, spent: Mapping[str, Sequence[Spent]]) -> list[Figure]:
    figures = [
        _rate(f"{name}: networks alone", spent["networks"]),
        _rate(f"{name}: Detector.assess", spent["loop"]),
        _rate(f"{name}: screen, one worker", spent["one"]),
        _rate(f"{name}: screen, two workers", spent["two"]),
        _processor(f"{name}: networks alone", spent["networks"]),
        _processor(f"{name}: Detector.assess", spent["loop"]),
        _processor(f"{name}: screen, one worker", spent["one"]),
        _figure(f"{name}: start and report", "s", [e.whole - e.clock for e in spent["one"]]),
    ]
    for way in ("ray one", "ray two"):
        if way in spent:
            actors = way.replace("ray", "Ray,") + " actor" + "s" * (way == "ray two")
            figures += [
                _rate(f"{name}: {actors}", spent[way]),
                _figure(
                    f"{name}: {actors}, start and end", "s", [e.whole - e.clock for e in spent[way]]
                ),
            ]
    return figures


def _shares(name: str, spent: Mapping[str, Sequence[Spent]]) -> list[Figure]:
    """Return ratios, each of the same repeat."""

    def ratios(above: str, below: str, of: Callable[[Spent], float]) -> list[float]:
        return [of(a) / of(b) for a, b in zip(spent[above], spent[below], strict=True)]

    def rate(each: Spent) -> float:
        return each.films / each.clock

    def per_film(each: Spent) -> float:
        return each.films / each.processor

    percent = [
        ("screen to networks, processor", ratios("one", "networks", per_film), ">= 90 %"),
        ("screen to networks, clock", ratios("one", "networks", rate), ">= 90 %, idle"),
        ("assess to networks, processor", ratios("loop", "networks", per_film), ""),
        ("screen to assess, processor", ratios("one", "loop", per_film), ""),
    ]
    times = [("two workers to one", ratios("two", "one", rate), ">= 1.8 x, idle")]
    if "ray one" in spent:
        times.append(("Ray, two actors to one", ratios("ray two", "ray one", rate), ""))
        percent.append(("Ray to screen, two each", ratios("ray two", "two", rate), ""))
    return [
        *(
            _figure(f"{name}: {what}", "%", [100 * v for v in values], aim)
            for what, values, aim in percent
        ),
        *(_figure(f"{name}: {what}", "x", values, aim) for what, values, aim in times),
    ]


def _figure(name: str, unit: str, values: Sequence[float], aim: str = "") -> Figure:
    """Return the median and its interval of at least 95 %, by the order of the values.

    The median lies outside of the values ranked k and n + 1 - k as often as n throws of a coin give
    fewer than k heads, or fewer than k tails (David and Nagaraja, *Order Statistics*, 2003).
    """
    ranked, rank = sorted(values), 1
    more = 2 * 0.5 ** len(values)
    while rank < len(values) // 2:
        more += 2 * math.comb(len(values), rank) * 0.5 ** len(values)
        if more > 0.05:
            break
        rank += 1
    low, high = ranked[rank - 1], ranked[-rank]
    return Figure(name, unit, statistics.median(values), low, high, len(values), aim)


def _rate(name: str, spent: Sequence[Spent]) -> Figure:
    return _figure(name, "films/s", [each.films / each.clock for each in spent])


def _processor(name: str, spent: Sequence[Spent]) -> Figure:
    return _figure(f"{name}, processor", "ms/film", [1000 * e.processor / e.films for e in spent])


_loaded: dict[str, Any] = {}


def _detector() -> Any:
    from covid_d.detector import Detector

    return _loaded.setdefault("detector", Detector.load("builtin", threads=1))


def _networks(films: Sequence[Path]) -> Spent:
    """Run the networks on films that are read and prepared: what no program can save."""
    from covid_d.detector.onnx import open_session
    from covid_d.radiograph import RadiographError, read

    detector = _detector()
    framed = []
    for film in films[:32]:
        try:
            framed.append(detector.frame.of(read(film)))
        except RadiographError:
            continue
    if not framed:
        sys.exit("None of the films reaches the networks.")
    bundle = detector.bundle
    lungs = open_session(bundle.files[bundle.spec.lungs.file])
    began, used = time.perf_counter(), time.process_time()
    outputs = (detector.network.logits, "features", "activation")
    for number in range(len(films)):
        ready = framed[number % len(framed)]
        lungs.run(["lungs"], {"film": ready.small[None, None]})
        detector.network.run(ready.prepared[None], outputs)
    clock = time.perf_counter() - began
    return Spent(len(films), clock, clock, time.process_time() - used)


def _loop(films: Sequence[Path]) -> Spent:
    detector = _detector()
    began, used = time.perf_counter(), time.process_time()
    for film in films:
        detector.assess(film)
    clock = time.perf_counter() - began
    return Spent(len(films), clock, clock, time.process_time() - used)


def _screened(archive: Path, work: Path, workers: int, *words: str) -> Spent:
    """Run the command; the clock of the films runs from the first part to the last."""
    job = Path(tempfile.mkdtemp(dir=work)) / "job"
    command = [sys.executable, "-m", "covid_d", "screen", "run", str(archive), "--out", str(job)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        [*command, "--bundle", "builtin", "--workers", str(workers), *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    whole = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    from covid_d.screen import ScreenJob

    rows = [row for part in ScreenJob.open(job).rows(["seconds"]) for row in part]
    # Each worker is busy with films from its first to its last; what is not theirs is start.
    clock = sum(row["seconds"] for row in rows) / workers
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(len(rows), clock, whole, processor)


def _memory(work: Path, archive: Path) -> list[Figure]:
    """Return the peak of a run's own process, which lists, and of a worker."""
    table = work / "million.csv"
    with table.open("w", encoding="utf-8") as stream:
        stream.write("path\n")
        stream.writelines(f"/archive/{n % 5000:04}/study-{n:08}/film.dcm\n" for n in range(10**6))
    job = work / "of-memory"
    subprocess.run(
        [sys.executable, "-m", "covid_d", "screen", "run", archive, "--out", job, "--workers", "2"],
        check=True,
        capture_output=True,
    )
    record = json.loads((job / "job.json").read_text("utf-8"))
    lots = sorted((job / "films").iterdir())
    row = sum(lot.stat().st_size for lot in lots) / record["films"]
    figures = [_figure("bytes written a film", "B", [row])]
    lots[0].unlink()
    for name, words in (
        ("1,000,000 paths listed", ("list", work / "listed", table)),
        (f"a worker of {min(record['films'], 64)} films", ("lot", job, archive)),
    ):
        environment = os.environ | ({"COVID_D_SCREEN_SALT": "x"} if words[0] == "list" else {})
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, *map(str, words)],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        seconds, peak = map(float, done.stdout.split())
        figures.append(_figure(f"memory, {name}", "MB", [peak], "< 400 MB"))
        if words[0] == "list":
            figures.append(_figure(f"time, {name}", "s", [seconds]))
    return figures


def _print(figures: Sequence[Figure], options: argparse.Namespace) -> None:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{options.count} pictures, {os.cpu_count()} cores, {options.repeats} repeats; "
        f"load of the machine at the end, over 1, 5 and 15 minutes: {load}"
    )
    print(f"{'':46}{'median':>10}  {'95 % interval':>20}  {'n':>3}  aim")
    for figure in figures:
        spread = f"{figure.low:.4g} to {figure.high:.4g}" if figure.repeats > 1 else ""
        print(
            f"{figure.name:46}{figure.median:>10.4g}  {spread:>20}  {figure.repeats:>3}  "
            f"{figure.unit}{'  (' + figure.aim + ')' if figure.aim else ''}"
        )


def _print_plan(plans: dict[str, tuple[float, float]], options: argparse.Namespace) -> None:
    """Print what 100 million films need, by the processor time and the bytes measured here."""
    films = 100_000_000
    print(
        f"\n100 million films; assumed: {options.price:g} USD a core-hour, {options.gbit:g} Gbit/s "
        f"of network, {options.cores} cores at the archive"
    )
    for name, (seconds, size) in plans.items():
        hours, size_all = films * seconds / 3600, films * size
        at_once = hours / options.cores
        rows = {
            "processor a film": f"{1000 * seconds:,.1f} ms",
            "core-hours": f"{hours:,.0f}",
            "core-hours a million": f"{hours / 100:,.1f}",
            "cost a million": f"{hours / 100 * options.price:,.2f} USD",
            "bytes": f"{size_all / 1e12:,.1f} TB",
            "days of the network": f"{8 * size_all / (options.gbit * 1e9) / 86400:,.1f}",
            "hours of the cores": f"{at_once:,.1f}",
            "bytes a second meanwhile": f"{size_all / (at_once * 3600) / 1e9:,.1f} GB",
        }
        for what, value in rows.items():
            print(f"{name + ': ' + what:46}{value:>14}")


if __name__ == "__main__":
    main()
