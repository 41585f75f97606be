"""Where the lungs are: the bundle's lung segmentation model, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import ValidationError

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import CARD, SPEC, update
from covid_d.detector.bundle.spec import Lungs, Verdict
from covid_d.detector.bundle.summary import with_verdict
from covid_d.detector.lung_field import Mask, find_lungs
from covid_d.detector.onnx import OnnxError, open_session
from covid_d.errors import BundleError
from covid_d.language import N_
from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.prepare import Window, standardise
from covid_d.radiograph.refusal import RefusalCode

LUNGS_SPEC: Final = "lungs.json"
_EXPORT_AGAIN: Final = N_("Train the lung model again: covid-d train-lungs --help")


_STRIDE: Final = 2  # cells of the map that are skipped: whether there are two lungs needs few


@dataclass(frozen=True, slots=True, eq=False)
class FoundLungs:
    """What the lung model makes of one film.

    Parameters
    ----------
    film
        float32, SxS in [0, 1]: the whole film as the model saw it.
    mask
        bool, SxS over the whole film: where the lungs are.
    window
        The box around both lungs, or why there is none.
    """

    film: FloatImage = field(repr=False)
    mask: Mask = field(repr=False)
    window: Window | RefusalCode


class LungModel:
    """A lung segmentation model that is ready to run.

    Parameters
    ----------
    model
        The ONNX file's bytes; its contract is :class:`covid_d.detector.bundle.spec.Lungs`.
    spec
        What the model says of itself.
    threads
        Threads for one film.

    Raises
    ------
    BundleError
        If the file is not an ONNX network or breaks the contract.

    Attributes
    ----------
    content, sha256
        The ONNX file's bytes, and their hash.
    """

    def __init__(self, model: bytes, spec: Lungs, *, threads: int = 1) -> None:
        try:
            self._session = open_session(model, threads=threads)
        except OnnxError as error:
            raise BundleError(
                N_(
                    "The lung model %(file)r cannot be loaded (%(error)s).",
                    file=spec.file,
                    error=error,
                ),
                _EXPORT_AGAIN,
            ) from error
        self.spec = spec
        self.content = model
        self.sha256 = hashlib.sha256(model).hexdigest()
        self._check_contract()

    @classmethod
    def load(cls, bundle: Bundle) -> LungModel:
        """Return the bundle's lung model.

        Raises
        ------
        BundleError
            If the bundle carries none, names a file that it does not hold, or it cannot be used.
        """
        spec = bundle.spec.lungs
        if spec is None:
            raise BundleError(
                N_("Bundle %(path)s carries no lung model.", path=bundle.path), _EXPORT_AGAIN
            )
        if spec.file not in bundle.files:
            raise BundleError(
                N_(
                    "Bundle %(path)s names a lung model that it does not hold: %(file)r.",
                    path=bundle.path,
                    file=spec.file,
                ),
                N_("Get the bundle again from its source."),
            )
        return cls(bundle.files[spec.file], spec)

    @classmethod
    def open(cls, folder: Path) -> LungModel:
        """Return the lung model that ``covid-d train-lungs`` wrote into ``folder``.

        Raises
        ------
        BundleError
            If its files are missing or not valid.
        """
        try:
            spec = Lungs.model_validate_json((folder / LUNGS_SPEC).read_bytes())
            model = (folder / spec.file).read_bytes()
        except (OSError, ValidationError) as error:
            raise BundleError(
                N_("%(folder)s holds no lung model (%(error)s).", folder=folder, error=error),
                _EXPORT_AGAIN,
            ) from error
        return cls(model, spec)

    def find(self, radiograph: Radiograph) -> FoundLungs:
        """Return where the lungs are, and the box around both or why there is none.

        Training and answering cut films by this one box.
        """
        film, lungs = self.map(radiograph)
        mask = lungs >= self.spec.threshold
        return FoundLungs(film, mask, find_lungs(mask[::_STRIDE, ::_STRIDE]))

    def mask(self, radiograph: Radiograph) -> npt.NDArray[np.bool_]:
        """Return where the lungs are: bool, HxW like the film's pixels."""
        _, lungs = self.map(radiograph)
        # The film was squashed to a square, so one resize brings the map back.
        share = Image.fromarray(lungs).resize(
            (radiograph.width, radiograph.height), Image.Resampling.BILINEAR
        )
        mask: npt.NDArray[np.bool_] = np.asarray(share) >= self.spec.threshold
        return mask

    def map(self, radiograph: Radiograph) -> tuple[FloatImage, FloatImage]:
        """Return the film as the model sees it and the probability of lung: float32, SxS each."""
        grey = standardise(radiograph, self.spec.preprocessing)
        film = grey.astype(np.float32) / np.float32(255.0)
        (lungs,) = self._session.run(["lungs"], {"film": film[None, None]})
        return film, np.asarray(lungs[0], dtype=np.float32)

    def _check_contract(self) -> None:
        preprocessing = self.spec.preprocessing
        if preprocessing.fit != "squash" or preprocessing.crop_border:
            raise BundleError(
                N_(
                    "The lung model's preprocessing must squash the whole film, not "
                    "%(preprocessing)s.",
                    preprocessing=preprocessing,
                ),
                _EXPORT_AGAIN,
            )
        size = preprocessing.size
        inputs = {entry.name: entry.shape for entry in self._session.get_inputs()}
        outputs = {entry.name: entry.shape for entry in self._session.get_outputs()}
        film, lungs = inputs.get("film"), outputs.get("lungs")
        if film is None or list(film[1:]) != [1, size, size] or lungs is None or len(lungs) != 3:
            raise BundleError(
                N_(
                    "The lung model must map 'film' Nx1x%(size)sx%(size)s to 'lungs' "
                    "Nx%(size)sx%(size)s; it has inputs %(inputs)s and outputs "
                    "%(outputs)s.",
                    size=size,
                    inputs=inputs,
                    outputs=outputs,
                ),
                _EXPORT_AGAIN,
            )


def lung_files(folder: Path) -> tuple[Lungs, dict[str, bytes]]:
    """Return what a bundle keeps of the lung model that ``covid-d train-lungs`` wrote.

    Returns
    -------
    What ``bundle.json`` says of it, and its file by name.

    Raises
    ------
    BundleError
        If the folder holds no usable lung model.
    """
    spec = LungModel.open(folder).spec
    return spec, {spec.file: (folder / spec.file).read_bytes()}


def put_into_bundle(folder: Path, bundle: Path) -> None:
    """Put the lung model that ``covid-d train-lungs`` wrote into a bundle and seal it again.

    A bundle that had passed the audit must be audited again.

    Raises
    ------
    BundleError
        If the folder holds no usable lung model, or the bundle is not sound.
    """
    lungs, files = lung_files(folder)
    before = Bundle.load(bundle)
    spec = before.spec.model_copy(update={"lungs": lungs})
    card: dict[str, str] = {}
    if before.claimed.status == "audit-passed":  # by another lung model: to be earned again
        spec = spec.model_copy(update={"verdict": Verdict()})
        card = {CARD: with_verdict(before.card, Verdict())}
    update(bundle, {**files, **card, SPEC: spec.model_dump_json(indent=2) + "\n"})
