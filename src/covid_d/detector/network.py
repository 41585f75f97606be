"""The bundle's ONNX network, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.onnx import OnnxError, open_session
from covid_d.errors import BundleError
from covid_d.language import N_
from covid_d.radiograph.film import FloatImage

INPUT: Final = "film"
OUTPUTS: Final = {"logit": 1, "features": 2, "activation": 3}
"""Outputs of a network of COVID-19, and their dimensions."""
APPEARANCE_OUTPUTS: Final = {"logits": 2, "features": 2, "activation": 4}
"""Outputs of a network of appearance, and their dimensions."""


class Network:
    """A network that is ready to run; safe to call from several threads at once.

    Parameters
    ----------
    bundle
        A loaded bundle.
    threads
        Threads for one call. One is right where several films are answered at once: films then
        run beside each other, without any waiting for the slowest part of a layer.

    Raises
    ------
    BundleError
        If the file is not an ONNX network, or breaks the contract of
        :class:`covid_d.detector.bundle.spec.NetworkSpec`.

    Attributes
    ----------
    logits
        Name of the output before calibration: ``logits`` of appearance, ``logit`` of COVID-19.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        try:
            self._session = open_session(bundle.model_bytes, threads=threads)
        except OnnxError as error:
            raise _broken(bundle, f"cannot be loaded ({error})") from error
        appearance = bundle.spec.has_appearance
        self.logits = "logits" if appearance else "logit"
        self._outputs = APPEARANCE_OUTPUTS if appearance else OUTPUTS
        self._size = bundle.spec.preprocessing.size
        self._check_contract(bundle)

    def run(
        self, films: FloatImage, outputs: Sequence[str] | None = None
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Return the named outputs for prepared films.

        Parameters
        ----------
        films
            float32, Nx3xSxS, from :func:`covid_d.radiograph.prepare`.
        outputs
            Any of ``features`` (NxC); of appearance ``logits`` (Nx4) and ``activation``
            (Nx4xhxw); of COVID-19 ``logit`` (N) and ``activation`` (Nxhxw). ``None`` gives
            :attr:`logits` alone.

        Raises
        ------
        ValueError
            If the films have another shape or type.
        """
        expected = (3, self._size, self._size)
        if films.dtype != np.float32 or films.ndim != 4 or films.shape[1:] != expected:
            raise ValueError(f"films must be float32 Nx{expected}, got {films.dtype} {films.shape}")
        wanted = (self.logits,) if outputs is None else tuple(outputs)
        values: list[Any] = self._session.run(list(wanted), {INPUT: films})
        return dict(zip(wanted, values, strict=True))

    def _check_contract(self, bundle: Bundle) -> None:
        inputs = {entry.name: entry for entry in self._session.get_inputs()}
        if set(inputs) != {INPUT} or inputs[INPUT].type != "tensor(float)":
            raise _broken(bundle, f"must have one float32 input {INPUT!r}, has {sorted(inputs)}")
        expected = (3, self._size, self._size)
        shape = inputs[INPUT].shape
        # Free dimensions are given by name or None; only fixed ones can contradict.
        fixed = zip(shape[1:], expected, strict=False)
        if len(shape) != 4 or any(isinstance(n, int) and n != m for n, m in fixed):
            raise _broken(bundle, f"takes films of shape {shape}, not Nx{expected}")
        found = {entry.name: len(entry.shape) for entry in self._session.get_outputs()}
        for name, dimensions in self._outputs.items():
            if found.get(name) != dimensions:
                raise _broken(
                    bundle,
                    f"must have an output {name!r} of {dimensions} dimension(s), has {found}",
                )
        if self._outputs is APPEARANCE_OUTPUTS:
            self._check_categories(bundle)

    def _check_categories(self, bundle: Bundle) -> None:
        for entry in self._session.get_outputs():
            count = entry.shape[1] if entry.name in ("logits", "activation") else len(CATEGORIES)
            if isinstance(count, int) and count != len(CATEGORIES):
                raise _broken(
                    bundle,
                    f"must give {entry.name!r} for {len(CATEGORIES)} categories, gives {count}",
                )


def _broken(bundle: Bundle, what: str) -> BundleError:
    return BundleError(
        N_(
            "Bundle %(path)s: the network %(file)r %(what)s.",
            path=bundle.path,
            file=bundle.spec.network.file,
            what=what,
        ),
        N_("Export the bundle again with this version of COVID-D."),
    )
