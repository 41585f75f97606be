"""Telling by a webhook: JSON by HTTPS, signed so that its receiver knows who sent it, and when."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx2

from covid_d import __version__
from covid_d.clinic.settings import ClinicSettings

SECONDS: Final = 20.0
SIGNATURE: Final = "X-COVID-D-Signature"
FAILURES: Final = (OSError, httpx2.HTTPError)


def send(settings: ClinicSettings, told: Mapping[str, Any]) -> None:
    """Post what is told.

    Parameters
    ----------
    settings
        The address, and the secret that signs.
    told
        The body, as JSON.

    Raises
    ------
    OSError, httpx2.HTTPError
        If it does not arrive, or is answered by anything but 2xx; nobody is followed elsewhere.
    """
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", "user-agent": f"covid-d/{__version__}"}
    secret = settings.notice_webhook_secret
    if secret is not None:
        headers[SIGNATURE] = signature(secret.get_secret_value(), int(time.time()), body)
    context = ssl.create_default_context(
        cafile=str(settings.notice_ca) if settings.notice_ca else None
    )
    address = settings.notice_webhook
    assert address is not None  # noqa: S101 - asked of whoever calls
    with httpx2.Client(verify=context, timeout=SECONDS, follow_redirects=False) as client:
        answer = client.post(address.get_secret_value(), content=body, headers=headers)
    if not answer.is_success:
        raise httpx2.HTTPError(f"HTTP {answer.status_code}")


def signature(secret: str, moment: int, body: bytes) -> str:
    """Return what proves a body and when it was sent.

    Parameters
    ----------
    secret
        Known to the receiver.
    moment
        Seconds since 1970, so that an old one cannot be sent again.
    body
        As sent.

    Returns
    -------
    ``t=MOMENT,v1=HEX``: HMAC-SHA256 of ``MOMENT.BODY``.
    """
    signed = f"{moment}.".encode() + body
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
