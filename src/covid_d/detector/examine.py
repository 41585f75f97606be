"""A film examined: read once, framed once, run once. What it means is said by the judge."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from covid_d.detector.assessment import BundleId
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.frame import Frame, Framed
from covid_d.detector.gate import Gate
from covid_d.detector.network import Network
from covid_d.detector.reasons import is_vague, most_telling
from covid_d.radiograph import (
    Facts,
    Projection,
    Radiograph,
    RadiographError,
    Refusal,
    RefusalCode,
    Sex,
    check,
    read,
)
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.prepare import Window

Source = Radiograph | Path | str | bytes

_DIGITS: Final = 4  # of a kept activation: it is shown as colour
# Side of a map that ends with the lungs: the network's own cells are a seventh of a film's side.
_CELLS: Final = 32
_LUNG: Final = 0.9  # least share of lung in a cell of it that is shown
# Least share of lung in one of the network's own cells whose evidence counts as lying inside: where
# in a cell it lies is not known, and lungs as they are outlined end before the heart and what is
# dense. Chosen on validation films, see `benchmarks/outside_lungs.py`.
_TOUCHED: Final = 0.25
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What a bundle found in one film; can be kept, and judged later.

    Parameters
    ----------
    name
        The film, as named by the caller.
    bundle
        Which bundle examined it; no other may judge it.
    facts, width, height
        As read from the file alone; ``None`` when it could not be read.
    logits
        The network's numbers, one a category; one alone from bundles of the old kind; none when
        refused.
    inside
        For each of the logits, the share of its evidence in cells that the lungs reach; ``None``
        where the lungs were not looked for.
    activation
        float32, one hxw map in [0, 1] a logit: where the evidence for it lies, inside the lungs
        alone where they were looked for; ``None`` when not asked for.
    box
        The part of the film that the maps lie over; ``None`` for the whole film.
    refusal
        Why the film gets no answer, whatever is stated of it; set exactly when there are no logits.

    Raises
    ------
    ValueError
        If it holds both logits and a refusal, or neither.
    """

    name: str
    bundle: BundleId
    facts: Facts | None = None
    width: int | None = None
    height: int | None = None
    logits: tuple[float, ...] = ()
    inside: tuple[float, ...] | None = None
    activation: FloatImage | None = field(default=None, repr=False)
    box: Window | None = None
    refusal: Refusal | None = None

    def __post_init__(self) -> None:
        if bool(self.logits) == (self.refusal is not None):
            raise ValueError("an examination holds either logits or a refusal")

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it; the activation is kept to 4 digits."""
        kept = self.activation
        return {
            "name": self.name,
            "bundle": self.bundle.to_dict(),
            "facts": self.facts and _plain(self.facts),
            "width": self.width,
            "height": self.height,
            "logits": list(self.logits),
            "inside": self.inside and list(self.inside),
            "activation": None if kept is None else np.round(kept.astype(float), _DIGITS).tolist(),
            "box": self.box and list(self.box),
            "refusal": self.refusal and self.refusal.to_dict(),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Examination:
        """Return what :meth:`to_dict` was called on.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is of another shape.
        """
        activation, box, inside, refusal = (
            kept[name] for name in ("activation", "box", "inside", "refusal")
        )
        return cls(
            name=kept["name"],
            bundle=BundleId.from_dict(kept["bundle"]),
            facts=_facts(kept["facts"]),
            width=kept["width"],
            height=kept["height"],
            logits=tuple(kept["logits"]),
            inside=None if inside is None else tuple(inside),
            activation=None if activation is None else np.asarray(activation, dtype=np.float32),
            box=None if box is None else Window(*box),
            refusal=None if refusal is None else Refusal.from_dict(refusal),
        )


class Examiner:
    """Runs films through one bundle; serves any number of threads.

    Parameters
    ----------
    bundle
        A loaded bundle.

    Raises
    ------
    BundleError
        If the bundle's network, lung model or input gate cannot be used.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.network = Network(bundle)
        self.gate = Gate.load(bundle)
        self.frame = Frame(bundle)

    def examine(
        self, source: Source, *, name: str | None = None, activation: bool = False
    ) -> tuple[Examination, Radiograph | None]:
        """Return what is found in a film, and the film itself where it could be read.

        Nothing about the film raises: what cannot be examined is refused, with its reason.

        Parameters
        ----------
        source
            A film read before, or its path or bytes.
        name
            What the examination calls the film; by default its path.
        activation
            Whether to keep where the evidence lies.
        """
        named = _name_of(source) if name is None else name
        film: Radiograph | None = None
        try:
            film = source if isinstance(source, Radiograph) else read(source)
            refusal, found = self._judge(film, activation=activation)
        except RadiographError as error:
            refusal, found = error.refusal, None
        # Fail closed: whatever went wrong, this film gets no number and the others get theirs.
        except Exception as error:  # noqa: BLE001
            _log.warning("%s could not be assessed: %r", named, error)
            _log.debug("where it failed", exc_info=True)
            refusal, found = Refusal.of(RefusalCode.INTERNAL, type(error).__name__), None
        examination = Examination(
            name=named,
            bundle=self.bundle.id,
            facts=film.facts if film else None,
            width=_side(film, 0),
            height=_side(film, 1),
            refusal=refusal,
            **(found or {}),
        )
        return examination, film

    def _judge(
        self, film: Radiograph, *, activation: bool
    ) -> tuple[Refusal | None, dict[str, Any] | None]:
        """Return why a film that was read gets no answer, or what is found in it."""
        found: dict[str, Any] | None = None
        refusal = check(film)
        if refusal is None:
            try:
                found = self._run(film, activation=activation)
            except RadiographError as error:
                refusal = error.refusal
        return self._most_telling(film, refusal), found

    def _most_telling(self, film: Radiograph, refusal: Refusal | None) -> Refusal | None:
        """Return why a film is refused, in the words that help most; costs refused films alone."""
        if refusal is None or self.gate is None or not is_vague(refusal):
            return refusal
        framed, lungs = self.frame.whole(film)
        features = self.network.run(framed.prepared[None], ("features",))["features"][0]
        kind = self.gate.name(framed.whole, features)
        return most_telling(refusal, (None if kind is None else kind.code, lungs))

    def _run(self, film: Radiograph, *, activation: bool) -> dict[str, Any]:
        framed = self.frame.of(film)
        # Without the lungs nothing is learnt from a map that nobody asked for.
        mapped = activation or framed.lungs is not None
        values = self.network.run(
            framed.prepared[None],
            (self.network.logits, "features", *(["activation"] if mapped else [])),
        )
        if not all(np.isfinite(value).all() for value in values.values()):
            raise RadiographError(Refusal.of(RefusalCode.NO_NUMBER))
        if self.gate is not None:
            refusal = self.gate.refuse(framed.whole, values["features"][0])
            if refusal is not None:
                raise RadiographError(refusal)
        if framed.is_mirrored():
            raise RadiographError(Refusal.of(RefusalCode.UNLIKE_CHEST))
        if framed.has_marks(film):
            raise RadiographError(Refusal.of(RefusalCode.ANNOTATED))
        found: dict[str, Any] = {
            "logits": tuple(float(value) for value in np.atleast_1d(values[self.network.logits][0]))
        }
        if mapped:
            evidence = _evidence(values["activation"][0])
            found |= _placed(evidence, framed, kept=activation)
        return found


def _placed(evidence: FloatImage, framed: Framed, *, kept: bool) -> dict[str, Any]:
    """Return how much of the evidence lies inside the lungs, and what may be shown of it."""
    inside: tuple[float, ...] | None = None
    if framed.lungs is not None:
        lungs = framed.lungs_on(evidence.shape[1:])
        within = evidence * lungs
        whole = evidence.sum(axis=(1, 2), dtype=np.float64)
        shares = np.divide(
            evidence.sum(axis=(1, 2), dtype=np.float64, where=lungs >= _TOUCHED),
            whole,
            out=np.ones_like(whole),
            where=whole > 0,
        )
        inside = tuple(float(share) for share in shares)
        evidence = _within(within, framed) if kept else within
    return {"inside": inside, "box": framed.box, "activation": evidence if kept else None}


def _within(evidence: FloatImage, framed: Framed) -> FloatImage:
    """Return maps that end where the lungs do, so that no face shows colour beside them."""
    shown = framed.lungs_on((_CELLS, _CELLS)) >= _LUNG
    size = (_CELLS, _CELLS)
    fine = [Image.fromarray(each).resize(size, Image.Resampling.BILINEAR) for each in evidence]
    maps = np.stack([np.asarray(each, dtype=np.float32) for each in fine])
    return np.where(shown, maps, np.float32(0.0))


def _evidence(activation: FloatImage) -> FloatImage:
    """Return the evidence for each answer, on the scale of the strongest evidence either way.

    So a film without evidence for it shows no false peak. Of several categories the evidence for
    one is what it gains over their mean: what all gain alike decides nothing.

    Parameters
    ----------
    activation
        float32, hxw of COVID-19, or Cxhxw of the categories.

    Returns
    -------
    float32, Cxhxw in [0, 1].
    """
    if activation.ndim == 2:
        signed = activation[None]
    else:
        signed = activation - activation.mean(axis=0, keepdims=True)
    strongest = np.abs(signed).max(axis=(1, 2), keepdims=True)
    positive: FloatImage = np.maximum(signed, np.float32(0.0))
    scaled: FloatImage = np.divide(
        positive, strongest, out=np.zeros_like(positive), where=strongest > 0
    )
    return scaled


def _side(film: Radiograph | None, number: int) -> int | None:
    """Return the film's width or height in its file's own pixels."""
    return None if film is None else film.size[number]


def _name_of(source: Source) -> str:
    if isinstance(source, Radiograph):
        return source.name
    return "" if isinstance(source, bytes) else os.fspath(source)


def _plain(facts: Facts) -> dict[str, Any]:
    """Return facts as JSON can hold them."""
    day = facts.taken_on
    return asdict(facts) | {"taken_on": day and day.isoformat()}


def _facts(kept: Mapping[str, Any] | None) -> Facts | None:
    if kept is None:
        return None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
    }
    for name, kind in (("projection", Projection), ("sex", Sex)):
        values[name] = None if values[name] is None else kind(values[name])
    if values.get("taken_on") is not None:
        values["taken_on"] = date.fromisoformat(values["taken_on"])
    return Facts(**values)
