"""What viewers want of a measurement report beyond its template's must: the film, and where on it.

OHIF (its extension ``cornerstone-dicom-sr``) draws each group of measurements on the image that the
group's coordinates are selected from, and lists its values beside them; versions of it end over a
group without coordinates, older ones over a report without an image library. So every group states
the whole film as its region: no part of it is pointed out.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset

from covid_d.pacs.results import codes
from covid_d.pacs.results.sr import code_item, container_item, image_item, region_item

GROUP_TEMPLATE = "1410"
"""Of a group with a region (PS3.16)."""


def library_item(header: Dataset) -> bytes:
    """Return the image library (TID 1600) of a report about one film."""
    group = container_item("CONTAINS", codes.LIBRARY_GROUP, _entries(header))
    return container_item("CONTAINS", codes.LIBRARY, [group], template="1600")


def whole_film(header: Dataset) -> Iterator[bytes]:
    """Yield the region of a group: the whole film; nothing where its size is not known."""
    rows, columns = (int(header.get(side, 0) or 0) for side in ("Rows", "Columns"))
    if rows > 0 and columns > 0:
        corners = [(0, 0), (columns, 0), (columns, rows), (0, rows)]
        film = str(header.SOPClassUID), str(header.SOPInstanceUID)
        source = image_item(codes.ORIGIN, *film, relation="SELECTED FROM")
        yield region_item(codes.REGION, corners, source)


def _entries(header: Dataset) -> Iterator[bytes]:
    modality = str(header.get("Modality", ""))
    for code in codes.MODALITIES:
        if code.value == modality:
            yield code_item("HAS ACQ CONTEXT", codes.MODALITY, code)
    yield image_item(codes.ORIGIN, str(header.SOPClassUID), str(header.SOPInstanceUID))
