"""What frozen ImageNet networks see of a film: the inputs that ``frozen_heads.py`` compares.

A :class:`View` says which network looks at the film, how large and changed in which way; its
features are pooled at several depths and kept in a cache. Nothing here has learnt from a film.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pandas as pd
import timm
import torch
from scipy import ndimage
from skimage import exposure
from torch import nn

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Bundle
from covid_d.detector.lungs import LungModel
from covid_d.files import write_atomically
from covid_d.radiograph import Preprocessing, Radiograph, read
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.prepare import standardise
from covid_d.training.augment import augmentation
from covid_d.training.backbones import find_weights, statistics
from covid_d.training.recipes import DEFAULT

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

LITE0, LITE1, LITE2 = (f"tf_efficientnet_lite{n}" for n in (0, 1, 2))
DEPTHS = {"stride 8": 2, "stride 16": 3, "stride 32": 4}
LAST = "last"
_BATCH = 8
_MARGIN = 0.05  # of the lungs' box, kept on each side
_LEAST_LUNG = 0.05


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at a film.

    Parameters
    ----------
    backbone
        A timm network whose ImageNet weights are packaged.
    size
        As in :class:`covid_d.radiograph.Preprocessing`; the rest of it is the default.
    change
        What is done to the film first, a key of :data:`CHANGES`.
    copy
        0 is the film itself, -1 its mirror image, n the n-th random change of the default recipe
        (rotation, zoom, stretch, lighting, gamma, blur, erased borders).
    """

    backbone: str = LITE0
    size: int = 224
    change: str = ""
    copy: int = 0

    def features(self, dataset: Dataset, films: pd.DataFrame, folder: Path) -> dict[str, Floats]:
        """Return NxC features by depth, in the order of ``films``, computed once.

        ``last`` is what the shipped head stands on; ``stride n`` are means over earlier maps,
        ``stride n spread`` their standard deviations.
        """
        text = "\n".join([repr(self), *films["sha256"]])
        path = folder / f"view-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
        if not path.is_file():
            found = self._computed(dataset, films)
            folder.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            np.savez(buffer, **found)  # type: ignore[arg-type]  # names, not allow_pickle
            write_atomically(path, buffer.getvalue())
        with np.load(path) as kept:
            return dict(kept)

    def _computed(self, dataset: Dataset, films: pd.DataFrame) -> dict[str, Floats]:
        run, look = _network(self.backbone, self.size), self._copied()
        parts: list[dict[str, Floats]] = []
        for start in range(0, len(films), _BATCH):
            rows = films.iloc[start : start + _BATCH].itertuples()
            grey = np.stack([self.picture(read(dataset.path(row))) for row in rows])
            parts.append(run(look(torch.from_numpy(grey)[:, None].float() / 255)))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def picture(self, film: Radiograph) -> npt.NDArray[np.uint8]:
        """Return the square grey picture that this view shows of a film."""
        if self.change:
            film = replace(film, pixels=CHANGES[self.change](film))
        return standardise(film, Preprocessing(size=self.size))

    def _copied(self) -> Callable[[torch.Tensor], torch.Tensor]:
        if self.copy == 0:
            return lambda films: films
        if self.copy < 0:
            return lambda films: films.flip(-1)
        from fastai.torch_core import set_seed
        from fastai.vision.core import TensorImage

        set_seed(self.copy)
        change = augmentation(DEFAULT)
        return lambda films: torch.Tensor(change(TensorImage(films), split_idx=0))


class _Pooled(nn.Module):
    """A network's features, pooled at several depths, of grey films N x 1 x S x S in [0, 1]."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        weights = find_weights(backbone)
        self.network: Any = timm.create_model(
            backbone, pretrained=weights.pretrained, num_classes=0
        )
        if weights.state is not None:
            self.network.load_state_dict(dict(weights.state), strict=False)
        mean, std = statistics(backbone)
        self.mean = nn.Buffer(torch.tensor(mean)[:, None, None])
        self.std = nn.Buffer(torch.tensor(std)[:, None, None])

    def forward(self, films: torch.Tensor) -> tuple[torch.Tensor, ...]:
        last, maps = self.network.forward_intermediates((films - self.mean) / self.std)
        found = [last.mean(dim=(2, 3))]
        for at in DEPTHS.values():
            found += [maps[at].mean(dim=(2, 3)), maps[at].std(dim=(2, 3))]
        return tuple(found)


@cache
def _network(backbone: str, size: int) -> Callable[[torch.Tensor], dict[str, Floats]]:
    """Return the network as ONNX Runtime runs it: on a CPU three times as fast as torch."""
    names = [LAST, *(f"{depth}{kind}" for depth in DEPTHS for kind in ("", " spread"))]
    program = torch.onnx.export(
        _Pooled(backbone).eval(),
        (torch.zeros(2, 1, size, size),),
        dynamic_shapes=({0: torch.export.Dim("films")},),
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"torch could not export {backbone}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        program.model_proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (given,) = session.get_inputs()
    return lambda films: dict(
        zip(names, session.run(None, {given.name: films.numpy()}), strict=True)
    )


@cache
def _lung_model() -> LungModel:
    return LungModel.load(Bundle.load())


def _lungs_cropped(film: Radiograph) -> FloatImage:
    top, bottom, left, right = _box(_lung_model().mask(film))
    return film.pixels[top:bottom, left:right]


def _lungs_masked(film: Radiograph, kept: bool) -> FloatImage:
    """Return the film with all but the lungs and a thin rim, or just these, at one grey."""
    lungs = ndimage.binary_dilation(_lung_model().mask(film), iterations=round(film.width * 0.02))
    shown: Mask = lungs if kept else ~lungs
    if lungs.mean() < _LEAST_LUNG:
        return film.pixels
    masked: FloatImage = np.where(shown, film.pixels, film.pixels[shown].mean()).astype(np.float32)
    return masked


def _box(mask: Mask) -> tuple[int, int, int, int]:
    """Return the box of the two largest parts of a lung mask with a margin, or the whole film."""
    rows, columns = mask.shape
    parts, count = ndimage.label(mask)
    sizes = ndimage.sum_labels(mask, parts, range(1, count + 1))
    largest = 1 + np.argsort(sizes)[::-1][:2]
    if sum(sizes[at - 1] for at in largest) < _LEAST_LUNG * mask.size:
        return 0, rows, 0, columns
    kept: Mask = np.isin(parts, largest)
    return *_span(np.any(kept, axis=1)), *_span(np.any(kept, axis=0))


def _span(inside: Mask) -> tuple[int, int]:
    at = np.flatnonzero(inside)
    reach = _MARGIN * (at[-1] + 1 - at[0])
    return max(0, int(at[0] - reach)), min(len(inside), int(at[-1] + 1 + reach))


def _clahe(film: Radiograph) -> FloatImage:
    equalised: FloatImage = exposure.equalize_adapthist(film.pixels, clip_limit=0.01)
    return equalised.astype(np.float32)


def _equalised(film: Radiograph) -> FloatImage:
    equalised: FloatImage = exposure.equalize_hist(film.pixels)  # type: ignore[no-untyped-call, unused-ignore]
    return equalised.astype(np.float32)


CHANGES: dict[str, Callable[[Radiograph], FloatImage]] = {
    "cropped to the lungs": _lungs_cropped,
    "masked to the lungs": partial(_lungs_masked, kept=True),
    "lungs erased": partial(_lungs_masked, kept=False),
    "CLAHE": _clahe,
    "equalised": _equalised,
}
