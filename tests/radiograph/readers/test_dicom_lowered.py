"""Large JPEG 2000 films in DICOM: which are read at a lower resolution, and as what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom.uid import JPEG2000, JPEG2000Lossless

import films
import wavelets
from bundle_factory import make_bundle
from covid_d.detector import Detector
from covid_d.radiograph import Radiograph, RadiographError, RefusalCode, read
from covid_d.radiograph.film import Box
from covid_d.radiograph.readers import dicom_object, jpeg2000
from covid_d.radiograph.readers.tile_parts import layout

Samples = npt.NDArray[Any]
FILM = np.rint(films.lit(300, 300) * 4000).astype(np.uint16)
LEVEL = 1 / 255


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let films of 300 pixels be large ones: those of 2,048 take seconds to code."""
    monkeypatch.setattr(jpeg2000, "ENOUGH", 128)
    monkeypatch.setitem(read.__globals__, "_ENOUGH", 96)


def filed(samples: Samples = FILM, syntax: str = JPEG2000Lossless, **elements: Any) -> bytes:
    """Return a film coded without loss; of 16 bits whatever is stated, as Pillow codes."""
    how = {"no_jp2": True, "irreversible": False}
    return films.encapsulated(
        films.dataset(samples, **elements), films.picture(samples, "JPEG2000", **how), syntax
    )


def seen(film: Radiograph, side: int = 40) -> npt.NDArray[np.float64]:
    small = Image.fromarray(np.array(film.pixels))
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float64)


def require_whole(data: bytes) -> None:
    """Assert that a film is read as it is where all of its pixels are wanted."""
    film, whole = read(data), read(data, whole=True)
    assert film.halvings == 0
    np.testing.assert_array_equal(film.pixels, whole.pixels)


def test_a_large_film_is_read_at_half_its_size_and_knows_its_own() -> None:
    data = filed(ImagerPixelSpacing=[0.1, 0.1])
    film, whole = read(data), read(data, whole=True)
    assert (film.halvings, film.pixels.shape) == (1, (150, 150))
    assert (whole.halvings, whole.pixels.shape) == (0, (300, 300))
    assert film.size == whole.size == (300, 300)
    assert film.box == whole.box == Box(0, 0, 300, 300)
    assert film.picture_size == whole.picture_size == (300, 300)
    assert film.facts == whole.facts  # the spacing too: of the file's pixels
    np.testing.assert_allclose(whole.pixels, FILM / 4095, atol=1e-6)
    assert np.abs(seen(film) - seen(whole)).max() < LEVEL


def test_its_grey_is_that_of_the_wavelets_averages() -> None:
    """Reckoned in NumPy; the reversible transform rounds, by two of 4095 at most."""
    lower = wavelets.averages(FILM) / 4095
    middle = np.array([0.75, 0.25])  # half a pixel of the whole film on, of two
    expected = sum(
        a * b * np.pad(lower, [(0, 1), (0, 1)], mode="edge")[i : i + 150, j : j + 150]
        for i, a in enumerate(middle)
        for j, b in enumerate(middle)
    )
    np.testing.assert_allclose(read(filed()).pixels, np.clip(expected, 0, 1), atol=2.5 / 4095)


@pytest.mark.parametrize(
    "elements",
    [
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"WindowCenter": 1800, "WindowWidth": 2600},
        {"WindowCenter": 1800, "WindowWidth": 2600, "VOILUTFunction": "SIGMOID"},
        {"RescaleSlope": "0.5", "RescaleIntercept": "-300"},
        {"VOILUTSequence": films.lut([round((at / 4095) ** 0.5 * 4095) for at in range(4096)])},
        {"PixelPaddingValue": 0},
        {"PixelPaddingValue": 4095, "PhotometricInterpretation": "MONOCHROME1"},
        {"NumberOfFrames": 1},
    ],
)
def test_it_is_displayed_as_the_whole_one(elements: dict[str, Any]) -> None:
    film, whole = read(filed(**elements)), read(filed(**elements), whole=True)
    assert film.halvings == 1
    assert film.box == whole.box
    assert np.abs(seen(film) - seen(whole)).max() < 2 * LEVEL


@pytest.mark.parametrize("wide", [40, 41])
def test_margins_are_cut_off_where_the_whole_film_ends(wide: int) -> None:
    framed = np.pad(FILM, wide)
    film, whole = read(filed(framed)), read(filed(framed), whole=True)
    assert film.halvings == 1
    assert film.box == whole.box == Box(wide, wide, wide + 300, wide + 300)
    assert film.size == (300, 300)


def test_a_shutter_covers_the_same_of_both() -> None:
    elements: dict[str, Any] = {
        "ShutterShape": "RECTANGULAR",
        "ShutterUpperHorizontalEdge": 31,
        "ShutterLowerHorizontalEdge": 280,
        "ShutterLeftVerticalEdge": 21,
        "ShutterRightVerticalEdge": 270,
    }
    film, whole = read(filed(**elements)), read(filed(**elements), whole=True)
    assert whole.box == Box(30, 20, 280, 270)
    assert film.box is not None
    assert np.abs(np.array(film.box.to_list()) - whole.box.to_list()).max() <= 1


def test_a_small_film_in_a_large_picture_is_read_whole() -> None:
    """Else less would be left of it than the networks see."""
    data = filed(np.pad(FILM[70:230, 70:230], 90))
    require_whole(data)
    assert read(data).size == (160, 160)


def test_whoever_answers_reads_the_same_pixels(tmp_path: Path) -> None:
    data, detector = filed(), Detector.load(make_bundle(tmp_path / "bundle"))
    by_bytes, by_film = detector.examine(data), detector.examine(read(data))
    assert (by_bytes.width, by_bytes.height) == (300, 300)
    assert by_bytes.logits == by_film.logits


def test_films_of_which_no_averages_may_be_taken_are_read_whole() -> None:
    bright = FILM.copy()
    bright[100:140, 100:200] = 4095  # padding among grey, which is shown as air
    require_whole(filed(bright, PixelPaddingValue=4095))
    ragged = [at // 16 * 16 + at % 2 * 30 for at in range(4080)]
    require_whole(filed(VOILUTSequence=films.lut(ragged)))
    require_whole(filed(PixelAspectRatio=["2", "1"]))
    require_whole(
        filed(FILM // 2, PixelRepresentation=1)
    )  # signed samples in a stream of unsigned ones


def test_overlays_in_the_samples_words_are_kept_out_of_their_averages() -> None:
    """Twelve bits and an overlay in the thirteenth: announced, and not."""
    drawn = FILM.copy()
    drawn[100:160, 100:180] |= 1 << 12
    data = filed(drawn)
    require_whole(data)
    np.testing.assert_allclose(read(data).pixels, FILM / 4095, atol=1e-6)
    thin = FILM.copy()
    thin[100:160, 150] |= 1 << 12
    film = films.dataset(thin)
    film.add_new((0x6000, 0x0010), "US", 300)
    film.add_new((0x6000, 0x0102), "US", 12)
    stream = films.picture(thin, "JPEG2000", no_jp2=True, irreversible=False)
    announced = films.encapsulated(film, stream, JPEG2000Lossless)
    require_whole(announced)
    np.testing.assert_allclose(read(announced).pixels, FILM / 4095, atol=1e-6)


def test_values_too_large_for_their_bits_are_refused_still() -> None:
    large = FILM.astype(np.uint16) * 4
    with pytest.raises(RadiographError) as error:
        read(filed(large))
    assert error.value.refusal.code is RefusalCode.UNSUPPORTED


def test_letters_as_bright_as_can_be_swing_and_are_cut() -> None:
    lettered = FILM.copy()
    lettered[41:61, 41:50] = lettered[41:46, 41:63] = 4095
    film, whole = read(filed(lettered)), read(filed(lettered), whole=True)
    assert film.halvings == 1
    assert film.pixels.max() > 0.99
    assert np.abs(seen(film) - seen(whole)).max() < 6 * LEVEL  # at the letters' edges


def test_depth_that_the_largest_sample_tells_is_told_by_averages() -> None:
    """Twelve bits in sixteen that are said to be in use, with white letters that swing beyond."""
    lettered = FILM.copy()
    lettered[41:61, 41:50] = 4095
    elements: dict[str, Any] = {"BitsStored": 16}
    film, whole = (read(filed(lettered, **elements), whole=each) for each in (False, True))
    assert film.halvings == 1
    assert np.abs(seen(film) - seen(whole)).max() < 6 * LEVEL
    deep = FILM.astype(np.uint16) * 13  # sixteen bits in use
    film, whole = (read(filed(deep, **elements), whole=each) for each in (False, True))
    assert film.halvings == 1
    assert np.abs(seen(film) - seen(whole)).max() < LEVEL


@pytest.mark.parametrize("photometric", ["PALETTE COLOR", "RGB"])
def test_colours_are_never_averaged(photometric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    film = films.dataset(FILM, PhotometricInterpretation=photometric)
    asked: list[bytes] = []
    monkeypatch.setattr(jpeg2000, "lowered_samples_of", lambda data, **_: asked.append(data))
    stream = films.picture(FILM, "JPEG2000", no_jp2=True, irreversible=False)
    from covid_d.radiograph.readers.dicom_lowered import lowered

    assert lowered(film, stream) is None
    assert not asked


def test_damage_below_refuses_the_film_and_damage_above_changes_nothing() -> None:
    """Above: what an answer is not made of. Whoever looks at the whole film is refused it."""
    stream = films.picture(FILM, "JPEG2000", no_jp2=True, irreversible=False)
    first, last = layout(stream).bodies[0]
    sound = read(films.encapsulated(films.dataset(FILM), stream, JPEG2000Lossless))

    def spoilt(at: int) -> bytes:
        changed = bytearray(stream)
        for byte in range(at, at + 3):
            changed[byte] ^= 0x55
        return films.encapsulated(films.dataset(FILM), bytes(changed), JPEG2000Lossless)

    with pytest.raises(RadiographError) as error:
        read(spoilt(first + (last - first) // 6))
    assert error.value.refusal.code is RefusalCode.TRUNCATED
    above = spoilt(last - (last - first) // 4)
    np.testing.assert_array_equal(read(above).pixels, sound.pixels)
    with pytest.raises(RadiographError):
        read(above, whole=True)


@pytest.mark.parametrize("length", [160, 600])
def test_a_sector_of_the_highest_level_that_is_empty_refuses_the_film(length: int) -> None:
    """It cannot be coded data; so every block is decoded, and one is damaged."""
    stream = bytearray(films.picture(FILM, "JPEG2000", no_jp2=True, irreversible=False))
    _, last = layout(bytes(stream)).bodies[0]
    stream[last - 2000 : last - 2000 + length] = bytes(length)
    with pytest.raises(RadiographError) as error:
        read(films.encapsulated(films.dataset(FILM), bytes(stream), JPEG2000Lossless))
    assert error.value.refusal.code is RefusalCode.TRUNCATED


def test_lossy_films_are_lowered_too() -> None:
    how = {"irreversible": True, "quality_mode": "dB", "quality_layers": [60]}
    stream = films.picture(FILM, "JPEG2000", no_jp2=True, **how)
    data = films.encapsulated(films.dataset(FILM), stream, JPEG2000)
    film, whole = read(data), read(data, whole=True)
    assert film.halvings == 1
    assert np.abs(seen(film) - seen(whole)).max() < 2 * LEVEL


def test_a_stream_of_no_levels_is_read_whole() -> None:
    how = {"irreversible": False, "num_resolutions": 1}
    stream = films.picture(FILM, "JPEG2000", no_jp2=True, **how)
    require_whole(films.encapsulated(films.dataset(FILM), stream, JPEG2000Lossless))


def test_the_stored_samples_say_how_often_they_were_halved() -> None:
    parsed = dicom_object.parse(filed())
    stored = dicom_object.samples_of(parsed)
    assert (stored.samples.shape, stored.photometric, stored.halvings) == (
        (150, 150),
        "MONOCHROME2",
        1,
    )
    whole = dicom_object.samples_of(parsed, whole=True)
    np.testing.assert_array_equal(whole.samples, FILM)
    assert whole.halvings == 0
