"""DICOM on the offline page: what is shown, how it is written and what it says, as in Python."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForProcessing,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
)

import films
from offline_films import NOT_HERE, by_page, by_python, differences

pytestmark = pytest.mark.slow  # wants Node

SIZE = 128


def deep(bits: int = 12) -> np.ndarray:
    """Return a film of some bits."""
    return films.grey16(bits=bits, size=SIZE)


def implicit(**elements: Any) -> bytes:
    """Return a film without value representations."""
    film = films.dataset(deep(), **elements)
    film.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return films.part10(film)


def code(value: str, meaning: str) -> Sequence:
    """Return a code sequence of one item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return Sequence([item])


def raw(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return an element as it lies in a file, whatever it holds."""
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def data_set_of(data: bytes) -> int:
    """Return where the data set of a DICOM file begins."""
    return int(144 + struct.unpack_from("<I", data, 140)[0])


def same(folder: Path, cases: dict[str, bytes]) -> dict[str, Any]:
    """Assert that page and Python say the same of each; return it."""
    found = by_page(folder, cases)
    ours = {name: by_python(data) for name, data in cases.items()}
    codes = {name: {"code": answer["code"]} for name, answer in found.items() if "code" in answer}
    assert found | codes == ours
    return found


def test_windows_rescale_and_polarity(tmp_path: Path) -> None:
    edits: dict[str, dict[str, Any]] = {
        "plain": {},
        "window": {"WindowCenter": 2000, "WindowWidth": 1500},
        "narrow": {"WindowCenter": 1800.5, "WindowWidth": 1},
        "exact": {"WindowCenter": 1800, "WindowWidth": 900, "VOILUTFunction": "LINEAR_EXACT"},
        "several": {"WindowCenter": [1500, 900], "WindowWidth": [2000, 100]},
        "comma": {"WindowCenter": "1500.5", "WindowWidth": "2000.25"},
        "rescale": {"RescaleSlope": "0.7", "RescaleIntercept": "-1024"},
        "rescale-window": {
            **{"RescaleSlope": "1.3", "RescaleIntercept": "-1000"},
            **{"WindowCenter": 300, "WindowWidth": 1700},
        },
        "falling": {"RescaleSlope": "-1", "RescaleIntercept": "4095"},
        "nothing": {"RescaleSlope": "", "RescaleIntercept": 5},
        "width-0": {"WindowCenter": 5, "WindowWidth": 0},
        "mono1": {"PhotometricInterpretation": "MONOCHROME1"},
        "mono1-window": {
            **{"PhotometricInterpretation": "MONOCHROME1"},
            **{"WindowCenter": 2100, "WindowWidth": 3000},
        },
        "fuji": {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "IDENTITY"},
        "identity": {"PresentationLUTShape": "IDENTITY"},
        "inverse": {"PresentationLUTShape": "INVERSE"},
        "function": {"WindowCenter": 9, "WindowWidth": 9, "VOILUTFunction": "CUBIC"},
        "container": {"BitsStored": 16},
        "slope-0": {"RescaleSlope": 0, "RescaleIntercept": 0},
        "huge": {"RescaleSlope": "1e308", "RescaleIntercept": "1e308"},
    }
    cases = {name: films.dicom(deep(), **edit) for name, edit in edits.items()}
    cases["comma"] = cases["comma"].replace(b"1500.5", b"1500,5").replace(b"2000.25", b"2000,25")
    cases["implicit"] = implicit(WindowCenter=1000, WindowWidth=1600, PixelPaddingValue=0)
    found = same(tmp_path, cases)
    assert found["inverse"]["code"] == found["function"]["code"] == "unsupported_encoding"
    told = [answer.get("pixels") for answer in found.values()]
    assert len(set(told)) > 10  # many of them show another film
    sigmoid = films.dicom(deep(), WindowCenter=900, WindowWidth=500, VOILUTFunction="SIGMOID")
    assert by_page(tmp_path, {"sigmoid": sigmoid})["sigmoid"]["code"] == NOT_HERE


def test_tables(tmp_path: Path) -> None:
    rising = [int(value) for value in np.linspace(0, 4095, 4096) ** 1.4 / 30]
    eight = [value >> 8 for value in range(0, 65536, 16)]
    edits: dict[str, dict[str, Any]] = {
        "voi": {"VOILUTSequence": films.lut(rising, bits=12)},
        "voi-first": {"VOILUTSequence": films.lut(rising[:2000], first=900, bits=16)},
        "voi-8": {"VOILUTSequence": films.lut(eight, bits=8)},
        "voi-packed": {
            "VOILUTSequence": films.lut(
                [0x0100 * (v + 1) + v for v in range(0, 254, 2)], entries=254, bits=8
            )
        },
        "voi-short": {"VOILUTSequence": films.lut(rising[:3000], entries=4096)},
        "voi-too-short": {"VOILUTSequence": films.lut(rising[:300], entries=4096)},
        "voi-empty": {"VOILUTSequence": Sequence([Dataset()])},
        "voi-before-window": {
            **{"VOILUTSequence": films.lut(rising)},
            **{"WindowCenter": 10, "WindowWidth": 20},
        },
        "modality": {"ModalityLUTSequence": films.lut(rising, bits=16)},
        "modality-rescale": {
            **{"ModalityLUTSequence": films.lut(rising, bits=16)},
            **{"RescaleSlope": "-1", "RescaleIntercept": "4095"},
        },
        "modality-rescale-1": {
            **{"ModalityLUTSequence": films.lut(rising, bits=16)},
            **{"RescaleSlope": "1", "RescaleIntercept": "0"},
        },
        "modality-window": {
            **{"ModalityLUTSequence": films.lut(rising)},
            **{"WindowCenter": 1800, "WindowWidth": 2600},
        },
        "both": {
            **{"ModalityLUTSequence": films.lut(rising)},
            **{"VOILUTSequence": films.lut(list(range(4000)), first=20)},
        },
        "rescaled-voi": {
            **{"RescaleSlope": "0.5", "RescaleIntercept": "3"},
            **{"VOILUTSequence": films.lut(rising[:2500])},
        },
        "below-nought": {
            **{"RescaleSlope": "1", "RescaleIntercept": "-1024"},
            **{"VOILUTSequence": films.lut(rising, first=65536 - 1024)},
        },
    }
    teeth = [min(at % 800, 800 - at % 800) * 10 for at in range(4096)]
    edits |= {
        "voi-zigzag": {"VOILUTSequence": films.lut(teeth)},
        "modality-zigzag": {"ModalityLUTSequence": films.lut(teeth)},
        "voi-ragged": {"VOILUTSequence": films.lut([at + at % 2 * 20 for at in range(4076)])},
        "modality-units": {"ModalityLUTSequence": films.lut(rising)},
    }
    edits["modality-units"]["ModalityLUTSequence"][0].ModalityLUTType = "HU"
    cases = {name: films.dicom(deep(), **edit) for name, edit in edits.items()}
    for name in ("voi", "modality", "voi-8"):
        cases[f"{name}-implicit"] = implicit(**edits[name])
    found = same(tmp_path, cases)
    assert {name for name, answer in found.items() if "code" in answer} == {
        *("voi-too-short", "voi-empty", "modality-rescale"),
        *("voi-zigzag", "modality-zigzag", "modality-units"),
    }
    assert (
        found["voi-zigzag"]["detail"] == "VOI LUT Sequence (0028,3010), neither rising nor falling"
    )
    assert found["voi"]["pixels"] == found["voi-implicit"]["pixels"]


def test_depths_signs_and_bits_beyond(tmp_path: Path) -> None:
    signed = deep().astype(np.int16) - 2048
    below_nought = films.lut(list(range(4096)), bits=12)
    below_nought[0].add_new("LUTDescriptor", "US", [4096, 65536 - 2048, 12])
    padded = np.minimum(deep(), 3500)
    beside = padded.copy()
    padded[:, :70] = beside[:, :20] = 4095
    overlaid = deep() | np.where(np.arange(SIZE)[:, None] > 100, 0x8000, 0).astype(np.uint16)
    cases = {
        "eight": films.dicom(films.grey8(size=SIZE)),
        "ten": films.dicom(deep(10), BitsStored=10),
        "ten-of-16": films.dicom(deep(10), BitsStored=16),
        "sixteen": films.dicom(deep(16), BitsStored=16),
        "signed": films.dicom(signed),
        "signed-16": films.dicom(signed, BitsStored=16),
        "signed-window": films.dicom(signed, WindowCenter=-100, WindowWidth=900),
        "overlay": films.dicom(overlaid),
        "too-few-bits": films.dicom(deep(), BitsStored=10),
        "padding": films.dicom(deep(), PixelPaddingValue=5, PixelPaddingRangeLimit=200),
        "padding-signed": films.dicom(
            signed, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1900
        ),
        "padding-grey": films.dicom(deep(), PixelPaddingValue=1200, PixelPaddingRangeLimit=2400),
        "padding-half": films.dicom(padded, PixelPaddingValue=4095),
        "padding-beside": films.dicom(beside, PixelPaddingValue=4095),
        "padding-16": films.dicom(
            beside.astype(np.int16) + np.int16(28672),
            BitsStored=16,
            PixelPaddingValue=32767,
        ),
        "padding-only": films.dicom(
            np.full_like(padded, 5), BitsStored=16, PixelPaddingValue=5, PixelPaddingRangeLimit=9
        ),
        "units": films.dicom(deep(), RescaleType="HU", RescaleSlope=1, RescaleIntercept=-1024),
        "coloured": films.dicom(deep(), PixelPresentation="MIXED"),
        "big": films.big_endian_dicom(deep()),
        "big-window": films.big_endian_dicom(deep(), WindowCenter=900, WindowWidth=1000),
        "rle": films.rle_dicom(deep()),
        "rle-8": films.rle_dicom(films.grey8(size=SIZE)),
        "rgb": films.dicom(np.stack([films.grey8(size=SIZE)] * 3, axis=-1)),
        "high-bit": films.dicom(deep(), HighBit=15),
        "high-bit-upper": films.dicom(deep() << np.uint16(4), BitsStored=12, HighBit=15),
        "high-bit-neither": films.dicom(deep() * 3, BitsStored=12, HighBit=15),
        "wrapped": films.dicom(signed.view(np.uint16), BitsStored=16),
        "sign-16": films.dicom(deep(16).view(np.int16), BitsStored=16),
        "sign-12": films.dicom((signed & 0x0FFF).astype(np.uint16)),
        "sign-8": films.dicom(films.grey8(size=SIZE).view(np.int8)),
        "modality-below-nought": films.dicom(signed, ModalityLUTSequence=below_nought),
        "inverse": films.dicom(deep(), PresentationLUTShape="Inverse "),
        "small-letters": films.dicom(deep(), PhotometricInterpretation="monochrome2"),
        "presentation-lut": films.dicom(
            deep(), PresentationLUTSequence=[Dataset()], PresentationLUTShape=""
        ),
    }
    found = same(tmp_path, cases)
    refused = ("high-bit-neither", "wrapped", "presentation-lut", "inverse")
    assert found["units"]["code"] == "not_radiography"
    assert found["units"]["detail"] == "HU, Rescale Type (0028,1054)"
    assert found["padding-half"]["detail"] == "Pixel Padding Value (0028,0120), 55% of the film"
    assert "pixels" in found["padding-beside"]
    for name in (*refused, "padding-grey", "coloured", "sign-16", "sign-12", "sign-8"):
        assert found[name]["code"] == "unsupported_encoding"
    assert found["high-bit-upper"]["pixels"] == by_python(films.dicom(deep()))["pixels"]
    assert found["too-few-bits"]["code"] == "unsupported_encoding"
    assert found["big"]["pixels"] == by_python(films.dicom(deep()))["pixels"]


def test_other_orders_and_few_misstated_signs(tmp_path: Path) -> None:
    grey = films.grey8(size=SIZE)
    pairs = grey.reshape(SIZE, -1, 2)[..., ::-1].reshape(SIZE, SIZE)
    odd = np.ascontiguousarray(grey[:, :127]).ravel()
    odd[: odd.size // 2 * 2] = odd[: odd.size // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    away = np.hypot(*(np.indices((300, 300)) - 150))
    hill = np.exp(-((away / 75) ** 2) / 2) + np.random.default_rng(5).normal(0, 1 / 400, away.shape)
    few = np.rint(2940 - 3000 * hill).astype(np.int16)
    bright = np.rint(20000 + 13000 * hill).astype(np.int32)
    below = np.maximum(deep(10).astype(np.int32), 20)
    below[:14] = np.random.default_rng(3).integers(-20, 20, (14, SIZE))
    planes = np.ascontiguousarray(np.stack([grey] * 3)).reshape(SIZE, SIZE, 3)
    apart = np.minimum(deep() // 4, 500)
    apart[::2] = np.where(deep()[::2] > 2600, np.clip(deep()[::2], 3000, 4094), apart[::2])
    cases = {
        "border-12": films.dicom((below & 0x0FFF).astype(np.uint16)),
        "sign-untold": films.dicom(apart, PixelRepresentation=1),
        "pairs": films.dicom(pairs),
        "pairs-large": films.dicom(np.repeat(pairs, 5, axis=0)[:, :126].copy()),
        "pairs-odd": films.dicom(odd.reshape(SIZE, 127)),
        "pairs-rle": films.rle_dicom(pairs),
        "words": films.dicom(deep().byteswap(), BitsStored=16),
        "words-signed": films.dicom((deep().astype(np.int16) - 2048).byteswap(), BitsStored=16),
        "lengths": films.dicom(deep()[:, :110].copy(), Rows=110, Columns=SIZE),
        "few-16": films.dicom(few.view(np.uint16), BitsStored=16),
        "few-12": films.dicom(few.view(np.uint16)),
        "bright": films.dicom(bright.astype(np.uint16).view(np.int16), BitsStored=16),
        "colour-words": films.dicom(np.dstack([deep().byteswap()] * 3), BitsStored=16),
        "colour-planes": films.dicom(planes, PlanarConfiguration=0),
        "colour-pixels": films.dicom(np.dstack([grey] * 3), PlanarConfiguration=1),
        "colour-signed": films.dicom(np.dstack([grey.view(np.int8)] * 3)),
        "colour-bits": films.dicom(np.dstack([deep()] * 3), BitsStored=10),
        "sound-planes": films.dicom(planes, PlanarConfiguration=1),
        "sound-colour": films.dicom(np.dstack([deep()] * 3)),
        "sound-border": films.dicom(below.astype(np.int16)),
        "sound-cut": films.dicom(
            ((deep().astype(np.int32) - 2048) & 0x0FFF).astype(np.uint16), PixelRepresentation=1
        ),
        "sound-odd": films.dicom(np.ascontiguousarray(grey[:, :127])),
        "sound-oblong": films.dicom(deep()[:, :110].copy()),
        "sound-few": films.dicom(few, BitsStored=16),
        "sound-bright": films.dicom(bright.astype(np.uint16), BitsStored=16),
    }
    found = same(tmp_path, cases)
    told = [answer.get("code") for answer in found.values()]
    assert told == ["unsupported_encoding"] * 17 + [None] * 8
    assert found["sign-untold"]["detail"].startswith("12-bit values of unknown sign")
    assert found["sound-cut"]["pixels"] == by_python(films.dicom(deep()))["pixels"]


def test_what_enhanced_objects_and_old_words_say_is_not_read_here(tmp_path: Path) -> None:
    frame = Dataset()
    frame.FrameVOILUTSequence = Sequence([Dataset()])
    frame.FrameVOILUTSequence[0].WindowCenter = 900
    frame.FrameVOILUTSequence[0].WindowWidth = 1000
    signed = deep().astype(np.int32) - 2048
    filled = (signed & 0xFFFF).astype(np.uint16)
    cases = {
        "shared": films.dicom(deep(), SharedFunctionalGroupsSequence=Sequence([frame])),
        "frame": films.dicom(deep(), PerFrameFunctionalGroupsSequence=Sequence([frame])),
        "filled": films.dicom(filled, BitsStored=12, PixelRepresentation=0),
    }
    found = by_page(tmp_path, cases)
    assert {name: answer["code"] for name, answer in found.items()} == dict.fromkeys(
        cases, NOT_HERE
    )


def test_damaged_runs(tmp_path: Path) -> None:
    good = films.rle_dicom(deep())
    cases = {"cut": good[:-500], "good": good}
    rng = np.random.default_rng(5)
    start = good.index(b"\xfe\xff\x00\xe0", good.index(b"\xe0\x7f\x10\x00") + 16) + 8
    for number in range(24):
        broken = bytearray(good)
        broken[start + int(rng.integers(0, len(good) - start - 8))] ^= int(rng.integers(1, 256))
        cases[f"flipped-{number}"] = bytes(broken)
    assert not differences(tmp_path, cases)


def test_shutters_and_oblong_pixels(tmp_path: Path) -> None:
    rectangle = {
        **{"ShutterShape": "RECTANGULAR", "ShutterUpperHorizontalEdge": 11},
        **{"ShutterLowerHorizontalEdge": 120, "ShutterLeftVerticalEdge": 9},
        "ShutterRightVerticalEdge": 121,
    }
    circle = {
        **{"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [64, 60]},
        "RadiusOfCircularShutter": 58,
    }
    edits: dict[str, dict[str, Any]] = {
        "rectangle": rectangle,
        "circle": circle,
        "both": {**rectangle, **circle, "ShutterShape": ["RECTANGULAR", "CIRCULAR"]},
        "incomplete": {**rectangle, "ShutterLeftVerticalEdge": ""},
        "of-nothing": {**rectangle, "ShutterLowerHorizontalEdge": 5},
        "aspect": {"PixelAspectRatio": [4, 3]},
        "aspect-across": {"PixelAspectRatio": [2, 3]},
        "spacing": {"PixelSpacing": ["0.2", "0.25"]},
        "imager": {"ImagerPixelSpacing": ["0.3", "0.2"], "PixelSpacing": ["0.15", "0.1"]},
        "contradicting": {"PixelAspectRatio": [1, 1], "PixelSpacing": ["0.2", "0.25"]},
        "two-spacings": {"ImagerPixelSpacing": ["0.3", "0.2"], "PixelSpacing": ["0.1", "0.1"]},
        "rounded": {"PixelAspectRatio": [1, 1], "PixelSpacing": ["0.17", "0.168"]},
        "nearly": {"PixelSpacing": ["0.143", "0.1431"]},
        "absurd": {"PixelAspectRatio": [9, 1]},
        "circle-oblong": {**circle, "PixelSpacing": ["0.2", "0.25"]},
    }
    cases = {name: films.dicom(deep(), **edit) for name, edit in edits.items()}
    found = same(tmp_path, cases)
    for name in ("absurd", "contradicting", "two-spacings"):
        assert found[name]["code"] == "unsupported_encoding"
    assert found["spacing"]["facts"]["spacing_mm"] == [0.2, 0.2]
    assert found["rectangle"]["box"] == [10, 8, 120, 121]
    polygon = {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 1, 90, 90, 90]}
    data = films.dicom(deep(), **polygon)
    assert by_page(tmp_path, {"polygon": data})["polygon"]["code"] == NOT_HERE


def test_what_the_file_says(tmp_path: Path) -> None:
    modified, lying = code("272479007", "pa"), code("102538003", "recumbent")
    modified[0].ViewModifierCodeSequence = code("X", "Lordótica")
    lying[0].PatientOrientationModifierCodeSequence = code("40199007", "supine")
    regions = Sequence([*code("51185008", "Chest"), *code("72696002", "Knee")])
    edits: dict[str, dict[str, Any]] = {
        "age": {"PatientAge": "045Y", "PatientSex": "F"},
        "child": {"PatientAge": "004Y"},
        "months": {"PatientAge": "006M"},
        "words": {"PatientAge": "adulto"},
        "unread": {"PatientAge": "4x"},
        "dates": {"PatientBirthDate": "19700102", "StudyDate": "20200101"},
        "dates-child": {"PatientBirthDate": "20100102", "AcquisitionDate": "20200101"},
        "born": {"PatientBirthDate": "20200102"},
        "born-long-ago": {"PatientBirthDate": "19600102"},
        "reversed": {"PatientBirthDate": "20200102", "StudyDate": "19990101"},
        "no-date": {"PatientBirthDate": "ayer", "StudyDate": "20200101"},
        "both": {"PatientAge": "044Y", "PatientBirthDate": "20100101", "StudyDate": "20200101"},
        "taken": {"AcquisitionDateTime": "20210304101010.5", "StudyDate": "20200101"},
        "moved": {"StudyDate": "20200101", "LongitudinalTemporalInformationModified": "MODIFIED"},
        "no-day": {"StudyDate": "20200231"},
        "pa": {"ViewPosition": "PA"},
        "ap-lying": {"ViewPosition": "AP", "PatientPosition": "HFS"},
        "either": {"ViewPosition": ["PA", "LL"]},
        "lateral": {"ViewPosition": "LATERAL IZQ"},
        "view-code": {"ViewCodeSequence": code("272479007", "postero-anterior")},
        "view-words": {"ViewCodeSequence": code("X", "Perfil izquierdo")},
        "modified": {"ViewPosition": "PA", "ViewCodeSequence": modified},
        "beside": {"ViewPosition": "PA", "ViewModifierCodeSequence": code("399196006", "")},
        "lying": {"ViewPosition": "AP", "PatientOrientationCodeSequence": lying},
        "on-a-side": {"ViewPosition": "AP", "PatientPosition": "HFDL"},
        "breathed-out": {
            "SeriesDescription": "PA espiración",
            "SpecificCharacterSet": "ISO_IR 100",
        },
        "breathed": {"ViewModifierCodeSequence": code("X", "expiration")},
        "series-lateral": {"SeriesDescription": "CHEST LAT"},
        "series-decubitus": {"ProtocolName": "AP left lateral decubitus"},
        "series-both": {"SeriesDescription": "CHEST PA/LAT"},
        "series-pa": {"SeriesDescription": "CHEST LATERAL", "ViewPosition": "PA"},
        "two-regions": {"AnatomicRegionSequence": regions},
        "two-modalities": {"Modality": ["CR", "CT"]},
        "both-films": {"Modality": ["CR", "DX"], "PatientAge": ["045Y", "045Y"]},
        "orientation": {"PatientOrientation": ["P", "F"]},
        "mirrored": {"PatientOrientation": ["R", "F"]},
        "turned": {"PatientOrientation": ["F", "L"], "ViewPosition": "PA"},
        "upright": {"PatientOrientation": ["L", "F"]},
        "axial": {"PatientOrientation": ["L", "P"]},
        "half-said": {"PatientOrientation": "R"},
        "sex": {"PatientSex": "X"},
        "modality": {"Modality": "MR"},
        "no-modality": {"Modality": "", "SOPClassUID": CTImageStorage},
        "class-and-modality": {"Modality": "DX", "SOPClassUID": CTImageStorage},
        "luggage": {"Modality": "DX", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.501.2.1"},
        "part": {"BodyPartExamined": "KNEE", "ViewPosition": "PA"},
        "chest": {"BodyPartExamined": "TÓRAX", "SpecificCharacterSet": "ISO_IR 100"},
        "region": {"AnatomicRegionSequence": code("51185008", "Chest")},
        "region-knee": {
            "BodyPartExamined": "CHEST",
            "AnatomicRegionSequence": code("72696002", "Knee"),
        },
        "accents": {
            "SpecificCharacterSet": "ISO_IR 192",
            "AnatomicRegionSequence": code("1", "Región torácica"),
        },
        "side": {"ImageLaterality": "L", "Laterality": "R"},
        "long": {"BodyPartExamined": "CHEST" + "X" * 60},
        "spacing": {"ImagerPixelSpacing": ["0.143", "0.143"]},
        "spacing-odd": {"PixelSpacing": ["0.143", "-1"]},
    }
    cases = {name: films.dicom(deep(), **edit) for name, edit in edits.items()}
    cases |= {
        f"implicit-{name}": implicit(**edits[name]) for name in ("view-code", "region", "age")
    }
    found = same(tmp_path, cases)
    assert found["accents"]["facts"]["body_part"] == "REGIÓN TORÁCICA"
    assert found["child"]["check"] == "child"
    assert found["either"]["facts"]["projection"] == "L"
    assert found["mirrored"]["facts"]["turned"] == "RF"
    assert found["turned"]["facts"]["turned"] == "FL"
    assert found["axial"]["check"] == "not_frontal"
    assert found["class-and-modality"]["check"] == found["luggage"]["check"] == "not_radiography"
    assert found["unread"]["check"] == "age_unread"
    assert found["ap-lying"]["facts"]["projection"] == "AP Supine"


def test_phantoms_quality_control_and_animals(tmp_path: Path) -> None:
    request = Dataset()
    request.RequestedProcedureCodeSequence = code("1", "daily QC")
    edits: dict[str, dict[str, Any]] = {
        "stated": {"QualityControlImage": "YES"},
        "type": {"ImageType": ["ORIGINAL", "PRIMARY", "", "QC"]},
        "series": {"SeriesDescription": "CHEST PHANTOM"},
        "accent": {"ProtocolName": "Calibración", "SpecificCharacterSet": "ISO_IR 192"},
        "name": {"PatientName": "QC^TEST"},
        "number": {"PatientID": "QC"},
        "comment": {"ImageComments": "chest phantom"},
        "nested": {"RequestAttributesSequence": Sequence([Dataset(), request])},
        "code": {"ProcedureCodeSequence": code("1", "Fantoma")},
        "dog": {"PatientSpeciesDescription": "Canine"},
        "dog-code": {"PatientSpeciesCodeSequence": code("448771007", "Canis lupus familiaris")},
        "four-feet": {"AnatomicalOrientationType": "QUADRUPED"},
        "owned": {"ResponsiblePersonRole": "OWNER"},
        "seen-over": {"SeriesDescription": "CHEST PA QC"},
        "limb": {"StudyDescription": "Phantom limb pain"},
        "initials": {"PatientName": "Quispe^Carmen^QC", "PatientID": "QC-0123"},
        "greek": {"PatientName": "Ναι^Θ", "SpecificCharacterSet": "ISO_IR 126"},
        "person": {"PatientSpeciesCodeSequence": code("337915000", "")},
        "human": {"PatientSpeciesDescription": "Humano"},
        "taken-out": {"PatientSpeciesDescription": "Anonymized"},
        "remark": {"ImageComments": "no phantom", "PatientComments": "Phantom Hospital"},
        "hospital": {"StudyDescription": "Phantom Hospital"},
    }
    found = same(tmp_path, {name: films.dicom(deep(), **edit) for name, edit in edits.items()})
    told = {name: answer.get("code") for name, answer in found.items()}
    assert set(list(told.values())[:9]) == {"quality_control"}
    assert set(list(told.values())[9:13]) == {"animal"}
    assert set(list(told.values())[13:]) == {None}
    assert found["nested"]["detail"] == "QC, Request Attributes Sequence (0040,0275)"
    assert found["series"]["detail"] == "PHANTOM, Series Description (0008,103e)"


def test_pictures_made_from_films(tmp_path: Path) -> None:
    edits: dict[str, dict[str, Any]] = {
        "bone": {"ImageType": ["DERIVED", "PRIMARY", "", "BONE"]},
        "series": {"SeriesDescription": "Bone suppressed"},
        "accent": {"SeriesDescription": "Supresión ósea", "SpecificCharacterSet": "ISO_IR 192"},
        "coded": {"DerivationCodeSequence": code("1", "Rib suppression")},
        "raw": {"ImageType": ["ORIGINAL", "PRIMARY", "RAW"]},
        "layer": {"TomoType": "LINEAR"},
        "plain": {"ImageType": ["ORIGINAL", "PRIMARY"], "SeriesDescription": "no bone suppression"},
    }
    found = same(tmp_path, {name: films.dicom(deep(), **edit) for name, edit in edits.items()})
    told = [answer.get("code") for answer in found.values()]
    assert told == ["processed_picture"] * 4 + ["for_processing", "not_radiography", None]
    assert found["coded"]["detail"] == "RIB SUPPRESSION, Derivation Code Sequence (0008,9215)"


def test_characters_that_are_not_read_here(tmp_path: Path) -> None:
    meant = {
        "greek": {"SpecificCharacterSet": "ISO_IR 126", "meaning": "Θώρακας"},
        "python": {"SpecificCharacterSet": "utf_16", "meaning": "Chest"},
    }
    cases = {}
    for name, told in meant.items():
        film = films.dataset(deep(), SpecificCharacterSet="ISO_IR 192")
        film.ViewCodeSequence = code("1", told["meaning"])
        stated = told["SpecificCharacterSet"].ljust(10).encode()
        cases[name] = films.part10(film).replace(b"ISO_IR 192", stated)
    assert {answer["code"] for answer in by_page(tmp_path, cases).values()} == {NOT_HERE}


def pushed_out(count: int) -> bytes:
    """Return a film that ends in black, into whose pixels some bytes slipped."""
    black = deep()
    black[-4:] = 0
    film = films.dicom(black)
    return film[:-20_000] + b"\x55" * count + film[-20_000:]


def test_objects_that_are_no_film_to_read(tmp_path: Path) -> None:
    empty = films.dataset(deep(), PixelData=None, Rows=None)
    empty.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    cases = {
        "raw": films.dicom(deep(), PresentationIntentType="FOR PROCESSING"),
        "raw-class": films.dicom(deep(), SOPClassUID=DigitalXRayImageStorageForProcessing),
        "frames": films.dicom(deep(), NumberOfFrames=2),
        "one-frame": films.dicom(deep(), NumberOfFrames=1),
        "frame-0": films.dicom(deep(), NumberOfFrames=0),
        "small": films.dicom(deep()[:90, :90]),
        "no-bits": films.dicom(deep(), BitsStored=None),
        "rows-less": films.dicom(deep(), Rows=SIZE - 1),
        "columns-more": films.dicom(deep(), Columns=SIZE + 2),
        "samples": films.dicom(deep(), SamplesPerPixel=3),
        "report": films.part10(empty),
        "no-pixels": films.dicom(deep(), PixelData=None),
        "encrypted": films.dicom(
            deep(), PixelData=None, EncryptedAttributesSequence=Sequence([Dataset()])
        ),
        "behind": films.dicom(deep()) + b"\x01\x02\x03",
        "behind-zeros": (film := films.dicom(deep())) + bytes(-len(film) % 4),
        **{f"pushed-out-{n}": pushed_out(n) for n in (1, 3, 5, 7)},
        "late-element": films.dicom(deep()) + raw(0x00101010, b"AS", b"045Y"),
        "private-behind": films.dicom(deep()) + raw(0x7FE11010, b"LO", b"mark"),
        "odd-rows": films.dicom(deep()).replace(b"(\0\x10\0US\2\0", b"(\0\x10\0US\1\0", 1),
        "kind-unknown": films.dicom(deep()).replace(b"\x08\0\x60\0CS", b"\x08\0\x60\0ZZ"),
    }
    found = same(tmp_path, cases)
    told = {name: answer["code"] for name, answer in found.items() if "code" in answer}
    assert told == told | {
        **{"raw": "for_processing", "raw-class": "for_processing", "frames": "multi_frame"},
        **{"small": "too_small", "no-bits": "missing_element", "report": "no_pixels"},
        **{f"pushed-out-{n}": "truncated" for n in (1, 3, 5, 7)},
        **{"encrypted": "encrypted", "behind": "truncated", "late-element": "truncated"},
        **{"rows-less": "truncated", "columns-more": "truncated", "no-pixels": "truncated"},
    }
    assert not {"one-frame", "frame-0", "behind-zeros", "private-behind"} & set(told)


def test_files_without_their_header(tmp_path: Path) -> None:
    whole = films.dicom(deep())
    group = data_set_of(whole)
    cases = {
        "whole": whole,
        "no-preamble": whole[128:],
        "no-prefix": whole[132:],
        "data-set": whole[group:],
        "implicit": implicit()[data_set_of(implicit()) :],
        "mislabelled": whole.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0"),
        "cut-in-header": whole[:200],
        "cut-in-element": whole[: group + 30],
        "cut-in-pixels": whole[:-1000],
    }
    found = same(tmp_path, cases)
    assert found["no-preamble"]["pixels"] == found["whole"]["pixels"]
    assert found["data-set"]["pixels"] == found["whole"]["pixels"]
    assert found["mislabelled"]["pixels"] == found["whole"]["pixels"]
    assert {name for name, answer in found.items() if "code" in answer} == {
        *("cut-in-header", "cut-in-element", "cut-in-pixels"),
    }


def test_codings_that_are_not_read_here(tmp_path: Path) -> None:
    deflated = films.dataset(deep())
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    palette = films.dataset(films.grey8(size=SIZE), PhotometricInterpretation="PALETTE COLOR")
    colour = np.stack([films.grey8(size=SIZE)] * 3, axis=-1)
    cases = {
        "lossless": films.encapsulated(films.dataset(deep()), bytes(64), JPEGLosslessSV1),
        "j2k": films.j2k_dicom(deep(16)),
        "deflated": films.part10(deflated),
        "palette": films.part10(palette),
        "ybr": films.dicom(colour, PhotometricInterpretation="YBR_FULL"),
    }
    assert {answer["code"] for answer in by_page(tmp_path, cases).values()} == {NOT_HERE}
