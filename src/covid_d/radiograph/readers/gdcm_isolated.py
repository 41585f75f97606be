"""A pydicom decoder plug-in: what Pillow cannot read, by GDCM in a process of its own.

Why apart: on damaged streams GDCM 3.2 ends the whole process (segmentation fault, ``terminate``),
and where data is missing it prints a warning and returns half a picture. In a child, the first is
an exit status and the second a line on its standard error; both become a refusal. The child costs
about 0.1 s a film.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Final

from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder

LABEL: Final = "gdcm-isolated"
DECODER_DEPENDENCIES: Final = dict.fromkeys(
    (
        uid.JPEGExtended12Bit,
        uid.JPEGLossless,
        uid.JPEGLosslessSV1,
        uid.JPEGLSLossless,
        uid.JPEGLSNearLossless,
    ),
    ("gdcm>=3.0.24",),
)

_WORKER: Final = Path(__file__).with_name("gdcm_worker.py")
_TIMEOUT_SECONDS: Final = 60
# What libjpeg inside GDCM prints before it fills in what is missing.
_DAMAGED: Final = (b"Corrupt JPEG data", b"premature end", b"Premature end")
_registering = Lock()


def is_available(syntax: str) -> bool:
    """Return whether the plug-in decodes ``syntax`` (part of pydicom's protocol)."""
    return syntax in DECODER_DEPENDENCIES


def register() -> None:
    """Make the plug-in known to pydicom's decoders; a second call does nothing."""
    with _registering:
        for syntax in DECODER_DEPENDENCIES:
            decoder = get_decoder(syntax)
            if LABEL not in decoder.available_plugins:
                decoder.add_plugin(LABEL, (__name__, "decode_frame"))


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """Return the decoded bytes of one frame (part of pydicom's protocol).

    Raises
    ------
    ValueError
        If GDCM crashes, takes too long, or finds the stream damaged.
    """
    syntax, stored = runner.transfer_syntax, runner.bits_stored
    planar = runner.planar_configuration if runner.samples_per_pixel > 1 else 0
    if syntax in uid.JPEGLSTransferSyntaxes:
        # As pydicom's own plug-in: GDCM gives colour by pixel, in a container that fits.
        runner.set_option("planar_configuration", 0)
        stored = int(runner.get_option("jls_precision", stored))
        runner.set_option("bits_allocated", 8 if stored <= 8 else 16)
    numbers = (
        runner.rows,
        runner.columns,
        runner.samples_per_pixel,
        planar,
        runner.bits_allocated,
        stored,
        runner.pixel_representation,
    )
    # -P: the worker's own folder must not be searched for modules.
    command = [sys.executable, "-P", str(_WORKER), str(syntax)]
    command += [str(runner.photometric_interpretation), *map(str, numbers)]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and every argument was checked
            command, input=src, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"GDCM did not finish within {_TIMEOUT_SECONDS} s") from error
    if done.returncode != 0 or any(mark in done.stderr for mark in _DAMAGED):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"GDCM ended with {done.returncode}: {said[-1] if said else ''}")
    return done.stdout
