"""The radiograph: pixels on one fixed scale, and what is known about the film."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image

FloatImage = npt.NDArray[np.float32]


class Projection(StrEnum):
    """How the beam crossed the chest (DICOM PS3.3 C.8.11.7, View Position)."""

    PA = "PA"
    AP = "AP"
    AP_SUPINE = "AP Supine"
    LATERAL = "L"
    OTHER = "Other"
    """Stated, but none of these: oblique, lateral decubitus, lordotic."""

    @property
    def is_frontal(self) -> bool:
        """Whether the film is a frontal one (PA or AP, erect or supine)."""
        return self in (Projection.PA, Projection.AP, Projection.AP_SUPINE)


class Sex(StrEnum):
    """Patient's sex as recorded with the film (DICOM PS3.3 C.7.1.1)."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a film's file says about it; ``None`` means unknown, never guessed.

    Parameters
    ----------
    format
        Container: ``"DICOM"``, ``"PNG"``, ``"JPEG"``, ``"JPEG 2000"``, ``"TIFF"``, ``"BMP"`` or
        ``"WEBP"``.
    sha256
        Hex digest of the file's bytes.
    bits
        Bits stored a sample.
    colour
        Whether the stored picture carries visible colour (its channels differ).
    marks
        Whether it is a grey film with coloured marks: an arrow, a word, a map over part of it.
    modality
        DICOM Modality (``CR``, ``DX``, ``OT``...).
    projection, laterality, body_part
        As recorded in the file.
    age_years, sex
        Of the patient at the time of the film.
    age_by_dates
        The age that the dates of birth and film give, in whole years.
    child
        Whether anything in the file says that the patient is under 18 years.
    age_unread
        The file's own words for an age that could not be read, where no other age is known.
    spacing_mm
        (row, column) pixel spacing in millimetres at the detector.
    taken_on
        Day on which the film was taken; ``None`` too where its dates were moved or taken out.
    turned
        Where rows and columns run to (two of ``L``, ``R``, ``H``, ``F``), where the file calls a
        frontal film mirrored or turned: on an upright one they run to the left and to the feet.
    expiration
        Whether the file says that it was taken after breathing out.
    """

    format: str
    sha256: str
    bits: int
    colour: bool = False
    modality: str | None = None
    projection: Projection | None = None
    laterality: str | None = None
    body_part: str | None = None
    age_years: float | None = None
    sex: Sex | None = None
    spacing_mm: tuple[float, float] | None = None
    age_by_dates: float | None = None
    child: bool = False
    age_unread: str | None = None
    marks: bool = False
    taken_on: date | None = None
    turned: str | None = None
    expiration: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of a picture, in whole pixels; its last row and column are excluded.

    Shares of a film, whatever its size, are a :class:`covid_d.radiograph.Window`.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    def of(self, pixels: FloatImage) -> FloatImage:
        """Return that part of a picture."""
        return pixels[self.top : self.bottom, self.left : self.right]

    def to_list(self) -> list[int]:
        """Return the four numbers, top, left, bottom and right."""
        return [self.top, self.left, self.bottom, self.right]


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One film, read once.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1]; air dark, bone bright. The array is made read-only.
    facts
        What is known about the film.
    name
        Where it came from (a file name), for messages only.
    box
        Which part of the file's picture, upright and with square pixels, ``pixels`` are: margins
        are cut off. ``None`` where there is no larger picture.
    picture_size
        Width and height of that picture; ``None`` likewise.
    halvings
        How often ``pixels`` are fewer by half, each way, than the film's own, which ``box`` and
        ``picture_size`` count. Of a large film not all are read.

    Raises
    ------
    ValueError
        If the pixels are not float32 HxW, finite and within [0, 1], or not as large as ``box``.
    """

    pixels: FloatImage
    facts: Facts
    name: str = field(default="")
    box: Box | None = None
    picture_size: tuple[int, int] | None = None
    halvings: int = 0

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.dtype != np.float32 or pixels.ndim != 2 or pixels.size == 0:
            raise ValueError(f"pixels must be float32 HxW, got {pixels.dtype} {pixels.shape}")
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= 0.0 and high <= 1.0):  # also false for NaN
            raise ValueError(f"pixels must lie in [0, 1], got [{low}, {high}]")
        if pixels.shape != tuple(-(-side >> self.halvings) for side in self.size[::-1]):
            raise ValueError(f"pixels of {pixels.shape} do not fill {self.box}")
        pixels.flags.writeable = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the film in its file's own pixels, those of ``facts.spacing_mm``."""
        if self.box is None:
            rows, columns = self.pixels.shape
            return columns << self.halvings, rows << self.halvings
        return self.box.width, self.box.height

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def to_image(self) -> Image:
        """Return the film as an 8-bit grey picture of its own size; ``.save(path)`` writes it."""
        from covid_d.radiograph.show import thumbnail

        return thumbnail(self, max(self.pixels.shape))

    def _repr_png_(self) -> bytes:
        """Return the picture a notebook shows."""
        from covid_d.radiograph.show import png_bytes, thumbnail

        return png_bytes(thumbnail(self))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the picture and what is known about the film."""
        from covid_d.radiograph.show import radiograph_html
        from covid_d.settings import settings

        return radiograph_html(self, settings().language)
