"""The node beside ``predict`` on the same films: an archive sent by storescu, answered, sent on.

    python benchmarks/pacs.py --films 2000 --source ../shared/data/adult

The films are wrapped into DICOM objects in a temporary folder (or drawn, without ``--source``),
each of a patient and a study of its own. Two processes of dcmtk's ``storescu`` send them over one
association each to ``covid-d pacs serve``, which answers to dcmtk's ``storescp``, all in a network
of their own. Beside it ``covid-d predict`` answers the same files, as users run it: a film a core
at once. It makes no report and no picture; with ``--objects`` (``predict --dicom-out``) it makes
the same ones as the node, so that what is compared is receiving, keeping and sending.

The two take turns of a few seconds: while one runs, every process of the other is stopped
(SIGSTOP). So whatever else the machine does falls on both, and only the time in which a side could
run is counted. Needs Linux, root and dcmtk. Ends with 1 where a film is lost, answered twice or
otherwise than by ``predict``, or where the node takes more than a fifth longer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread

from covid_d.pacs.queue import Queue

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from films import dataset, grey16, part10
from own_network import OwnNetwork, program
from pacs_factory import hospital_film

AIM = 1.2
"""Times as long as ``predict``."""
ASSOCIATIONS = 2
PARTS = 20
"""Of the films, over which the interval is drawn."""
DRAWS = 4000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--source", type=Path, help="Folder of pictures to wrap; else drawn.")
    parser.add_argument("--size", type=int, default=512, help="Side of a drawn film in pixels.")
    parser.add_argument("--turn", type=float, default=3.0, help="Seconds of a turn.")
    parser.add_argument("--objects", action="store_true", help="Let predict write them too.")
    parser.add_argument("--cpu", action="store_true", help="Tell processor times of a film.")
    parser.add_argument(
        "--other", type=Path, help="Sources of another version, whose node runs too."
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, OwnNetwork.made() as network:
        folder = Path(name)
        folders = write_films(folder / "films", given.films, given.source, given.size)
        with node_side(network, folder, folders, given.films) as node:
            extra = ("--dicom-out", str(folder / "objects")) if given.objects else ()
            with predict_side(folder, folders, given.films, extra) as predict:
                with other_node(given.other, folder, folders, given.films) as others:
                    take_turns([node, *others, predict], given.turn)
                if given.cpu:
                    print("\n".join(side.cpu_a_film() for side in (node, *others, predict)))
        faults = compared(folder, given.films)
    ratio = node.active / predict.active
    low, high = interval(node.parts(), predict.parts())
    what = "predict --dicom-out" if given.objects else "predict"
    print(f"{given.films} films, {ASSOCIATIONS} associations, turns of {given.turn:g} s")
    print(f"films a second: node {given.films / node.active:.2f}, {what} "
          f"{given.films / predict.active:.2f}")  # fmt: skip
    print(f"times as long as {what}: {ratio:.3f} (95 % {low:.3f}-{high:.3f}); the aim is {AIM}")
    print("\n".join(faults) or "no film lost, none answered twice, each as predict answers it")
    sys.exit(bool(faults) or ratio > AIM)


def write_films(folder: Path, count: int, source: Path | None, size: int) -> list[Path]:
    """Write the archive as one folder an association; return these."""
    pictures = sorted(source.rglob("*.jpg")) if source else []
    random.Random(14).shuffle(pictures)
    folders = [folder / str(half) for half in range(ASSOCIATIONS)]
    for half in folders:
        half.mkdir(parents=True)
    for number in range(count):
        film = hospital_film(number + 1)
        if pictures:
            grey = np.asarray(Image.open(pictures[number % len(pictures)]).convert("L"))
            packed = dataset(grey)
            for element in packed.group_dataset(0x0028):
                film.add(element)
            film.PixelData = packed.PixelData
            film.PhotometricInterpretation = packed.PhotometricInterpretation
        else:
            film.PixelData = grey16(number + 1, bits=12, size=size).tobytes()
            film.Rows = film.Columns = size
        path = folders[number % ASSOCIATIONS] / f"{number:05d}.dcm"
        path.write_bytes(part10(film))
    return folders


@dataclass
class Side:
    """Processes that work on the films, stopped while it is the other side's turn."""

    name: str
    total: int
    done: Callable[[], int]
    processes: list[subprocess.Popen[bytes]]
    answers: int = 0
    """Which of them answers the films."""
    active: float = 0.0
    marks: list[tuple[float, int]] = field(default_factory=list)
    spent: list[tuple[float, int]] = field(default_factory=list)
    """Processor seconds of the process that answers, and films done, at the end of each turn."""

    @property
    def is_done(self) -> bool:
        """Whether every film is through."""
        return bool(self.marks) and self.marks[-1][1] >= self.total

    def run(self, seconds: float) -> None:
        """Work for a turn, or to the end."""
        self._signal(signal.SIGCONT)
        self._spend()
        began = time.perf_counter()
        while time.perf_counter() - began < seconds and not self.is_done:
            time.sleep(0.1)
            self.marks.append((self.active + time.perf_counter() - began, self.done()))
        self.active += time.perf_counter() - began
        self._spend()
        self._signal(signal.SIGSTOP)

    def parts(self) -> list[float]:
        """Return how long each part of the films took."""
        ends = [self.total * part / PARTS for part in range(1, PARTS + 1)]
        times = np.interp(ends, [0, *(m[1] for m in self.marks)], [0, *(m[0] for m in self.marks)])
        times[-1] = self.active
        return [float(each) for each in np.diff([0.0, *times])]

    def cpu_a_film(self) -> str:
        """Tell what a film takes of a processor, from the first turn on: without the start."""
        (first, before), (last, after) = self.spent[0], self.spent[-1]
        turns = np.diff(np.asarray(self.spent), axis=0)
        picks = np.random.default_rng(14).integers(len(turns), size=(DRAWS, len(turns)))
        seconds, films = turns[picks].sum(1).T
        low, high = np.quantile(1000 * seconds / np.maximum(films, 1), (0.025, 0.975))
        mean = 1000 * (last - first) / (after - before)
        return f"{self.name}: {mean:.1f} ms of a processor a film (95 % {low:.1f}-{high:.1f})"

    def _spend(self) -> None:
        try:
            path = Path(f"/proc/{self.processes[self.answers].pid}/stat")
            values = path.read_text(encoding="ascii").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # predict ends with its last film
            return
        seconds = (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")
        if seconds:
            self.spent.append((seconds, self.done()))

    def _signal(self, number: int) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)


def take_turns(sides: Sequence[Side], seconds: float) -> None:
    """Let the sides work in turn until all are done."""
    while not all(side.is_done for side in sides):
        for side in sides:
            if not side.is_done:
                side.run(seconds)


@contextmanager
def other_node(
    source: Path | None, folder: Path, folders: Sequence[Path], count: int
) -> Iterator[list[Side]]:
    """Run the node of another version, in a network of its own; none without ``source``."""
    if source is None:
        yield []
        return
    kept, ours = folder / "other", os.environ.get("PYTHONPATH", "")
    kept.mkdir()
    os.environ["PYTHONPATH"] = str(source.resolve())
    try:
        with OwnNetwork.made() as network, node_side(network, kept, folders, count) as side:
            os.environ["PYTHONPATH"] = ours
            side.name = "other node"
            yield [side]
    finally:
        os.environ["PYTHONPATH"] = ours


@contextmanager
def node_side(
    network: OwnNetwork, folder: Path, folders: Sequence[Path], count: int
) -> Iterator[Side]:
    """Run the node, where it sends to and what sends to it; stopped until its turn."""
    kept = folder / "kept"
    kept.mkdir()
    archive = (program("storescp"), "-aet", "DEST", "+xa", "-od", kept, 11113)
    serve = (sys.executable, "-m", "covid_d", "pacs", "serve", "--data", folder / "node")
    named = ("--allow", "STATION", "--send-to", "DEST@127.0.0.1:11113")
    call = (program("storescu"), "-aet", "STATION", "-aec", "COVID-D", "+sd")
    with ExitStack() as stack:
        log = folder / "node.log"
        scp = stack.enter_context(network.running(*archive, log=folder / "storescp.log"))
        node = stack.enter_context(network.running(*serve, *named, log=log))
        until(lambda: b"COVID-D@" in log.read_bytes())
        queue = Queue.open(folder / "node")
        stack.callback(queue.close)
        side = Side("node", count, lambda: queue.counts()["deliveries"].get("sent", 0), [scp, node])
        side.answers = 1
        stack.callback(side._signal, signal.SIGCONT)
        for half in folders:
            words = (*call, "127.0.0.1", 11112, half)
            log = folder / f"storescu-{half.name}.log"
            sender = stack.enter_context(network.running(*words, log=log))
            sender.send_signal(signal.SIGSTOP)
            side.processes.append(sender)
        side._signal(signal.SIGSTOP)
        yield side


@contextmanager
def predict_side(
    folder: Path, folders: Sequence[Path], count: int, extra: Sequence[str]
) -> Iterator[Side]:
    """Run ``predict``; stopped until its turn once it has answered its first film."""
    out = folder / "predict.jsonl"
    words = [sys.executable, "-u", "-m", "covid_d", "predict", "--json", *extra, *map(str, folders)]
    with out.open("wb") as stream, (folder / "predict.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=stream, stderr=log)
        try:
            until(lambda: out.stat().st_size > 0)
            process.send_signal(signal.SIGSTOP)
            yield Side("predict", count, lambda: out.read_bytes().count(b"\n"), [process])
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait()


def until(true: Callable[[], object]) -> None:
    """Wait for another process."""
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def compared(folder: Path, count: int) -> list[str]:
    """Return what is wrong with the answers that arrived, beside those of ``predict``."""
    wanted = {}
    for line in (folder / "predict.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        film = dcmread(told["path"], specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
        wanted[str(film.SOPInstanceUID)] = told["outcome"]
    queue = Queue.open(folder / "node")
    given = {film.sop_instance: film.outcome for film in queue.listed(limit=2 * count)}
    queue.close()
    arrived = Counter(
        str(_source(made))
        for path in (folder / "kept").iterdir()
        if (made := dcmread(path)).Modality == "SR"
    )
    faults = []
    if set(arrived) != set(wanted) or len(wanted) != count:
        faults.append(f"{len(set(wanted) - set(arrived))} of {count} films have no report")
    if any(number > 1 for number in arrived.values()):
        faults.append(f"{sum(number > 1 for number in arrived.values())} films have two reports")
    otherwise = sum(given.get(uid) != outcome for uid, outcome in wanted.items())
    if otherwise:
        faults.append(f"{otherwise} films are answered otherwise than by predict")
    print(f"outcomes: {dict(sorted(Counter(wanted.values()).items()))}")
    return faults


def _source(report: Dataset) -> str:
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    (film,) = series.ReferencedSOPSequence
    return str(film.ReferencedSOPInstanceUID)


def interval(node: Sequence[float], predict: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of two times, by resampling parts of the films."""
    chance = np.random.default_rng(14)
    picks = chance.integers(PARTS, size=(2, DRAWS, PARTS))
    drawn = np.asarray(node)[picks[0]].sum(1) / np.asarray(predict)[picks[1]].sum(1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


if __name__ == "__main__":
    main()
