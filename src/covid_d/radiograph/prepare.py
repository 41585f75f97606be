"""From a radiograph to the model's input: the only such code, for training and prediction alike.

Two steps. :func:`standardise` gives the square 8-bit film a data set cache can keep;
:func:`normalise` gives the network its float input. :func:`prepare` is both. Where a network sees
only the lungs and what surrounds them, all three take the lungs' :class:`Window`; training varies
that window, and nothing else of this code.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.percentiles import outer_percentiles

Triple = tuple[float, float, float]

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)

# Shares of the darkest and brightest pixels that may saturate: burned-in markers and collimator
# edges would otherwise set the scale of the whole film.
_PERCENTILES = (0.5, 99.5)


class Window(NamedTuple):
    """A part of a film: shares of its height (top, bottom) and of its width (left, right)."""

    top: float
    left: float
    bottom: float
    right: float

    def widened(self, shares: float | tuple[float, float, float, float]) -> Window:
        """Return the box with so much more on each side, but no more than the film has.

        Parameters
        ----------
        shares
            Of the box's own height and width; of all sides, or of top, left, bottom and right.
            Negative ones make it smaller.
        """
        top, left, bottom, right = (shares,) * 4 if isinstance(shares, int | float) else shares
        height, width = self.bottom - self.top, self.right - self.left
        return Window(
            max(0.0, self.top - top * height),
            max(0.0, self.left - left * width),
            min(1.0, self.bottom + bottom * height),
            min(1.0, self.right + right * width),
        )


class Preprocessing(BaseModel):
    """How a film becomes the network's input; stored in, and read from, the bundle.

    Attributes
    ----------
    size
        Side of the square input, pixels.
    fit
        ``squash`` ignores the aspect ratio, ``pad`` keeps it with black bars, ``crop`` keeps it
        and cuts the longer side's ends.
    intensity
        ``full`` keeps the grey scale; ``percentile`` stretches the 0.5th to 99.5th percentile to
        the whole range, so that exposure and export window matter less.
    crop_border
        Share of each side cut off first (text, markers and collimator edges live there).
    frame
        ``film`` takes the whole film; ``lungs`` the box around both lungs (the bundle's lung model
        finds them), so that what lies around the chest cannot speak.
    surround
        With ``lungs``: how much is added on each side, as a share of the box's side.
    mean, std
        Per-channel normalisation of the grey film in [0, 1] repeated over three channels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=224, ge=32, le=1024)
    fit: Literal["squash", "pad", "crop"] = "pad"
    intensity: Literal["full", "percentile"] = "percentile"
    crop_border: float = Field(default=0.0, ge=0.0, le=0.25)
    frame: Literal["film", "lungs"] = "film"
    surround: float = Field(default=0.0, ge=0.0, le=0.5)
    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD

    @model_validator(mode="after")
    def _lungs_fill_the_square(self) -> Self:
        if self.frame == "lungs" and (self.fit != "squash" or self.crop_border):
            raise ValueError("frame lungs needs fit squash and no crop_border")
        return self


def standardise(
    radiograph: Radiograph, preprocessing: Preprocessing, box: Window | None = None
) -> npt.NDArray[np.uint8]:
    """Return the film as the square grey picture the network was trained on.

    Parameters
    ----------
    radiograph
        The film.
    preprocessing
        How it becomes the network's input.
    box
        Around both lungs, without surround; only with ``frame`` lungs, and then needed.

    Returns
    -------
    uint8 array, ``size`` x ``size``.

    Raises
    ------
    ValueError
        If the box is missing, or given where the whole film is taken.
    """
    seen = framed(preprocessing, box)
    film = Image.fromarray(_without_border(radiograph.pixels, preprocessing.crop_border))
    small = np.array(_shrink(film, preprocessing, seen), dtype=np.float32)
    if preprocessing.intensity == "percentile":
        _stretch(small)
    np.clip(small, 0.0, 1.0, out=small)
    small *= np.float32(255.0)
    grey: npt.NDArray[np.uint8] = np.rint(small, out=small).astype(np.uint8)
    # Bars come last: as part of the film they would set the dark end of the stretch.
    return _padded(grey, preprocessing.size)


def normalise(grey: npt.NDArray[np.uint8], preprocessing: Preprocessing) -> FloatImage:
    """Return the network's input for a standardised film.

    Parameters
    ----------
    grey
        uint8, HxW.

    Returns
    -------
    float32 array, 3xHxW.
    """
    shares = grey.astype(np.float32)
    shares /= np.float32(255.0)
    film = np.empty((len(preprocessing.mean), *grey.shape), dtype=np.float32)
    scales = list(zip(preprocessing.mean, preprocessing.std, strict=True))
    for at, (mean, std) in enumerate(scales):
        same = scales.index((mean, std))
        if same < at:  # channels of one scale are one picture
            film[at] = film[same]
        else:
            np.subtract(shares, np.float32(mean), out=film[at])
            film[at] /= np.float32(std)
    return film


def prepare(
    radiograph: Radiograph, preprocessing: Preprocessing, box: Window | None = None
) -> FloatImage:
    """Return the network's input for a film: float32, 3 x ``size`` x ``size``.

    Parameters and errors are those of :func:`standardise`.
    """
    return normalise(standardise(radiograph, preprocessing, box), preprocessing)


def framed(preprocessing: Preprocessing, box: Window | None) -> Window | None:
    """Return the part of a film that the network sees; ``None`` for the whole film.

    Parameters
    ----------
    preprocessing
        Its ``frame`` and ``surround`` decide.
    box
        Around both lungs, without surround.

    Raises
    ------
    ValueError
        If the box is missing, or given where the whole film is taken.
    """
    if (preprocessing.frame == "lungs") != (box is not None):
        raise ValueError(f"frame {preprocessing.frame!r} was given the box {box}")
    return None if box is None else box.widened(preprocessing.surround)


def _without_border(pixels: FloatImage, share: float) -> FloatImage:
    rows, columns = (round(side * share) for side in pixels.shape)
    return pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]


def _shrink(film: Image.Image, preprocessing: Preprocessing, seen: Window | None) -> Image.Image:
    """Return the film with its longer side, or all of it, at the network's size."""
    size = preprocessing.size
    width, height = film.size
    if seen is not None:
        box = (seen.left * width, seen.top * height, seen.right * width, seen.bottom * height)
        return _resize(film, (size, size), box=box)
    if preprocessing.fit == "squash":
        return _resize(film, (size, size))
    if preprocessing.fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return _resize(film, (size, size), box=(left, top, left + side, top + side))
    scale = size / max(width, height)
    return _resize(film, (max(1, round(width * scale)), max(1, round(height * scale))))


def _padded(grey: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    rows, columns = size - grey.shape[0], size - grey.shape[1]
    if not rows and not columns:
        return grey
    before = (rows // 2, columns // 2)
    return np.pad(grey, [(before[0], rows - before[0]), (before[1], columns - before[1])])


def _resize(
    film: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    return film.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)


def _stretch(film: FloatImage) -> None:
    low, high = outer_percentiles(film, _PERCENTILES)
    if high - low < 1e-3:  # a blank film: stretching would only amplify noise
        return
    film -= np.float32(low)
    film /= np.float32(high - low)
