"""What an installation may set: read once from the environment, refused where it means nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from covid_d.cli.speech import sentence_of
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.language import N_
from covid_d.settings import Settings

OWN = sorted(ClinicSettings.model_fields.keys() - Settings.model_fields.keys())
SECRETS = ("database_url", "metrics_token", "oidc_client_secret")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ClinicSettings.model_fields:
        monkeypatch.delenv(f"COVID_D_{name.upper()}", raising=False)
    monkeypatch.delenv("COVID_D_LANG", raising=False)


def test_a_bare_installation_is_closed_and_local() -> None:
    bare = ClinicSettings()
    assert bare.host == "127.0.0.1"
    assert bare.database_url is None
    assert bare.allowed_hosts == bare.trusted_proxies == ""
    assert bare.metrics_token is None
    assert bare.oidc_issuer is None
    assert bare.national_id == "encrypted"
    assert bare.collection_review == "every"
    assert (bare.idle_minutes, bare.session_hours, bare.max_upload_mb) == (30, 12, 128)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DATA", "/srv/clinic", Path("/srv/clinic")),
        ("PORT", "8443", 8443),
        ("BEHIND_HTTPS", "true", True),
        ("BEHIND_HTTPS", "0", False),
        ("IDLE_MINUTES", "5", 5),
        ("RATE_LIMIT_FACTOR", "0", 0),
        ("RATE_LIMIT_FACTOR", "2.5", 2.5),
        ("NATIONAL_ID", "off", "off"),
        ("TIME_ZONE", "Pacific/Galapagos", "Pacific/Galapagos"),
        ("COLLECTION_REVIEW", "marked", "marked"),
        ("OIDC_ONLY", "yes", True),
    ],
)
def test_the_environment_sets_each(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any
) -> None:
    monkeypatch.setenv(f"COVID_D_{name}", text)
    read = getattr(ClinicSettings(), name.lower())
    assert read == value
    assert type(read) is type(value) or isinstance(read, float | Path)


def test_the_librarys_settings_hold_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_D_THREADS", "3")
    monkeypatch.setenv("COVID_D_LANG", "en")
    assert (ClinicSettings().threads, ClinicSettings().language) == (3, "en")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("IDLE_MINUTES", "0"),
        ("SESSION_HOURS", "0"),
        ("MAX_UPLOAD_MB", "0"),
        ("MAX_UPLOAD_MB", "1025"),
        ("RATE_LIMIT_FACTOR", "-0.1"),
        ("NATIONAL_ID", "plain"),
        ("COLLECTION_REVIEW", "none"),
        ("BEHIND_HTTPS", "perhaps"),
        ("TIME_ZONE", "Quito"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("TIME_ZONE", ""),
        ("TRUSTED_PROXIES", "10.0.0.256"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "127.0.0.1, proxy.hospital"),
    ],
)
def test_what_means_nothing_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"COVID_D_{name}", text)
    with pytest.raises(ValidationError, match=name.lower()):
        ClinicSettings()


@pytest.mark.parametrize("ends", [("PORT", "0"), ("PORT", "65535"), ("MAX_UPLOAD_MB", "1024")])
def test_the_ends_of_a_range_are_inside(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[str, str]
) -> None:
    monkeypatch.setenv(f"COVID_D_{ends[0]}", ends[1])
    assert getattr(ClinicSettings(), ends[0].lower()) == int(ends[1])


def test_the_refusal_names_the_word_at_fault_and_a_zone_to_try() -> None:
    with pytest.raises(ValidationError, match=r"'proxy\.hospital' is no address or network"):
        ClinicSettings(trusted_proxies="10.0.0.1, proxy.hospital")
    with pytest.raises(ValidationError, match="'Quito' is no time zone; try America/Guayaquil"):
        ClinicSettings(time_zone="Quito")


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"COVID_D_{name.upper()}", "postgresql://u:hunter2@host/name")
    read = ClinicSettings()
    assert "hunter2" not in repr(read) + str(read) + read.model_dump_json()
    assert getattr(read, name).get_secret_value().endswith("hunter2@host/name")


def test_every_setting_says_what_it_is_in_both_languages() -> None:
    for name in OWN:
        description = ClinicSettings.model_fields[name].description
        assert description, name
        spanish = N_(sentence_of(description)).in_language("es")
        assert spanish != description, name
        assert set(re.findall(r"COVID_D_\w+", spanish)) == set(
            re.findall(r"COVID_D_\w+", description)
        )


@pytest.mark.parametrize(
    ("said", "needed"),
    [
        ("", set()),
        ("administrator", {"administrator"}),
        (" Doctor, radiologist ,", {"doctor", "radiologist"}),
        ("all", {"doctor", "radiologist", "researcher", "administrator"}),
    ],
)
def test_roles_that_must_have_a_second_factor(said: str, needed: set[str]) -> None:
    chosen = ClinicSettings(second_factor=said)
    assert {role.value for role in Role if chosen.needs_second_factor(role.value)} == needed


def test_a_role_that_does_not_exist_is_no_protection() -> None:
    with pytest.raises(ValidationError, match="'nurse' is no role"):
        ClinicSettings(second_factor="doctor,nurse")
