"""The part of a film that the network sees, and where the lungs lie in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.detector.assessment import Box
from covid_d.detector.bundle.bundle import Bundle
from covid_d.errors import BundleError
from covid_d.radiograph import Radiograph, prepare
from covid_d.radiograph.film import FloatImage


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
    """

    prepared: FloatImage = field(repr=False)
    box: Box | None = None
    lungs: npt.NDArray[np.bool_] | None = field(default=None, repr=False)

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
        if self._preprocessing.frame == "lungs":
            raise BundleError(
                f"Bundle {bundle.path} cuts films to the lungs, which this version cannot.",
                "Update COVID-D.",
            )

    def of(self, film: Radiograph) -> Framed:
        """Return the film as the network takes it.

        Raises
        ------
        RadiographError
            If the lungs are looked for and no two are found.
        """
        return Framed(prepare(film, self._preprocessing))
