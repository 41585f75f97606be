"""A hospital's own authority, its mail server and its webhook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from certificates import Authority
from covid_d.clinic.settings import ClinicSettings
from mail_server import PASSWORD, USER, Hook, Post, mail_server, webhook_server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "hospital")


@pytest.fixture
def post(authority: Authority) -> Iterator[Post]:
    """A mail server that wants STARTTLS and a password."""
    with mail_server(authority.issue("mail")) as server:
        yield server


@pytest.fixture
def hook(authority: Authority) -> Iterator[Hook]:
    with webhook_server(authority.issue("hook")) as server:
        yield server


@pytest.fixture
def by_mail(clinic_settings: ClinicSettings, post: Post, authority: Authority) -> ClinicSettings:
    """The clinic's settings, told to send by mail."""
    return clinic_settings.model_copy(
        update={
            "notice_name": "Hospital Uno",
            "notice_mail_to": "jefa@hospital.example, ti@hospital.example",
            "notice_mail_from": "covid-d@hospital.example",
            "notice_smtp_host": "127.0.0.1",
            "notice_smtp_port": post.port,
            "notice_smtp_user": USER,
            "notice_smtp_password": SecretStr(PASSWORD),
            "notice_ca": Path(authority.file),
        }
    )


@pytest.fixture
def by_webhook(clinic_settings: ClinicSettings, hook: Hook, authority: Authority) -> ClinicSettings:
    """The clinic's settings, told to post to a webhook."""
    return clinic_settings.model_copy(
        update={
            "notice_name": "Hospital Uno",
            "notice_webhook": SecretStr(hook.address + "/avisos"),
            "notice_webhook_secret": SecretStr("secreto compartido"),
            "notice_ca": Path(authority.file),
        }
    )
