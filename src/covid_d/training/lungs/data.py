"""Films with lung masks: paired, grouped by patient and near-duplicate, split, standardised."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupShuffleSplit
from tqdm import tqdm

from covid_d.errors import TrainingError
from covid_d.files import sha256_of
from covid_d.language import N_
from covid_d.radiograph import (
    Preprocessing,
    Projection,
    Radiograph,
    RadiographError,
    read,
    standardise,
)

LUNG_PREPROCESSING = Preprocessing(
    size=256, fit="squash", intensity="percentile", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
)
"""The whole film squashed to a square, so that a mask goes back by one resize."""

# Bits of 64 in which the perceptual hashes of two copies of one film may differ.
_SAME_FILM_BITS = 6
_FRONTAL = {projection.value for projection in Projection if projection.is_frontal}


@dataclass(frozen=True, slots=True, eq=False)
class LungFilms:
    """Standardised films with their masks.

    Parameters
    ----------
    names
        File names, one a film.
    films
        uint8, NxSxS.
    masks
        bool, NxSxS.
    groups
        Films of one group (same patient or near-duplicate) never straddle splits.
    patients
        Patient identifiers as in the metadata.
    excluded
        Mask name -> why it was left out.
    sha256
        Hash over names, films' and masks' bytes.
    """

    names: tuple[str, ...]
    films: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.int64]
    patients: tuple[str, ...]
    excluded: dict[str, str]
    sha256: str

    def __len__(self) -> int:
        return len(self.names)

    def split(self, seed: int) -> dict[str, npt.NDArray[np.int64]]:
        """Return film indices of ``train``, ``validation`` and ``test``, about 70/15/15.

        Groups stay together, so shares hold for groups, not exactly for films.

        Raises
        ------
        TrainingError
            If there are fewer than three groups.
        """
        if len(np.unique(self.groups)) < 3:
            raise TrainingError(
                N_("%(films)s films are of too few patients to split in three.", films=len(self)),
                N_("Give films of more patients."),
            )
        everything = np.arange(len(self))
        rest_of, test_of = next(
            GroupShuffleSplit(1, test_size=0.15, random_state=seed).split(
                everything, groups=self.groups
            )
        )
        train_of, validation_of = next(
            GroupShuffleSplit(1, test_size=0.15 / 0.85, random_state=seed).split(
                rest_of, groups=self.groups[rest_of]
            )
        )
        return {
            "train": rest_of[train_of],
            "validation": rest_of[validation_of],
            "test": test_of,
        }


def load_lung_films(
    images: Path, masks: Path, metadata: Path, preprocessing: Preprocessing = LUNG_PREPROCESSING
) -> LungFilms:
    """Read every frontal film that has a lung mask of the same stem.

    Parameters
    ----------
    images, masks
        Folders; a mask's stem names its film.
    metadata
        CSV with columns ``filename``, ``patientid`` and ``view``, as in Cohen's collection.
    preprocessing
        How films are standardised. Masks take the same geometry, which must be ``squash``.

    Raises
    ------
    TrainingError
        If an input is missing, a column is absent, or fewer than ten usable pairs remain.
    """
    if preprocessing.fit != "squash" or preprocessing.crop_border:
        raise TrainingError(
            N_(
                "Lung masks need fit='squash' without cropping, not %(preprocessing)s.",
                preprocessing=preprocessing,
            )
        )
    rows = _rows(images, masks, metadata)
    excluded: dict[str, str] = {}
    names, films, kept_masks, patients, hashes = [], [], [], [], []
    digest = hashlib.sha256()
    for row in tqdm(rows.itertuples(), total=len(rows), desc="lung masks", unit="film"):
        mask_path = Path(str(row.mask))
        image_path = Path(str(row.image))
        reason = _exclusion(row)
        if reason:
            excluded[mask_path.name] = reason
            continue
        try:
            seen = read(image_path)
        except RadiographError as error:
            excluded[mask_path.name] = str(error)
            continue
        mask = _read_mask(mask_path, seen, preprocessing.size)
        if not mask.any():
            excluded[mask_path.name] = "mask is empty"
            continue
        film = standardise(seen, preprocessing)
        names.append(image_path.name)
        films.append(film)
        kept_masks.append(mask)
        patients.append(str(row.patientid))
        hashes.append(imagehash.phash(Image.fromarray(film)).hash.ravel())
        digest.update(f"{sha256_of(image_path)} {sha256_of(mask_path)}\n".encode())
    if len(names) < 10:
        raise TrainingError(
            N_(
                "Only %(films)s frontal films in %(images)s have a lung mask in %(masks)s.",
                films=len(names),
                images=images,
                masks=masks,
            ),
            N_("Check that masks carry the stems of the films and that the metadata names them."),
        )
    return LungFilms(
        names=tuple(names),
        films=np.stack(films),
        masks=np.stack(kept_masks),
        groups=_groups(patients, np.stack(hashes)),
        patients=tuple(patients),
        excluded=excluded,
        sha256=digest.hexdigest(),
    )


def _rows(images: Path, masks: Path, metadata: Path) -> pd.DataFrame:
    for path in (images, masks, metadata):
        if not path.exists():
            raise TrainingError(
                N_("%(path)s does not exist.", path=path),
                N_("Check the path."),
            )
    table = pd.read_csv(metadata, dtype=str, keep_default_na=False)
    missing = {"filename", "patientid", "view"} - set(table.columns)
    if missing:
        raise TrainingError(
            N_(
                "%(metadata)s lacks the columns %(missing)s.",
                metadata=metadata,
                missing=sorted(missing),
            )
        )
    table = table.assign(stem=[Path(name).stem for name in table["filename"]])
    table = table.drop_duplicates("stem").set_index("stem")
    image_of = {path.stem: path for path in images.iterdir() if path.is_file()}
    rows = []
    for mask in sorted(masks.glob("*.png")):
        known = mask.stem in table.index
        rows.append(
            {
                "mask": str(mask),
                "image": str(image_of.get(mask.stem, "")),
                "patientid": table.at[mask.stem, "patientid"] if known else "",
                "view": table.at[mask.stem, "view"] if known else "",
            }
        )
    return pd.DataFrame(rows, columns=["mask", "image", "patientid", "view"])


def _exclusion(row: object) -> str:
    """Return why a row is left out, or an empty string."""
    if not row.image:  # type: ignore[attr-defined]
        return "film is missing"
    if not row.patientid:  # type: ignore[attr-defined]
        return "no patient in the metadata"
    view = row.view  # type: ignore[attr-defined]
    return "" if view in _FRONTAL else f"view is {view!r}, not frontal"


def _read_mask(path: Path, film: Radiograph, size: int) -> npt.NDArray[np.bool_]:
    """Return the mask of a film, without the margins that reading cut off the film."""
    with Image.open(path) as picture:
        whole = picture.convert("L")
    part = None
    if film.box is not None and film.picture_size is not None:
        across, down = (a / b for a, b in zip(whole.size, film.picture_size, strict=True))
        box = film.box
        part = (box.left * across, box.top * down, box.right * across, box.bottom * down)
    grey = whole.resize((size, size), Image.Resampling.BILINEAR, box=part)
    mask: npt.NDArray[np.bool_] = np.asarray(grey) >= 128
    return mask


def _groups(patients: list[str], hashes: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Join films of one patient, and films whose perceptual hashes almost agree."""
    bits = (hashes[:, None, :] != hashes[None, :, :]).sum(axis=2)
    people = np.asarray(patients)
    linked = (bits <= _SAME_FILM_BITS) | (people[:, None] == people[None, :])
    _, labels = connected_components(csr_matrix(linked), directed=False)
    groups: npt.NDArray[np.int64] = labels.astype(np.int64)
    return groups
