"""What is written of content trees is what highdicom's own classes make of the same values."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentSequence,
    GraphicTypeValues,
    ImageContentItem,
    ImageRegion,
    NumContentItem,
    PnameContentItem,
    RelationshipTypeValues,
    SourceImageForRegion,
    TextContentItem,
    UIDRefContentItem,
)
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import UID, Comprehensive3DSRStorage, ExplicitVRLittleEndian

from covid_d.pacs.results.sr import (
    code_item,
    container_item,
    image_item,
    name_item,
    number_item,
    region_item,
    state_content,
    text_item,
    uid_item,
)

NAME = Code("111001", "DCM", "Algorithm Name")
VALUE = Code("840539006", "SCT", "Disease caused by SARS-CoV-2 (disorder)")
UNIT = Code("1", "UCUM", "no units")
CONTAINS = RelationshipTypeValues.CONTAINS
FILM = ("1.2.840.10008.5.1.4.1.1.1", "1.2.3.4")


def written(*items: bytes) -> Dataset:
    """A report with these items, written to a file and read again."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = Comprehensive3DSRStorage
    meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SpecificCharacterSet = "ISO_IR 192"
    state_content(made, NAME, "1500", items)
    stream = BytesIO()
    dcmwrite(stream, made, enforce_file_format=True)
    return dcmread(BytesIO(stream.getvalue()))


def only(item: bytes) -> Dataset:
    found: Dataset
    (found,) = written(item).ContentSequence
    return found


CASES = {
    "code": (
        code_item("CONTAINS", NAME, VALUE),
        CodeContentItem(NAME, VALUE, CONTAINS),
    ),
    "text": (
        text_item("HAS OBS CONTEXT", NAME, "Sin signos: ñandú"),
        TextContentItem(NAME, "Sin signos: ñandú", RelationshipTypeValues.HAS_OBS_CONTEXT),
    ),
    "uid": (
        uid_item("HAS CONCEPT MOD", NAME, "2.25.7"),
        UIDRefContentItem(NAME, "2.25.7", RelationshipTypeValues.HAS_CONCEPT_MOD),
    ),
    "person": (
        name_item("HAS OBS CONTEXT", NAME, "Guamán^Rosa"),
        PnameContentItem(NAME, "Guamán^Rosa", RelationshipTypeValues.HAS_OBS_CONTEXT),
    ),
    "image": (image_item(NAME, *FILM), ImageContentItem(NAME, *FILM, relationship_type=CONTAINS)),
}


@pytest.mark.parametrize("kind", CASES)
def test_an_item_is_what_the_library_makes_of_it(kind: str) -> None:
    ours, theirs = CASES[kind]
    found = only(ours)
    assert found == Dataset.from_json(theirs.to_json())
    assert list(found.keys()) == sorted(found.keys()), "elements stand in the order of their tags"


@given(st.floats(0, 1))
def test_a_number_is_what_the_library_makes_of_it(value: float) -> None:
    found = only(number_item(NAME, round(value, 6), UNIT))
    expected = NumContentItem(NAME, round(value, 6), UNIT, relationship_type=CONTAINS)
    (ours,), (theirs,) = found.MeasuredValueSequence, expected.MeasuredValueSequence
    assert float(ours.NumericValue) == float(theirs.NumericValue)
    assert ours.FloatingPointValue == round(value, 6)
    assert ours.MeasurementUnitsCodeSequence[0].CodeValue == "1"


def test_a_region_is_what_the_library_makes_of_it() -> None:
    corners = [(0.0, 0.0), (512.0, 0.0), (512.0, 400.5)]
    region = Code("111030", "DCM", "Image Region")
    origin = Code("260753009", "SCT", "Source")
    found = only(region_item(region, corners, image_item(origin, *FILM, relation="SELECTED FROM")))
    expected = ImageRegion(
        GraphicTypeValues.POLYLINE,
        np.array([*corners, corners[0]]),
        SourceImageForRegion(*FILM),
    )
    assert found == Dataset.from_json(expected.to_json())
    assert list(found.keys()) == sorted(found.keys()), "elements stand in the order of their tags"
    assert list(found.GraphicData) == [0, 0, 512, 0, 512, 400.5, 0, 0]


def test_items_hang_on_a_container_in_their_order() -> None:
    inside = [text_item("CONTAINS", NAME, str(number)) for number in range(3)]
    found = only(container_item("CONTAINS", NAME, inside, template="1501"))
    expected = ContainerContentItem(NAME, template_id="1501", relationship_type=CONTAINS)
    expected.ContentSequence = ContentSequence(
        [TextContentItem(NAME, str(number), CONTAINS) for number in range(3)]
    )
    assert found == Dataset.from_json(expected.to_json())
    assert [item.TextValue for item in found.ContentSequence] == ["0", "1", "2"]


def test_the_root_says_what_it_is_and_by_which_template() -> None:
    made = written(text_item("CONTAINS", NAME, "x"))
    assert (made.ValueType, made.ContinuityOfContent) == ("CONTAINER", "CONTINUOUS")
    assert made.ConceptNameCodeSequence[0].CodeMeaning == "Algorithm Name"
    assert made.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert made.ContentTemplateSequence[0].MappingResource == "DCMR"


@given(st.text(min_size=1, max_size=300).filter(lambda text: "\x00" not in text))
def test_any_text_comes_back_whole(text: str) -> None:
    found = only(text_item("CONTAINS", NAME, text)).TextValue
    assert "".join(found if isinstance(found, list) else [found]).rstrip() == text.rstrip()


@pytest.mark.parametrize(
    "code", [Code("x" * 17, "DCM", "y"), Code("x", "D" * 17, "y"), Code("x", "DCM", "y" * 65)]
)
def test_what_the_standard_has_no_room_for_is_not_cut_in_silence(code: Code) -> None:
    with pytest.raises(ValueError, match="longer than"):
        code_item("CONTAINS", NAME, code)


def test_what_was_written_before_does_not_change_what_is_written_next() -> None:
    """Codes are written once and joined in: none may carry anything of another report."""
    first = written(code_item("CONTAINS", NAME, VALUE))
    written(code_item("CONTAINS", VALUE, NAME))
    assert written(code_item("CONTAINS", NAME, VALUE)) == first
