"""JPEG 2000, with every code-block checked; a pydicom decoder plug-in among others.

A damaged code-block decodes like a sound one, into noise, and most streams carry nothing to check
it by. But once its decoder has lost its place, it hardly ever comes out where the block's bytes
end. Blocks coded with *predictable termination* are checked for that, so the stream is told to be
such a one: that changes what OpenJPEG checks, not what it decodes.

Three quarters of the code-blocks hold the highest resolution level, which no network sees of a
large film. :func:`lowered_samples_of` leaves it out, and takes a quarter of the time.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner

from covid_d.radiograph.readers import openjpeg
from covid_d.radiograph.readers.plugins import add_plugin
from covid_d.radiograph.readers.tile_parts import layout

LABEL: Final = "openjpeg"
DECODER_DEPENDENCIES: Final = dict.fromkeys((uid.JPEG2000Lossless, uid.JPEG2000), ("pillow",))

_ENDS: Final = re.compile(r"PTERM check failure: (\d+) (?:remaining|synthesized)")
# Encoders cut a block where its decoder may miss a few bytes: of 15 public streams of three
# encoders (Kakadu, OpenJPEG, JasPer) none misses more than 4, nor leaves one.
_STRAY: Final = 8
ENOUGH: Final = 1024
"""Pixels of the shorter side: with so many left, a resolution level is spared. The networks see 256
of the whole film, and 224 of the lungs' part of it. With two levels less a film would look as it
did no more: by up to 23 of 255 levels beside a margin."""
# What OpenJPEG warns of though the picture is whole.
_HARMLESS: Final = ("Non conformant codestream TPsot==TNsot",)


def samples_of(data: bytes) -> npt.NDArray[np.int32]:
    """Return the samples of a JPEG 2000 picture: int32, HxW or HxWxC.

    Parameters
    ----------
    data
        A codestream, or a JP2 file.

    Raises
    ------
    ValueError
        If it is cut off, does not decode, or a code-block is damaged.
    """
    return _decoded(layout(data).checkable)


def lowered_samples_of(
    data: bytes, *, rows: int, columns: int
) -> tuple[npt.NDArray[np.int32], int] | None:
    """Return the samples of a large grey picture at a resolution that is enough for an answer.

    What is left out is looked at all the same, as far as its bytes tell without decoding: lengths,
    ends, packet headers, and whether the bytes may be coded data at all. Where anything there is
    unusual, nothing is left out, so that every code-block is checked.

    Parameters
    ----------
    data
        A codestream of one component, or a JP2 file.
    rows, columns
        Its size in pixels.

    Returns
    -------
    samples
        int32, HxW. Each lies on the first of the pixels that it stands for.
    halvings
        How often H and W are halved, rounded up: once.

    ``None`` where the picture is to be read whole.

    Raises
    ------
    ValueError
        As :func:`samples_of`.
    """
    if min(rows, columns) < 2 * ENOUGH or not openjpeg.available():
        return None
    found = layout(data)
    if not (found.levels and found.plain and found.looks_coded()):
        return None
    return _decoded(found.checkable, 1), 1


def _decoded(data: bytes, spared: int = 0) -> npt.NDArray[np.int32]:
    samples, warnings = openjpeg.decode(data, spared=spared)
    for words in warnings:
        ends = _ENDS.match(words)
        if ends is None and not words.startswith(_HARMLESS):
            raise ValueError(f"OpenJPEG: {words}")
        if ends is not None and int(ends[1]) > _STRAY:
            raise ValueError(f"a code-block is damaged: {words}")
    return samples


def require_sound(data: bytes) -> None:
    """Raise as :func:`samples_of` does; nothing is checked where OpenJPEG cannot be asked."""
    if openjpeg.available():
        samples_of(data)


def is_available(syntax: str) -> bool:
    """Return whether the plug-in decodes ``syntax`` (part of pydicom's protocol)."""
    return syntax in DECODER_DEPENDENCIES and openjpeg.available()


def register() -> None:
    """Make the plug-in known to pydicom's decoders; a second call does nothing."""
    add_plugin(LABEL, __name__, DECODER_DEPENDENCIES)


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """Return the decoded bytes of one frame (part of pydicom's protocol).

    Raises
    ------
    ValueError
        As :func:`samples_of`, or for samples of more than 16 bits.
    """
    samples = samples_of(src)
    precision = int(runner.get_option("j2k_precision", runner.bits_stored))
    if not 0 < precision <= 16:
        raise ValueError(f"JPEG 2000 of {precision} bits")
    allocated = 8 if precision <= 8 else 16
    runner.set_option("bits_allocated", allocated)
    # As pydicom's own plug-in: OpenJPEG gives colour by pixel, as RGB.
    runner.set_option("planar_configuration", 0)
    if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
        runner.set_option("photometric_interpretation", "RGB")
    if runner.get_option("j2k_is_signed", False) and not runner.pixel_representation:
        samples += 1 << (precision - 1)
    container: Any = np.dtype(f"<u{allocated // 8}")
    return samples.astype(container).tobytes()
