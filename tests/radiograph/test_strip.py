"""A stripped film names nobody and reads as the original does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from covid_d.radiograph import Radiograph, RadiographError, read
from covid_d.radiograph.strip import keepable
from films import (
    dataset,
    dicom,
    grey8,
    grey16,
    j2k_dicom,
    jpeg_dicom,
    lut,
    part10,
    picture,
    rle_dicom,
)

NAME, NUMBER = "QUISPE^ROSA", "1710034065"


def named(**elements: Any) -> Dataset:
    """A film that names its patient in every way a station does."""
    film = dataset(
        PatientName=NAME,
        PatientID=NUMBER,
        OtherPatientNames=NAME,
        PatientComments=f"{NAME} {NUMBER}",
        InstitutionName="HOSPITAL DEL SUR",
        ReferringPhysicianName="DR^MORA",
        StudyDescription=f"TORAX {NAME}",
        AccessionNumber=NUMBER,
        StudyInstanceUID="1.2.3.4",
        SeriesInstanceUID="1.2.3.5",
        PatientBirthDate="19610314",
        StudyDate="20210820",
        **elements,
    )
    film.add_new((0x0009, 0x0010), "LO", "ACME")
    film.add_new((0x0009, 0x1001), "LO", NAME)
    film.OriginalAttributesSequence = Sequence([Dataset()])
    film.OriginalAttributesSequence[0].PatientName = NAME
    return film


def told(film: Radiograph) -> object:
    """All that is known of a film but the hash of its file."""
    return replace(film.facts, sha256="")


def test_nobody_is_named() -> None:
    data = part10(named())
    kept = keepable(data, readable=True)
    for secret in (
        NAME,
        "QUISPE",
        NUMBER,
        "ACME",
        "HOSPITAL",
        "MORA",
        "19610314",
        "20210820",
        "1.2.3.4",
    ):
        assert secret.encode() in data or secret in kept.identifiers.values()
        assert secret.encode() not in kept.content
    assert kept.identifiers == {
        "StudyInstanceUID": "1.2.3.4",
        "SeriesInstanceUID": "1.2.3.5",
        "SOPInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "PatientID": NUMBER,
    }
    assert b"1.2.826.0.1.3680043.8.498.1" not in kept.content
    film = dcmread(BytesIO(kept.content))
    assert film.PatientIdentityRemoved == "YES"
    assert all(not element.tag.is_private for element in film.iterall())


def _implicit() -> bytes:
    film = named(VOILUTSequence=lut(list(range(0, 4096, 16)), bits=12))
    film.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return part10(film)


def _deflated() -> bytes:
    film = named()
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return part10(film)


def _big() -> bytes:
    film = named(WindowCenter="2048", WindowWidth="3000")
    film.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    film.PixelData = grey16(bits=12).astype(">u2").tobytes()
    film["PixelData"].VR = "OW"
    return part10(film)


def _bare() -> bytes:
    """A data set without preamble and file meta information."""
    stream = BytesIO()
    film = named()
    del film.file_meta
    film.save_as(stream, implicit_vr=True, little_endian=True)
    return stream.getvalue()


def _coded(**elements: Any) -> bytes:
    view, region = Dataset(), Dataset()
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "R-10206", "SRT", "ap"
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "T-D3000", "SRT", "Chest"
    return part10(
        named(
            ViewCodeSequence=Sequence([view]), AnatomicRegionSequence=Sequence([region]), **elements
        )
    )


FILMS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: part10(named()),
    "implicit with a VOI LUT": _implicit,
    "deflated": _deflated,
    "big endian": _big,
    "bare": _bare,
    "JPEG": lambda: jpeg_dicom(grey8()),
    "JPEG 2000": lambda: j2k_dicom(grey16()),
    "RLE": lambda: rle_dicom(grey16(bits=12), PatientName=NAME),
    "inverted": lambda: dicom(PhotometricInterpretation="MONOCHROME1", ViewPosition="PA"),
    "modality LUT": lambda: dicom(ModalityLUTSequence=lut(list(range(4096)))),
    "decimal comma": lambda: dicom(WindowCenter="2048", WindowWidth="99").replace(b"2048", b"20,8"),
    "oblong": lambda: dicom(PixelAspectRatio=[2, 1], ImagerPixelSpacing=[0.4, 0.2]),
    "shutter": lambda: dicom(
        ShutterShape="RECTANGULAR",
        ShutterUpperHorizontalEdge=10,
        ShutterLowerHorizontalEdge=150,
        ShutterLeftVerticalEdge=8,
        ShutterRightVerticalEdge=150,
    ),
    "padding": lambda: dicom(PixelPaddingValue=0),
    "codes": _coded,
    "an accent": lambda: _coded(SpecificCharacterSet="ISO_IR 192", BodyPartExamined="TÓRAX"),
    "colour": lambda: dicom(np.dstack([grey8()] * 3)),
    "a child by dates": lambda: dicom(PatientBirthDate="20100601", StudyDate="20210531"),
    "a child by today": lambda: dicom(PatientBirthDate="20200601"),
    "an adult of no film's date": lambda: dicom(PatientBirthDate="19600601"),
    "a child by words": lambda: dicom(PatientAge="006M"),
    "two ages": lambda: dicom(PatientAge="045Y", PatientBirthDate="20150101", StudyDate="20210101"),
    "the oldest": lambda: dicom(PatientBirthDate="19010101", StudyDate="20210101"),
    "an age that is none": lambda: dicom(PatientAge="XXX", PatientSex="F"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILMS)
def test_it_reads_as_the_original_does(kind: str) -> None:
    data = FILMS[kind]()
    before = read(data)
    after = read(keepable(data, readable=True).content)
    assert np.array_equal(before.pixels, after.pixels)
    assert told(before) == told(after)


def test_films_of_many_stations_read_as_before() -> None:
    """pydicom's own test files, as far as they are films that are read."""
    compared = 0
    for path in (Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"):
        data = path.read_bytes()
        try:
            before = read(data)
        except RadiographError:
            continue
        after = read(keepable(data, readable=True).content)
        assert np.array_equal(before.pixels, after.pixels), path.name
        assert told(before) == told(after), path.name
        compared += 1
    assert compared >= 5


def test_words_of_a_birth_date_that_is_none_are_not_kept() -> None:
    data = dicom(PatientBirthDate="12 de marzo")
    assert read(data).facts.age_unread == "12 DE MARZO"
    content = keepable(data, readable=True).content
    assert read(content).facts.age_unread == "UNREADABLE"
    assert b"marzo" not in content


def test_stripping_again_changes_nothing() -> None:
    once = keepable(part10(named()), readable=True)
    assert keepable(once.content, readable=True).content == once.content


def test_one_picture_under_two_names_is_one_film() -> None:
    other = named()
    other.PatientName, other.SOPInstanceUID = "OTRA^PERSONA", "1.2.9"
    contents = {keepable(part10(film), readable=True).content for film in (named(), other)}
    assert len(contents) == 1


def test_what_cannot_be_read_is_not_kept() -> None:
    cut = part10(named())[:-1000]
    with pytest.raises(RadiographError):
        read(cut)
    kept = keepable(cut, readable=False)
    assert NAME.encode() not in kept.content
    assert len(kept.content) == 132
    with pytest.raises(RadiographError):
        read(kept.content)


def test_pictures_stay_as_they_are() -> None:
    data = picture(grey8())
    assert keepable(data, readable=True).content == data
    assert keepable(b"no film", readable=False).content == b"no film"
