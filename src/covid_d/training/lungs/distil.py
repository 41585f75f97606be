"""Teach a smaller lung network the maps of a larger one: no masks are needed, only films.

The larger one answers films as they are and films put wrong (halves, margins, one lung covered,
several films in one), so that the smaller one fails where the larger one does, and nowhere else.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as nnf
from tqdm import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.detector.gate import PictureKind
from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError
from covid_d.files import write_atomically
from covid_d.language import N_
from covid_d.radiograph import Radiograph, RadiographError, read
from covid_d.radiograph.film import FloatImage
from covid_d.training.gate.pictures import altered
from covid_d.training.lungs.data import LungFilms
from covid_d.training.lungs.network import STUDENT, LungNetwork, LungShape, enlarged, soft_dice_loss
from covid_d.training.lungs.train import LungOptions, LungRun, measured

_BATCH = 16
_SAME_FILM_BITS = 6  # of 64, as between films with masks
_WARPED = 0.5  # share of a batch's films that are turned, moved and scaled
_PUT_WRONG = (
    PictureKind.CROPPED,
    PictureKind.COLLAGE,
    PictureKind.INVERTED,
    PictureKind.ANNOTATED,
    PictureKind.UPSIDE_DOWN,
    PictureKind.SIDEWAYS,
)


@dataclass(frozen=True, slots=True)
class DistilOptions:
    """How a smaller lung network is taught; the defaults are those of the recorded trial.

    Parameters
    ----------
    epochs
        Over all films, as they are and put wrong.
    learning_rate
        At its highest; it rises over the first twentieth of the steps and falls to nothing.
    every
        Each so many films is put wrong too.
    seed
        Of what is put wrong, of the order and of augmentation; and of the split of the masks.
    """

    epochs: int = 14
    learning_rate: float = 2e-3
    every: int = 2
    seed: int = 7


@dataclass(frozen=True, slots=True, eq=False)
class TaughtFilms:
    """Films with the larger network's maps.

    Parameters
    ----------
    films, maps
        uint8, Nxsxs: grey, and the probability of lung in 255 steps, at the reduced side.
    """

    films: npt.NDArray[np.uint8]
    maps: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.films)


def teachable(folders: Sequence[Path], training_films: str) -> list[Path]:
    """Return the films of data sets that a lung network may be taught by.

    Those of the split ``train``; of a source that the teacher's bundle learnt from, only those that
    it lists as such, should a data set built anew be split otherwise.

    Parameters
    ----------
    folders
        Of ``covid-d dataset build``.
    training_films
        The bundle's list of films, as CSV; empty where there is none.
    """
    listed = {row["sha256"]: row["split"] for row in csv.DictReader(training_films.splitlines())}
    paths: list[Path] = []
    for folder in folders:
        dataset = Dataset.open(folder)
        manifest = dataset.manifest
        split_then = manifest["sha256"].map(listed)
        learnt_from = manifest["source"].isin(manifest.loc[split_then.notna(), "source"])
        allowed = (split_then == "train") | ~learnt_from
        rows = manifest[(manifest["split"] == "train") & allowed]
        paths += [dataset.path(row) for row in rows.itertuples(index=False)]
    return paths


def teach(
    paths: Sequence[Path],
    teacher: LungModel,
    *,
    shape: LungShape = STUDENT,
    options: DistilOptions,
    held_out: npt.NDArray[np.uint8],
) -> TaughtFilms:
    """Let the larger network map films, as they are and put wrong.

    Parameters
    ----------
    paths
        Films; what cannot be read is left out.
    held_out
        uint8, NxSxS: films by which the smaller network will be measured. Whatever shows one of
        them is left out.
    """
    known = np.array([_print_of(film) for film in held_out])
    rng = np.random.default_rng(options.seed)
    films: list[npt.NDArray[np.uint8]] = []
    maps: list[npt.NDArray[np.uint8]] = []
    before: FloatImage | None = None

    def add(seen: FloatImage, lungs: FloatImage) -> None:
        for kept, values in ((films, seen), (maps, lungs)):
            kept.append(np.rint(_reduced(values, shape.reduce) * 255.0).astype(np.uint8))

    for number, path in enumerate(tqdm(paths, desc="lung maps", unit="film")):
        try:
            film = read(path)
        except RadiographError:
            continue
        seen, lungs = teacher.map(film)
        own = _print_of(np.rint(seen * 255.0).astype(np.uint8))
        if len(known) and (known != own).sum(axis=1).min() <= _SAME_FILM_BITS:
            continue
        add(seen, lungs)
        if number % options.every == 0:
            wrong = put_wrong(film.pixels, rng, before)
            add(*teacher.map(Radiograph(wrong, film.facts)))
        before = film.pixels
    if len(films) < _BATCH:
        raise TrainingError(
            N_("Only %(films)s films to teach a lung network by.", films=len(films)),
            N_("Give data sets of more films."),
        )
    return TaughtFilms(np.stack(films), np.stack(maps))


def put_wrong(
    film: FloatImage, rng: np.random.Generator, other: FloatImage | None = None
) -> FloatImage:
    """Return a film with a margin, a lung covered, clipped greys, or as the gate's films are.

    Parameters
    ----------
    film, other
        float32, HxW in [0, 1]; the other one for what shows two.
    rng
        Draws what is done, and how much.
    """
    rows, columns = film.shape
    way = int(rng.integers(4 + 2 * len(_PUT_WRONG)))
    if way == 0:
        wide = [
            (round(side * rng.uniform(0.02, 0.25)), round(side * rng.uniform(0.02, 0.25)))
            for side in film.shape
        ]
        changed = np.pad(film, wide, constant_values=float(rng.choice([0.0, 0.5, 1.0])))
    elif way == 1:
        changed = film.copy()
        middle = round(columns * rng.uniform(0.42, 0.58))
        side = slice(0, middle) if rng.random() < 0.5 else slice(middle, columns)
        changed[:, side] = rng.uniform(0.0, 1.0)
    elif way == 2:
        low, high = np.percentile(film, (rng.uniform(2.0, 15.0), rng.uniform(85.0, 99.5)))
        changed = np.clip((film - low) / max(float(high - low), 0.05), 0.0, 1.0)
    elif way == 3:
        changed = film.copy()
        high, wide_ = (round(side * rng.uniform(0.15, 0.4)) for side in film.shape)
        top, left = int(rng.integers(rows - high)), int(rng.integers(columns - wide_))
        changed[top : top + high, left : left + wide_] = rng.uniform(0.4, 1.0)
    else:
        changed = altered(film, _PUT_WRONG[(way - 4) // 2], rng, other)
    return np.ascontiguousarray(changed, dtype=np.float32)


def distil(
    films: LungFilms,
    taught: TaughtFilms,
    teacher: LungModel,
    *,
    shape: LungShape = STUDENT,
    options: DistilOptions | None = None,
    kept: Path | None = None,
) -> LungRun:
    """Teach a part of the teacher's network at a reduced side, then measure it by masks.

    Parameters
    ----------
    films
        With masks: the split's validation and test measure the smaller one.
    taught
        From :func:`teach`.
    teacher
        Its weights are where the smaller network begins.
    kept
        A file that holds the state after each epoch; where there is one, training goes on from it.

    Raises
    ------
    TrainingError
        If the kept state is of other options, or the exported file disagrees with the network.
    """
    options = options or DistilOptions()
    network = part_of(teacher, shape)
    history = fit(network, taught, films, options=options, kept=kept)
    return measured(
        network,
        films,
        films.split(options.seed),
        options=LungOptions(options.epochs, options.learning_rate, options.seed),
        license_=teacher.spec.license,
        history=history,
    )


def part_of(teacher: LungModel, shape: LungShape = STUDENT) -> LungNetwork:
    """Return a part of the teacher's network, with its weights, to be taught."""
    network = LungNetwork(shape=shape)
    network.take_over(teacher.content)
    network.to(memory_format=torch.channels_last)
    return network


def fit(
    network: LungNetwork,
    taught: TaughtFilms,
    films: LungFilms,
    *,
    options: DistilOptions,
    kept: Path | None = None,
) -> list[dict[str, float]]:
    """Teach a network and return one row an epoch; arguments and errors as for :func:`distil`."""
    torch.manual_seed(options.seed)
    steps = -(-len(taught) // _BATCH) * options.epochs
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1.0, 20.0 * step / steps) * 0.5 * (1 + math.cos(math.pi * step / steps)),
    )
    of = {"shape": asdict(network.shape), "options": asdict(options), "films": len(taught)}
    parts: dict[str, Any] = {"network": network, "optimizer": optimizer, "schedule": schedule}
    history: list[dict[str, float]] = []
    if kept is not None and kept.is_file():
        state = torch.load(kept, weights_only=True)
        if state["of"] != of:
            raise TrainingError(
                N_("%(kept)s is of another training.", kept=kept),
                N_("Name another file, or give the same options."),
            )
        for name, part in parts.items():
            part.load_state_dict(state[name])
        history = state["history"]
    validation = films.split(options.seed)["validation"]
    for epoch in range(len(history), options.epochs):
        network.train()
        network.freeze()
        losses = []
        for film, target in _batches(taught, np.random.default_rng([options.seed, epoch])):
            logits = enlarged(network.cells(film), 2)
            loss = nnf.binary_cross_entropy_with_logits(logits, target)
            loss = loss + 0.5 * soft_dice_loss(logits, target)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        network.eval()
        dice = _agreement(network, films.films[validation], films.masks[validation])
        history.append({"epoch": epoch, "loss": float(np.mean(losses)), "validation_dice": dice})
        tqdm.write(f"epoch {epoch}: loss {np.mean(losses):.4f}, validation Dice {dice:.4f}")
        if kept is not None:
            state = {name: part.state_dict() for name, part in parts.items()}
            content = io.BytesIO()
            torch.save({**state, "history": history, "of": of}, content)
            write_atomically(kept, content.getvalue())
    return history


def _batches(taught: TaughtFilms, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented (film Nx1xsxs, map Nxsxs) batches in random order."""
    order = rng.permutation(len(taught))
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        film = torch.from_numpy(taught.films[chosen])[:, None].float() / 255.0
        lungs = torch.from_numpy(taught.maps[chosen])[:, None].float() / 255.0
        both = _warped(torch.cat([film, lungs], dim=1), rng)
        film, lungs = both[:, :1], both[:, 1].clamp(0.0, 1.0)
        count = (len(chosen), 1, 1, 1)
        gamma = torch.from_numpy(np.exp(rng.uniform(-0.35, 0.35, count))).float()
        gain = torch.from_numpy(rng.uniform(0.85, 1.15, count)).float()
        shift = torch.from_numpy(rng.uniform(-0.08, 0.08, count)).float()
        toned = ((film.clamp(1e-4, 1.0) ** gamma - 0.5) * gain + 0.5 + shift).clamp(0.0, 1.0)
        plain = torch.from_numpy(rng.random(count) < 0.3)
        film = torch.where(plain, film, toned)
        yield film.contiguous(memory_format=torch.channels_last), lungs


def _warped(both: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirror half of the films with their maps, and turn, move and scale some of them."""
    count = len(both)
    mirrored = torch.from_numpy(rng.random(count) < 0.5)
    both = torch.where(mirrored[:, None, None, None], both.flip(3), both)
    chosen = np.flatnonzero(rng.random(count) < _WARPED)
    if not len(chosen):
        return both
    turn = rng.normal(0.0, 0.08, len(chosen))
    across, down = rng.uniform(0.85, 1.2, (2, len(chosen)))
    theta = np.stack(
        [
            np.stack([across * np.cos(turn), -np.sin(turn), rng.uniform(-0.1, 0.1, len(chosen))]),
            np.stack([np.sin(turn), down * np.cos(turn), rng.uniform(-0.1, 0.1, len(chosen))]),
        ]
    ).transpose(2, 0, 1)
    part = both[chosen]
    grid = nnf.affine_grid(torch.from_numpy(theta).float(), list(part.shape), align_corners=False)
    both = both.clone()
    both[chosen] = nnf.grid_sample(part, grid, align_corners=False)
    return both


def _agreement(
    network: LungNetwork, films: npt.NDArray[np.uint8], masks: npt.NDArray[np.bool_]
) -> float:
    """Return the mean Dice with the masks."""
    found = []
    with torch.inference_mode():
        for film, mask in zip(films, masks, strict=True):
            seen = torch.from_numpy(film)[None, None].float() / 255.0
            lung = (network(seen)[0] >= 0).numpy()
            found.append(2.0 * (lung & mask).sum() / max(1, lung.sum() + mask.sum()))
    return float(np.mean(found))


def _reduced(values: FloatImage, by: int) -> FloatImage:
    rows, columns = (side // by for side in values.shape)
    reduced: FloatImage = values.reshape(rows, by, columns, by).mean(axis=(1, 3), dtype=np.float32)
    return reduced


def _print_of(film: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    print_: npt.NDArray[np.bool_] = imagehash.phash(Image.fromarray(film)).hash.ravel()
    return print_
