"""Train the lung segmentation model of the shortcut audit, measure it, export it to ONNX."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as nnf
from torchvision import tv_tensors
from torchvision.transforms import v2
from tqdm import tqdm

from covid_d.detector.bundle.spec import Lungs
from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.lungs.data import LUNG_PREPROCESSING, LungFilms
from covid_d.training.lungs.network import LungNetwork, LungProbability, soft_dice_loss

_BATCH = 8
_THRESHOLD = 0.5
_BOOTSTRAP = 2000
_OPSET = 18
_IR_VERSION = 10
_PARITY = 1e-4  # largest difference allowed between the ONNX file and the network


@dataclass(frozen=True, slots=True)
class LungOptions:
    """How the lung model is trained; the defaults are the built-in model's.

    Parameters
    ----------
    epochs
        Of one-cycle training (Smith 2018).
    learning_rate
        Peak of the decoder; the pretrained encoder takes a third of it.
    seed
        Fixes split, augmentation and weights.
    """

    epochs: int = 30
    learning_rate: float = 3e-3
    seed: int = 7


@dataclass(frozen=True, slots=True, eq=False)
class LungScores:
    """Overlap with the masks of some films.

    Parameters
    ----------
    names, patients
        One a film.
    dice, iou
        float64, N.
    dice_interval, iou_interval
        95 % interval of the mean, by a bootstrap that draws whole groups.
    """

    names: tuple[str, ...]
    patients: tuple[str, ...]
    dice: npt.NDArray[np.float64]
    iou: npt.NDArray[np.float64]
    dice_interval: tuple[float, float]
    iou_interval: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class LungRun:
    """A trained lung model with its evidence.

    Parameters
    ----------
    spec
        What goes into the bundle beside the model.
    onnx
        The model file's bytes.
    scores
        On validation and test films.
    masks
        bool, NxSxS; the model's masks of the test films, in the order of ``scores["test"]``.
    test
        Indices of the test films.
    history
        One row an epoch: ``epoch``, ``loss``, ``validation_dice``.
    options
        As trained.
    """

    spec: Lungs
    onnx: bytes
    scores: dict[str, LungScores]
    masks: npt.NDArray[np.bool_]
    test: npt.NDArray[np.int64]
    history: list[dict[str, float]] = field(default_factory=list)
    options: LungOptions = field(default_factory=LungOptions)


def train_lungs(
    films: LungFilms,
    *,
    options: LungOptions | None = None,
    weights: Mapping[str, Tensor] | None = None,
    license_: str = "CC BY 4.0",
) -> LungRun:
    """Train on 70 % of the patients, keep the best epoch on 15 %, measure on the other 15 %.

    Parameters
    ----------
    films
        From :func:`covid_d.training.lungs.data.load_lung_films`.
    weights
        ImageNet weights of the backbone, see :class:`LungNetwork`.
    license_
        Of the masks; recorded in the bundle.

    Raises
    ------
    TrainingError
        If there are too few patients to split, or the exported file disagrees with the network.
    """
    options = options or LungOptions()
    parts = films.split(options.seed)
    _seed_everything(options.seed)
    network = LungNetwork(weights)
    network.to(memory_format=torch.channels_last)
    history = _fit(network, films, parts, options)
    return measured(network, films, parts, options=options, license_=license_, history=history)


def measured(
    network: LungNetwork,
    films: LungFilms,
    parts: dict[str, npt.NDArray[np.int64]],
    *,
    options: LungOptions,
    license_: str,
    history: list[dict[str, float]],
) -> LungRun:
    """Return a trained network as a bundle takes it, with its overlap on held-out patients.

    Parameters
    ----------
    parts
        Indices of the films of ``validation`` and ``test``, from :meth:`LungFilms.split`.
    options, license_, history
        Kept with it.

    Raises
    ------
    TrainingError
        If the exported file disagrees with the network.
    """
    scores, masks = {}, np.zeros((0, 0, 0), dtype=np.bool_)
    for name in ("validation", "test"):
        masks = predict_masks(network, films.films[parts[name]])
        scores[name] = score_masks(films, parts[name], masks, seed=options.seed)
    held_out = scores["test"]
    spec = Lungs(
        preprocessing=LUNG_PREPROCESSING,
        threshold=_THRESHOLD,
        dice=float(held_out.dice.mean()),
        dice_interval=held_out.dice_interval,
        films=len(held_out.names),
        patients=len(set(held_out.patients)),
        data_sha256=films.sha256,
        license=license_,
    )
    return LungRun(
        spec=spec,
        onnx=export_onnx(network, films.films[parts["test"]][:4]),
        scores=scores,
        masks=masks,
        test=parts["test"],
        history=history,
        options=options,
    )


def predict_masks(
    network: LungNetwork, films: npt.NDArray[np.uint8], threshold: float = _THRESHOLD
) -> npt.NDArray[np.bool_]:
    """Return the network's lung masks, bool NxSxS, of standardised films, uint8 NxSxS."""
    network.eval()
    result = []
    with torch.inference_mode():
        for start in range(0, len(films), _BATCH):
            logits = network(_as_input(films[start : start + _BATCH]))
            result.append((torch.sigmoid(logits) >= threshold).numpy())
    masks: npt.NDArray[np.bool_] = np.concatenate(result)
    return masks


def score_masks(
    films: LungFilms, indices: npt.NDArray[np.int64], masks: npt.NDArray[np.bool_], *, seed: int
) -> LungScores:
    """Return Dice and intersection over union of ``masks`` against the films' own masks."""
    truth = films.masks[indices]
    overlap = (truth & masks).sum(axis=(1, 2)).astype(np.float64)
    total = truth.sum(axis=(1, 2)) + masks.sum(axis=(1, 2))
    dice, iou = 2.0 * overlap / total, overlap / (total - overlap)
    groups = films.groups[indices]
    return LungScores(
        names=tuple(films.names[index] for index in indices),
        patients=tuple(films.patients[index] for index in indices),
        dice=dice,
        iou=iou,
        dice_interval=_clustered_interval(dice, groups, seed),
        iou_interval=_clustered_interval(iou, groups, seed),
    )


def export_onnx(network: LungNetwork, films: npt.NDArray[np.uint8]) -> bytes:
    """Return the network as ONNX, checked on ``films`` (uint8 NxSxS) against the network itself.

    Raises
    ------
    TrainingError
        If the two differ by more than 1e-4 anywhere.
    """
    import onnxruntime

    model = LungProbability(network).eval()
    example = _as_input(films).contiguous()
    program = torch.onnx.export(
        model,
        (example,),
        dynamo=True,
        opset_version=_OPSET,
        input_names=["film"],
        output_names=["lungs"],
        dynamic_shapes={"film": {0: torch.export.Dim("films", min=1)}},
        verbose=False,
    )
    if program is None:
        raise TrainingError(N_("The lung model could not be exported to ONNX."))
    content = without_origin(program.model_proto)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (exported,) = session.run(["lungs"], {"film": example.numpy()})
    with torch.inference_mode():
        difference = float(np.abs(exported - model(example).numpy()).max())
    if difference > _PARITY:
        raise TrainingError(
            N_(
                "The exported lung model differs from the network by %(difference).2g.",
                difference=difference,
            )
        )
    return content


def without_origin(model: Any) -> bytes:
    """Return an ONNX model's bytes, readable by ONNX Runtime 1.20, without the exporter's notes.

    The notes name source files and folders of the machine; they would also make every export of
    the same network different.
    """
    model.ir_version = min(model.ir_version, _IR_VERSION)
    del model.metadata_props[:]
    for part in (model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    content: bytes = model.SerializeToString()
    return content


def _fit(
    network: LungNetwork,
    films: LungFilms,
    parts: dict[str, npt.NDArray[np.int64]],
    options: LungOptions,
) -> list[dict[str, float]]:
    encoder = [*network.stem.parameters(), *network.stages.parameters()]
    decoder = [*network.decoder.parameters(), *network.head.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": encoder}, {"params": decoder}], weight_decay=1e-2, lr=options.learning_rate
    )
    steps = -(-len(parts["train"]) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[options.learning_rate / 3, options.learning_rate],
        total_steps=steps * options.epochs,
    )
    best, best_state, history = -1.0, network.state_dict(), []
    for epoch in tqdm(range(options.epochs), desc="lung model", unit="epoch"):
        network.train()
        losses = []
        for film, mask in _batches(films, parts["train"]):
            logits = network(film)
            loss = soft_dice_loss(logits, mask) + nnf.binary_cross_entropy_with_logits(logits, mask)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        masks = predict_masks(network, films.films[parts["validation"]])
        dice = score_masks(films, parts["validation"], masks, seed=options.seed).dice.mean()
        history.append(
            {"epoch": epoch, "loss": float(np.mean(losses)), "validation_dice": float(dice)}
        )
        tqdm.write(f"epoch {epoch}: loss {np.mean(losses):.4f}, validation Dice {dice:.4f}")
        if dice > best:
            best = float(dice)
            best_state = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(best_state)
    return history


def _batches(films: LungFilms, indices: npt.NDArray[np.int64]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented (film Nx1xSxS, mask NxSxS) batches in random order."""
    augment = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(degrees=12, translate=(0.08, 0.08), scale=(0.8, 1.2), shear=6),
            v2.ColorJitter(brightness=0.3, contrast=0.3),
            v2.RandomApply([v2.GaussianBlur(5)], p=0.2),
        ]
    )
    order = torch.randperm(len(indices)).numpy()
    for start in range(0, len(order), _BATCH):
        chosen = indices[order[start : start + _BATCH]]
        pairs = [
            augment(
                tv_tensors.Image(torch.from_numpy(films.films[index])[None]),
                tv_tensors.Mask(torch.from_numpy(films.masks[index])),
            )
            for index in chosen
        ]
        film = torch.stack([film for film, _ in pairs]).float() / 255.0
        mask = torch.stack([mask for _, mask in pairs]).float()
        yield film.contiguous(memory_format=torch.channels_last), mask


def _as_input(films: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(films)[:, None].float() / 255.0


def _clustered_interval(
    values: npt.NDArray[np.float64], groups: npt.NDArray[np.int64], seed: int
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean, drawing whole groups."""
    rng = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(codes, values), np.bincount(codes)
    drawn = rng.integers(0, len(sums), size=(_BOOTSTRAP, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
