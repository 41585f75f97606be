"""A pydicom decoder plug-in: what Pillow cannot read, by GDCM in processes of its own.

Why apart: on damaged streams GDCM 3.2 ends the whole process (segmentation fault, ``terminate``),
and where data is missing it prints a warning and returns half a picture. In a child, the first is
an end without a reply and the second a line on its standard error; both become a refusal of that
film alone. There too libjpeg-turbo decodes grey JPEG lossless where it can be asked, in a fifth of
the time. A child takes 0.3 s to start, so it goes on to the next film: there are as many as films
are decoded at once, and one that crashed or hung is replaced.
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import sys
from pathlib import Path
from threading import Lock, Timer
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom import uid
from pydicom.pixels.decoders.base import DecodeRunner

from covid_d.radiograph.readers.codestream import Codestream, Coding
from covid_d.radiograph.readers.plugins import add_plugin

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


def is_available(syntax: str) -> bool:
    """Return whether the plug-in decodes ``syntax`` (part of pydicom's protocol)."""
    return syntax in DECODER_DEPENDENCIES


def register() -> None:
    """Make the plug-in known to pydicom's decoders; a second call does nothing."""
    add_plugin(LABEL, __name__, DECODER_DEPENDENCIES)


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """Return the decoded bytes of one frame (part of pydicom's protocol).

    Raises
    ------
    ValueError
        If the decoder ends, takes too long, or finds the stream damaged.
    """
    syntax, stored = runner.transfer_syntax, runner.bits_stored
    planar = runner.planar_configuration if runner.samples_per_pixel > 1 else 0
    if syntax in uid.JPEGLSTransferSyntaxes:
        # As pydicom's own plug-in: GDCM gives colour by pixel, in a container that fits.
        runner.set_option("planar_configuration", 0)
        stored = int(runner.get_option("jls_precision", stored))
        runner.set_option("bits_allocated", 8 if stored <= 8 else 16)
    coded = Codestream.of(src)
    grey = coded.coding is Coding.LOSSLESS and coded.components == 1
    numbers = (
        runner.rows,
        runner.columns,
        runner.samples_per_pixel,
        planar,
        runner.bits_allocated,
        stored,
        runner.pixel_representation,
        coded.precision if grey else 0,
    )
    arguments = [str(syntax), str(runner.photometric_interpretation), *map(str, numbers)]
    return _decoded(src, arguments)


def decode_jpeg_12(stream: bytes, *, rows: int, columns: int) -> npt.NDArray[np.uint16]:
    """Return the samples of a grey JPEG of 12 bits (process 4): uint16, HxW.

    Raises
    ------
    ValueError
        As :func:`decode_frame`.
    """
    numbers = (rows, columns, 1, 0, 16, 12, 0, 0)
    pixels = _decoded(stream, [str(uid.JPEGExtended12Bit), "MONOCHROME2", *map(str, numbers)])
    return np.frombuffer(pixels, "<u2").reshape(rows, columns)


def _decoded(stream: bytes, arguments: list[str]) -> bytes:
    worker = _taken()
    try:
        pixels, said = worker.ask(stream, arguments)
    except BaseException:
        worker.end()
        raise
    if not pixels or any(mark in said for mark in _DAMAGED):
        worker.end()  # its memory may be spoilt: that must harm no other film
        words = said.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"no whole picture: {words[-1] if words else 'nothing was decoded'}")
    _returned(worker)
    return pixels


class _Worker:
    """One child that decodes film after film."""

    def __init__(self) -> None:
        # -P: the worker's own folder must not be searched for modules.
        self._process = subprocess.Popen(  # noqa: S603 - no shell, and no argument of a file's
            [sys.executable, "-P", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.owner = os.getpid()

    def ask(self, stream: bytes, arguments: list[str]) -> tuple[bytes, bytes]:
        """Return the pixels of a frame and what was said of it.

        Raises
        ------
        ValueError
            If the child ends, or takes too long and is ended.
        """
        process = self._process
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        late = Timer(_TIMEOUT_SECONDS, process.kill)
        late.start()
        try:
            request = "\t".join([*arguments, str(len(stream))]) + "\n"
            process.stdin.write(request.encode("ascii") + stream)
            process.stdin.flush()
            sizes = struct.unpack(">QQ", process.stdout.read(16))
            pixels, said = (process.stdout.read(size) for size in sizes)
            if (len(pixels), len(said)) != sizes:
                raise EOFError
        except (OSError, struct.error, EOFError) as error:
            if late.is_alive():
                raise ValueError(f"the decoder ended ({process.wait(1)})") from error
            raise ValueError(f"the decoder did not finish within {_TIMEOUT_SECONDS} s") from error
        finally:
            late.cancel()
        return pixels, said

    def end(self) -> None:
        """End the child, whatever it is doing."""
        self._process.kill()
        self._process.communicate()


_idle: list[_Worker] = []
_lending = Lock()


def _taken() -> _Worker:
    with _lending:
        # Children of a process that this one was forked from answer that one.
        _idle[:] = [worker for worker in _idle if worker.owner == os.getpid()]
        return _idle.pop() if _idle else _Worker()


def _returned(worker: _Worker) -> None:
    with _lending:
        if len(_idle) < (os.cpu_count() or 1):
            _idle.append(worker)
            return
    worker.end()


@atexit.register
def _end_all() -> None:
    with _lending:
        for worker in _idle:
            if worker.owner == os.getpid():
                worker.end()
        _idle.clear()
