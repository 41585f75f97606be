"""A viewer can read our reports: the rules of OHIF's reader, held against each kind.

OHIF itself is a web application that needs a browser and a server; what its extension
``cornerstone-dicom-sr`` takes a report apart by (getSopClassHandlerModule, in three states of its
source) is written here once more, with everything that it takes for granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from highdicom.sr import MeasurementReport
from pydicom import Dataset, dcmread

from covid_d.detector import Outcome
from covid_d.pacs.results.header import deidentified
from covid_d.pacs.results.make import make
from covid_d.pacs.results.reading import reading_object
from covid_d.pacs.results.viewers import library_item, whole_film
from pacs_factory import answered, reading

READABLE = {
    "1.2.840.10008.5.1.4.1.1.88.11",
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.34",
}


@dataclass(frozen=True)
class Shown:
    """What OHIF shows of one group: on which image, where, and its lines."""

    image: str
    points: tuple[float, ...]
    identifier: str
    lines: tuple[str, ...]


def concept(item: Dataset) -> str:
    """Every item that it looks through is asked for its name, so each must have one."""
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def child(items: Any, code: str) -> Dataset:
    found: Dataset = next(item for item in items if concept(item) == code)
    return found


def ohif(report: Dataset) -> tuple[set[str], list[Shown]]:
    """Return the images that OHIF knows a report is about, and what it shows of its groups."""
    assert report.SOPClassUID in READABLE
    assert concept(report) == "126000", "it opens measurement reports alone"
    library = child(report.ContentSequence, "111028")
    entries = child(library.ContentSequence, "126200").ContentSequence
    images = {
        str(named.ReferencedSOPInstanceUID)
        for entry in entries
        for named in entry.get("ReferencedSOPSequence", [])
    }
    measurements = child(report.ContentSequence, "126010")
    groups = [item for item in measurements.ContentSequence if concept(item) == "125007"]
    return images, [_shown(group) for group in groups]


def _shown(group: Dataset) -> Shown:
    items = group.ContentSequence
    # Merged by this identifier; the first UID of a group is taken for it.
    assert child(items, "112040").UID == next(i for i in items if i.ValueType == "UIDREF").UID
    region = next(item for item in items if item.ValueType == "SCOORD")
    assert region.RelationshipType in {"CONTAINS", "INFERRED FROM"}
    (source,) = region.ContentSequence
    (named,) = source.ReferencedSOPSequence
    lines = []
    for item in (each for each in items if each.ValueType == "NUM"):
        (measured,) = item.MeasuredValueSequence
        unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
        name = item.ConceptNameCodeSequence[0].CodeMeaning
        lines.append(f"{name}: {float(measured.NumericValue):.2f} {unit}")
    return Shown(
        str(named.ReferencedSOPInstanceUID),
        tuple(float(value) for value in region.GraphicData),
        str(child(items, "112039").TextValue),
        tuple(lines),
    )


def report_of(outcome: Outcome, *, outside: bool = False) -> tuple[Dataset, Dataset]:
    shown = answered(outcome)
    if outside:
        shown = shown.with_header(deidentified(shown.header, b"secret"))
    return dcmread(BytesIO(make(shown)[0].content)), shown.header


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_report_is_opened_on_its_film(outcome: Outcome, outside: bool) -> None:
    report, header = report_of(outcome, outside=outside)
    images, (group,) = ohif(report)
    assert images == {header.SOPInstanceUID}
    assert group.image == header.SOPInstanceUID
    assert group.identifier == "COVID-D"
    assert bool(group.lines) == (outcome is not Outcome.REFUSED)


def test_its_values_are_listed_with_their_names() -> None:
    _, (group,) = ohif(report_of(Outcome.POSITIVE)[0])
    assert "Probability: Typical appearance: 0.70 1" in group.lines


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_part_of_the_film_is_pointed_out(outcome: Outcome) -> None:
    """A region smaller than the film would be taken for a lesion."""
    report, header = report_of(outcome)
    _, (group,) = ohif(report)
    columns, rows = header.Columns, header.Rows
    assert group.points == (0, 0, columns, 0, columns, rows, 0, rows, 0, 0)


def test_a_doctors_reading_is_opened_on_its_film() -> None:
    given = reading()
    images, (group,) = ohif(dcmread(BytesIO(reading_object(given).content)))
    assert images == {given.header.SOPInstanceUID}
    assert group.image == given.header.SOPInstanceUID
    assert "Brixia score, 0 to 18: 7.00 {score}" in group.lines


def test_highdicom_reads_the_region_too() -> None:
    report, _ = report_of(Outcome.POSITIVE)
    content = MeasurementReport.from_sequence([report], is_root=True)
    (group,) = content.get_planar_roi_measurement_groups()
    assert group.roi is not None
    assert group.roi.graphic_type.value == "POLYLINE"
    assert len(group.get_measurements()) == 9


@pytest.mark.parametrize("missing", [("Rows",), ("Columns",), ("Rows", "Columns")])
def test_of_a_film_without_a_size_no_region_is_made_up(missing: tuple[str, ...]) -> None:
    header = answered().header
    for keyword in missing:
        del header[keyword]
    assert list(whole_film(header)) == []


@pytest.mark.parametrize(("modality", "named"), [("CR", True), ("DX", True), ("RG", False)])
def test_the_library_names_a_modality_that_has_a_code(modality: str, named: bool) -> None:
    header = answered().header
    header.Modality = modality
    assert (modality.encode() in library_item(header)) == named
