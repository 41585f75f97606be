"""The part of a film that the network sees, and where the lungs lie in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.lungs import LungModel
from covid_d.radiograph import (
    Preprocessing,
    Radiograph,
    RadiographError,
    Refusal,
    RefusalCode,
    prepare,
)
from covid_d.radiograph.fades import faded
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.patches import patched
from covid_d.radiograph.prepare import Window, framed
from covid_d.radiograph.strokes import drawn_over
from covid_d.radiograph.symmetry import mirrored

_Value = TypeVar("_Value", np.bool_, np.uint8, np.float32)
_EVERYTHING: Final = Window(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Framed:
    """A film made ready for the network.

    Parameters
    ----------
    prepared
        float32, 3xSxS.
    box
        The part of the film that it shows; ``None`` for the whole film.
    lungs
        bool, HxW over that part: where the lungs are; ``None`` where they were not looked for.
    small
        float32, HxW in [0, 1]: the whole film as the lung model saw it; ``None`` without one.
    window
        Around both lungs, without surround; ``None`` where they were not looked for.
    mask
        bool, HxW over ``small``: where the lungs are; ``None`` where they were not looked for.
    """

    prepared: FloatImage = field(repr=False)
    box: Window | None = None
    lungs: npt.NDArray[np.bool_] | None = field(default=None, repr=False)
    small: FloatImage | None = field(default=None, repr=False)
    window: Window | None = None
    mask: npt.NDArray[np.bool_] | None = field(default=None, repr=False)

    @property
    def whole(self) -> FloatImage:
        """The whole film, small, by which the gate judges: float32, 3xHxW or HxW."""
        return self.prepared if self.small is None else self.small

    def has_marks(self, film: Radiograph) -> bool:
        """Return whether the lungs of a film, which this is, were drawn over or covered in part.

        Where the lungs were not looked for, nothing is seen.
        """
        if self.lungs is None or self.box is None:
            return False
        return drawn_over(_cut(film.pixels, self.box), self.lungs) or self._is_covered()

    def is_mirrored(self) -> bool:
        """Return whether one half of the film is the other one's mirror image.

        Where the lungs were not looked for, it is not asked.
        """
        return self.small is not None and mirrored(_levels_of(self.small))

    def _is_covered(self) -> bool:
        if self.small is None or self.mask is None or self.window is None:
            return False
        levels = _levels_of(self.small)
        if faded(levels, self.mask):
            return True
        return patched(_cut(levels, self.window), _cut(self.mask, self.window))

    def lungs_on(self, grid: tuple[int, ...]) -> FloatImage:
        """Return the share of lung in each cell of a grid over the network's input: float32, hxw.

        Raises
        ------
        ValueError
            If the lungs were not looked for.
        """
        if self.lungs is None:
            raise ValueError("the lungs of this film were not looked for")
        whole = Image.fromarray(self.lungs.astype(np.float32))
        rows, columns = grid
        return np.asarray(whole.resize((columns, rows), Image.Resampling.BOX), dtype=np.float32)


class Frame:
    """Frames films as one bundle asks for.

    Parameters
    ----------
    bundle
        A loaded bundle.

    Raises
    ------
    BundleError
        If its films are to be cut to the lungs and its lung model cannot be used.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._preprocessing = bundle.spec.preprocessing
        in_lungs = self._preprocessing.frame == "lungs"
        self._lungs = LungModel.load(bundle) if in_lungs else None

    def of(self, film: Radiograph) -> Framed:
        """Return the film as the network takes it.

        Raises
        ------
        RadiographError
            If the lungs are looked for and no two are found whole.
        """
        return frame(film, self._preprocessing, self._lungs)

    def whole(self, film: Radiograph) -> tuple[Framed, RefusalCode | None]:
        """Return a film that gets no answer as the network takes it, all of it, lungs or none.

        Returns
        -------
        The film, and why its lungs cannot be read; ``None`` where they can, or are not needed.
        """
        return whole(film, self._preprocessing, self._lungs)

    def like(self, framed: Framed, film: Radiograph) -> FloatImage:
        """Return the network's input for a film that was made from another one.

        Parameters
        ----------
        framed
            The other film: its lungs are where this one's were before they were erased.
        film
            Of the other's size.
        """
        return prepare(film, self._preprocessing, framed.window)


def frame(film: Radiograph, preprocessing: Preprocessing, lungs: LungModel | None) -> Framed:
    """Return a film as a network takes it; answering and the checks of training share this.

    Parameters
    ----------
    film
        The film.
    preprocessing
        How it becomes the network's input.
    lungs
        Finds the lungs; not asked where the whole film is taken.

    Raises
    ------
    RadiographError
        If the lungs are looked for and no two are found whole.
    ValueError
        If they are to be looked for and there is no lung model.
    """
    if preprocessing.frame == "film":
        return Framed(prepare(film, preprocessing))
    if lungs is None:
        raise ValueError("films are to be cut to the lungs, and there is no lung model")
    found = lungs.find(film)
    if isinstance(found.window, RefusalCode):
        raise RadiographError(Refusal.of(found.window))
    box = framed(preprocessing, found.window)
    return Framed(
        prepare(film, preprocessing, found.window),
        box,
        None if box is None else _cut(found.mask, box),
        found.film,
        found.window,
        found.mask,
    )


def whole(
    film: Radiograph, preprocessing: Preprocessing, lungs: LungModel | None
) -> tuple[Framed, RefusalCode | None]:
    """Return all of a film as a network takes it; only to name why the film gets no answer.

    Parameters
    ----------
    film, preprocessing
        As in :func:`frame`.
    lungs
        Shows the gate the film as it does for :func:`frame`.

    Returns
    -------
    The film, and why its lungs cannot be read; ``None`` where they can, or are not needed.

    Raises
    ------
    ValueError
        If lungs are to be looked for and there is no lung model.
    """
    if preprocessing.frame == "film":
        return Framed(prepare(film, preprocessing)), None
    if lungs is None:
        raise ValueError("films are to be cut to the lungs, and there is no lung model")
    found = lungs.find(film)
    framed = Framed(prepare(film, preprocessing, _EVERYTHING), small=found.film)
    return framed, found.window if isinstance(found.window, RefusalCode) else None


def _levels_of(film: FloatImage) -> npt.NDArray[np.uint8]:
    """Return a film in levels of 255."""
    levels: npt.NDArray[np.uint8] = np.rint(film * np.float32(255.0)).astype(np.uint8)
    return levels


def _cut(whole: npt.NDArray[_Value], box: Window) -> npt.NDArray[_Value]:
    """Return the part of a film, or of a mask of it, that a box shows; at least a cell."""
    height, width = whole.shape
    top, left, bottom, right = box
    first, last = int(top * height), round(bottom * height)
    start, stop = int(left * width), round(right * width)
    return whole[first : max(last, first + 1), start : max(stop, start + 1)]
