"""A stripped film names nobody and reads as the original does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
)

from covid_d.radiograph import Radiograph, RadiographError, RefusalCode, check, read
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
    return replace(film.facts, sha256="", taken_on=None)


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


def _lying() -> Dataset:
    lying, how = Dataset(), Dataset()
    lying.CodeValue, lying.CodingSchemeDesignator, lying.CodeMeaning = "102538003", "SCT", "lying"
    how.CodeValue, how.CodingSchemeDesignator, how.CodeMeaning = "40199007", "SCT", "supine"
    lying.PatientOrientationModifierCodeSequence = Sequence([how])
    lying.DeviceSerialNumber = NUMBER
    return lying


def _several() -> Sequence:
    pa, lateral = Dataset(), Dataset()
    pa.CodeValue, pa.CodingSchemeDesignator, pa.CodeMeaning = "272479007", "SCT", "pa"
    lateral.CodeValue, lateral.CodingSchemeDesignator = "399067008", "SCT"
    lateral.CodeMeaning = "lateral"
    return Sequence([pa, lateral])


def _of_class_before(sop_class: UID, **elements: Any) -> bytes:
    """A film whose class is another one in the file's header."""
    film = named(**elements)
    film.file_meta.MediaStorageSOPClassUID = sop_class
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    stream = BytesIO()
    film.save_as(stream)
    return stream.getvalue()


def _hand() -> Dataset:
    hand = Dataset()
    hand.CodeValue, hand.CodingSchemeDesignator, hand.CodeMeaning = "T-D8700", "SRT", "Hand"
    return hand


def _enhanced(macro: str, **elements: Any) -> bytes:
    """A film whose functional groups say what reading needs, and whose it is."""
    said, group = Dataset(), Dataset()
    for keyword, value in elements.items():
        setattr(said, keyword, value)
    said.PatientName = NAME
    setattr(group, macro, Sequence([said]))
    film = named(NumberOfFrames=1)
    film.SharedFunctionalGroupsSequence = Sequence([group])
    return part10(film)


def _masked() -> Dataset:
    """A film of which a plane of bits hides the left third, with another that writes a name."""
    film = named(ShutterShape="BITMAP", ShutterOverlayGroup=0x6002, ShutterPresentationValue=0)
    rows, columns = film.Rows, film.Columns
    for group in (0x6000, 0x6002):
        mask = np.zeros((rows, columns), dtype=np.uint8)
        mask[:, : columns // 3] = group == 0x6002
        bits = np.packbits(mask.ravel(), bitorder="little").tobytes()
        elements = (
            *((0x10, "US", rows), (0x11, "US", columns), (0x22, "LO", NAME), (0x40, "CS", "G")),
            *((0x50, "SS", [1, 1]), (0x100, "US", 1), (0x102, "US", 0), (0x3000, "OW", bits)),
        )
        for number, vr, value in elements:
            film.add_new((group, number), vr, value)
    return film


def _big_endian(film: Dataset) -> bytes:
    film.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    for tag in ((0x7FE0, 0x0010), (0x6000, 0x3000), (0x6002, 0x3000)):
        film[tag].value = np.frombuffer(film[tag].value, "<u2").byteswap().tobytes()
        film[tag].VR = "OW"
    return part10(film)


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
    "a shutter of bits": lambda: part10(_masked()),
    "a shutter of bits, big endian": lambda: _big_endian(_masked()),
    "an enhanced window": lambda: _enhanced(
        "FrameVOILUTSequence", WindowCenter="1500", WindowWidth="2000"
    ),
    "an enhanced falling rescale": lambda: _enhanced(
        "PixelValueTransformationSequence",
        **{"RescaleSlope": "-1", "RescaleIntercept": "4095", "RescaleType": "US"},
    ),
    "enhanced oblong pixels": lambda: _enhanced(
        "PixelMeasuresSequence", PixelSpacing=["0.1", "0.2"]
    ),
    "an enhanced region": lambda: _enhanced(
        "FrameAnatomySequence", FrameLaterality="U", AnatomicRegionSequence=[_hand()]
    ),
    "an enhanced shutter": lambda: _enhanced(
        "FrameDisplayShutterSequence",
        **{"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [80, 80]},
        RadiusOfCircularShutter=70,
    ),
    "mirrored": lambda: dicom(PatientOrientation=["R", "F"]),
    "another class before it": lambda: _of_class_before(CTImageStorage),
    "a class before it alone": lambda: _of_class_before(MRImageStorage, SOPClassUID=""),
    "padding": lambda: dicom(PixelPaddingValue=0),
    "codes": _coded,
    "how somebody lay": lambda: part10(
        named(ViewPosition="AP", PatientOrientationCodeSequence=Sequence([_lying()]))
    ),
    "breathed out": lambda: part10(named(SeriesDescription="TORAX EN ESPIRACION, MORA")),
    "a view in words": lambda: part10(named(ViewPosition="", SeriesDescription="Chest lateral")),
    "several views": lambda: part10(named(ViewCodeSequence=_several())),
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


def test_the_day_of_the_film_is_not_in_what_is_kept() -> None:
    """It is the case's to keep: the date that an age needs is another one, and says so."""
    both: tuple[dict[str, Any], ...] = ({}, {"PatientBirthDate": "19600101"})
    for elements in both:
        data = dicom(StudyDate="20210203", AcquisitionDate="20210203", **elements)
        assert read(data).facts.taken_on == date(2021, 2, 3)
        content = keepable(data, readable=True).content
        assert read(content).facts.taken_on is None
        assert b"20210203" not in content


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


@pytest.mark.parametrize("kind", [kind for kind in FILMS if "enhanced" in kind or "bits" in kind])
def test_of_groups_and_planes_no_more_is_kept_than_reading_needs(kind: str) -> None:
    data = FILMS[kind]()
    kept = keepable(data, readable=True).content
    assert NAME.encode() in data
    assert NAME.encode() not in kept
    film = dcmread(BytesIO(kept))
    assert "SharedFunctionalGroupsSequence" not in film
    assert (0x6000, 0x3000) not in film


def test_a_hidden_part_stays_hidden_and_a_region_stays_named() -> None:
    """Pixel by pixel, and by the check, apart from comparing it with the original."""
    shown = read(keepable(FILMS["a shutter of bits"](), readable=True).content)
    assert shown.box is not None
    assert shown.box.left >= 160 // 3  # what is hidden is a margin, and cut off
    turned = keepable(FILMS["an enhanced falling rescale"](), readable=True).content
    assert np.allclose(read(turned).pixels, 1 - grey16(bits=12) / 4095, atol=1e-6)
    hand = check(read(keepable(FILMS["an enhanced region"](), readable=True).content))
    assert hand is not None
    assert hand.code is RefusalCode.NOT_CHEST
