"""Damaged coded pixels: refused in every format, whatever the decoder makes of them."""

from __future__ import annotations

import contextlib
import gzip
import struct
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

import films
import jpeg_scans
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.sound import (
    MOST_SCANS,
    fills_up,
    inflated,
    require_all_scans,
    require_sound_jpeg,
    require_sound_rle,
    require_sound_webp,
    sound_grey_jpeg,
)

CASES = Path(__file__).parents[4] / "shared" / "cases" / "damaged"
GREY = films.grey8(size=256)
DEEP = films.grey16(bits=12, size=200)


def code_of(data: bytes) -> RefusalCode | None:
    try:
        read(data)
    except RadiographError as error:
        return error.refusal.code
    return None


@pytest.mark.real
@pytest.mark.parametrize("path", sorted(CASES.glob("*")), ids=lambda path: path.name)
def test_damaged_films_that_were_answered_once(path: Path) -> None:
    assert code_of(path.read_bytes()) is RefusalCode.TRUNCATED


def without(data: bytes, share: float, length: int) -> bytes:
    """Return coded data that lacks some bytes, this far into it."""
    at = int(len(data) * share)
    return data[:at] + data[at + length :]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "JPEG in TIFF", "JPEG in DICOM"])
def test_jpeg_that_its_decoder_warns_of_is_damaged(kind: str, progressive: bool) -> None:
    sound = films.picture(GREY, "JPEG", quality=90, progressive=progressive)
    if kind == "JPEG in TIFF":
        sound = films.picture(GREY, "TIFF", compression="jpeg")
    elif kind == "JPEG in DICOM":
        sound = films.jpeg_dicom(GREY)
    assert code_of(sound) is None
    if kind == "JPEG in TIFF":  # bytes that move would break the directory behind
        at = len(sound) // 2
        damaged = sound[:at] + bytes(40) + sound[at + 40 :]
    else:
        damaged = without(sound, 0.3, 400)
    assert code_of(damaged) is RefusalCode.TRUNCATED


def test_four_components_are_looked_at_too() -> None:
    cmyk = films.picture(Image.fromarray(GREY).convert("CMYK"), "JPEG")
    require_sound_jpeg(cmyk, components=4)
    with pytest.raises(ValueError, match="Corrupt"):
        require_sound_jpeg(without(cmyk, 0.7, 30), components=4)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 40}, {"optimize": 1}])
@pytest.mark.parametrize("shape", [(256, 256), (250, 231), (97, 400)])
def test_a_grey_jpeg_gives_the_very_samples_of_pillow(
    shape: tuple[int, int], options: dict[str, int]
) -> None:
    data = films.picture(GREY[: shape[0], : shape[1]], "JPEG", **options)
    with Image.open(BytesIO(data)) as picture:
        wanted = np.asarray(picture)
    found = sound_grey_jpeg(data)
    assert found is not None
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("progressive", [False, True])
def test_what_is_checked_small_is_checked_at_full_size_alike(
    progressive: bool, share: float
) -> None:
    damaged = without(films.picture(GREY, "JPEG", progressive=progressive), share, 300)
    with pytest.raises(ValueError, match=r"\w") as small:
        require_sound_jpeg(damaged, components=1)
    with pytest.raises(ValueError, match=r"\w") as whole:
        sound_grey_jpeg(damaged)
    assert str(whole.value) == str(small.value)


def packed(rows: list[bytes], *, apart: bool = True) -> bytes:
    """Return an RLE segment of literal runs, written from PS3.5 G.3.1."""
    coded = b""
    for part in rows if apart else [b"".join(rows)]:
        for at in range(0, len(part), 128):
            run = part[at : at + 128]
            coded += bytes([len(run) - 1]) + run
    return coded + b"\0" * (len(coded) % 2)


def frame(*segments: bytes) -> bytes:
    offsets = [64]
    for segment in segments[:-1]:
        offsets.append(offsets[-1] + len(segment))
    header = struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(offsets)))
    return header + b"".join(segments)


ROWS = [bytes(range(200)) for _ in range(200)]


def test_sound_rle_passes_whether_or_not_it_keeps_rows_apart() -> None:
    require_sound_rle(frame(packed(ROWS), packed(ROWS)), rows=200, columns=200)
    require_sound_rle(frame(packed(ROWS, apart=False)), rows=200, columns=200)
    replicated = frame(bytes([257 - 100, 7]) * 400)  # two runs of a hundred a row
    require_sound_rle(replicated, rows=200, columns=200)


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (packed(ROWS[:-1]), "ends after"),
        (packed([*ROWS, ROWS[0]]), "ends at byte"),
        (packed([*ROWS[:100], ROWS[0] + ROWS[1], *ROWS[102:]]), "leaves row 100"),
        (packed(ROWS) + b"\0\0", "ends at byte"),
    ],
)
def test_rle_that_ends_early_or_late_or_loses_its_rows_is_damaged(
    segment: bytes, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        require_sound_rle(frame(segment), rows=200, columns=200)


def test_rle_dicom_that_lacks_bytes_is_damaged() -> None:
    sound = films.rle_dicom(DEEP)
    assert code_of(sound) is None
    at = len(sound) // 2
    assert code_of(sound[:at] + sound[at + 6 :] + bytes(6)) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("raw", [True, False])
def test_deflate_must_end_with_its_data(raw: bool) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15 if raw else 15)
    stream = packer.compress(GREY.tobytes()) + packer.flush()
    assert b"".join(inflated(stream, raw=raw)) == GREY.tobytes()
    assert b"".join(inflated(stream + b"\0", raw=raw)) == GREY.tobytes()
    for damaged in (stream[:-20], stream + b"more"):
        with pytest.raises(ValueError, match="deflate"):
            list(inflated(damaged, raw=raw))


def test_a_bare_deflate_stream_may_carry_gzips_checksum_which_must_be_right() -> None:
    """RFC 1952: what is between gzip's head of ten bytes and its end of eight is bare."""
    packed = gzip.compress(GREY.tobytes(), mtime=0)
    bare, end = packed[10:-8], packed[-8:]
    for behind in (b"", end, end + b"\0"):
        assert b"".join(inflated(bare + behind, raw=True)) == GREY.tobytes()
    for at in range(8):
        wrong = end[:at] + bytes([end[at] ^ 1]) + end[at + 1 :]
        with pytest.raises(ValueError, match="8 bytes behind"):
            list(inflated(bare + wrong, raw=True))
    with pytest.raises(ValueError, match="behind a deflate"):
        list(inflated(zlib.compress(GREY.tobytes()) + end, raw=False))


def test_a_deflated_dicom_of_pydicoms_own_files_is_sound() -> None:
    data = Path(get_testdata_file("image_dfl.dcm")).read_bytes()
    assert code_of(data) is not RefusalCode.TRUNCATED
    assert code_of(data[:-1] + b"\1") is RefusalCode.TRUNCATED


def test_a_deflated_dicom_with_more_behind_its_end_is_damaged() -> None:
    film = films.dataset(DEEP)
    film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    sound = films.part10(film)
    assert code_of(sound) is None
    assert code_of(sound + b"and more") is RefusalCode.TRUNCATED
    assert code_of(sound[:-30]) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("options", [{"quality": 85}, {"quality": 20}, {"lossless": True}])
@pytest.mark.parametrize("size", [(96, 96), (160, 131), (333, 300)])
def test_sound_webp_misses_its_last_bytes(options: dict[str, int], size: tuple[int, int]) -> None:
    picture = Image.fromarray(GREY).resize(size)
    require_sound_webp(films.picture(picture, "WEBP", **options))


def test_lossless_webp_is_refused_since_nothing_tells_whether_it_is_whole() -> None:
    data = films.picture(films.grey8(size=256), "WEBP", lossless=True)
    with pytest.raises(RadiographError) as caught:
        read(data)
    refusal = caught.value.refusal
    assert refusal.code is RefusalCode.UNSUPPORTED
    assert "WebP lossless" in refusal.message.en
    assert "PNG" in refusal.next_step.es
    # The reason: a single bit turned in it may change a large part of the film, and it decodes.
    before = np.asarray(Image.open(BytesIO(data)).convert("L"), dtype=int)
    changed = 0
    for at in range(len(data) // 4, len(data), len(data) // 40):
        harmed = data[:at] + bytes([data[at] ^ 8]) + data[at + 1 :]
        with contextlib.suppress(OSError, ValueError):
            after = np.asarray(Image.open(BytesIO(harmed)).convert("L"), dtype=int)
            changed += (np.abs(after - before) > 1).mean() > 0.2
    assert changed > 0


def test_webp_whose_decoder_lost_its_place_is_damaged() -> None:
    refused = 0
    for seed in range(20):
        data = bytearray(films.picture(films.grey8(seed, size=256), "WEBP", quality=85))
        half = len(data) // 2
        data[half : half + 200] = data[half - 200 : half]
        refused += code_of(bytes(data)) is RefusalCode.TRUNCATED
    # An arithmetic decoder that lost its place ends where it will: by chance at the right byte.
    assert refused >= 18


def test_png_and_native_pixels_are_whole_or_damaged() -> None:
    sound = films.picture(GREY)
    at = len(sound) // 2
    assert code_of(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :]) is RefusalCode.TRUNCATED
    native = films.dicom(DEEP)
    stored = DEEP.astype("<u2").tobytes()
    at = native.index(stored) + 999
    assert code_of(native[:at] + b"\x55" * 8 + native[at:]) is RefusalCode.TRUNCATED
    assert code_of(native[:at] + native[at + 8 :]) is RefusalCode.TRUNCATED


def test_what_may_follow_the_pixels_in_a_data_set_is_no_damage() -> None:
    film = films.dataset(DEEP)
    film.add_new("DataSetTrailingPadding", "OB", bytes(50))
    assert code_of(films.part10(film)) is None
    plain = films.part10(films.dataset(DEEP))
    assert code_of(plain + bytes(-len(plain) % 4)) is None
    assert code_of(plain + b"\0") is RefusalCode.TRUNCATED  # of words that are whole already


@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("length", [1, 2, 5, 7])
def test_fewer_bytes_than_an_element_has_are_damage_too(length: int, deflated: bool) -> None:
    film = films.dataset(DEEP)
    sound = films.part10(film)
    at = len(sound) - 999
    damaged = sound[:at] + b"\x55" * length + sound[at:]
    if deflated:
        # The file meta information is written plain, then the rest is packed (PS3.5 A.5).
        film.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        packed = films.part10(film)
        start = packed.index(DeflatedExplicitVRLittleEndian.encode()) + 22
        elements = damaged[damaged.index(b"\x08\x00\x16\x00") :]
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        stream = packer.compress(elements) + packer.flush()
        head = packed[: _plain(packed, start)]
        assert code_of(head + stream) is RefusalCode.TRUNCATED
        return
    assert code_of(damaged) is RefusalCode.TRUNCATED


def _plain(packed: bytes, start: int) -> int:
    """Return where the packed part of a deflated data set begins: where inflating works."""
    for at in range(start, len(packed)):
        try:
            if zlib.decompressobj(-15).decompress(packed[at:], 8)[:4] == b"\x08\x00\x16\x00":
                return at
        except zlib.error:
            continue
    raise AssertionError("no packed part")


def scans_of(stream: bytes) -> list[int]:
    """Return where each scan of a progressive JPEG starts, and where the file ends."""
    starts = [at for at in range(len(stream) - 1) if stream[at : at + 2] == b"\xff\xda"]
    return [*starts, len(stream) - 2]


@pytest.mark.parametrize("colour", [False, True])
def test_a_progressive_jpeg_without_its_last_scans_is_damaged(colour: bool) -> None:
    """It was closed after a scan, so that no decoder misses anything (ISO/IEC 10918-1 G.1.1.1)."""
    picture = Image.fromarray(GREY).convert("RGB" if colour else "L")
    sound = films.picture(picture, "JPEG", quality=90, progressive=True)
    starts = scans_of(sound)
    assert len(starts) > 4
    assert code_of(sound) is None
    for number in range(1, len(starts) - 1):
        cut = sound[: starts[number]] + b"\xff\xd9"
        with contextlib.suppress(OSError), Image.open(BytesIO(cut)) as opened:
            opened.load()  # Pillow shows it
        if not colour:  # of colours the last scans may be of chroma alone
            assert code_of(cut) is RefusalCode.TRUNCATED
    coarse = sound[: starts[1]] + b"\xff\xd9"
    assert code_of(coarse) is RefusalCode.TRUNCATED


def test_a_baseline_jpeg_needs_no_more_than_its_scan() -> None:
    for options in ({}, {"restart_marker_blocks": 4}, {"quality": 100}):
        require_all_scans(films.picture(GREY, "JPEG", **options))


def test_bits_that_never_came_are_counted() -> None:
    sound = films.picture(GREY, "JPEG", quality=90, progressive=True)
    starts = scans_of(sound)
    with pytest.raises(ValueError, match=r"lacks bits of 6[34] of 64"):
        require_all_scans(sound[: starts[1]] + b"\xff\xd9")
    with pytest.raises(ValueError, match="lacks bits of 64 of 64"):
        require_all_scans(sound[: starts[0]] + b"\xff\xd9")
    require_all_scans(b"")


def test_a_thumbnail_hides_no_missing_scans() -> None:
    """It is a whole JPEG inside of a segment, and no frame of the film's."""
    sound = films.picture(GREY, "JPEG", quality=90, progressive=True)
    small = films.picture(GREY[::4, ::4], "JPEG")
    segment = b"\xff\xe1" + (len(small) + 8).to_bytes(2, "big") + b"Exif\0\0" + small
    carried = sound[:2] + segment + sound[2:]
    assert code_of(carried) is None
    cut = sound[: scans_of(sound)[2]] + b"\xff\xd9"
    assert code_of(cut) is RefusalCode.TRUNCATED
    assert code_of(cut[:2] + segment + cut[2:]) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("extra", [0, 1])
def test_more_scans_than_any_program_writes_are_refused(extra: int) -> None:
    """A picture of 8,000 pixels with 883 scans, 700 kB, took 21 s."""
    code = code_of(jpeg_scans.progressive(160, MOST_SCANS + extra))
    assert code is (RefusalCode.TOO_LARGE if extra else None)


@pytest.mark.parametrize("scans", [4, 6, 64])
def test_a_component_has_one_scan_where_none_is_progressive(scans: int) -> None:
    """ISO/IEC 10918-1 B.2.3; decoders go through as many as there are, each over all blocks."""
    sound = Image.open(BytesIO(jpeg_scans.sequential(160, 3)))
    assert np.all(np.asarray(sound) == 128)  # else nothing is shown below
    require_all_scans(jpeg_scans.sequential(160, 3))
    again = jpeg_scans.sequential(160, scans)
    assert np.asarray(Image.open(BytesIO(again))).shape == (160, 160, 3)  # libjpeg takes it
    with pytest.raises(ValueError, match="3 components has more scans"):
        require_all_scans(again)
    assert code_of(again) is RefusalCode.TRUNCATED


@pytest.mark.parametrize("scans", [3, 64])
def test_arithmetic_codes_are_not_read(scans: int) -> None:
    """Their decoder makes blocks of no bytes at all: 860 bytes took 11 s and 1.6 GB."""
    bomb = jpeg_scans.arithmetic(8000, scans)
    began = time.process_time()
    assert code_of(bomb) is RefusalCode.UNSUPPORTED
    assert time.process_time() - began < 1
    assert code_of(jpeg_scans.arithmetic(200, scans)) is RefusalCode.UNSUPPORTED


def test_so_many_scans_are_refused_in_no_time() -> None:
    bomb = jpeg_scans.progressive(8000, 800)
    began = time.process_time()
    assert code_of(bomb) is RefusalCode.TOO_LARGE
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("rest", "total", "fills"),
    [
        (b"", 7, True),
        (bytes(1), 8, True),
        (bytes(1), 7, False),
        (bytes(2), 8, True),
        (bytes(2), 6, False),
        (bytes(3), 12, True),
        (bytes(7), 1008, True),
        (bytes(7), 1000, False),
        (bytes(300), 1024, True),
        (bytes(300), 1000, False),
        (b"\0\1", 8, False),
        (bytes(299) + b"\1", 1024, False),
    ],
)
def test_zeros_fill_a_file_up_to_a_whole_number_of_words_or_blocks(
    rest: bytes, total: int, fills: bool
) -> None:
    assert fills_up(rest, total=total) is fills
