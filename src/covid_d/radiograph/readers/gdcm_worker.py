"""Decode frames that Pillow cannot read, standard input to standard output, one by one.

Run as a script, in a process of its own, by ``gdcm_isolated``; imports nothing but GDCM, and
libjpeg-turbo for JPEG lossless, so that it starts at once. The calls follow pydicom's own GDCM
plug-in.

A request is a line of tab-separated arguments that ends with the stream's length, then the stream.
A reply is two lengths (8 bytes each, big endian), then the pixels (none when no decoder gives any)
and what the libraries wrote to standard error meanwhile.
"""

from __future__ import annotations

import importlib.util
import os
import struct
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from types import ModuleType


def main() -> int:
    """Answer requests until standard input ends."""
    import gdcm  # noqa: F401 - loaded before the first request

    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        while line := sys.stdin.buffer.readline():
            *arguments, size = line.decode("ascii").rstrip("\n").split("\t")
            stream = sys.stdin.buffer.read(int(size))
            try:
                pixels = decode(stream, arguments)
            except Exception:  # noqa: BLE001 - the reply says what it was
                traceback.print_exc()
                pixels = b""
            sys.stderr.flush()
            said.seek(0)
            words = said.read()
            said.seek(0)
            said.truncate()
            for part in (struct.pack(">QQ", len(pixels), len(words)), pixels, words):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
    return 0


def decode(stream: bytes, arguments: list[str]) -> bytes:
    """Return the pixels of one frame; empty when there are none.

    Parameters
    ----------
    stream
        The coded frame.
    arguments
        Transfer syntax UID, photometric interpretation, then the integers rows, columns, samples a
        pixel, planar configuration, bits allocated, bits stored, pixel representation, and the
        bits of the stream's samples if it is a JPEG lossless of one component, else nought.
    """
    syntax, photometric = arguments[:2]
    rows, columns, samples, planar, allocated, stored, signed, lossless = map(int, arguments[2:])
    # Where samples of up to 8 bits come in words, GDCM knows how.
    if lossless and (lossless > 8) == (allocated == 16) and _turbo().available():
        grey = _turbo().decode(stream, rows=rows, columns=columns, precision=lossless)
        if grey is not None:
            return bytes(grey)
    import gdcm

    gdcm.Trace.WarningOff()  # type: ignore[no-untyped-call,unused-ignore]

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(stream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())

    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(photometric)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    if samples > 1:
        image.SetPlanarConfiguration(planar)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    image.SetPixelFormat(gdcm.PixelFormat(samples, allocated, stored, stored - 1, signed))

    # GDCM hands out bytes dressed up as text.
    pixels: bytes = image.GetBuffer().encode("utf-8", "surrogateescape")
    return pixels


@cache
def _turbo() -> ModuleType:
    """Return the module beside this one, without the packages around it."""
    path = Path(__file__).with_name("lossless_jpeg.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # noqa: S101 - it is a file of Python
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
