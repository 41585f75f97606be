"""What may be kept of a film's file: the film, not its patient."""

from __future__ import annotations

from dataclasses import dataclass, field

from covid_d.radiograph.readers import dicom


@dataclass(frozen=True, slots=True)
class Keepable:
    """A film's file as it may be kept.

    Parameters
    ----------
    content
        The file's bytes. They read as the original's: same pixels, same answer, same facts but for
        the day of the film, which its case keeps.
    identifiers
        What a structured report about the film must name, by DICOM keyword; empty for pictures.
    """

    content: bytes
    identifiers: dict[str, str] = field(default_factory=dict)


def keepable(data: bytes, *, readable: bool) -> Keepable:
    """Return a file as it may be kept.

    Parameters
    ----------
    data
        The file's bytes, of any kind.
    readable
        Whether :func:`~covid_d.radiograph.read` takes it. A DICOM file that cannot be read is not
        kept, since nothing in it can be told from its patient; an empty one stands for it.
    """
    if not dicom.sniff(data):
        return Keepable(data)
    from covid_d.radiograph.readers.dicom_strip import EMPTY, strip

    if not readable:
        return Keepable(EMPTY)
    stripped = strip(data)
    return Keepable(stripped.content, stripped.identifiers)
