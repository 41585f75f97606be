"""Decode one frame that Pillow cannot read with GDCM, standard input to standard output.

Run as a script, in a process of its own, by ``gdcm_isolated``; imports nothing but GDCM so that
it starts at once. The calls follow pydicom's own GDCM plug-in.
"""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Decode the frame on standard input; return 0, or 1 when GDCM gives no pixels.

    Parameters
    ----------
    arguments
        Transfer syntax UID, photometric interpretation, then the integers rows, columns, samples a
        pixel, planar configuration, bits allocated, bits stored, pixel representation.
    """
    import gdcm

    gdcm.Trace.WarningOff()  # type: ignore[no-untyped-call,unused-ignore]
    syntax, photometric = arguments[:2]
    rows, columns, samples, planar, allocated, stored, signed = map(int, arguments[2:])

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(sys.stdin.buffer.read())
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
    pixels = image.GetBuffer().encode("utf-8", "surrogateescape")
    sys.stdout.buffer.write(pixels)
    return 0 if pixels else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
