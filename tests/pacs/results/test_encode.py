"""Our objects' files are, to the byte, what pydicom writes of the same data sets."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from covid_d.detector import Outcome
from covid_d.pacs.results.document_pdf import pdf_document
from covid_d.pacs.results.encode import data_set, element, file_of, items, state
from covid_d.pacs.results.header import deidentified, header_of
from covid_d.pacs.results.picture import picture
from covid_d.pacs.results.reading import reading_report
from covid_d.pacs.results.report import report
from pacs_factory import answered, hospital_film, reading

SECRET = b"of this test"
NAMES = ("Quishpe^María José", "Ñauñay^Ángel=ÑAUÑAY^ÁNGEL", "李^小龙=李^小龙", "")


def by_pydicom(given: FileDataset) -> bytes:
    """What pydicom makes of an object's values: also of those that were written at once."""
    made = deepcopy(given)
    list(made.iterall())
    made.file_meta.ImplementationClassUID = UID("2.25.98047164112290834172301187736294019651")
    made.file_meta.ImplementationVersionName = "COVID-D"
    stream = BytesIO()
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def plain(**elements: Any) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.88.34")
    meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def every_object() -> Iterator[Any]:
    """Every kind of object of ours, inside the hospital and outside it."""
    for outcome in Outcome:
        inside = answered(outcome)
        outside = inside.with_header(deidentified(inside.header, SECRET))
        for place, shown in (("inside", inside), ("outside", outside)):
            yield pytest.param(report(shown), id=f"report {outcome} {place}")
            drawn = picture(shown)
            if drawn is not None:
                yield pytest.param(drawn, id=f"picture {outcome} {place}")
    yield pytest.param(pdf_document(answered()), id="page")
    yield pytest.param(reading_report(reading()), id="reading")
    yield pytest.param(reading_report(reading(signs=[], extent=[], sentences=[])), id="bare")


@pytest.mark.parametrize("made", list(every_object()))
def test_each_object_is_what_pydicom_writes(made: FileDataset) -> None:
    ours = file_of(made)
    assert ours == by_pydicom(made)
    assert dcmread(BytesIO(ours)).SOPInstanceUID == made.SOPInstanceUID


@pytest.mark.parametrize(
    ("name", "charset"),
    [
        *((name, "ISO_IR 192") for name in NAMES),
        *((name, "GB18030") for name in NAMES),
        *((name, "ISO_IR 100") for name in NAMES if "小" not in name),
    ],
)
def test_names_of_films_in_any_character_set(name: str, charset: str) -> None:
    """A film is written as its station does, read again, and its answer names the same patient."""
    film = hospital_film(1, PatientName=name, SpecificCharacterSet=charset)
    stream = BytesIO()
    dcmwrite(stream, film, implicit_vr=False, little_endian=True)
    stream.seek(0)
    header = header_of(dcmread(stream, force=True))
    made = report(answered().with_header(header))
    ours = file_of(made)
    assert ours == by_pydicom(made)
    assert str(dcmread(BytesIO(ours)).PatientName) == name


@pytest.mark.parametrize(
    "elements",
    [
        {"PatientID": "odd"},
        {"PatientID": "even"},
        {"PatientID": ""},
        {"PatientID": None},
        {"ImageType": ["DERIVED", "SECONDARY"]},
        {"ImageType": ["DERIVED"]},
        {"ReferringPhysicianName": ["A^B", "Ñ^C"]},
        {"PatientAge": "065Y", "StudyInstanceUID": "1.2.3"},
        {"SeriesNumber": 9901, "Rows": 65535, "EncapsulatedDocumentLength": 70000},
        {"LossyImageCompressionRatio": "12.50"},
        {"EncapsulatedDocument": b"%PDF"},
        {"TextValue": "x" * 70_001},  # longer than two bytes could say
        {"StudyDescription": "TÓRAX \U0001fac1"},
        {"CurrentRequestedProcedureEvidenceSequence": Sequence()},
    ],
    ids=str,
)
def test_each_kind_of_value(elements: dict[str, Any]) -> None:
    made = plain(**elements)
    assert file_of(made) == by_pydicom(made)


def test_sequences_in_sequences() -> None:
    inner, outer = Dataset(), Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3.4"
    outer.ReferencedSOPSequence = Sequence([inner, Dataset(), inner])
    outer.SeriesInstanceUID = "1.2"
    made = plain(ReferencedSeriesSequence=Sequence([outer, outer]))
    assert file_of(made) == by_pydicom(made)


def test_what_is_written_at_once_is_what_pydicom_writes_of_the_values() -> None:
    film = Dataset()
    film.ReferencedSOPClassUID, film.ReferencedSOPInstanceUID = "1.2.840", "1.2.3"
    values: dict[str, Any] = {
        "PatientName": "Ñauñay^Ángel=ÑAUÑAY^ÁNGEL",
        "PatientID": "odd",
        "PatientSex": "",
        "StudyDate": None,
        "ImageType": ["DERIVED", "SECONDARY"],
        "SeriesNumber": 9901,
        "LossyImageCompressionRatio": "12.50",
        "ReferencedSOPSequence": [film, film],
        "PerformedProcedureCodeSequence": [],
    }
    made, wanted = plain(), plain(**{**values, "ReferencedSOPSequence": Sequence([film, film])})
    made.set_original_encoding(False, True, ["utf8"])
    state(made, **values)
    assert file_of(made) == by_pydicom(wanted)
    assert made.PatientName == wanted.PatientName
    assert made.ReferencedSOPSequence[1].ReferencedSOPInstanceUID == "1.2.3"
    told = element("ReferencedSOPClassUID", "1.2.840")
    told += element("ReferencedSOPInstanceUID", "1.2.3")
    state(made, ReferencedSOPSequence=items(told, told))
    assert file_of(made) == by_pydicom(wanted)


def test_elements_stand_in_the_order_of_their_tags() -> None:
    first, second = Dataset(), Dataset()
    first.PatientID, first.SOPClassUID = "1", "1.2"
    second.SOPClassUID, second.PatientID = "1.2", "1"
    assert data_set(first) == data_set(second)
    assert data_set(first).index(b"1.2") < data_set(first).index(b"LO")


def test_what_utf8_cannot_write_is_marked() -> None:
    made = plain(StudyDescription="\udcff rest")
    assert dcmread(BytesIO(file_of(made))).StudyDescription == "? rest"


def test_a_kind_of_value_that_no_object_has_is_an_error() -> None:
    made = plain()
    made.add_new(0x00181063, "FD", 1.5)
    with pytest.raises(ValueError, match="FrameTime is FD"):
        file_of(made)


def test_a_picture_of_an_odd_number_of_bytes_is_padded_by_its_items() -> None:
    for width in (200, 201, 202):
        made = picture(answered(overlay=Image.new("RGB", (width, 77), (width, 9, 9))))
        assert made is not None
        assert file_of(made) == by_pydicom(made)
        assert dcmread(BytesIO(file_of(made))).pixel_array.shape[2] == 3
