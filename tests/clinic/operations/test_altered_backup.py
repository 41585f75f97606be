"""A backup of an older format is restored; one that is damaged, cut or forged never is."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_backups import content_of, rewritten, rewritten_and_agreeing
from covid_d.clinic.database.engine import open_engine
from covid_d.clinic.installation import Installation, database_url
from covid_d.clinic.keys import Keys
from covid_d.clinic.operations import restore as restore_module
from covid_d.clinic.operations.backup import MANIFEST
from covid_d.clinic.operations.restore import read_manifest, restore
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tables/patient_case.jsonl", lambda content: content.replace(b"HC-0001", b"HC-9999")),
        ("tables/patient_case.jsonl", lambda content: content.splitlines()[0]),
        ("tables/film.jsonl", lambda _: None),
        (MANIFEST, lambda _: None),
        (MANIFEST, lambda _: b"{}"),
        (MANIFEST, lambda content: content.replace(b'"format": 3', b'"format": 9')),
        (MANIFEST, lambda content: content.replace(b'"format": 3', b'"format": 2')),
        (MANIFEST, lambda content: content.replace(b'"patient_case": 2', b'"patient_case": 3')),
        (MANIFEST, lambda content: content.replace(b'"mac": "', b'"mac": "0')),
        ("secret.key", lambda _: b"ab" * 32),
        ("secret.key", lambda _: b"nothing"),
        (MANIFEST, lambda content: content.replace(b'"secret.key"', b'"../secret.key"')),
        (MANIFEST, lambda content: content.replace(b'"revision": "', b'"revision": "later')),
    ],
)
def test_an_altered_backup_is_refused(
    archive: Path, elsewhere: ClinicSettings, name: str, change: Callable[[bytes], bytes | None]
) -> None:
    rewritten(archive, name, change)
    with pytest.raises(CovidDError) as caught:
        restore(archive, elsewhere)
    assert caught.value.next_step
    assert not (elsewhere.data.parent / "secret.key").exists()


def test_a_backup_of_the_first_format_is_restored(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    def as_then(content: bytes) -> bytes:
        manifest = json.loads(content) | {"format": 1, "covid_d": "0.1.0"}
        for name in ("source_sha256", "entries", "head", "mac"):
            del manifest[name]
        return json.dumps(manifest).encode()

    rewritten(archive, MANIFEST, as_then)
    with pytest.raises(CovidDError, match="did not sign"):
        restore(archive, elsewhere)
    assert restore(archive, elsewhere, trust_older=True).source_sha256 == ""
    again = Installation.open(elsewhere)
    assert content_of(again) == content_of(filled)
    again.close()


def test_a_foreign_column_is_refused(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    name = "tables/unit.jsonl"

    def with_another(content: bytes) -> bytes:
        return content.replace(b'"name":', b'"evil; DROP": 1, "name":')

    rewritten_and_agreeing(archive, name, with_another, filled.keys)
    with pytest.raises(CovidDError, match="does not have"):
        restore(archive, elsewhere)
    assert not (elsewhere.data / "secret.key").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(
    archive: Path, elsewhere: ClinicSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("films/00/" + "0" * 64, bytes(64 << 20))
    assert archive.stat().st_size < 4 << 20
    monkeypatch.setattr(restore_module, "_LARGEST_FILE", 32 << 20)
    with pytest.raises(CovidDError, match="too large"):
        restore(archive, elsewhere)
    assert not (elsewhere.data / "secret.key").exists()


def _without_an_entry(archive: Path, keys: Keys | None) -> None:
    """Take an entry out of the middle of the trail, and have all checksums agree."""
    name = "tables/audit_entry.jsonl"

    def change(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join(lines[:1] + lines[2:])

    rewritten_and_agreeing(archive, name, change, keys)


def test_checksums_that_agree_are_not_enough(archive: Path, elsewhere: ClinicSettings) -> None:
    """Whoever has no key can reckon checksums anew, but not vouch for them."""
    _without_an_entry(archive, None)
    with pytest.raises(CovidDError, match="altered"):
        restore(archive, elsewhere)


@pytest.mark.postgres
def test_a_broken_trail_leaves_nothing_to_serve(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    _without_an_entry(archive, filled.keys)
    with pytest.raises(CovidDError, match="not whole") as caught:
        restore(archive, elsewhere)
    assert "evidence" in str(caught.value.next_step)
    assert not (elsewhere.data / "secret.key").exists()
    assert not [path for path in (elsewhere.data / "films").rglob("*") if path.is_file()]
    engine = open_engine(database_url(elsewhere))
    with engine.connect() as connection:
        for table in ("patient_case", "user_account", "audit_entry"):
            assert connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar() == 0
    engine.dispose()


def test_a_cut_trail_is_refused(
    filled: Installation, archive: Path, elsewhere: ClinicSettings
) -> None:
    """The manifest tells how far the trail reached, so that its end cannot be cut off unseen."""
    name = "tables/audit_entry.jsonl"

    def cut(content: bytes) -> bytes:
        return b"".join(content.splitlines(keepends=True)[:-1])

    rewritten_and_agreeing(archive, name, cut, filled.keys)
    with pytest.raises(CovidDError, match="not whole"):
        restore(archive, elsewhere)


@pytest.mark.parametrize("keep", [0, 100, -1000])
def test_a_cut_off_backup_is_refused(archive: Path, elsewhere: ClinicSettings, keep: int) -> None:
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(CovidDError, match="damaged"):
        restore(archive, elsewhere)


def test_an_altered_film_is_refused(archive: Path, elsewhere: ClinicSettings) -> None:
    (name,) = [n for n in read_manifest(archive).files if n.startswith("films/")][:1]
    rewritten(archive, name, lambda content: content + b"\0")
    with pytest.raises(CovidDError, match="altered"):
        restore(archive, elsewhere)
