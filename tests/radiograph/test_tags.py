"""What a file says of its film is told in the standard's words, its patient never."""

from __future__ import annotations

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from covid_d.radiograph.strip import keepable
from covid_d.radiograph.tags import Tag, stated_tags
from films import dicom, grey8, lut, picture

SECRETS = ("QUISPE", "1710034065", "HOSPITAL", "1.2.826.0.1", "19600102", "20210203", "Privado")


def _whole() -> bytes:
    item = Dataset()
    item.PatientName = "QUISPE^ROSA"
    return dicom(
        PatientName="QUISPE^ROSA",
        PatientID="1710034065",
        PatientBirthDate="19600102",
        StudyDate="20210203",
        InstitutionName="HOSPITAL",
        ViewPosition="PA",
        BodyPartExamined="CHEST",
        ImagerPixelSpacing=[0.143, 0.143],
        WindowCenter=2047.5,
        WindowWidth=4096,
        VOILUTSequence=lut([0, 1, 2, 3]),
        OriginalAttributesSequence=Sequence([item]),
        ImageComments="Privado",
    )


def test_what_is_told() -> None:
    told = {tag.name: tag for tag in stated_tags(_whole())}
    assert told["View Position"] == Tag("(0018,5101)", "View Position", "PA")
    assert told["Body Part Examined"].value == "CHEST"
    assert told["Imager Pixel Spacing"].value == "0.143 \\ 0.143"
    assert float(told["Window Width"].value) == 4096
    assert told["Modality"].number == "(0008,0060)"
    assert told["Rows"].value == "160"
    assert "Pixel Data" not in told


@pytest.mark.parametrize("stripped", [False, True])
def test_nobody_is_named(stripped: bool) -> None:
    data = _whole()
    if stripped:
        data = keepable(data, readable=True).content
    told = stated_tags(data)
    assert len(told) > 8
    words = " ".join(f"{tag.name} {tag.value}" for tag in told)
    for secret in SECRETS:
        assert secret not in words
    for name in ("Patient's Birth Date", "Study Date", "De-identification Method"):
        assert name not in {tag.name for tag in told}, "a stand-in is nothing that the file said"


def test_they_come_in_the_order_of_the_standard() -> None:
    numbers = [tag.number for tag in stated_tags(_whole())]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("view", "told"), [("P\x1bA", "PA"), ("", None), ("x" * 300, "x" * 119 + "…")]
)
def test_words_are_printable_and_short(view: str, told: str | None) -> None:
    found = {tag.name: tag.value for tag in stated_tags(dicom(BodyPartExamined=view))}
    assert found.get("Body Part Examined") == told


@pytest.mark.parametrize("data", [b"", b"nothing", picture(grey8()), bytes(128) + b"DICM"])
def test_what_is_no_dicom_says_nothing(data: bytes) -> None:
    assert stated_tags(data) == []
