"""The detector: one film in, one assessment out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from covid_d.detector.assessment import Assessment
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.calibrate import check_prevalence
from covid_d.detector.examine import Examination, Examiner, Source
from covid_d.detector.frame import Frame
from covid_d.detector.gate import Gate
from covid_d.detector.judge import NOTHING_STATED, judge
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.detector.network import Network
from covid_d.detector.stated import Stated
from covid_d.radiograph import Radiograph
from covid_d.settings import settings

AfterEach = Callable[[Path, Radiograph | None, Assessment], None]


class Detector:
    """Answers films with one bundle. One detector serves any number of threads.

    Parameters
    ----------
    bundle
        A loaded bundle.
    threads
        Films answered at once by :meth:`assess_many`; 0 means one a core.
    ratios
        What a film's appearance says about COVID-19; by default what the published studies say.

    Raises
    ------
    BundleError
        If the bundle's network, lung model or input gate cannot be used.

    Examples
    --------
    >>> detector = Detector.load()                              # doctest: +SKIP
    >>> detector.assess("film.dcm").outcome                     # doctest: +SKIP
    <Outcome.INCONCLUSIVE: 'inconclusive'>
    """

    def __init__(
        self, bundle: Bundle, *, threads: int = 0, ratios: LikelihoodTable = PUBLISHED
    ) -> None:
        self.bundle = bundle
        self.ratios = ratios
        self.threads = threads or os.cpu_count() or 1
        self._examiner = Examiner(bundle)

    @classmethod
    def load(
        cls,
        bundle: Bundle | Path | str | None = None,
        *,
        threads: int | None = None,
        ratios: LikelihoodTable = PUBLISHED,
    ) -> Detector:
        """Load a bundle and make it ready.

        Parameters
        ----------
        bundle
            A bundle, or its folder or zip, or ``builtin``; ``None`` takes the setting
            ``COVID_D_BUNDLE``, else the built-in one.
        threads
            Films answered at once by :meth:`assess_many`; ``None`` takes the setting
            ``COVID_D_THREADS``; 0 means one a core.
        ratios
            As of the detector.

        Raises
        ------
        BundleError
            If the bundle cannot be read, trusted or used.
        """
        loaded = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
        return cls(
            loaded, threads=settings().threads if threads is None else threads, ratios=ratios
        )

    @property
    def network(self) -> Network:
        """The bundle's network, for those who judge models."""
        return self._examiner.network

    @property
    def gate(self) -> Gate | None:
        """The bundle's input gate, if it has one."""
        return self._examiner.gate

    @property
    def frame(self) -> Frame:
        """How the bundle frames films, for those who judge models."""
        return self._examiner.frame

    def examine(
        self, source: Source, *, name: str | None = None, activation: bool = False
    ) -> Examination:
        """Return what the bundle finds in one film, without judging it.

        Nothing about the film raises: what cannot be examined is refused, with its reason.

        Parameters
        ----------
        source
            A film read before, or its path or bytes.
        name
            What the answer calls the film; by default its path.
        activation
            Whether to keep where the evidence lies.
        """
        return self.examine_keeping_film(source, name=name, activation=activation)[0]

    def examine_keeping_film(
        self, source: Source, *, name: str | None = None, activation: bool = False
    ) -> tuple[Examination, Radiograph | None]:
        """Return what :meth:`examine` does, and the film itself where it could be read."""
        return self._examiner.examine(source, name=name, activation=activation)

    def judge(
        self,
        examination: Examination,
        stated: Stated = NOTHING_STATED,
        prevalence: float | None = None,
    ) -> Assessment:
        """Return the answer to a film that was examined before, by this bundle.

        Parameters
        ----------
        examination
            By :meth:`examine`, or kept and read back.
        stated
            What a person says of the film and its patient.
        prevalence
            Share of COVID-19 among the patients at hand, in (0, 1), for how probable it is.

        Raises
        ------
        ValueError
            If another bundle examined the film, or ``prevalence`` does not lie in (0, 1).
        """
        if examination.bundle != self.bundle.id:
            raise ValueError(
                f"examined by {examination.bundle}, which {self.bundle.id} cannot judge"
            )
        return judge(examination, self.bundle.spec, stated, prevalence, self.ratios)

    def assess(
        self,
        source: Source,
        *,
        name: str | None = None,
        stated: Stated = NOTHING_STATED,
        prevalence: float | None = None,
        activation: bool = False,
    ) -> Assessment:
        """Say what the bundle makes of one film: :meth:`examine`, then :meth:`judge`.

        Raises
        ------
        ValueError
            If ``prevalence`` does not lie in (0, 1).
        """
        if prevalence is not None:
            check_prevalence(prevalence)  # before any work is done
        return self.judge(
            self.examine(source, name=name, activation=activation), stated, prevalence
        )

    def assess_many(
        self,
        paths: Iterable[Path | str],
        *,
        stated: Stated = NOTHING_STATED,
        prevalence: float | None = None,
        activation: bool = False,
        after_each: AfterEach | None = None,
    ) -> Iterator[Assessment]:
        """Assess films side by side; the answers come in the films' order.

        Each film runs through the network alone, so that its answer does not depend on its
        neighbours, and because it is faster than batches when every core has its own film. Only a
        few films are in memory at any time.

        Parameters
        ----------
        paths
            Films.
        stated
            What holds of every one of them.
        prevalence, activation
            As in :meth:`judge` and :meth:`examine`.
        after_each
            Called with each path, the film (``None`` when it could not be read) and its
            assessment, in a worker's thread, before the assessment is given out.

        Raises
        ------
        ValueError
            If ``prevalence`` does not lie in (0, 1).
        """
        if prevalence is not None:
            check_prevalence(prevalence)

        def work(path: Path) -> Assessment:
            examination, film = self._examiner.examine(path, activation=activation)
            assessment = self.judge(examination, stated, prevalence)
            if after_each is not None:
                after_each(path, film, assessment)
            return assessment

        return self._in_order(work, (Path(path) for path in paths))

    def _in_order(
        self, work: Callable[[Path], Assessment], films: Iterator[Path]
    ) -> Iterator[Assessment]:
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="covid-d")
        waiting: deque[Future[Assessment]] = deque()
        try:
            waiting.extend(pool.submit(work, film) for film in islice(films, 2 * self.threads))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(work, film) for film in islice(films, 1))
        finally:  # also when the caller stops early or presses Ctrl-C
            pool.shutdown(cancel_futures=True)
