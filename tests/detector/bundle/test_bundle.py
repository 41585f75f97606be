"""Loading a bundle: identity, schema, and the setting that names one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle_factory import (
    AUDITED,
    appearance_fields,
    make_appearance_bundle,
    make_bundle,
    spec_dict,
)
from covid_d.detector import Bundle, Detector, seal
from covid_d.detector.bundle.bundle import BUILT_IN, built_in_path, parse_spec
from covid_d.detector.bundle.known import KNOWN
from covid_d.detector.bundle.signature import make_key, sign
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.errors import BundleError
from covid_d.settings import settings
from films import dicom

HERE = Path("here")


def parse(**overrides: object) -> BundleSpec:
    return parse_spec(json.dumps(spec_dict(**overrides)).encode(), HERE)


def test_id_is_name_version_and_hash_of_the_sums(shared_bundle: Path) -> None:
    loaded = Bundle.load(shared_bundle)
    sums = (shared_bundle / "SHA256SUMS").read_bytes()
    assert loaded.id.to_dict() == {
        "name": "phantom",
        "version": "1.0",
        "sha256": hashlib.sha256(sums).hexdigest(),
    }


def test_what_is_used_is_what_was_checked(bundle_folder: Path) -> None:
    loaded = Bundle.load(bundle_folder)
    model = (bundle_folder / "model.onnx").read_bytes()
    (bundle_folder / "model.onnx").write_bytes(b"changed after the check")
    assert loaded.model_bytes == model


def test_card_and_films_are_text(shared_bundle: Path) -> None:
    loaded = Bundle.load(str(shared_bundle))
    assert loaded.card.startswith("# Phantom")
    assert loaded.training_films.startswith("sha256,split,source\n")
    assert loaded.signer is None
    assert not loaded.signed


def test_the_setting_names_the_bundle(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_D_BUNDLE", str(bundle_folder))
    settings.cache_clear()
    assert Bundle.load().path == bundle_folder


def test_without_a_name_the_built_in_bundle_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_bundle(tmp_path / "models" / BUILT_IN)
    monkeypatch.setattr("covid_d.detector.bundle.bundle.resources.files", lambda package: tmp_path)
    assert built_in_path() == folder
    assert Bundle.load().path == folder
    assert Bundle.load("builtin").path == Bundle.load(Path("builtin")).path == folder


def test_absent_built_in_bundle_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covid_d.detector.bundle.bundle.BUILT_IN", "no-such-model")
    with pytest.raises(BundleError, match="carries no built-in bundle") as caught:
        Bundle.load()
    assert "covid-d train" in caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"not json"])
def test_not_json(content: bytes) -> None:
    with pytest.raises(BundleError, match="is not JSON"):
        parse_spec(content, HERE)


@pytest.mark.parametrize("content", [b"[]", b"7", b"null", b"{}", b'{"format": 3}'])
def test_unknown_format(content: bytes) -> None:
    with pytest.raises(BundleError, match="this COVID-D reads formats 1 and 2") as caught:
        parse_spec(content, HERE)
    assert "Update COVID-D" in caught.value.next_step


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("name", "Bad Name"),
        ("name", "../up"),
        ("classes", ["nocovid", "covid"]),
        ("classes", ["cat", "dog"]),
        ("created", "yesterday"),
        ("surprise", 1),
        ("network", {"file": "../model.onnx", "backbone": "x"}),
        ("calibration", {"slope": -1.0, "intercept": 0.0, "prevalence": 0.5, "films": 4}),
        ("calibration", {"slope": 1.0, "intercept": float("nan"), "prevalence": 0.5, "films": 4}),
        ("calibration", {"slope": 1.0, "intercept": 0.0, "prevalence": 1.0, "films": 4}),
        ("verdict", {"status": "validated"}),
        ("preprocessing", {"size": 3}),
    ],
)
def test_schema_errors_name_the_field(place: str, value: object) -> None:
    with pytest.raises(BundleError, match="is not valid") as caught:
        parse(**{place: value})
    assert f": {place}" in caught.value.message
    assert "here" in caught.value.message


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": 1},
        {"calibration": spec_dict()["calibration"]},
        {"conformal": spec_dict()["conformal"]},
    ],
)
def test_a_bundle_of_appearance_has_parts_of_its_own(wrong: dict[str, object]) -> None:
    assert parse(**appearance_fields()).has_appearance
    with pytest.raises(BundleError, match="is not valid"):
        parse(**appearance_fields(**wrong))


def test_minimal_spec_is_a_demonstration_without_thresholds() -> None:
    spec = spec_dict()
    for optional in ("conformal", "verdict", "classes"):
        del spec[optional]
    parsed = parse_spec(json.dumps(spec).encode(), HERE)
    assert parsed.conformal is None
    assert parsed.verdict.status == "demonstration"
    assert parsed.classes == ("covid", "nocovid")


def test_a_network_that_is_not_in_the_bundle(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "b", network={"file": "other.onnx", "backbone": "x"})
    with pytest.raises(BundleError, match=r"does not hold: 'other\.onnx'"):
        Bundle.load(folder)


def test_the_verdict_cannot_be_edited(bundle_folder: Path) -> None:
    spec = bundle_folder / "bundle.json"
    spec.write_text(spec.read_text().replace('"demonstration"', '"audit-passed"'))
    with pytest.raises(BundleError, match=r"'bundle\.json' fails its checksum"):
        Bundle.load(bundle_folder)


def test_a_forged_verdict_is_not_believed(bundle_folder: Path) -> None:
    """Whoever seals again passes the checksums; a verdict counts with a trusted signature."""
    spec = bundle_folder / "bundle.json"
    before = Bundle.load(bundle_folder).id
    spec.write_text(spec.read_text().replace('"demonstration"', '"audit-passed"'))
    seal(bundle_folder)
    after = Bundle.load(bundle_folder)
    assert after.claimed.status == "audit-passed"
    assert (after.spec.verdict.status, after.spec.verdict.is_unsigned) == ("demonstration", True)
    assert after.id.sha256 != before.sha256


def _passed(folder: Path) -> Path:
    """A bundle that claims to have passed, signed by nobody."""
    made = make_bundle(folder)
    spec = made / "bundle.json"
    spec.write_text(spec.read_text().replace('"demonstration"', '"audit-passed"'))
    seal(made)
    return made


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private key whose public one this machine trusts."""
    key = tmp_path / "maker"
    monkeypatch.setenv("COVID_D_TRUSTED_KEY", str(make_key(key)))
    settings.cache_clear()
    yield key
    settings.cache_clear()


def test_a_verdict_signed_by_a_trusted_key_is_believed(tmp_path: Path, trusting: Path) -> None:
    folder = _passed(tmp_path / "b")
    assert Bundle.load(folder).spec.verdict.is_unsigned
    sign(folder, trusting)
    assert Bundle.load(folder).spec.verdict.status == "audit-passed"


def test_a_verdict_signed_by_somebody_else_is_not(tmp_path: Path, trusting: Path) -> None:
    folder = _passed(tmp_path / "b")
    make_key(tmp_path / "other")
    sign(folder, tmp_path / "other")
    found = Bundle.load(folder)
    assert found.signer is not None
    assert found.spec.verdict.is_unsigned


def test_a_demanded_key_is_trusted_too(tmp_path: Path) -> None:
    folder, public = _passed(tmp_path / "b"), make_key(tmp_path / "maker")
    sign(folder, tmp_path / "maker")
    assert Bundle.load(folder, public_key=public).spec.verdict.status == "audit-passed"


def test_a_bundle_that_the_program_knows_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _passed(tmp_path / "b")
    monkeypatch.setitem(KNOWN, Bundle.load(folder).id.sha256, "phantom 1.0")
    assert Bundle.load(folder).spec.verdict.status == "audit-passed"


def test_the_built_in_bundle_is_believed() -> None:
    """Put its SHA-256 into ``known.py`` when one that passed its audit is built in."""
    built_in = Bundle.load("builtin")
    assert built_in.spec.verdict == built_in.claimed


def test_an_unsigned_bundle_gives_no_predictive_value_and_says_why(tmp_path: Path) -> None:
    folder = make_appearance_bundle(tmp_path / "b", verdict=AUDITED)
    (folder / "SIGNATURE").unlink()
    answer = Detector.load(folder).assess(dicom(PatientAge="050Y"), prevalence=0.2)
    assert answer.covid is None
    assert answer.verdict == "demonstration"
    codes = [caution.code for caution in answer.warnings]
    assert codes[:2] == ["demonstration_model", "unsigned_bundle"]
