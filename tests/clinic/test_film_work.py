"""What is done with a film, and what is gone on with once its pixels are let go."""

from __future__ import annotations

import io
import pickle
from datetime import date

import pytest
from PIL import Image

import films
from bundle_factory import make_bundle
from clinic_factory import phantom_png
from covid_d.clinic.cases.preview import SIDE
from covid_d.clinic.film_work import Examined, FilmSight, compare, examine
from covid_d.detector import Detector
from covid_d.likeness.film_print import FilmPrint, likeness_to
from covid_d.radiograph import RefusalCode, read


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return Detector.load(make_bundle(tmp_path_factory.mktemp("bundle") / "phantom"))


def test_a_sight_is_day_print_and_preview() -> None:
    film = read(films.dicom(ContentDate="20260314", ViewPosition="PA"))
    sight = FilmSight.of(film)
    assert sight.taken_on == date(2026, 3, 14)
    assert sight.thumbnail == FilmPrint.of(film).packed()
    assert sight.preview is None
    seen = FilmSight.of(film, preview=True).preview
    assert seen is not None
    with Image.open(io.BytesIO(seen)) as picture:
        assert (picture.format, picture.mode) == ("PNG", "L")
        assert max(picture.size) <= SIDE
    assert "thumbnail" not in repr(sight)


def test_an_examined_film_is_small_enough_to_be_sent(detector: Detector) -> None:
    content = phantom_png(6)
    found = examine(detector, content, preview=True)
    assert found.examination.refusal is None
    assert found.examination.activation is not None, "its map is kept"
    assert found.examination.to_dict() == detector.examine(content, activation=True).to_dict()
    assert found.milliseconds > 0
    sent = pickle.dumps(found)
    assert len(sent) < 4 * read(content).pixels.nbytes
    back = pickle.loads(sent)
    assert isinstance(back, Examined)
    assert back.sight == found.sight
    assert back.examination.to_dict() == found.examination.to_dict()


def test_what_cannot_be_read_has_no_sight(detector: Detector) -> None:
    found = examine(detector, b"", preview=True)
    assert found.sight is None
    assert found.examination.refusal is not None
    assert found.examination.refusal.code is RefusalCode.EMPTY


def test_prints_are_compared_as_they_are_kept() -> None:
    prints = [FilmPrint.of(read(phantom_png(seed))) for seed in (1, 2, 1)]
    packed = [each.packed() for each in prints]
    assert compare(packed[0], packed[1:]) == likeness_to(prints[0], prints[1:])
    assert compare(packed[0], packed[1:])[0] == 0.0
    assert compare(packed[0], []) == []
