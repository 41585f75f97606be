"""Signatures: who sealed a bundle, for those who hold the maker's public key."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path

import pytest

from covid_d.detector import Bundle, pack, seal, update
from covid_d.detector.bundle.signature import make_key, sign
from covid_d.errors import BundleError, CovidDError, MissingExtraError
from covid_d.settings import settings

pytest.importorskip("cryptography", reason="needs the extra 'sign'")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "maker"
    make_key(path)
    return path


@pytest.fixture(scope="module")
def public(key: Path) -> Path:
    return key.with_name("maker.pub")


@pytest.fixture
def signed(bundle_folder: Path, key: Path) -> Path:
    sign(bundle_folder, key)
    return bundle_folder


def test_the_private_key_is_its_owner_s_alone(key: Path, public: Path) -> None:
    if sys.platform != "win32":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in key.read_bytes()
    assert b"PUBLIC KEY" in public.read_bytes()
    assert b"PRIVATE" not in public.read_bytes()


@pytest.mark.parametrize("existing", ["again", "again.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("precious")
    with pytest.raises(CovidDError, match="already exists"):
        make_key(tmp_path / "again")
    assert [path.name for path in tmp_path.iterdir()] == [existing]


def test_signed_bundle_names_its_signer(signed: Path, key: Path, public: Path) -> None:
    fingerprint = sign(signed, key)
    assert Bundle.load(signed).signer == fingerprint
    assert Bundle.load(signed, public_key=public).signer == fingerprint


def test_signing_does_not_change_the_id(bundle_folder: Path, key: Path) -> None:
    before = Bundle.load(bundle_folder).id
    sign(bundle_folder, key)
    assert Bundle.load(bundle_folder).id == before


def test_zip_keeps_the_signature(signed: Path, public: Path, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    pack(signed, archive)
    assert Bundle.load(archive, public_key=public).signer


def test_zip_can_be_signed(bundle_folder: Path, key: Path, public: Path, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    pack(bundle_folder, archive)
    sign(archive, key)
    assert Bundle.load(archive, public_key=public).signer


def test_unsigned_is_refused_when_a_key_is_demanded(bundle_folder: Path, public: Path) -> None:
    with pytest.raises(BundleError, match="is not signed"):
        Bundle.load(bundle_folder, public_key=public)


def test_the_setting_demands_a_key(
    bundle_folder: Path, key: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVID_D_PUBLIC_KEY", str(public))
    settings.cache_clear()
    with pytest.raises(BundleError, match="is not signed"):
        Bundle.load(bundle_folder)
    sign(bundle_folder, key)
    assert Bundle.load(bundle_folder).signer


def test_another_signer_is_refused(signed: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    with pytest.raises(BundleError, match="signed by another key"):
        Bundle.load(signed, public_key=other)


def test_verdict_cannot_be_forged_past_a_demanded_key(
    signed: Path, public: Path, tmp_path: Path
) -> None:
    """Editing and sealing anew, with the old signature put back or signed by oneself."""
    old = (signed / "SIGNATURE").read_bytes()
    spec = signed / "bundle.json"
    spec.write_text(spec.read_text().replace('"demonstration"', '"audit-passed"'))
    seal(signed)
    (signed / "SIGNATURE").write_bytes(old)
    with pytest.raises(BundleError, match="signature is wrong"):
        Bundle.load(signed, public_key=public)
    make_key(tmp_path / "forger")
    sign(signed, tmp_path / "forger")
    with pytest.raises(BundleError, match="signed by another key"):
        Bundle.load(signed, public_key=public)


def test_every_flipped_byte_of_the_signature_is_refused(signed: Path) -> None:
    file = signed / "SIGNATURE"
    sound = file.read_bytes()
    for at in range(len(sound)):
        altered = bytearray(sound)
        altered[at] ^= 1 << (at % 8)
        file.write_bytes(altered)
        with pytest.raises(BundleError):
            Bundle.load(signed)


def test_a_signature_of_another_bundle_is_refused(
    signed: Path, tmp_path: Path, public: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(signed, other)
    update(other, {"MODEL_CARD.md": "# Other\n"})
    shutil.copy(signed / "SIGNATURE", other)
    with pytest.raises(BundleError, match="signature is wrong"):
        Bundle.load(other, public_key=public)


@pytest.mark.parametrize("change", ["update", "seal"])
def test_a_change_drops_the_signature(signed: Path, change: str) -> None:
    if change == "update":
        update(signed, {"MODEL_CARD.md": "# New\n"})
    else:
        (signed / "MODEL_CARD.md").write_text("# New\n")
        seal(signed)
    loaded = Bundle.load(signed)
    assert not loaded.signed
    assert loaded.card == "# New\n"


def test_sealing_an_unchanged_bundle_keeps_the_signature(signed: Path, public: Path) -> None:
    seal(signed)
    assert Bundle.load(signed, public_key=public).signer


def test_an_altered_bundle_is_not_signed(bundle_folder: Path, key: Path) -> None:
    (bundle_folder / "MODEL_CARD.md").write_text("other")
    with pytest.raises(BundleError, match="altered"):
        sign(bundle_folder, key)
    assert not (bundle_folder / "SIGNATURE").exists()


def test_keys_that_are_none(signed: Path, tmp_path: Path, key: Path, public: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no key")
    for wrong in (text, public):
        with pytest.raises(CovidDError, match="no Ed25519 private key"):
            sign(signed, wrong)
    for wrong in (text, key):
        with pytest.raises(CovidDError, match="no Ed25519 public key"):
            Bundle.load(signed, public_key=wrong)
    with pytest.raises(CovidDError, match="Cannot read the key"):
        Bundle.load(signed, public_key=tmp_path / "nothing")


def test_a_key_of_another_kind_is_refused(signed: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1())
    private = tmp_path / "ec"
    private.write_bytes(
        other.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )
    with pytest.raises(CovidDError, match="no Ed25519 private key"):
        sign(signed, private)


class TestWithoutCryptography:
    @pytest.fixture(autouse=True)
    def _absent(self, signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name.startswith("cryptography")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "cryptography", None)

    def test_a_signed_bundle_still_loads_unchecked(self, signed: Path) -> None:
        loaded = Bundle.load(signed)
        assert loaded.signed
        assert loaded.signer is None

    def test_a_demanded_key_is_never_skipped(self, signed: Path, public: Path) -> None:
        with pytest.raises(MissingExtraError, match="'sign'"):
            Bundle.load(signed, public_key=public)

    def test_making_a_key_names_the_extra(self, tmp_path: Path) -> None:
        with pytest.raises(MissingExtraError, match="'sign'"):
            make_key(tmp_path / "key")
