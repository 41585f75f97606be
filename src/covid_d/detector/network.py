"""The bundle's ONNX network, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from covid_d.detector.bundle.bundle import Bundle
from covid_d.errors import BundleError
from covid_d.radiograph.film import FloatImage

INPUT: Final = "film"
OUTPUTS: Final = ("logit", "features", "activation")


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
        :class:`covid_d.detector.bundle.spec.Network`.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        # Imported here: showing or sealing a bundle needs no runtime.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # its warnings would mix into our output
        # Waiting threads must sleep: by default they burn the cores that decode the next film.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                bundle.model_bytes, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's errors share no base but Exception
            raise _broken(bundle, f"cannot be loaded ({error})") from error
        self._size = bundle.spec.preprocessing.size
        self._check_contract(bundle)

    def run(
        self, films: FloatImage, outputs: Sequence[str] = ("logit",)
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Return the named outputs for prepared films.

        Parameters
        ----------
        films
            float32, Nx3xSxS, from :func:`covid_d.radiograph.prepare`.
        outputs
            Any of ``logit`` (N), ``features`` (NxC), ``activation`` (Nxhxw).

        Raises
        ------
        ValueError
            If the films have another shape or type.
        """
        expected = (3, self._size, self._size)
        if films.dtype != np.float32 or films.ndim != 4 or films.shape[1:] != expected:
            raise ValueError(f"films must be float32 Nx{expected}, got {films.dtype} {films.shape}")
        values: list[Any] = self._session.run(list(outputs), {INPUT: films})
        return dict(zip(outputs, values, strict=True))

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
        for name, dimensions in zip(OUTPUTS, (1, 2, 3), strict=True):
            if found.get(name) != dimensions:
                raise _broken(
                    bundle,
                    f"must have an output {name!r} of {dimensions} dimension(s), has {found}",
                )


def _broken(bundle: Bundle, what: str) -> BundleError:
    return BundleError(
        f"Bundle {bundle.path}: the network {bundle.spec.network.file!r} {what}.",
        "Export the bundle again with this version of COVID-D.",
    )
