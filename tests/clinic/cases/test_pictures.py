"""Pictures of films: at their own depth, never too large, and nothing that was tampered with."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import films
from case_rows import set_answer
from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import pictures
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.places import FolderPlace
from covid_d.radiograph import read
from covid_d.radiograph.readers import jpeg2000


@pytest.fixture
def store(tmp_path: Path) -> FilmStore:
    """An empty film store."""
    return FilmStore(FolderPlace(tmp_path))


def _png(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def _film(place: Installation, person: Person, case_id: int) -> tuple[Film, StoredAssessment]:
    with place.reading() as session:
        film = whole_case(session, person, case_id).films[0]
    stored = film.assessments[-1]
    set_answer(stored, verdict="audit-passed")  # in memory alone
    return film, stored


def test_sixteen_bits_come_through_unchanged(store: FilmStore) -> None:
    ramp = (np.arange(300 * 400, dtype=np.uint32) % 65536).astype(np.uint16).reshape(300, 400)
    grey = pictures.grey_film(store, store.put(_png(ramp)))
    assert grey.bits == 16
    np.testing.assert_array_equal(grey.values, ramp)
    packed = np.frombuffer(gzip.decompress(grey.packed()), dtype="<u2")
    np.testing.assert_array_equal(packed.reshape(300, 400), ramp)


def test_eight_bits_stay_one_byte_a_pixel(store: FilmStore) -> None:
    expected = (np.arange(300 * 400) % 251).astype(np.uint8).reshape(300, 400)  # no margin to cut
    grey = pictures.grey_film(store, store.put(_png(expected)))
    assert grey.bits == 8
    np.testing.assert_array_equal(grey.values, expected)
    assert gzip.decompress(grey.packed()) == expected.tobytes()


def test_nothing_larger_than_the_limit_is_sent(store: FilmStore) -> None:
    wide = np.tile(np.linspace(0, 255, 3000).astype(np.uint8), (2400, 1))
    sha256 = store.put(_png(wide))
    assert pictures.grey_film(store, sha256).values.shape == (1638, 2048)
    assert _opened(pictures.picture(store, sha256, 9000)).size == (2048, 1638)
    assert _opened(pictures.picture(store, sha256, 300)).size == (300, 240)
    assert _opened(pictures.picture(store, sha256)).mode == "L"


def test_a_picture_is_drawn_once_a_size(store: FilmStore) -> None:
    sha256 = store.put(phantom_png(1))
    whole, small = (pictures.picture(store, sha256, side) for side in (pictures.LARGEST, 64))
    assert pictures.picture(store, sha256) is whole
    assert pictures.picture(store, sha256, 64) is small
    assert max(_opened(small).size) == 64 < max(_opened(whole).size)


@pytest.mark.parametrize("shown", [pictures.grey_film, pictures.picture])
def test_what_was_removed_or_altered_is_not_shown_even_after_it_was(
    store: FilmStore, tmp_path: Path, shown: Callable[[FilmStore, str], object]
) -> None:
    sha256 = store.put(phantom_png(1))
    shown(store, sha256)
    path = tmp_path / "films" / sha256[:2] / sha256
    path.write_bytes(phantom_png(2))
    with pytest.raises(UnavailableError) as altered:
        shown(store, sha256)
    path.unlink()
    with pytest.raises(UnavailableError) as missing:
        shown(store, sha256)
    assert [altered.value.code, missing.value.code] == ["film_altered", "film_missing"]


def test_what_is_no_film_says_so(store: FilmStore) -> None:
    with pytest.raises(UnavailableError) as caught:
        pictures.grey_film(store, store.put(b"%PDF-1.4 no film"))
    assert caught.value.code == "film_unreadable"


def test_the_evidence_lies_where_the_film_is_bright(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    spot = np.full((320, 400), 12, dtype=np.uint8)
    spot[200:280, 280:360] = 200  # lower right
    spot += np.random.default_rng(0).integers(0, 40, spot.shape, dtype=np.uint8)
    film, stored = _film(installation, doctor, add_case(installation, doctor, films=[_png(spot)]))
    layer = np.asarray(_opened(pictures.evidence(installation, film, stored)))
    assert layer.shape == (320, 400, 4)
    row, column = np.unravel_index(layer[..., 3].argmax(), layer.shape[:2])
    assert 180 < row < 300
    assert 260 < column < 380
    covered = np.asarray(_opened(pictures.under_evidence(installation, film, stored, 400)))
    plain = np.asarray(_opened(pictures.picture(installation.films, film.sha256, 400)))
    change = np.abs(covered.astype(int) - plain[..., None]).sum(axis=2)
    assert change[200:280, 280:360].mean() > 2 * change[:100, :100].mean()


def test_a_demonstrations_answer_has_no_map(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    film, stored = _film(installation, doctor, add_case(installation, doctor))
    assert pictures.evidence(installation, film, stored)
    set_answer(stored, verdict="demonstration")
    draws: list[Callable[[], bytes]] = [
        partial(pictures.evidence, installation, film, stored),
        partial(pictures.under_evidence, installation, film, stored, 400),
    ]
    for draw in draws:
        with pytest.raises(UnavailableError) as caught:
            draw()
        assert caught.value.code == "no_activation"


def test_without_its_bundle_an_answer_has_no_map(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    film, stored = _film(installation, doctor, add_case(installation, doctor))
    stored.bundle_sha256 = "f" * 64
    with pytest.raises(UnavailableError) as caught:
        pictures.evidence(installation, film, stored)
    assert caught.value.code == "no_activation"


def test_a_large_film_is_shown_with_all_its_pixels(
    store: FilmStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer needs fewer (``read`` without ``whole``); whoever looks sees all of them."""
    monkeypatch.setattr(jpeg2000, "ENOUGH", 128)
    monkeypatch.setitem(read.__globals__, "_ENOUGH", 96)
    values = np.rint(films.lit(300, 300) * 255).astype(np.uint8)
    content = films.picture(values, "JPEG2000", irreversible=False)
    assert read(content).pixels.shape == (150, 150)
    np.testing.assert_array_equal(pictures.grey_film(store, store.put(content)).values, values)
