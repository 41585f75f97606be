"""The detector: one film in, one assessment out."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from covid_d.detector.assessment import Assessment, Outcome
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.calibrate import (
    calibrated_probability,
    check_prevalence,
    conformal_set,
    outcome_of,
    post_test_probability,
)
from covid_d.detector.cautions import cautions_of_bundle, cautions_of_film
from covid_d.detector.gate import Gate
from covid_d.detector.network import Network
from covid_d.radiograph import (
    Radiograph,
    RadiographError,
    Refusal,
    RefusalCode,
    check,
    prepare,
    read,
)
from covid_d.radiograph.film import FloatImage
from covid_d.settings import settings

Source = Radiograph | Path | str | bytes
AfterEach = Callable[[Path, Radiograph | None, Assessment], None]

_log = logging.getLogger(__name__)


class Detector:
    """Answers films with one bundle. One detector serves any number of threads.

    Parameters
    ----------
    bundle
        A loaded bundle.
    threads
        Films answered at once by :meth:`assess_many`; 0 means one a core.

    Raises
    ------
    BundleError
        If the bundle's network or input gate cannot be used.

    Examples
    --------
    >>> detector = Detector.load()                              # doctest: +SKIP
    >>> detector.assess("film.dcm").outcome                     # doctest: +SKIP
    <Outcome.INCONCLUSIVE: 'inconclusive'>
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        self.bundle = bundle
        self.network = Network(bundle)
        self.gate = Gate.load(bundle)
        self.threads = threads or os.cpu_count() or 1
        self._cautions = cautions_of_bundle(bundle.spec)

    @classmethod
    def load(
        cls, bundle: Bundle | Path | str | None = None, *, threads: int | None = None
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

        Raises
        ------
        BundleError
            If the bundle cannot be read, trusted or used.
        """
        loaded = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
        return cls(loaded, threads=settings().threads if threads is None else threads)

    def assess(
        self,
        source: Source,
        *,
        name: str | None = None,
        prevalence: float | None = None,
        activation: bool = False,
    ) -> Assessment:
        """Say what the bundle makes of one film.

        Nothing about the film itself raises: what cannot be answered is refused, with its reason.

        Parameters
        ----------
        source
            A film read before, or its path or bytes.
        name
            What the assessment calls the film; by default its path.
        prevalence
            Share of COVID-19 among the patients at hand, in (0, 1), for the post-test
            probability.
        activation
            Whether to return where the evidence lies.

        Raises
        ------
        ValueError
            If ``prevalence`` does not lie in (0, 1).
        """
        if prevalence is not None:
            check_prevalence(prevalence)
        return self._answer(source, name, prevalence, activation)[1]

    def assess_many(
        self,
        paths: Iterable[Path | str],
        *,
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
        prevalence, activation
            As in :meth:`assess`.
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
            film, assessment = self._answer(path, None, prevalence, activation)
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

    def _answer(
        self, source: Source, name: str | None, prevalence: float | None, activation: bool
    ) -> tuple[Radiograph | None, Assessment]:
        named = _name_of(source) if name is None else name
        film: Radiograph | None = None
        try:
            film = source if isinstance(source, Radiograph) else read(source)
            refusal = check(film)
            if refusal is not None:
                return film, self._refuse(named, refusal)
            return film, self._assess_film(film, named, prevalence, activation)
        except RadiographError as error:
            return film, self._refuse(named, error.refusal)
        # Fail closed: whatever went wrong, this film gets no number and the others get theirs.
        except Exception as error:  # noqa: BLE001
            _log.warning("%s could not be assessed: %r", named, error)
            _log.debug("where it failed", exc_info=True)
            refusal = Refusal.of(RefusalCode.INTERNAL, type(error).__name__)
            return film, self._refuse(named, refusal)

    def _assess_film(
        self, film: Radiograph, named: str, prevalence: float | None, activation: bool
    ) -> Assessment:
        spec = self.bundle.spec
        outputs = ("logit", "features", *(["activation"] if activation else []))
        prepared = prepare(film, spec.preprocessing)
        values = self.network.run(prepared[None], outputs)
        if not all(np.isfinite(value).all() for value in values.values()):
            raise RadiographError(Refusal.of(RefusalCode.NO_NUMBER))
        refusal = None if self.gate is None else self.gate.refuse(prepared, values["features"][0])
        if refusal is not None:
            raise RadiographError(refusal)
        probability = calibrated_probability(float(values["logit"][0]), spec.calibration)
        remaining = conformal_set(probability, spec.conformal)
        return Assessment(
            path=named,
            outcome=outcome_of(remaining),
            bundle=self.bundle.id,
            probability=probability,
            conformal_set=remaining,
            post_test_probability=None
            if prevalence is None
            else post_test_probability(probability, spec.calibration.prevalence, prevalence),
            warnings=self._cautions + cautions_of_film(film.facts),
            activation=_evidence(values["activation"][0]) if activation else None,
        )

    def _refuse(self, named: str, refusal: Refusal) -> Assessment:
        return Assessment(
            path=named,
            outcome=Outcome.REFUSED,
            bundle=self.bundle.id,
            refusal=refusal,
            warnings=self._cautions,
        )


def _name_of(source: Source) -> str:
    if isinstance(source, Radiograph):
        return source.name
    return "" if isinstance(source, bytes) else os.fspath(source)


def _evidence(activation: FloatImage) -> FloatImage:
    """Return the evidence for COVID-19 on the scale of the strongest evidence either way.

    So a film without evidence for it shows no false peak.
    """
    strongest = float(np.abs(activation).max())
    positive: FloatImage = np.maximum(activation, np.float32(0.0))
    return positive / np.float32(strongest) if strongest > 0 else positive
