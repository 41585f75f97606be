"""One detector for every thread: the bundle that the database names, and never another unasked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bundle_factory import make_bundle
from clinic_factory import phantom_png
from covid_d.clinic import shared_notes
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.active_detector import ActiveDetector
from covid_d.clinic.clock import now
from covid_d.clinic.database.operations import InstalledBundle
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.detector import Detector
from covid_d.errors import BundleError
from covid_d.likeness.film_print import FilmPrint
from covid_d.radiograph import RefusalCode, read
from covid_d.settings import settings


def _install(installation: Installation, who: Person, sha256: str, *, active: bool) -> None:
    with installation.writing() as session:
        session.add(
            InstalledBundle(
                sha256=sha256,
                name="phantom",
                version="2",
                verdict="demonstration",
                active=active,
                installed_at=now(),
                installed_by_id=who.id,
            )
        )


@pytest.fixture
def other(installation: Installation, tmp_path: Path) -> str:
    """Another bundle in the clinic's folder; its hash."""
    folder = make_bundle(tmp_path / "other", name="other")
    sha256 = Detector.load(folder).bundle.id.sha256
    place = installation.active_detector.files.folder
    place.mkdir(parents=True, exist_ok=True)
    shutil.make_archive(str(place / sha256), "zip", folder)
    return sha256


def test_without_an_installed_one_the_built_in_answers(installation: Installation) -> None:
    assert installation.active_detector.detector.bundle.spec.name == "phantom"


def test_the_one_that_the_database_names_answers_at_once(
    installation: Installation, people: dict[Role, Person], other: str
) -> None:
    detector: ActiveDetector = installation.active_detector
    before = detector.detector
    assert detector.detector is before, "loaded once"
    _install(installation, people[Role.ADMINISTRATOR], other, active=True)  # as another server does
    assert detector.known is before, "what was shown does not ask"
    assert detector.detector.bundle.id.sha256 == other
    assert detector.detector.bundle.spec.name == "other"
    assert detector.known is detector.detector


def test_an_answer_by_the_one_before_is_told_from_one_by_the_one_now(
    installation: Installation, people: dict[Role, Person], other: str
) -> None:
    active = installation.active_detector
    before = active.detector
    with installation.reading() as session:
        assert active.answers_still(session, before)
    _install(installation, people[Role.ADMINISTRATOR], other, active=True)
    with installation.reading() as session:
        assert not active.answers_still(session, before), "switched, and not asked since"
    now_answers = active.detector
    with installation.reading() as session:
        assert not active.answers_still(session, before)
        assert active.answers_still(session, now_answers)


@pytest.fixture
def elsewhere(clinic_settings: ClinicSettings) -> Iterator[Installation]:
    """Another server's installation on the same database and folder."""
    opened = Installation.open(clinic_settings)
    yield opened
    opened.close()


def test_servers_with_other_default_bundles_never_answer_side_by_side(
    installation: Installation,
    elsewhere: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert elsewhere.active_detector.detector.bundle.spec.name == "phantom"
    installation.active_detector.tell_default()
    elsewhere.active_detector.reload()
    assert elsewhere.active_detector.detector.bundle.spec.name == "phantom", "the same one may"
    monkeypatch.setenv("COVID_D_BUNDLE", str(make_bundle(tmp_path / "newer", name="newer")))
    settings.cache_clear()
    with pytest.raises(BundleError, match="Another server of this clinic answers with"):
        Installation.open(installation.settings).active_detector.examine(phantom_png(1))
    installation.active_detector.tell_default()  # the last one that is started says which
    assert installation.active_detector.detector.bundle.spec.name == "newer"


def test_one_that_is_switched_on_answers_whatever_the_default_is(
    installation: Installation,
    people: dict[Role, Person],
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation.active_detector.tell_default()
    _install(installation, people[Role.ADMINISTRATOR], other, active=True)
    monkeypatch.setenv("COVID_D_BUNDLE", str(make_bundle(tmp_path / "newer", name="newer")))
    settings.cache_clear()
    assert installation.active_detector.detector.bundle.spec.name == "other"


def test_a_default_that_cannot_be_used_is_told_nobody(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVID_D_BUNDLE", str(tmp_path / "nothing.zip"))
    settings.cache_clear()
    installation.active_detector.tell_default()
    with installation.reading() as session:
        told = shared_notes.read(session, installation.keys, shared_notes.DEFAULT_BUNDLE)
    assert told is None


def test_one_that_is_installed_and_not_switched_on_answers_nothing(
    installation: Installation, people: dict[Role, Person], other: str
) -> None:
    _install(installation, people[Role.ADMINISTRATOR], other, active=False)
    installation.active_detector.reload()
    assert installation.active_detector.detector.bundle.spec.name == "phantom"


def test_where_the_active_one_is_gone_none_takes_its_place(
    installation: Installation, people: dict[Role, Person]
) -> None:
    _install(installation, people[Role.ADMINISTRATOR], "f" * 64, active=True)
    installation.active_detector.reload()
    for _ in range(2):
        with pytest.raises(BundleError):
            _ = installation.active_detector.detector
        with pytest.raises(BundleError):
            installation.active_detector.examine(phantom_png(1))


def test_a_film_is_examined_and_kept(
    installation: Installation, film_bytes: Callable[[int], bytes]
) -> None:
    found = installation.active_detector.examine(film_bytes(1))
    assert found.sight is not None
    assert found.sight.thumbnail == FilmPrint.of(read(film_bytes(1))).packed()
    assert found.sight.preview is None
    assert found.examination.refusal is None
    assert found.examination.bundle == installation.active_detector.detector.bundle.id
    assert found.milliseconds > 0
    assert "thumbnail" not in repr(found), "as long as a film is large"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", RefusalCode.EMPTY), (b"no picture", RefusalCode.NOT_AN_IMAGE)]
)
def test_what_cannot_be_read_is_a_refusal_without_a_film(
    installation: Installation, content: bytes, code: RefusalCode
) -> None:
    found = installation.active_detector.examine(content)
    assert found.sight is None
    assert found.examination.refusal is not None
    assert found.examination.refusal.code is code


def test_the_detector_that_is_named_examines(installation: Installation, tmp_path: Path) -> None:
    named = Detector.load(make_bundle(tmp_path / "named", name="named"))
    found = installation.active_detector.examine(phantom_png(1), named)
    assert found.examination.bundle == named.bundle.id


def test_many_threads_load_it_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Any] = []
    load = Detector.load

    def counted(*given: Any, **more: Any) -> Detector:
        loaded.append(given)
        return load(*given, **more)

    monkeypatch.setattr(Detector, "load", counted)
    detector = installation.active_detector
    detector.reload()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: detector.detector, range(16)))
    assert len({id(each) for each in found}) == len(loaded) == 1
