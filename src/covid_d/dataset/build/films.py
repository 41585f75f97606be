"""Films on their way into a data set: inspected once, written once, by several processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from covid_d.dataset.collections.base import Exclusion, Modality
from covid_d.dataset.duplicates import Fingerprint, fingerprint
from covid_d.errors import DatasetError
from covid_d.language import N_
from covid_d.radiograph import Facts, Radiograph, RadiographError, RefusalCode, check, read
from covid_d.radiograph.film import Projection
from covid_d.radiograph.readers.limits import MIN_SIDE as READABLE

Item = TypeVar("Item")
Done = TypeVar("Done")

_CHUNK = 8
# Whether children are wanted is not for the reader to say.
_AGES = frozenset({RefusalCode.CHILD, RefusalCode.AGE_UNREAD})


@dataclass(frozen=True, slots=True)
class InspectionOrder:
    """What is asked about one file.

    Parameters
    ----------
    file
        The film.
    modality
        As the collection says.
    strict
        Whether films that the detector would refuse are refused here (but not children, nor lateral
        films: whether they are wanted is not for the reader to say).
    """

    file: Path
    modality: Modality
    strict: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a film's file holds.

    Parameters
    ----------
    fingerprint
        To recognise copies.
    facts
        What the file says about the film.
    width, height
        Pixels.
    """

    fingerprint: Fingerprint
    facts: Facts
    width: int
    height: int

    @property
    def is_ct(self) -> bool:
        """Whether the file says that it is computed tomography."""
        return self.facts.modality == "CT"


def inspect(order: InspectionOrder) -> Inspection | Exclusion:
    """Read a film once; return what is needed of it, or why it is refused."""
    try:
        radiograph = read(order.file)
    except RadiographError as error:
        return Exclusion(error.refusal.code.value, error.message)
    facts = radiograph.facts
    if order.strict and order.modality is Modality.XRAY and facts.modality != "CT":
        refusal = check(radiograph)
        aside = facts.projection is Projection.LATERAL
        if refusal and refusal.code not in _AGES and not aside:
            return Exclusion(refusal.code.value, refusal.message.en)
    return Inspection(fingerprint(radiograph), facts, *radiograph.size)


@dataclass(frozen=True, slots=True)
class WriteOrder:
    """Where one film goes.

    Parameters
    ----------
    file, target
        From where to where.
    sha256
        Of the file when it was inspected.
    max_side
        Longer side of the written film, pixels; ``None`` copies the bytes untouched.
    render
        Write a PNG even when no side is too long.
    """

    file: Path
    target: Path
    sha256: str
    max_side: int | None
    render: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A film as written: its hash and its size in pixels (``None``: as it was)."""

    sha256: str
    size: tuple[int, int] | None = None


def write_film(order: WriteOrder) -> Written:
    """Write one film: its bytes untouched, or a PNG when it has to be rendered.

    Raises
    ------
    DatasetError
        If the file is not the one inspected any more.
    """
    try:
        data = order.file.read_bytes()
    except OSError as error:
        raise _changed(order.file) from error
    if sha256(data).hexdigest() != order.sha256:
        raise _changed(order.file)
    size = None
    if order.render:
        data, size = _as_png(read(data, whole=True), order.max_side)
    order.target.write_bytes(data)
    return Written(sha256(data).hexdigest(), size)


def _as_png(radiograph: Radiograph, max_side: int | None) -> tuple[bytes, tuple[int, int]]:
    """Return the film as a grey PNG of 8 bits, or of 16 when it was stored with more than 8."""
    film = Image.fromarray(radiograph.pixels)
    if max_side is not None:
        # A very long film stays wide enough to be read at all.
        scale = min(1.0, max(max_side / max(film.size), READABLE / min(film.size)))
        width, height = (round(side * scale) for side in film.size)
        film = film.resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.clip(np.asarray(film), 0.0, 1.0)
    deep = radiograph.facts.bits > 8
    stored = np.rint(pixels * (65535.0 if deep else 255.0)).astype(np.uint16 if deep else np.uint8)
    stream = BytesIO()
    Image.fromarray(stored).save(stream, "PNG")
    return stream.getvalue(), film.size


def _changed(file: Path) -> DatasetError:
    return DatasetError(
        N_("%(name)s changed while the data set was built.", name=file.name),
        N_("Let no other program write to the collection, and build again."),
    )


@contextmanager
def film_workers(jobs: int) -> Iterator[Executor | None]:
    """Yield a pool of ``jobs`` processes, or ``None`` for one job: the work is done right here.

    The processes are started afresh (not forked), so that it makes no difference what the caller
    has loaded; they end with their parent, however it ends.
    """
    if jobs <= 1:
        yield None
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def map_films(
    function: Callable[[Item], Done],
    items: Sequence[Item],
    pool: Executor | None,
    *,
    what: str,
    progress: bool,
) -> list[Done]:
    """Return the results of ``function`` in the order of ``items``, with a progress bar.

    Raises
    ------
    DatasetError
        If one of the processes was killed (by the system, for want of memory, most often).
    """
    results = pool.map(function, items, chunksize=_CHUNK) if pool else map(function, items)
    bar = tqdm(results, total=len(items), desc=what, unit="film", disable=not progress)
    try:
        return list(bar)
    except BrokenProcessPool as error:
        raise DatasetError(
            N_("A process of the build was killed."), N_("Use fewer --jobs: memory may be short.")
        ) from error


def _start_worker() -> None:
    # Ctrl-C reaches the whole group of processes; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
