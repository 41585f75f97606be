"""What is posted arrives by HTTPS alone and proves who sent it, and when."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import httpx2
import pytest
from pydantic import SecretStr, ValidationError

from certificates import Authority
from covid_d.clinic.alerts import webhook
from covid_d.clinic.settings import ClinicSettings
from mail_server import Hook

TOLD = {"clinic": "Hospital Uno", "new": ["á"]}


def test_it_arrives_signed(by_webhook: ClinicSettings, hook: Hook) -> None:
    webhook.send(by_webhook, TOLD)
    (body,), (headers,) = hook.bodies, hook.headers
    assert json.loads(body) == TOLD
    assert headers["content-type"] == "application/json"
    moment, _, proof = headers["x-covid-d-signature"].removeprefix("t=").partition(",v1=")
    assert abs(time.time() - int(moment)) < 60
    signed = moment.encode() + b"." + body
    assert hmac.new(b"secreto compartido", signed, hashlib.sha256).hexdigest() == proof


def test_without_a_secret_nothing_claims_to_be_signed(
    by_webhook: ClinicSettings, hook: Hook
) -> None:
    webhook.send(by_webhook.model_copy(update={"notice_webhook_secret": None}), TOLD)
    assert "x-covid-d-signature" not in hook.headers[0]


def test_the_signature_is_one_that_anybody_can_reckon() -> None:
    """By `printf '1700000000.{}' | openssl dgst -sha256 -hmac k`."""
    proof = "c6ef4734033cee2367414a0939385eca0397754aa7a59716da7463a9298b5146"
    assert webhook.signature("k", 1_700_000_000, b"{}") == f"t=1700000000,v1={proof}"


@pytest.mark.parametrize("status", [302, 307, 400, 404, 500, 503])
def test_anything_but_yes_is_a_failure(by_webhook: ClinicSettings, hook: Hook, status: int) -> None:
    hook.answers = [status]
    with pytest.raises(httpx2.HTTPError, match=str(status)):
        webhook.send(by_webhook, TOLD)
    assert len(hook.bodies) == 1, "nobody is followed elsewhere"


def test_a_certificate_of_somebody_else_is_refused(
    by_webhook: ClinicSettings, hook: Hook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"), "other")
    for ca in (other.file, None):
        with pytest.raises(httpx2.ConnectError):
            webhook.send(by_webhook.model_copy(update={"notice_ca": ca}), TOLD)
    assert hook.bodies == []


@pytest.mark.parametrize("address", ["http://example.org/", "ftp://x", "/avisos", ""])
def test_nothing_but_https_is_an_address(address: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        ClinicSettings(notice_webhook=SecretStr(address))


def test_the_address_is_kept_as_a_secret(by_webhook: ClinicSettings, hook: Hook) -> None:
    """Many a webhook's address is its password."""
    assert hook.address not in repr(by_webhook)
    assert "secreto compartido" not in repr(by_webhook)
