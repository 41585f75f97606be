"""What the page's modules of reading decide by is Python's own, in words that JSON knows."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Any

import numpy as np
import pytest
from pydicom.tag import Tag

from covid_d.offline.facts_radiograph import CONSTANTS, javascript, plain, radiograph_facts
from covid_d.radiograph import seams, steps
from covid_d.radiograph.film import Projection


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What is told, as it comes out of a file."""
    read: dict[str, Any] = json.loads(json.dumps(radiograph_facts(), allow_nan=False))
    return read


def test_every_room_tells_its_constants_without_underscores(told: dict[str, Any]) -> None:
    for room, names in CONSTANTS.items():
        assert set(told[room.rpartition(".")[2]]) == {name.lstrip("_") for name in names}


def test_rooms_of_one_name_would_hide_each_other() -> None:
    names = [room.rpartition(".")[2] for room in CONSTANTS]
    assert len(set(names)) == len(names)
    assert not {"dicom_elements", "dicom_known", "png", "combining"} & set(names)


def test_numbers_are_the_rooms_own(told: dict[str, Any]) -> None:
    assert told["seams"]["SHARE"] == seams.SHARE
    assert told["steps"]["LIMIT"] == steps.LIMIT
    assert told["steps"]["LONE"] == 1.25  # NumPy's float32 there
    assert told["limits"]["MAX_BYTES"] == 256 * 1024 * 1024
    assert told["limits"]["MIN_SIDE"] == 96
    assert told["ages"]["ADULT_YEARS"] == 18
    assert told["prepare"]["PERCENTILES"] == [0.5, 99.5]
    assert [ink["jump"] for ink in told["strokes"]["INKS"]] == [18, 25, 40, 60]


def test_views_and_body_parts_are_whole(told: dict[str, Any]) -> None:
    assert told["views"]["OF_CODE"]["399067008"] == "L"
    assert {view for view, _ in told["views"]["WORDS"]} == {view.value for view in Projection}
    assert "51185008" in told["body_parts"]["CHEST_CODES"]
    assert "TORAX" in told["body_parts"]["CHEST"]
    assert told["ages"]["UNITS"]["MESES"] == pytest.approx(1 / 12)


def test_marks_of_files_are_hexadecimal(told: dict[str, Any]) -> None:
    assert ["89504e470d0a1a0a", "PNG"] in told["picture"]["MAGIC"]
    assert told["dicom"]["PREFIX"] == b"DICM".hex()
    assert ["255044462d", "PDF"] in told["foreign"]["DOCUMENTS"]


def test_elements_have_tag_representation_and_name(told: dict[str, Any]) -> None:
    tag, vr, name = told["dicom_elements"]["BitsStored"]
    assert Tag(tag) == (0x0028, 0x0101)
    assert vr == "US"
    assert name == "Bits Stored (0028,0101)"
    assert told["dicom_elements"]["PixelPaddingValue"][1] == "US or SS"
    for keyword in told["dicom_object"]["NEEDED"]:
        assert keyword in told["dicom_elements"]
    for keyword in told["dicom_geometry"]["SPACINGS"] + told["dicom_facts"]["TAKEN"]:
        assert keyword in told["dicom_elements"]


def test_of_dicom_the_page_knows_syntaxes_and_sequences(told: dict[str, Any]) -> None:
    known = told["dicom_known"]
    assert known["syntaxes"]["1.2.840.10008.1.2.5"] == "RLE Lossless"
    assert known["uids"]["implicit"] == "1.2.840.10008.1.2"
    assert Tag("VOILUTSequence") in known["sequences"]
    assert Tag("Rows") not in known["sequences"]
    assert {"OB", "SQ", "UN", "UT"} <= set(known["long"]) <= set(known["representations"])
    assert "CS" in known["texts"]
    assert "1.2.840.10008.5.1.4.1.1.1" in known["image_classes"]
    assert "1.2.840.10008.5.1.4.1.1.88.11" not in known["image_classes"]


def test_what_combines(told: dict[str, Any]) -> None:
    def combines(letter: str) -> bool:
        return any(first <= ord(letter) <= last for first, last in told["combining"])

    assert combines("\u0301")  # acute accent
    assert combines("\u0303")  # tilde
    assert not combines("\ufe0f")  # a variation selector stays, as in Python
    assert not combines("a")
    assert not combines("ñ")


def test_what_json_does_not_know_is_told_in_its_words() -> None:
    class Kind(Enum):
        ONE = "one"

    given = {Kind.ONE: (1, 2.5, None, True), "set": frozenset("ba"), "bytes": b"\x01\xff"}
    expected = {"one": [1, 2.5, None, 1], "set": ["a", "b"], "bytes": "01ff"}
    assert plain(given) == expected
    assert plain(np.float32(0.5)) == 0.5
    with pytest.raises(TypeError, match="object"):
        plain(object())


@pytest.mark.parametrize(
    ("pattern", "source"),
    [
        (re.compile("A+"), "A+"),
        (re.compile(r"\d\w", re.ASCII), r"\d\w"),
        (re.compile(r"\d\w"), r"\p{Nd}[\p{L}\p{N}_]"),
        (re.compile(r"[^\w\s]"), r"[^\p{L}\p{N}_\s]"),
    ],
)
def test_patterns_speak_of_all_letters_as_pythons_do(pattern: re.Pattern[str], source: str) -> None:
    assert javascript(pattern) == {"source": source, "flags": "u"}


def test_ends_of_words_and_capitals() -> None:
    told = javascript(re.compile(r"\bab", re.IGNORECASE))
    assert told["flags"] == "iu"
    assert r"(?<![\p{L}\p{N}_])(?=[\p{L}\p{N}_])" in told["source"]
    assert r"\b" not in told["source"]
