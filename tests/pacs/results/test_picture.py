"""The picture that goes back: what is drawn in it, and what its object says."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames

from covid_d.detector import Outcome
from covid_d.pacs.results.make import make
from covid_d.pacs.results.picture import picture
from covid_d.pacs.triage import Triage, triage
from pacs_factory import answered


def drawn(made: Dataset | None) -> np.ndarray:
    assert made is not None
    frame = next(iter(generate_frames(made.PixelData, number_of_frames=1)))
    image = Image.open(BytesIO(frame))
    assert (image.width, image.height) == (made.Columns, made.Rows)
    return np.asarray(image.convert("RGB"))


def test_a_refused_film_has_none() -> None:
    assert picture(answered(Outcome.REFUSED)) is None


def test_it_is_a_secondary_capture_that_calls_itself_derived() -> None:
    made = picture(answered())
    assert made is not None
    assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert list(made.ImageType) == ["DERIVED", "SECONDARY"]
    assert (made.Modality, made.ConversionType) == ("OT", "WSD")
    assert made.BurnedInAnnotation == "YES"
    assert made.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert made.LossyImageCompression == "01"


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_band_with_words_stands_over_the_map(language: str) -> None:
    overlay = Image.new("RGB", (640, 400), (90, 60, 30))
    made = picture(answered(overlay=overlay, language=language))
    assert made is not None
    pixels = drawn(made)
    height = pixels.shape[0] - 400
    assert height > 20
    band, below = pixels[:height], pixels[height + 8 :]
    assert (band > 200).all(axis=2).sum() > 200, "white letters"
    assert np.median(band) < 10
    assert np.abs(below.astype(int) - (90, 60, 30)).max() < 12, "the map itself is untouched"


def test_the_two_languages_say_different_words() -> None:
    overlay = Image.new("RGB", (640, 400))
    bands = [drawn(picture(answered(overlay=overlay, language=name)))[:34] for name in ("es", "en")]
    assert (bands[0] != bands[1]).any()


@pytest.mark.parametrize("width", [320, 321, 323])
def test_any_width_can_be_coded_in_pairs_of_columns(width: int) -> None:
    made = picture(answered(overlay=Image.new("RGB", (width, 90), "blue")))
    assert made is not None
    assert made.Columns % 2 == 0
    assert made.Columns - width in {0, 1}
    assert drawn(made).shape == (made.Rows, made.Columns, 3)


def test_a_viewer_that_unpacks_it_sees_the_same() -> None:
    content = next(each.content for each in make(answered()) if each.name == "picture")
    read = dcmread(BytesIO(content))
    packed = drawn(read)
    read.decompress()
    assert np.abs(read.pixel_array.astype(int) - packed).max() <= 3


def test_it_is_no_film_for_us_when_it_comes_back() -> None:
    for made in make(answered()):
        assert triage(dcmread(BytesIO(made.content))) is Triage.OURS


def test_it_is_none_even_where_a_pacs_wrote_its_own_name_over_ours() -> None:
    for made in make(answered()):
        back = dcmread(BytesIO(made.content))
        back.Manufacturer = "ACME PACS"
        assert triage(back) is not Triage.FILM
