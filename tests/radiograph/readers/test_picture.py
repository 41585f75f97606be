"""PNG, JPEG, TIFF and WebP: depths, modes, orientation, colour, damage."""

from __future__ import annotations

import contextlib
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import films
import wavelets
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import jpeg2000, limits, picture

GREY = films.grey8()
EXACT = GREY.astype(np.float32) / np.float32(255)

sides = st.integers(limits.MIN_SIDE, 130)
shapes = st.tuples(sides, sides)


def refusal_of(data: bytes) -> RefusalCode:
    with pytest.raises(RadiographError) as caught:
        read(data)
    return caught.value.refusal.code


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"big_tiff": True}),
    ],
)
def test_lossless_pictures_give_their_very_samples(kind: str, options: dict[str, Any]) -> None:
    film = read(films.picture(GREY, kind, **options))
    assert np.array_equal(film.pixels, EXACT)
    assert (film.facts.format, film.facts.bits, film.facts.colour) == (kind, 8, False)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 75}])
def test_jpeg_gives_nearly_its_samples(options: dict[str, Any]) -> None:
    film = read(films.picture(GREY, "JPEG", **options))
    assert np.abs(film.pixels - EXACT).mean() < 0.02
    assert film.facts.format == "JPEG"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_grey_jpeg_is_turned_upright_as_one_in_colours_is(orientation: int) -> None:
    """The one is decoded by libjpeg-turbo asked directly, the other by Pillow."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    oblong = GREY[:150]
    grey = films.picture(oblong, "JPEG", quality=95, exif=exif)
    colours = films.picture(Image.fromarray(oblong).convert("RGB"), "JPEG", quality=95, exif=exif)
    shape = (150, GREY.shape[1])
    found, other = picture.decode(grey, ""), picture.decode(colours, "")
    assert found[0].shape == (shape if orientation < 5 else shape[::-1])
    assert np.abs(found[0] - other[0]).max() < 3 / 255
    assert found[1] == other[1]


def test_a_jpeg_that_two_decoders_see_differently_is_left_to_pillow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = films.picture(GREY, "JPEG")
    usual = picture.decode(data, "")
    for answer in (None, GREY[:100]):
        monkeypatch.setattr(picture, "sound_grey_jpeg", lambda _, answer=answer: answer)
        pixels, facts = picture.decode(data, "")[:2]
        assert np.array_equal(pixels, usual[0])
        assert facts == usual[1]


@given(hnp.arrays(np.uint8, shapes))
@settings(max_examples=15, deadline=None)
def test_every_8_bit_picture_comes_back(samples: np.ndarray[Any, Any]) -> None:
    # By the reader alone: `read` cuts uniform margins off, of which arrays of chance are full.
    pixels = picture.decode(films.picture(samples), "").pixels
    assert np.array_equal(np.rint(pixels * 255), samples)


@given(hnp.arrays(np.uint16, shapes), st.sampled_from(["PNG", "TIFF"]))
@settings(max_examples=15, deadline=None)
def test_every_16_bit_picture_comes_back(samples: np.ndarray[Any, Any], kind: str) -> None:
    pixels, facts = picture.decode(films.picture(samples, kind), "")[:2]
    top = 2 ** max(8, int(samples.max()).bit_length()) - 1  # of the bits that are used
    assert np.array_equal(np.rint(pixels.astype(np.float64) * top), samples)
    assert facts.bits == 16


def _big_endian(samples: np.ndarray[Any, Any]) -> bytes:
    size = (samples.shape[1], samples.shape[0])
    image = Image.frombytes("I;16B", size, samples.astype(">u2").tobytes())
    return films.picture(image, "TIFF")


def test_16_bit_big_endian_tiff_is_the_same_film() -> None:
    deep = films.grey16()
    data = _big_endian(deep)
    assert data[:2] == b"MM"
    assert np.array_equal(read(data).pixels, read(films.picture(deep, "TIFF")).pixels)


def test_12_bits_of_a_png_are_scaled_as_the_12_declared_bits_of_a_tiff() -> None:
    deep = films.grey16(bits=12)
    assert read(films.picture(deep)).pixels.max() == pytest.approx(deep.max() / 4095)
    packed = read(_tiff_of_12_bits(deep))
    assert packed.facts.bits == 12
    assert np.allclose(packed.pixels, deep / 4095, atol=1e-6)


def _tiff_of_12_bits(samples: np.ndarray[Any, Any]) -> bytes:
    """Return a TIFF of packed 12-bit samples: two in three bytes, high bits first."""
    pairs = samples.reshape(-1, 2).astype(np.uint32)
    joined = (pairs[:, 0] << 12 | pairs[:, 1]).astype(">u4").tobytes()
    packed = np.frombuffer(joined, dtype=np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    height, width = samples.shape
    tags = (
        (256, width),
        (257, height),
        (258, 12),
        (259, 1),
        (262, 1),
        (273, 110),
        (277, 1),
        (279, len(packed)),
    )
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\x00" + struct.pack("<IH", 8, len(tags)) + body + bytes(4)
    assert len(head) == 110
    return head + packed


def test_white_is_zero_is_honoured_at_either_depth() -> None:
    assert np.array_equal(read(_white_is_zero(films.picture(255 - GREY, "TIFF"))).pixels, EXACT)
    deep = films.grey16()
    film = read(_white_is_zero(films.picture(65535 - deep, "TIFF")))
    assert np.allclose(film.pixels, read(films.picture(deep, "TIFF")).pixels, atol=1e-6)
    # Pillow knows no big-endian variant of it: refused, not shown as a negative.
    assert refusal_of(_white_is_zero(_big_endian(65535 - deep))) is RefusalCode.TRUNCATED


def _white_is_zero(tiff: bytes) -> bytes:
    """Return the TIFF with a tag 262 that says that zero is white."""
    data, order = bytearray(tiff), "<" if tiff[:2] == b"II" else ">"
    value = data.index(struct.pack(f"{order}HHI", 262, 3, 1)) + 8
    assert struct.unpack_from(f"{order}H", data, value) == (1,)
    struct.pack_into(f"{order}H", data, value, 0)
    return bytes(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    upright = Image.fromarray(films.grey8(size=160, height=120))
    # The transposition that stores it so, in Pillow's order.
    undo = dict(zip((2, 4, 6, 3, 8, 5, 7), Image.Transpose, strict=True))
    stored = upright if orientation == 1 else upright.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    exact: dict[str, dict[str, Any]] = {"JPEG": {"quality": 98}, "WEBP": {"quality": 98}}
    options = exact.get(kind, {})
    film = read(films.picture(stored, kind, exif=exif, **options))
    expected = np.asarray(upright, dtype=np.float32) / 255
    assert film.pixels.shape == expected.shape
    assert np.abs(film.pixels - expected).max() < 0.1


def test_an_orientation_that_does_not_exist_changes_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert np.array_equal(read(films.picture(GREY, exif=exif)).pixels, EXACT)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_grey_films_in_other_modes_are_the_same_film(mode: str) -> None:
    film = read(films.picture(Image.fromarray(GREY).convert(mode)))
    assert np.abs(film.pixels - EXACT).max() <= 1 / 255
    assert not film.facts.colour


def test_luminance_weights_are_those_of_bt_601() -> None:
    flat = np.zeros((128, 128, 3), dtype=np.uint8)
    for channel, weight in enumerate((0.299, 0.587, 0.114)):
        flat[:] = 0
        flat[..., channel] = 255
        film = read(films.picture(flat))
        assert film.pixels.mean() == pytest.approx(weight, abs=0.003)
        assert film.facts.colour


def test_transparent_means_air() -> None:
    film = Image.fromarray(np.full((128, 128), 200, dtype=np.uint8)).convert("LA")
    alpha = np.full((128, 128), 255, dtype=np.uint8)
    alpha[:64] = 0
    film.putalpha(Image.fromarray(alpha))
    pixels = read(films.picture(film)).pixels
    assert pixels[:64].max() == 0.0
    assert pixels[64:].min() == pytest.approx(200 / 255)
    keyed = films.picture(Image.fromarray(GREY).convert("P"), transparency=int(GREY[80, 80]))
    assert read(keyed).pixels[80, 80] == 0.0


def test_16_bit_with_a_transparent_value_is_refused() -> None:
    data = films.picture(films.grey16())
    chunk = b"tRNS\x00\x07"
    chunk = struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk))
    assert refusal_of(data[:33] + chunk + data[33:]) is RefusalCode.UNSUPPORTED


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_chroma_noise_of_jpeg_is_no_colour(quality: int) -> None:
    noisy = Image.fromarray(GREY).convert("RGB")
    facts = read(films.picture(noisy, "JPEG", quality=quality)).facts
    assert (facts.colour, facts.marks) == (False, False)


def test_a_small_coloured_marker_is_no_colour_but_a_photograph_is() -> None:
    film = np.dstack([GREY] * 3)
    film[8:32, 8:32] = (255, 0, 0)  # 2 % of the film
    facts = read(films.picture(film)).facts
    assert (facts.colour, facts.marks) == (False, True)
    film[8:80, 8:80] = (255, 0, 0)  # 20 %
    assert read(films.picture(film)).facts.colour
    tint = np.array([40, 0, -40])
    tinted = np.clip(np.dstack([GREY] * 3) + tint, 0, 255)
    assert read(films.picture(tinted.astype(np.uint8))).facts.colour


def test_samples_whose_grey_scale_is_unknown_are_refused() -> None:
    grey = Image.fromarray(GREY)
    for odd, kind in (
        (grey.convert("CMYK"), "TIFF"),
        (grey.convert("F"), "TIFF"),
        (grey.convert("I"), "TIFF"),
        (Image.merge("LAB", [grey] * 3), "TIFF"),
    ):
        assert refusal_of(films.picture(odd, kind)) is RefusalCode.UNSUPPORTED


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_picture_cut_anywhere_is_refused(kind: str) -> None:
    data = films.picture(GREY, kind)
    for end in range(20, len(data) - 16, max(1, len(data) // 60)):
        assert refusal_of(data[:end]) in (RefusalCode.TRUNCATED, RefusalCode.NOT_AN_IMAGE)


def test_a_jpeg_that_lost_its_end_mark_is_refused_or_whole() -> None:
    # Whether the decoder has all it needs before the mark depends on the last bits.
    for seed in range(6):
        data = films.picture(films.grey8(seed), "JPEG")
        with contextlib.suppress(RadiographError):
            assert np.array_equal(read(data[:-2]).pixels, read(data).pixels)


def test_png_checksums_are_verified() -> None:
    data = bytearray(films.picture(GREY))
    data[-20] ^= 1
    assert refusal_of(bytes(data)) is RefusalCode.TRUNCATED


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ((96, 96), None),
        ((95, 200), RefusalCode.TOO_SMALL),
        ((200, 95), RefusalCode.TOO_SMALL),
        ((8001, 100), RefusalCode.TOO_LARGE),
        ((100, 8001), RefusalCode.TOO_LARGE),
    ],
)
def test_size_limits(size: tuple[int, int], code: RefusalCode | None) -> None:
    data = films.picture(Image.new("L", size, 7))
    if code is None:
        assert read(data).pixels.shape == size
    else:
        assert refusal_of(data) is code


def test_the_largest_size_is_judged_by_its_header() -> None:
    from hostile import png_of_declared_size

    with pytest.raises(RadiographError) as caught:
        read(png_of_declared_size(8_100, 8_100, data=b""))
    assert caught.value.refusal.code is RefusalCode.TOO_LARGE
    assert "8100 x 8100" in caught.value.refusal.message.es


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let films of 300 pixels be large ones."""
    monkeypatch.setattr(jpeg2000, "ENOUGH", 128)


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("no_jp2", [True, False])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_large_jpeg_2000_is_read_at_half_its_size(bits: int, no_jp2: bool) -> None:
    """Its averages by NumPy; Pillow codes words of 16 bits, of which 12 may be in use."""
    samples = films.lit(301, 300) * ((1 << bits) - 1) * 0.98
    samples = np.rint(samples).astype(np.uint8 if bits == 8 else np.uint16)
    data = films.picture(samples, "JPEG2000", no_jp2=no_jp2, irreversible=False)
    found = picture.decode(data, "")
    assert (found.halvings, found.size) == (1, (300, 301))
    expected = wavelets.averages(samples) / ((1 << bits) - 1)
    assert found.pixels.shape == expected.shape == (151, 150)
    np.testing.assert_allclose(found.pixels, np.clip(expected, 0, 1), atol=2.5 / 255)
    whole = picture.decode(data, "", whole=True)
    assert (whole.halvings, whole.size) == (0, None)
    np.testing.assert_allclose(whole.pixels, samples / ((1 << bits) - 1), atol=1e-6)
    assert found.facts == whole.facts


@pytest.mark.usefixtures("few_are_enough")
def test_a_jpeg_2000_in_colours_is_read_whole() -> None:
    grey = np.rint(films.lit(300, 300) * 255).astype(np.uint8)
    data = films.picture(np.dstack([grey] * 3), "JPEG2000", irreversible=False)
    found = picture.decode(data, "")
    assert (found.halvings, found.pixels.shape) == (0, (300, 300))


@pytest.mark.usefixtures("few_are_enough")
def test_pictures_of_other_kinds_are_read_whole() -> None:
    grey = np.rint(films.lit(300, 300) * 255).astype(np.uint8)
    for kind in ("PNG", "JPEG", "TIFF", "BMP"):
        found = picture.decode(films.picture(grey, kind), "")
        assert (found.halvings, found.pixels.shape) == (0, (300, 300))


def _colour_tiff(pixels: np.ndarray[Any, Any], *, planes: bool = False) -> bytes:
    """Return a TIFF of three samples of 16 bits, which Pillow does not write."""
    rows, columns = pixels.shape[:2]
    stored = np.ascontiguousarray(pixels.transpose(2, 0, 1) if planes else pixels).astype("<u2")
    data = stored.tobytes()
    count = 3 if planes else 1
    behind = 8 + 2 + 12 * 11 + 4
    places = (*(behind + 32 + at * len(data) // count for at in range(count)), 0, 0)[:3]
    sizes = (*[len(data) // count] * count, 0, 0)[:3]
    words = struct.pack("<3H2x3I3I", 16, 16, 16, *places, *sizes)
    offset, size = (behind + 8, behind + 20) if planes else (places[0], sizes[0])
    tags = (
        *((256, 4, 1, columns), (257, 4, 1, rows), (258, 3, 3, behind), (259, 3, 1, 1)),
        *((262, 3, 1, 2), (273, 4, count, offset), (277, 3, 1, 3)),
        *((278, 4, 1, rows), (279, 4, count, size)),
        *((284, 3, 1, 2 if planes else 1), (339, 3, 1, 1)),
    )
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + words + data


def test_a_colour_tiff_of_16_bits_is_read_by_its_high_ones() -> None:
    deep = films.grey16(size=160)
    shown = films.whole(_colour_tiff(np.dstack([deep] * 3)))
    assert np.abs(shown - deep / 65535).max() <= 1 / 255


@pytest.mark.parametrize("bits", [12, 14])
def test_a_colour_tiff_that_leaves_the_high_bits_out_is_refused(bits: int) -> None:
    """Eight of sixteen bits are kept: of a film of 12 bits, sixteen greys."""
    data = _colour_tiff(np.dstack([films.grey16(bits=bits, size=160)] * 3))
    with pytest.raises(RadiographError, match="TIFF, 3 x 16 bits") as caught:
        read(data)
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED


def test_planes_of_16_bits_are_refused_and_never_read_as_planes_of_8() -> None:
    deep = films.grey16(size=160)
    with pytest.raises(RadiographError, match="planes of 16 bits") as caught:
        read(_colour_tiff(np.dstack([deep] * 3), planes=True))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
