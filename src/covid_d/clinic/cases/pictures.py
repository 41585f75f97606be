"""Pictures of a stored film: its grey values at full depth, a plain picture, the evidence over it.

Nothing larger than ``LARGEST`` leaves the server, and nothing of a film that was removed or altered
since it was accepted.
"""

from __future__ import annotations

import io
import os
import zlib
from dataclasses import dataclass
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.clinic.cases.result import Result, spec_of
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import Installation
from covid_d.detector.explain import evidence_layer, to_film_coordinates
from covid_d.language import N_
from covid_d.radiograph import Radiograph, RadiographError, read

PixelValues = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

LARGEST: Final = 2048
"""Longest side of any picture, pixels."""
SMALLEST: Final = 64
_LAYER: Final = 768  # the activation is a coarse grid: more pixels would show no more of it
_COVER: Final = 0.7  # as on the command line: the film shows through the strongest evidence
_QUICK: Final = 1  # of zlib: a film's noise hardly shrinks, whatever the effort
_GZIP: Final = 31  # zlib's way of asking for a gzip header around the largest window

# A page asks for several pictures of one film, a doctor goes back and forth between a few: at most
# 48 MB of values at 16 bits, and as much of pictures.
_KEPT: Final = 6
_PICTURES_KEPT: Final = 12
_places = BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True, slots=True, eq=False)
class GreyFilm:
    """A film as the model reads it, at the depth it has.

    Parameters
    ----------
    values
        uint8 or uint16, HxW, read-only: 0 is black (air), ``2**bits - 1`` white.
    bits
        8 to 16.
    millimetres
        Side of one of these pixels at the detector; ``None`` where the file does not say it.
    """

    values: PixelValues
    bits: int
    millimetres: float | None = None

    def packed(self) -> bytes:
        """Return the values row by row, little endian, gzip-compressed."""
        values = self.values.astype(self.values.dtype.newbyteorder("<"))
        return zlib.compress(values.tobytes(), _QUICK, _GZIP)

    def to_picture(self, side: int) -> Image.Image:
        """Return the film as an 8-bit picture, its longest side at most ``side`` pixels."""
        white = (1 << self.bits) - 1
        whole = Image.fromarray(np.rint(self.values * np.float32(255 / white)).astype(np.uint8))
        side = min(max(side, SMALLEST), LARGEST)
        whole.thumbnail((side, side), Image.Resampling.BILINEAR)
        return whole


def grey_film(films: FilmStore, sha256: str) -> GreyFilm:
    """Return a stored film, at most ``LARGEST`` pixels a side.

    Raises
    ------
    UnavailableError
        If the film is gone, was altered, or cannot be drawn.
    """
    films.get(sha256)  # what is gone or altered is not shown from memory either
    return _decoded(films, sha256)


def picture(films: FilmStore, sha256: str, side: int = LARGEST) -> bytes:
    """Return a film as an 8-bit grey PNG, its longest side at most ``side`` pixels.

    Raises
    ------
    UnavailableError
        As :func:`grey_film`.
    """
    films.get(sha256)  # as in :func:`grey_film`
    return _drawn(films, sha256, side)


def evidence(installation: Installation, film: Film, stored: StoredAssessment) -> bytes:
    """Return the evidence for the answer as a transparent PNG layer that lies over the whole film.

    Opacity grows with the evidence; the strongest is opaque, so that a viewer sets the cover.

    Raises
    ------
    UnavailableError
        If the answer offers no map (a demonstration's never does), its bundle is not installed any
        more, or the film cannot be drawn.
    """
    return _png(_layer(installation, film, stored, _LAYER))


def under_evidence(
    installation: Installation, film: Film, stored: StoredAssessment, side: int
) -> bytes:
    """Return the film under its evidence as an RGB PNG, for paper.

    Raises
    ------
    UnavailableError
        As :func:`evidence`.
    """
    layer = _layer(installation, film, stored, side)
    whole = grey_film(installation.films, film.sha256).to_picture(side).convert("RGB")
    opacity = layer.getchannel("A").point(lambda value: round(_COVER * value))
    whole.paste(layer.convert("RGB"), (0, 0), opacity)
    return _png(whole)


def _layer(
    installation: Installation, film: Film, stored: StoredAssessment, side: int
) -> Image.Image:
    spec, answer = spec_of(installation, stored.bundle_sha256), stored.assessment
    offered = Result.of(stored, spec).offers_map
    if not offered or answer.activation is None or spec is None:  # the last two for the types
        raise UnavailableError(
            N_("There is no map of the evidence for this answer."),
            N_(
                "A demonstration and a discarded answer have none; another needs its model, which "
                "can be installed again."
            ),
            code="no_activation",
        )
    width, height = grey_film(installation.films, film.sha256).to_picture(side).size
    shape = (height, width)
    placed = to_film_coordinates(answer.activation, shape, spec.preprocessing, answer.box)
    return Image.fromarray(evidence_layer(placed))


@lru_cache(maxsize=_PICTURES_KEPT)
def _drawn(films: FilmStore, sha256: str, side: int) -> bytes:
    return _png(_decoded(films, sha256).to_picture(side))


@lru_cache(maxsize=_KEPT)
def _decoded(films: FilmStore, sha256: str) -> GreyFilm:
    content = films.get(sha256)
    try:
        with _places:  # reading a film takes a core and some memory
            return _grey(read(content, whole=True))
    except RadiographError as error:
        raise UnavailableError(
            N_("The file cannot be shown as a film."),
            N_("Export the film again from the X-ray system and enter it anew."),
            code="film_unreadable",
        ) from error


def _grey(radiograph: Radiograph) -> GreyFilm:
    bits = min(max(radiograph.facts.bits, 8), 16)
    whole = Image.fromarray(radiograph.pixels)
    whole.thumbnail((LARGEST, LARGEST), Image.Resampling.BILINEAR)
    scaled = np.rint(np.asarray(whole) * np.float32((1 << bits) - 1))
    values: PixelValues = scaled.astype(np.uint8) if bits == 8 else scaled.astype(np.uint16)
    values.flags.writeable = False
    return GreyFilm(values, bits, _side_of_a_pixel(radiograph, values.shape[1]))


def _side_of_a_pixel(radiograph: Radiograph, columns: int) -> float | None:
    """Return the millimetres of one pixel of a film that is drawn with so many columns.

    Films come with square pixels; what is stated of oblong ones is their finer side.
    """
    if radiograph.facts.spacing_mm is None:
        return None
    return min(radiograph.facts.spacing_mm) * radiograph.width / columns


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_QUICK)
    return buffer.getvalue()
