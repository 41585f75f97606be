"""Decode frames that Pillow cannot read with GDCM, standard input to standard output, one by one.

Run as a script, in a process of its own, by ``gdcm_isolated``; imports nothing but GDCM so that
it starts at once. The calls follow pydicom's own GDCM plug-in.

A request is a line of tab-separated arguments that ends with the stream's length, then the stream.
A reply is two lengths (8 bytes each, big endian), then the pixels (none when GDCM gives none) and
what GDCM and its libraries wrote to standard error meanwhile.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import traceback


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
            sys.stdout.buffer.write(struct.pack(">QQ", len(pixels), len(words)) + pixels + words)
            sys.stdout.buffer.flush()
    return 0


def decode(stream: bytes, arguments: list[str]) -> bytes:
    """Return the pixels of one frame; empty when GDCM gives none.

    Parameters
    ----------
    stream
        The coded frame.
    arguments
        Transfer syntax UID, photometric interpretation, then the integers rows, columns, samples a
        pixel, planar configuration, bits allocated, bits stored, pixel representation.
    """
    import gdcm

    gdcm.Trace.WarningOff()  # type: ignore[no-untyped-call,unused-ignore]
    syntax, photometric = arguments[:2]
    rows, columns, samples, planar, allocated, stored, signed = map(int, arguments[2:])

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


if __name__ == "__main__":
    sys.exit(main())
