"""The door for models: whatever answers a film can be measured and audited by the same tables.

A bundle comes in through :class:`BundleScorer`. A model of another framework needs a class with
the same three members::

    class OfTorchXRayVision:
        id = BundleId("densenet121-res224-all", "1.3", sha256_of(weights))
        classes = ("opacity",)

        def score(self, film, *, changed_from=None):
            return Scored((float(self.model(self.prepare(film))[self.lung_opacity]),))

    scores = score(OfTorchXRayVision(), dataset)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import Assessment, BundleId, Outcome
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE
from covid_d.detector.detector import Detector
from covid_d.detector.examine import Examination
from covid_d.radiograph import Radiograph, RadiographError, Refusal, RefusalCode, check

APPEARANCE_CLASSES: Final = tuple(category.value for category in CATEGORIES)
COVID_CLASSES: Final = (POSITIVE, NEGATIVE)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a model makes of one film.

    Parameters
    ----------
    values
        One a class, in the order of the scorer's ``classes``; empty when refused.
    outcome
        ``positive``, ``negative`` or ``inconclusive``, where the model says so.
    conformal_set
        Classes that it cannot rule out, where it says so; ``None`` where it does not.
    features
        Penultimate features, where it has them.
    refusal
        Why there are no values.
    """

    values: tuple[float, ...]
    outcome: Outcome | None = None
    conformal_set: tuple[str, ...] | None = None
    features: npt.NDArray[np.float32] | None = None
    refusal: Refusal | None = None


class Scorer(Protocol):
    """A model that can be measured: a film in, one number a class out."""

    @property
    def id(self) -> BundleId:
        """Which model it is; the hash stands for its weights."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """What the values are of.

        The four categories in order (probabilities that sum to 1), ``covid`` and ``nocovid``, or
        any of ``opacity`` and ``typical``: numbers that only rank films.
        """
        ...

    def score(self, film: Radiograph, *, changed_from: Radiograph | None = None) -> Scored:
        """Return what the model makes of a film.

        Parameters
        ----------
        film
            As read.
        changed_from
            The film that this one was made from by erasing a part of it: a model that looks for
            the lungs first looks for them there, and refuses nothing.
        """
        ...


class BundleScorer:
    """A bundle as a :class:`Scorer`: answers as every face gives them.

    Parameters
    ----------
    detector
        The bundle at work.
    features
        Whether to give the penultimate features too, as an audit needs them.
    """

    def __init__(self, detector: Detector, *, features: bool = False) -> None:
        self.detector = detector
        self._features = features

    @property
    def id(self) -> BundleId:
        """The bundle."""
        return self.detector.bundle.id

    @property
    def classes(self) -> tuple[str, ...]:
        """The bundle's."""
        return self.detector.bundle.spec.classes

    def score(self, film: Radiograph, *, changed_from: Radiograph | None = None) -> Scored:
        """Return what the bundle answers; see :meth:`Scorer.score`."""
        if not self._features and changed_from is None:
            return scored(self.detector.assess(film))
        try:
            return self._run(film, changed_from)
        except RadiographError as error:
            return Scored((), outcome=Outcome.REFUSED, refusal=error.refusal)

    def _run(self, film: Radiograph, changed_from: Radiograph | None) -> Scored:
        detector = self.detector
        if changed_from is None:
            _demand(check(film))
            framed = detector.frame.of(film)
            prepared = framed.prepared
        else:
            # The lungs are where they were before they were erased, and nothing is refused: what
            # an audit wants is the number.
            framed = detector.frame.of(changed_from)
            prepared = detector.frame.like(framed, film)
        network = detector.network
        values = network.run(prepared[None], (network.logits, "features"))
        if not all(np.isfinite(value).all() for value in values.values()):
            raise RadiographError(Refusal.of(RefusalCode.NO_NUMBER))
        features = values["features"][0]
        if changed_from is None and detector.gate is not None:
            _demand(detector.gate.refuse(framed.whole, features))
        examination = Examination(
            name=film.name,
            bundle=detector.bundle.id,
            facts=film.facts,
            logits=tuple(float(value) for value in np.atleast_1d(values[network.logits][0])),
        )
        found = scored(detector.judge(examination))
        return replace(found, features=features)


def _demand(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RadiographError(refusal)


def scored(assessment: Assessment) -> Scored:
    """Return an assessment as what the tables are made of."""
    if assessment.refusal is not None:
        return Scored((), outcome=Outcome.REFUSED, refusal=assessment.refusal)
    if assessment.appearance is not None:
        values = tuple(assessment.appearance[category] for category in CATEGORIES)
    else:
        probability = float(assessment.probability or 0.0)
        values = (probability, 1.0 - probability)
    return Scored(values, assessment.outcome, assessment.conformal_set)
