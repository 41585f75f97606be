"""From a trained Learner to a bundle: ONNX, calibration, card, checksums."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.learner import Learner
from scipy.special import softmax
from tqdm.auto import tqdm

from covid_d import __version__
from covid_d.appearance import CATEGORIES
from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.contents import CARD, FILMS, SPEC, seal
from covid_d.detector.bundle.spec import (
    POSITIVE,
    AppearanceCalibration,
    AppearanceConformal,
    BundleSpec,
    Calibration,
    Conformal,
    GateSpec,
    NetworkSpec,
    Training,
)
from covid_d.detector.frame import frame, whole
from covid_d.detector.gate import Gate, PictureKind
from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError, cause
from covid_d.files import atomic_folder
from covid_d.language import N_
from covid_d.provenance import source_sha256
from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.prepare import Preprocessing, normalise
from covid_d.radiograph.read import read
from covid_d.radiograph.refusal import RadiographError
from covid_d.training.calibrate import calibrate, calibrate_appearance
from covid_d.training.card import How, model_card
from covid_d.training.data import classes_of
from covid_d.training.gate.data import aside_for_gate, gate_pictures, gate_samples
from covid_d.training.gate.fit import fit_gate
from covid_d.training.interpret import ValidationAnswers, film_of, validation_rows
from covid_d.training.network import (
    TOLERANCE,
    DetectorNetwork,
    OnnxNetwork,
    batches,
    check_parity,
    to_onnx,
)
from covid_d.training.recipes import Recipe

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

_PARITY_FILMS = 64
_REREAD_FILMS = 16
_FILM_COLUMNS = ["split", "sha256", "original_sha256"]


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """What the exported network answers on the validation films, before calibration.

    Parameters
    ----------
    rows
        The manifest's rows.
    logits
        float32: n of COVID-19, n x 4 of appearance.
    """

    rows: pd.DataFrame
    logits: npt.NDArray[np.float32]

    @property
    def positive(self) -> npt.NDArray[np.bool_]:
        """Whether each film is of COVID-19."""
        return (self.rows["label"] == POSITIVE).to_numpy(dtype=bool)

    @property
    def categories(self) -> npt.NDArray[np.intp]:
        """Place of each film's category of appearance."""
        places = {category.value: at for at, category in enumerate(CATEGORIES)}
        return np.array([places[name] for name in self.rows["appearance"]], dtype=np.intp)

    def reading(self) -> ValidationAnswers:
        """Return the answers before calibration, as training measures them."""
        if self.logits.ndim == 2:
            shares = softmax(self.logits.astype(np.float64), axis=1)
            return ValidationAnswers(shares, self.categories.astype(np.int64))
        covid = 1.0 / (1.0 + np.exp(-self.logits.astype(np.float64)))
        probabilities = np.stack([covid, 1.0 - covid], axis=1)
        return ValidationAnswers(probabilities, (~self.positive).astype(np.int64))


def export_bundle(
    learn: Learner,
    recipe: Recipe,
    dataset: Dataset,
    folder: Path | str,
    *,
    name: str | None = None,
    version: str = "1.0.0",
    command: str = "",
    gate: bool = True,
    gate_films: Sequence[tuple[PictureKind, Path]] = (),
    progress: bool = True,
) -> Path:
    """Write a bundle folder, whole or not at all, and return its path.

    Parameters
    ----------
    learn
        Trained; not changed.
    recipe, dataset
        What it was trained by and on.
    folder
        The bundle; an earlier one there is replaced.
    name, version
        Of the bundle; the name defaults to the recipe's and the backbone's.
    command
        The command that made it, for the card.
    gate
        Fit an input gate; without one every answer says that none was there.
    gate_films
        Further films for it: a kind and the folder that they lie in.
    progress
        Show a bar (only in terminals).

    Raises
    ------
    TrainingError
        If ONNX and torch, or training's input and :func:`~covid_d.radiograph.prepare`, differ by
        more than 1e-4 on validation films; calibration fails; or the name cannot be one.
    """
    name = bundle_name(recipe, name)
    preprocessing: Preprocessing = learn.dls.preprocessing
    appearance = recipe.target == "appearance"
    network = DetectorNetwork(learn.model, len(CATEGORIES) if appearance else 0)
    content = to_onnx(network, preprocessing.size)
    exported = OnnxNetwork(content)
    rows = validation_rows(learn)
    _check_on_films(learn, network, exported, dataset, rows)
    validation = Validation(rows, _logits(learn, exported, len(rows), progress=progress))
    groups = list(rows["group"].astype(str))
    fit: tuple[Calibration | AppearanceCalibration, Conformal | AppearanceConformal] = (
        calibrate_appearance(validation.logits, validation.categories, groups, recipe.seed)
        if appearance
        else calibrate(validation.logits, validation.positive, groups, recipe.seed)
    )
    spec = _spec(learn, recipe, dataset, *fit, name, version)
    films = learn.dls.films[_FILM_COLUMNS]
    fitted = None
    if gate:
        fitted, told = _gate(learn, dataset, exported, gate_films, progress=progress)
        spec = spec.model_copy(update={"gate": told})
        films = pd.concat([films, aside_for_gate(dataset)[_FILM_COLUMNS]])
    films = films.sort_values(_FILM_COLUMNS, kind="stable")
    target = Path(folder)
    with atomic_folder(target, overwrite=True) as work:
        (work / spec.network.file).write_bytes(content)
        if spec.lungs is not None:
            (work / spec.lungs.file).write_bytes(learn.dls.lungs.content)
        if fitted is not None and spec.gate is not None:
            (work / spec.gate.file).write_bytes(fitted.heads.to_bytes())
            if fitted.reasons is not None and spec.gate.reasons is not None:
                (work / spec.gate.reasons).write_bytes(fitted.reasons.to_bytes())
        (work / SPEC).write_text(spec.model_dump_json(indent=2) + "\n", encoding="utf-8")
        made = How(recipe, learn.origin, command, learn.averaged)
        card = model_card(spec, made, validation, learn.dls.films, dataset)
        (work / CARD).write_text(card, encoding="utf-8")
        (work / FILMS).write_text(_csv(films), encoding="utf-8", newline="")
        seal(work)
    return target


def _gate(
    learn: Learner,
    dataset: Dataset,
    exported: OnnxNetwork,
    folders: Sequence[tuple[PictureKind, Path]],
    *,
    progress: bool,
) -> tuple[Gate, GateSpec]:
    """Fit the gate to the exported network's own features: prediction's are the same."""
    films: pd.DataFrame = learn.dls.films
    training = films[films["split"] == Split.TRAIN.value]
    preprocessing: Preprocessing = learn.dls.preprocessing

    lungs: LungModel | None = learn.dls.lungs if preprocessing.frame == "lungs" else None

    def see(film: Radiograph) -> tuple[FloatImage, npt.NDArray[np.float32], bool]:
        try:
            framed, reached = frame(film, preprocessing, lungs), True
        except RadiographError:
            framed, reached = whole(film, preprocessing, lungs)[0], False
        return framed.whole, exported(framed.prepared[None])[1][0], reached

    samples = gate_samples(gate_pictures(dataset, training, folders), see, progress=progress)
    return fit_gate(samples)


def bundle_name(recipe: Recipe, name: str | None = None) -> str:
    """Return the bundle's name: ``name``, else the recipe's and the backbone's.

    Raises
    ------
    TrainingError
        If ``name`` cannot be a bundle's.
    """
    if name is None:
        return re.sub(r"[^a-z0-9._-]+", "-", f"{recipe.name}-{recipe.backbone}".lower())
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise TrainingError(
            N_("%(name)r cannot be the name of a bundle.", name=name),
            N_("Use lower-case letters, digits, dots, dashes and underscores."),
        )
    return name


def _csv(table: pd.DataFrame) -> str:
    buffer = io.StringIO()
    table.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue()


def _inputs(learn: Learner, indices: slice) -> npt.NDArray[np.float32]:
    """Return validation films as prediction prepares them: N x 3 x S x S."""
    preprocessing: Preprocessing = learn.dls.preprocessing
    return np.stack(
        [
            normalise(film_of(learn, index), preprocessing)
            for index in range(indices.start, indices.stop)
        ]
    )


def _logits(
    learn: Learner, exported: OnnxNetwork, count: int, *, progress: bool
) -> npt.NDArray[np.float32]:
    found = []
    with tqdm(
        total=count, desc="calibrate", unit="film", leave=False, disable=None if progress else True
    ) as bar:
        for part in batches(count):
            found.append(exported(_inputs(learn, part))[0])
            bar.update(part.stop - part.start)
    return np.concatenate(found)


def _check_on_films(
    learn: Learner,
    network: DetectorNetwork,
    exported: OnnxNetwork,
    dataset: Dataset,
    rows: pd.DataFrame,
) -> None:
    """Compare ONNX with torch, and training's input with prediction's, on validation films."""
    # Both classes: the manifest is often sorted by label.
    order = np.random.default_rng(0).permutation(len(rows))[:_PARITY_FILMS]
    preprocessing: Preprocessing = learn.dls.preprocessing
    for part in batches(len(order)):
        films = [normalise(film_of(learn, int(i)), preprocessing) for i in order[part]]
        check_parity(network, exported, np.stack(films))
    for index in order[:_REREAD_FILMS]:
        fresh = _prepared(dataset.folder / rows["path"].iloc[index], learn)
        item = learn.dls.valid_ds[int(index)][0]
        batch = learn.dls.valid.after_batch((item[None].to(learn.dls.device),))[0]
        seen = torch.Tensor(batch.cpu())[0].numpy()
        difference = float(np.abs(fresh - seen).max())
        if not difference <= TOLERANCE:
            raise TrainingError(
                N_(
                    "Film %(path)s reaches training and prediction differently (by "
                    "%(difference).2g).",
                    path=rows["path"].iloc[index],
                    difference=difference,
                ),
                N_("Delete the run's cache folder and train again."),
            )


def _prepared(path: Path, learn: Learner) -> npt.NDArray[np.float32]:
    try:
        return frame(read(path), learn.dls.preprocessing, learn.dls.lungs).prepared
    except (RadiographError, OSError) as error:
        raise TrainingError(
            N_("Film %(path)s cannot be read again: %(error)s", path=path, error=cause(error)),
            N_("Put the data set back as it was, then run again with --resume to export."),
        ) from error


def _spec(
    learn: Learner,
    recipe: Recipe,
    dataset: Dataset,
    calibration: Calibration | AppearanceCalibration,
    conformal: Conformal | AppearanceConformal,
    name: str,
    version: str,
) -> BundleSpec:
    films: pd.DataFrame = learn.dls.films
    by_split = films["split"].value_counts()
    return BundleSpec(
        name=name,
        version=version,
        created=datetime.now(UTC).replace(microsecond=0),
        covid_d=__version__,
        source_sha256=source_sha256(),
        classes=classes_of(recipe),
        preprocessing=learn.dls.preprocessing,
        lungs=learn.dls.lungs.spec if recipe.frame == "lungs" else None,
        network=NetworkSpec(backbone=recipe.backbone),
        calibration=calibration,
        conformal=conformal,
        training=Training(
            recipe=recipe.name,
            dataset_sha256=dataset.sha256,
            seed=recipe.seed,
            films={
                split.value: int(by_split.get(split.value, 0))
                for split in (Split.TRAIN, Split.VALIDATION)
            },
            sources={str(k): int(n) for k, n in sorted(films["source"].value_counts().items())},
        ),
    )
