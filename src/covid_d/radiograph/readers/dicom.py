"""DICOM: computed and digital radiography, and secondary captures, through pydicom.

pydicom takes half a second to import, which a folder of PNGs need not pay; so the parts that
need it are imported when the first DICOM file is met.
"""

from __future__ import annotations

from dataclasses import replace

from covid_d.radiograph.readers.decoded import Decoded

# PS3.10 section 7.1: a preamble of 128 bytes, then the prefix.
_PREAMBLE = 128
_PREFIX = b"DICM"
# What a data set without them starts with: an element of group 0002 or 0008, little endian.
_BARE = tuple(
    bytes.fromhex(tag)
    for tag in (
        *("02000000", "02000100", "02000200", "02000300", "02001000"),
        *("08000000", "08000100", "08000500", "08000800", "08001000", "08001200", "08001600"),
    )
)


def sniff(data: bytes) -> bool:
    """Return whether the file has the prefix of PS3.10 section 7.1, or starts with an element."""
    return data[_PREAMBLE : _PREAMBLE + 4] == _PREFIX or data.startswith((_PREFIX, *_BARE))


def decode(data: bytes, sha256: str, *, whole: bool = False) -> Decoded:
    """Return pixels and facts of a DICOM image of one frame, with square pixels.

    Raises
    ------
    RadiographError
        If the object holds no image, is cut off, encrypted, multi-frame, too large, too small, or
        encoded in a way that cannot be read.
    """
    from covid_d.radiograph.readers.dicom_display import displayed
    from covid_d.radiograph.readers.dicom_facts import facts_of
    from covid_d.radiograph.readers.dicom_geometry import squared, unshuttered
    from covid_d.radiograph.readers.dicom_object import parse, samples_of

    dataset = parse(data)
    samples, photometric, halvings = samples_of(dataset, whole=whole)
    pixels, colours = displayed(samples, photometric, dataset)
    seen = unshuttered(dataset)
    if seen is not None:
        step = 1 << halvings
        pixels[~seen[::step, ::step]] = 0.0  # no film there, so air
    facts = facts_of(dataset, sha256=sha256, **colours._asdict())
    if halvings:
        return Decoded(pixels, facts, halvings, (int(dataset.Columns), int(dataset.Rows)))
    square = squared(pixels, dataset)
    if square.shape != pixels.shape and facts.spacing_mm is not None:
        finer = min(facts.spacing_mm)
        facts = replace(facts, spacing_mm=(finer, finer))
    return Decoded(square, facts)
