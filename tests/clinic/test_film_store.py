"""Films in a folder and in a real S3-compatible store: the same promises, whichever it is."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from bundle_factory import make_bundle
from clinic_factory import add_case, phantom_png
from covid_d.clinic import shared_notes, store_mark
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.films import FilmStore, FilmStoreError
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import bundles, erase, health, integrity, last_backup, missing_films
from covid_d.clinic.operations.backup import back_up
from covid_d.clinic.operations.missing_films import damaged, missing
from covid_d.clinic.operations.restore import restore
from covid_d.clinic.operations.rotate_key import rotate
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.bundle.contents import pack
from covid_d.errors import BundleError, CovidDError
from covid_d.places import BucketPlace, FolderPlace, Place, store_of
from s3_server import S3Server, create_bucket, s3_server

S3 = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the store is one of Linux"),
]
NOBODY = "0" * 64
TOMORROW = timedelta(days=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        create_bucket(running, "clinic")
        yield running


@pytest.fixture
def bucket(
    request: pytest.FixtureRequest, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An address of this test's own, in the store that the environment names."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    store_of.cache_clear()
    yield f"s3://clinic/{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
    store_of.cache_clear()


@pytest.fixture(params=["folder", pytest.param("bucket", marks=S3)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return FolderPlace(tmp_path / "data")
    return BucketPlace(request.getfixturevalue("bucket"), 30.0)


@pytest.fixture
def store(place: Place) -> FilmStore:
    return FilmStore(place)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class TestEither:
    def test_a_film_is_kept_once_under_its_hash(self, store: FilmStore, place: Place) -> None:
        content = phantom_png(1)
        assert not store.has(_sha256(content))
        assert store.put(content) == store.put(content) == _sha256(content)
        assert store.has(_sha256(content))
        assert store.get(_sha256(content)) == content
        sha256 = _sha256(content)
        assert [kept.name for kept in place.below("films")] == [f"films/{sha256[:2]}/{sha256}"]
        assert list(store.every()) == [sha256]

    @pytest.mark.parametrize("size", [0, 1, 6 * 1024 * 1024])
    def test_every_size_comes_back_whole(self, store: FilmStore, size: int) -> None:
        content = os.urandom(size)
        assert store.get(store.put(content)) == content

    def test_what_is_gone_or_altered_is_told_apart(self, store: FilmStore, place: Place) -> None:
        sha256 = store.put(phantom_png(1))
        name = f"films/{sha256[:2]}/{sha256}"
        place.write(name, phantom_png(2))
        with pytest.raises(UnavailableError) as altered:
            store.get(sha256)
        store.remove(sha256)
        store.remove(sha256)  # again removes nothing
        with pytest.raises(UnavailableError) as gone:
            store.get(sha256)
        assert [altered.value.code, gone.value.code] == ["film_altered", "film_missing"]
        assert not store.has(sha256)

    @pytest.mark.parametrize("name", ["", "x", "../secret.key", NOBODY.upper()[:63] + "G"])
    def test_nothing_else_is_a_name(self, store: FilmStore, name: str) -> None:
        for ask in (store.get, store.has, store.remove):
            with pytest.raises(ValueError, match="not a SHA-256"):
                ask(name)

    def test_what_was_left_is_found_by_its_age(self, store: FilmStore, place: Place) -> None:
        first, second = store.put(phantom_png(1)), store.put(phantom_png(2))
        place.write("films/ab/.half.partial-x", b"half")
        place.write("films/readme.txt", b"of another hand")
        moment = datetime.now(UTC)
        assert list(store.left_since(moment - TOMORROW)) == []
        assert place.has("films/ab/.half.partial-x"), "somebody may be writing it"
        assert set(store.left_since(moment + TOMORROW)) == {first, second}
        assert not place.has("films/ab/.half.partial-x")
        assert place.has("films/readme.txt")

    def test_whether_it_can_be_written(self, store: FilmStore, place: Place) -> None:
        assert store.can_write()
        assert list(place.below("films")) == [], "the trial leaves nothing"

    def test_many_films_are_listed_page_by_page(self, store: FilmStore) -> None:
        kept = {store.put(bytes([number]) * 10) for number in range(120)}  # the store gives 50
        assert set(store.every()) == kept
        for sha256 in kept:
            store.remove(sha256)
        assert list(store.every()) == []


class TestAway:
    """A store that does not answer: nobody says that a film is gone, and nothing is lost."""

    @pytest.fixture
    def away(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilmStore]:
        for name, value in _signed_for(1).items():
            monkeypatch.setenv(name, value)
        store_of.cache_clear()
        yield FilmStore(BucketPlace("s3://away/clinic", 0.2))
        store_of.cache_clear()

    def test_it_is_said_so(self, away: FilmStore) -> None:
        asked: list[Callable[[], object]] = [
            lambda: away.put(b"x"),
            lambda: away.get(NOBODY),
            lambda: away.has(NOBODY),
            lambda: away.remove(NOBODY),
            lambda: list(away.left_since(datetime.now(UTC))),
            lambda: list(away.every()),
        ]
        for ask in asked:
            with pytest.raises(FilmStoreError) as caught:
                ask()
            assert (caught.value.status, caught.value.code) == (503, "film_store_away")
        assert not away.can_write()

    def _with(self, installation: Installation, away: FilmStore) -> Installation:
        return replace(installation, films=away)

    def test_no_film_passes_for_missing(
        self,
        installation: Installation,
        people: dict[Role, Person],
        away: FilmStore,
        tmp_path: Path,
    ) -> None:
        add_case(installation, people[Role.DOCTOR])
        place = self._with(installation, away)
        for look in (missing, damaged, integrity.check, staging.sweep):
            with pytest.raises(FilmStoreError):
                look(place)
        with pytest.raises(FilmStoreError):
            back_up(place, tmp_path / "backup.zip")
        assert not (tmp_path / "backup.zip").exists()
        assert last_backup.read(installation).failed_at is not None
        found = health.checks(place)
        assert (found["films"], found["film_folder"], found["database"]) == (False, False, True)

    def test_a_case_is_not_accepted(
        self, installation: Installation, people: dict[Role, Person], away: FilmStore
    ) -> None:
        with pytest.raises(FilmStoreError):
            add_case(self._with(installation, away), people[Role.DOCTOR])
        with installation.reading() as session:
            assert session.scalar(select(func.count()).select_from(Case)) == 0

    def test_a_patient_is_erased_all_the_same_and_the_film_is_told(
        self, installation: Installation, people: dict[Role, Person], away: FilmStore
    ) -> None:
        number = add_case(installation, people[Role.DOCTOR])
        with pytest.raises(UnavailableError, match="The patient is erased, but for 1 film"):
            erase.erase(self._with(installation, away), Actor(None), [number])
        with installation.reading() as session:
            assert session.scalar(select(func.count()).select_from(Film)) == 0
        assert len(list(installation.films.every())) == 1
        for kept in installation.films.place.below("films"):  # as a day later
            os.utime(installation.folder / kept.name, (0, 0))
        assert staging.sweep(installation) == 1
        assert list(installation.films.every()) == []


@pytest.mark.parametrize("named", ["films", "/srv/films", "http://host/x", "s3://", "s3:///x"])
def test_a_setting_that_is_no_address_is_refused(named: str) -> None:
    with pytest.raises(ValueError, match="is no address such as"):
        ClinicSettings(film_store=named)


def test_without_the_setting_films_lie_in_the_data_folder(installation: Installation) -> None:
    assert isinstance(installation.films.place, FolderPlace)
    assert installation.films.place.folder == installation.folder
    assert store_mark.is_own(installation.films.place, installation.engine, installation.keys)


@pytest.fixture
def shared(
    clinic_settings: ClinicSettings, installation: Installation, bucket: str
) -> Iterator[Installation]:
    """The clinic with its films in the bucket."""
    assert installation
    opened = Installation.open(clinic_settings.model_copy(update={"film_store": bucket}))
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(shared: Installation, tmp_path: Path) -> Iterator[Installation]:
    """A second machine: the same database and bucket, a data folder of its own with the key."""
    folder = tmp_path / "second"
    folder.mkdir(mode=0o700)
    for name in ("secret.key", "seals.begun"):
        (folder / name).write_bytes((shared.folder / name).read_bytes())
    url = shared.settings.database_url or f"sqlite:///{shared.folder / 'clinic.sqlite3'}"
    chosen = shared.settings.model_copy(update={"data": folder, "database_url": url})
    if isinstance(url, str):
        chosen = chosen.model_copy(update={"database_url": SecretStr(url)})
    opened = Installation.open(chosen)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the store is one of Linux")
class TestClinicInABucket:
    def test_films_of_cases_lie_there_and_nowhere_else(
        self, shared: Installation, elsewhere: Installation, people: dict[Role, Person]
    ) -> None:
        add_case(shared, people[Role.DOCTOR], seed=1)
        assert not (shared.folder / "films").exists()
        with elsewhere.reading() as session:
            (film,) = session.scalars(select(Film)).all()
        assert elsewhere.films.get(film.sha256)
        assert list(shared.films.every()) == [film.sha256]
        assert missing(shared) == damaged(elsewhere) == []
        assert all(health.checks(elsewhere).values())

    def test_a_film_that_was_taken_away_is_found(
        self, shared: Installation, people: dict[Role, Person], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_case(shared, people[Role.DOCTOR], seed=1)
        add_case(shared, people[Role.DOCTOR], seed=2)
        monkeypatch.setattr(missing_films, "LISTED_SECONDS", -1.0)  # as ten minutes later
        assert missing(shared) == []
        first, second = sorted(shared.films.every())
        shared.films.remove(first)
        shared.films.place.write(f"films/{second[:2]}/{second}", b"altered")
        assert missing(shared) == [first]
        assert damaged(shared) == [first, second]
        assert integrity.check(shared).films == (first, second)

    def test_a_patient_is_erased(self, shared: Installation, people: dict[Role, Person]) -> None:
        number = add_case(shared, people[Role.DOCTOR])
        assert erase.erase(shared, Actor(None), [number]) == 1
        assert list(shared.films.every()) == []

    def test_a_backup_comes_back_to_a_bucket_and_to_a_folder(
        self,
        shared: Installation,
        people: dict[Role, Person],
        bucket: str,
        tmp_path: Path,
    ) -> None:
        packed = tmp_path / "other.zip"
        pack(make_bundle(tmp_path / "other", name="other"), packed)
        admin = Actor(people[Role.ADMINISTRATOR].id)
        bundle = bundles.install(shared, admin, packed.read_bytes())
        for seed in (1, 2):
            add_case(shared, people[Role.DOCTOR], seed=seed)
        archive = tmp_path / "backup.zip"
        manifest = back_up(shared, archive)
        assert not manifest.missing
        names = zipfile.ZipFile(archive).namelist()
        assert f"bundles/{bundle}.zip" in names
        films = sorted(shared.films.every())
        assert [f"films/{sha256[:2]}/{sha256}" in names for sha256 in films] == [True, True]
        for number, address in enumerate((f"{bucket}-again", None)):
            chosen = ClinicSettings(data=tmp_path / f"again{number}", film_store=address)
            restore(archive, chosen)
            again = Installation.open(chosen)
            assert sorted(again.films.every()) == films
            assert damaged(again) == []
            assert again.verify_trail().sound
            assert [choice.name for choice in bundles.choices(again)] == ["phantom", "other"]
            again.close()

    def test_a_copy_of_the_database_takes_no_film_of_the_first(
        self, shared: Installation, people: dict[Role, Person], bucket: str, tmp_path: Path
    ) -> None:
        """Restored to rehearse, with the settings of the clinic that serves."""
        archive = tmp_path / "backup.zip"
        back_up(shared, archive)
        add_case(shared, people[Role.DOCTOR])
        chosen = ClinicSettings(data=tmp_path / "rehearsal", film_store=bucket)
        with pytest.raises(CovidDError, match="is another database's") as refused:
            restore(archive, chosen)
        assert "'installation'" in refused.value.next_step
        restore(archive, chosen.model_copy(update={"film_store": f"{bucket}-other"}))
        with pytest.raises(CovidDError, match="is another database's"):
            Installation.open(chosen)
        assert len(list(shared.films.every())) == 1

    def test_nothing_is_swept_from_a_store_that_is_not_the_databases_any_more(
        self, shared: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared.films.put(b"left behind")
        monkeypatch.setattr(staging, "KEPT", -TOMORROW)
        shared.films.place.write(store_mark.NAME, "of another")
        assert staging.sweep(shared) == 0
        with shared.reading() as session:
            told = shared_notes.read(session, shared.keys, shared_notes.FILM_STORE)
        assert told is not None
        shared.films.place.write(store_mark.NAME, told["id"])
        assert staging.sweep(shared) == 1
        assert list(shared.films.every()) == []

    def test_the_mark_lasts_when_the_key_is_changed(self, shared: Installation) -> None:
        rotate(shared, Actor(None))
        again = Installation.open(shared.settings)
        assert store_mark.is_own(again.films.place, again.engine, again.keys)
        again.close()

    def test_a_film_sent_ahead_to_one_is_entered_by_the_other(
        self, shared: Installation, elsewhere: Installation, people: dict[Role, Person]
    ) -> None:
        doctor = people[Role.DOCTOR]
        staged = staging.stage(shared, doctor, Actor(doctor.id), phantom_png(3))
        assert elsewhere.films.get(staged.sha256)
        found = staging.find(elsewhere, doctor, staged.token)
        assert found.kept.sha256 == staged.sha256
        with shared.reading() as session:
            assert session.scalar(select(func.count()).select_from(StagedFilm)) == 1

    def test_a_bundle_installed_on_one_answers_on_the_other(
        self,
        shared: Installation,
        elsewhere: Installation,
        people: dict[Role, Person],
        tmp_path: Path,
    ) -> None:
        packed = tmp_path / "other.zip"
        pack(make_bundle(tmp_path / "other", name="other"), packed)
        admin = Actor(people[Role.ADMINISTRATOR].id)
        sha256 = bundles.install(shared, admin, packed.read_bytes())
        assert not elsewhere.active_detector.files.path(sha256).exists()
        bundles.switch(shared, admin, sha256)
        examined = elsewhere.active_detector.examine(phantom_png(1))
        assert examined.examination.bundle.sha256 == sha256
        copy = elsewhere.active_detector.files.path(sha256)
        assert copy.stat().st_mode & 0o077 == 0
        copy.write_bytes(copy.read_bytes()[:-30])
        elsewhere.active_detector.reload()
        assert elsewhere.active_detector.detector.bundle.id.sha256 == sha256, "fetched anew"
        copy.unlink()
        elsewhere.films.place.remove(f"bundles/{sha256}.zip")
        elsewhere.active_detector.reload()
        with pytest.raises(BundleError):
            _ = elsewhere.active_detector.detector

    def test_a_bundle_under_anothers_name_never_answers(
        self, shared: Installation, people: dict[Role, Person], tmp_path: Path
    ) -> None:
        packed = tmp_path / "other.zip"
        pack(make_bundle(tmp_path / "other", name="other"), packed)
        admin = Actor(people[Role.ADMINISTRATOR].id)
        sha256 = bundles.install(shared, admin, packed.read_bytes())
        pack(make_bundle(tmp_path / "third", name="third"), tmp_path / "third.zip")
        shared.active_detector.files.path(sha256).write_bytes((tmp_path / "third.zip").read_bytes())
        with pytest.raises(UnavailableError, match="holds another one"):
            bundles.switch(shared, admin, sha256)


def seen(monkeypatch: pytest.MonkeyPatch, **settings: str) -> dict[str, Any]:
    """Return the head with which a film is sent, by these settings of the store."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    heads: list[dict[str, str]] = []

    class Door(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            heads.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("etag", '"1"')
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Door) as door:
        Thread(target=door.serve_forever, daemon=True).start()
        for name, value in {**_signed_for(door.server_port), **settings}.items():
            monkeypatch.setenv(name, value)
        store_of.cache_clear()
        BucketPlace("s3://clinic/x", 10.0).write("films/1", b"film", mode=0o600)
        store_of.cache_clear()
        door.shutdown()
    (head,) = heads
    return head


def test_the_store_is_asked_to_encrypt_where_its_settings_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = seen(monkeypatch)
    assert "x-amz-server-side-encryption" not in plain
    assert plain["authorization"].startswith("AWS4-HMAC-SHA256 ")
    asked = seen(
        monkeypatch,
        AWS_SERVER_SIDE_ENCRYPTION="aws:kms",
        AWS_SSE_KMS_KEY_ID="the-hospitals-key",
    )
    assert asked["x-amz-server-side-encryption"] == "aws:kms"
    assert asked["x-amz-server-side-encryption-aws-kms-key-id"] == "the-hospitals-key"


def _signed_for(port: int) -> dict[str, str]:
    """Return what a client of a store at a port of this machine goes by."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
    }
