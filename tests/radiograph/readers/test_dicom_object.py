"""What a DICOM file declares is held against what it contains; every transfer syntax."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.readers import gdcm_isolated

GREY = films.grey8()
DEEP = films.grey16(bits=12)
# A stream of 12 bits, of the phantom `films.grey16(bits=12, size=96)`. Neither Pillow nor GDCM
# writes such; DCMTK 3.6.7 did: `dcmcjpeg +ee +q 95`, then the frame alone.
TWELVE_BITS = Path(__file__).parents[1].joinpath("phantom-12-bit.jpg").read_bytes()


def refusal_of(data: bytes) -> RefusalCode:
    with pytest.raises(RadiographError) as caught:
        read(data)
    return caught.value.refusal.code


def test_native_syntaxes_give_the_same_film() -> None:
    reference = read(films.dicom(DEEP)).pixels
    assert np.allclose(reference, DEEP / 4095, atol=1e-6)
    assert np.array_equal(read(films.big_endian_dicom(DEEP)).pixels, reference)
    for syntax in (ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        film = films.dataset(DEEP)
        film.file_meta.TransferSyntaxUID = syntax
        assert np.array_equal(read(films.part10(film)).pixels, reference), syntax.name


def test_compressed_syntaxes_that_pillow_and_pydicom_read() -> None:
    assert np.array_equal(read(films.rle_dicom(DEEP)).pixels, read(films.dicom(DEEP)).pixels)
    deep = films.grey16()
    assert np.allclose(read(films.j2k_dicom(deep)).pixels, deep / 65535, atol=1e-6)
    assert np.abs(read(films.jpeg_dicom(GREY)).pixels - GREY / 255).mean() < 0.02


# GDCM both writes and reads these; the comparison is with the samples, not with a second reading.
@pytest.mark.parametrize(
    "syntax", [JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless]
)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_syntaxes_that_gdcm_reads(syntax: str, bits: int, tmp_path: Path) -> None:
    samples = GREY if bits == 8 else films.grey16(bits=bits)
    film = read(films.gdcm_dicom(samples, bits, syntax, tmp_path))
    assert np.allclose(film.pixels, samples / ((1 << bits) - 1), atol=1e-6)


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEGExtended12Bit])
def test_damaged_streams_end_in_a_refusal_not_a_crash(
    syntax: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """GDCM in this process dies of some of these; that is why it has one of its own."""
    deep = films.grey16(bits=12, size=96)
    if syntax == JPEGExtended12Bit:
        whole = films.encapsulated(films.dataset(deep), TWELVE_BITS, syntax)
    else:
        whole = films.gdcm_dicom(deep, 12, syntax, tmp_path)
    capfd.readouterr()
    start = whole.index(b"\xff\xd8\xff")
    rng = np.random.default_rng(5)
    for turn in range(12):
        broken = bytearray(whole)
        reach = 60 if turn % 2 else len(whole) - start
        for at in rng.integers(start + 2, start + reach, size=3):
            broken[at] = int(rng.integers(256))
        try:
            film = read(bytes(broken))
        except RadiographError:
            continue
        assert film.pixels.shape == deep.shape
    assert capfd.readouterr().err == ""


def test_half_a_lossless_stream_is_refused(tmp_path: Path) -> None:
    whole = films.gdcm_dicom(DEEP, 12, JPEGLosslessSV1, tmp_path)
    start, end = whole.index(b"\xff\xd8\xff"), whole.rindex(b"\xff\xd9")
    frame = whole[start:end]
    for share in (0.3, 0.6, 0.9):
        half = frame[: int(len(frame) * share)] + b"\xff\xd9"
        film = films.dataset(DEEP)
        assert refusal_of(films.encapsulated(film, half, JPEGLosslessSV1)) is RefusalCode.TRUNCATED


def test_a_worker_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = films.gdcm_dicom(DEEP, 12, JPEGLosslessSV1, tmp_path)
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(gdcm_isolated, "_WORKER", sleeper)
    monkeypatch.setattr(gdcm_isolated, "_idle", [])
    monkeypatch.setattr(gdcm_isolated, "_TIMEOUT_SECONDS", 0.5)
    with pytest.raises(RadiographError, match="did not finish") as caught:
        read(whole)
    assert caught.value.refusal.code is RefusalCode.TRUNCATED


def test_a_crash_harms_only_its_film(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = films.gdcm_dicom(DEEP, 12, JPEGLosslessSV1, tmp_path)
    monkeypatch.setattr(gdcm_isolated, "_idle", [])
    assert np.array_equal(read(whole).pixels, read(films.dicom(DEEP)).pixels)
    (worker,) = gdcm_isolated._idle
    worker._process.kill()
    worker._process.wait()
    with pytest.raises(RadiographError, match="the decoder ended") as caught:
        read(whole)
    assert caught.value.refusal.code is RefusalCode.TRUNCATED
    assert gdcm_isolated._idle == []
    assert np.array_equal(read(whole).pixels, read(films.dicom(DEEP)).pixels)


def test_one_worker_serves_film_after_film(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = films.gdcm_dicom(DEEP, 12, JPEGLosslessSV1, tmp_path)
    monkeypatch.setattr(gdcm_isolated, "_idle", [])
    read(whole)
    (first,) = gdcm_isolated._idle
    half = films.encapsulated(
        films.dataset(DEEP), whole[whole.index(b"\xff\xd8\xff") : -2000], JPEGLosslessSV1
    )
    read(whole)
    assert gdcm_isolated._idle == [first]
    refusal_of(half)
    assert gdcm_isolated._idle == [], "one that met a damaged film is not used again"


def test_registering_twice_is_harmless() -> None:
    gdcm_isolated.register()
    gdcm_isolated.register()
    assert gdcm_isolated.is_available(JPEGLosslessSV1)
    assert not gdcm_isolated.is_available(JPEG2000)


def test_12_bit_jpeg_extended_is_read() -> None:
    deep = np.rint(draw_phantom(1, size=96).pixels * 4095).astype(np.uint16)
    film = read(films.encapsulated(films.dataset(deep), TWELVE_BITS, JPEGExtended12Bit))
    assert film.facts.bits == 12
    assert np.abs(film.pixels - deep / 4095).mean() < 0.001
    assert np.abs(film.pixels - deep / 4095).max() < 0.01


def test_12_bit_jpeg_extended_gives_the_numbers_of_another_decoder() -> None:
    data = Path(str(get_testdata_file("JPGExtended.dcm", download=False))).read_bytes()
    stored = np.rint(films.whole(data) * 4095).astype(int)
    assert stored.shape == (1024, 256)
    # Printed by DCMTK 3.6.7 (`dcmdjpeg`).
    assert stored.sum() == 3_767_007
    assert stored[420, 140:146].tolist() == [244, 242, 249, 260, 218, 219]


def test_12_bit_jpeg_that_is_cut_off_or_contradicted_is_refused() -> None:
    film = films.dataset(films.grey16(bits=12, size=96))
    half = TWELVE_BITS[: len(TWELVE_BITS) // 2] + b"\xff\xd9"
    assert refusal_of(films.encapsulated(film, half, JPEGExtended12Bit)) is RefusalCode.TRUNCATED
    small = films.dataset(films.grey8(size=96))
    shallow = films.encapsulated(small, TWELVE_BITS, JPEGExtended12Bit)
    assert refusal_of(shallow) is RefusalCode.TRUNCATED
    baseline = films.encapsulated(film, TWELVE_BITS, JPEGBaseline8Bit)
    assert refusal_of(baseline) is RefusalCode.UNSUPPORTED


def test_jpeg_of_another_depth_is_refused_by_name() -> None:
    frame = bytearray(TWELVE_BITS)
    frame[frame.index(b"\xff\xc1") + 4] = 10
    film = films.dataset(films.grey16(bits=12, size=96))
    with pytest.raises(RadiographError, match="10 bits") as caught:
        read(films.encapsulated(film, bytes(frame), JPEGExtended12Bit))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


@pytest.mark.parametrize("bits", [8, 12])
def test_jpeg_in_a_data_set_of_signed_samples_is_refused(bits: int) -> None:
    """Read as signed, the brighter half of the film would come out darkest."""
    pixels = GREY if bits == 8 else films.grey16(bits=12, size=96)
    frame = films.picture(GREY, "JPEG", quality=95) if bits == 8 else TWELVE_BITS
    film = films.dataset(pixels, PixelRepresentation=1)
    data = films.encapsulated(film, frame, JPEGExtended12Bit)
    with pytest.raises(RadiographError, match="signed") as caught:
        read(data)
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


def test_8_bit_jpeg_extended_is_read() -> None:
    frame = films.picture(GREY, "JPEG", quality=95)
    film = read(films.encapsulated(films.dataset(GREY), frame, JPEGExtended12Bit))
    assert np.abs(film.pixels - GREY / 255).mean() < 0.02


@pytest.mark.parametrize("count", [1, 3, 5, 7])
def test_black_pixels_that_were_pushed_out_are_missed(count: int) -> None:
    """Bytes slipped into words of 16 bits: below them high and low bytes change places."""
    black = films.grey16(bits=12)
    black[-4:] = 0
    film = films.dicom(black)
    read(film)
    read(film + bytes(-len(film) % 4))  # a file may be filled up
    with pytest.raises(RadiographError) as error:
        read(film[:-20_000] + b"\x55" * count + film[-20_000:])
    assert error.value.refusal.code is RefusalCode.TRUNCATED


@pytest.mark.parametrize("excess", [0, 1, 2, 64])
def test_a_few_bytes_of_padding_are_borne(excess: int) -> None:
    film = films.dataset(DEEP)
    film.PixelData += bytes(excess)
    assert np.array_equal(read(films.part10(film)).pixels, read(films.dicom(DEEP)).pixels)


@pytest.mark.parametrize("rows", [159, 161, 100, 320])
def test_rows_that_lie_are_refused(rows: int) -> None:
    assert refusal_of(films.dicom(DEEP, Rows=rows)) is RefusalCode.TRUNCATED


def test_rows_and_columns_that_swap_in_a_compressed_film_are_refused() -> None:
    wide = films.grey8(size=160, height=120)
    frame = films.picture(wide, "JPEG")
    film = films.dataset(wide, Rows=160, Columns=120)
    assert refusal_of(films.encapsulated(film, frame, JPEGBaseline8Bit)) is RefusalCode.TRUNCATED


def test_a_stream_of_another_coding_is_refused() -> None:
    frame = films.picture(GREY, "JPEG2000", no_jp2=True)
    film = films.dataset(GREY)
    assert refusal_of(films.encapsulated(film, frame, JPEGBaseline8Bit)) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("frames", [None, 1])
@pytest.mark.parametrize("coding", ["JPEG", "JPEG 2000", "one fragment", "filled up"])
def test_a_second_film_that_the_file_does_not_tell_of_is_several(
    coding: str, frames: int | None
) -> None:
    """Decoders show the first of them."""
    stated = {} if frames is None else {"NumberOfFrames": frames}
    kind, syntax, more = "JPEG", JPEGBaseline8Bit, {"quality": 95}
    if coding == "JPEG 2000":
        kind, syntax, more = "JPEG2000", JPEG2000Lossless, {"no_jp2": True}
    first, second = films.picture(GREY, kind, **more), films.picture(255 - GREY, kind, **more)
    assert read(films.encapsulated(films.dataset(GREY, **stated), first, syntax)).pixels.any()
    film = films.dataset(GREY, **stated)
    if coding in ("one fragment", "filled up"):
        joined = first + (bytes(2) if coding == "filled up" else b"") + second
        data = films.encapsulated(film, joined, syntax)
    else:
        film.file_meta.TransferSyntaxUID = syntax
        film.PixelData = encapsulate([first, second], has_bot=False)
        film["PixelData"].VR, film["PixelData"].is_undefined_length = "OB", True
        data = films.part10(film)
    assert refusal_of(data) is RefusalCode.MULTI_FRAME


def test_fragments_and_a_preview_within_a_jpeg_are_one_film() -> None:
    frame = films.picture(GREY, "JPEG", quality=95)
    preview = b"Exif\0\0" + films.picture(GREY[::4, ::4], "JPEG") + b"\0"
    marker = b"\xff\xe1" + (len(preview) + 2).to_bytes(2) + preview
    film = films.dataset(GREY)
    film.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    half = len(frame) // 4 * 2
    plain = films.encapsulated(films.dataset(GREY), frame, JPEGBaseline8Bit)
    for data in (
        films.encapsulated(film, frame[:2] + marker + frame[2:], JPEGBaseline8Bit),
        plain.replace(
            len(frame + b"\0" * (len(frame) % 2)).to_bytes(4, "little") + frame,
            b"".join(
                (
                    half.to_bytes(4, "little") + frame[:half],
                    bytes.fromhex("feff00e0"),
                    (len(frame) + len(frame) % 2 - half).to_bytes(4, "little") + frame[half:],
                )
            ),
        ),
    ):
        assert np.array_equal(read(data).pixels, read(plain).pixels)


def test_encrypted_attributes_matter_only_without_pixels() -> None:
    from pydicom import Dataset

    hidden = {"EncryptedAttributesSequence": [Dataset()]}
    assert read(films.dicom(DEEP, **hidden)).pixels.shape == DEEP.shape
    assert refusal_of(films.dicom(DEEP, PixelData=None, **hidden)) is RefusalCode.ENCRYPTED


@pytest.mark.parametrize("name", ["test-SR.dcm", "rtplan.dcm", "waveform_ecg.dcm"])
def test_objects_that_are_no_image(name: str) -> None:
    path = get_testdata_file(name, download=False)
    with pytest.raises(RadiographError) as caught:
        read(str(path))
    assert caught.value.refusal.code is RefusalCode.NO_PIXELS


def test_every_bundled_dicom_is_read_or_refused() -> None:
    folder = Path(str(get_testdata_file("CT_small.dcm", download=False))).parent
    seen = {"read": 0, "refused": 0}
    for path in sorted(folder.glob("*.dcm")):
        try:
            read(path)
            seen["read"] += 1
        except RadiographError:
            seen["refused"] += 1
    assert seen["read"] >= 25
    assert seen["refused"] >= 30


def test_the_installed_interpreter_can_start_the_worker() -> None:
    assert shutil.which(sys.executable)
    assert gdcm_isolated._WORKER.is_file()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_signed_values_are_told_in_either_order_of_bytes(syntax: str) -> None:
    """Words of big endian have another type in numpy, and went unlooked at."""
    words = films.grey16(bits=12)
    dark = np.unravel_index(words[8:-8, 8:-8].argmin(), (144, 144))
    words[dark[0] + 8, dark[1] + 8] = 65331  # -205
    made = films.dataset(words, BitsStored=12, HighBit=11, PixelRepresentation=0)
    made.file_meta.TransferSyntaxUID = UID(syntax)
    order = ">u2" if syntax == ExplicitVRBigEndian else "<u2"
    made.PixelData = words.astype(order).tobytes()
    with pytest.raises(RadiographError, match="signed values, Pixel Representation 0"):
        read(films.part10(made))
