"""Answers on their way over the web: STOW-RS (PS3.18 10.5) and FHIR."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydicom.uid import generate_uid

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs.peer import Destination
from covid_d.pacs.send import Rejected, Transient

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_FAILED: Final = "00081198"  # Failed SOP Sequence of a store response
_REASON: Final = "00081197"  # Failure Reason
_NO_ROOM: Final = 0xA700
_MOST_BYTES: Final = 1 << 20
_LONGEST_S: Final = 30.0
_DUPLICATES: Final = frozenset({0x0111, 0xB007})


def check_address(destination: Destination) -> None:
    """Hold a web address against what may be used.

    Raises
    ------
    CovidDError
        If it is none, or leaves the hospital in the clear.
    """
    parts = urlsplit(destination.address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CovidDError(
            N_("%(text)r is no web address.", text=destination.address),
            N_("Write it as https://pacs.example.org/dicom-web/studies."),
        )
    if destination.outside and parts.scheme == "http":
        raise CovidDError(
            N_("%(text)r lies outside and is not encrypted.", text=destination.address),
            N_("Use its https address."),
        )


def client(timeout_s: float, token: str | None) -> httpx.Client:
    """Return what carries requests; ``token`` is sent as a bearer token."""
    headers = {"Accept-Encoding": "identity"}  # a packed answer may be a bomb
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.Client(timeout=timeout_s, headers=headers, follow_redirects=False)


def stow(address: str, files: Sequence[Path], over: httpx.Client) -> None:
    """Send the objects of one answer by STOW-RS.

    Raises
    ------
    Transient, Rejected
        If one did not arrive.
    """
    boundary = generate_uid(prefix=None).replace(".", "")
    parts = [
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        + file.read_bytes()
        + b"\r\n"
        for file in files
    ]
    answer = _post(
        over,
        address,
        b"".join([*parts, f"--{boundary}--\r\n".encode()]),
        {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        },
    )
    if answer.status_code == HTTPStatus.OK:
        return
    _judge_failures(answer)


def post_fhir(address: str, file: Path, over: httpx.Client) -> None:
    """Send an answer as FHIR resources: one transaction, so that it arrives whole or not at all.

    Raises
    ------
    Transient, Rejected
        If it did not arrive.
    """
    answer = _post(
        over,
        address,
        file.read_bytes(),
        {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
    )
    if not answer.is_success:
        raise Rejected(
            N_("The FHIR server refused the answer (HTTP %(code)d).", code=answer.status_code)
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    status_code: int
    content: bytes

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status_code < HTTPStatus.MULTIPLE_CHOICES


def _post(over: httpx.Client, address: str, content: bytes, headers: dict[str, str]) -> _Answer:
    try:
        with over.stream("POST", address, content=content, headers=headers) as came:
            answer = _Answer(came.status_code, _beginning(came))
    except httpx.HTTPError as error:
        raise Transient(
            N_("%(address)s cannot be reached.", address=urlsplit(address).hostname or "?")
        ) from error
    if answer.status_code in _PASSING:
        raise Transient(N_("The server is not ready (HTTP %(code)d).", code=answer.status_code))
    return answer


def _beginning(came: httpx.Response) -> bytes:
    """Return what a server says, as far as anybody reads: one may say gigabytes, or drip."""
    kept, end = bytearray(), time.monotonic() + _LONGEST_S
    for part in came.iter_bytes():
        kept += part
        if len(kept) > _MOST_BYTES or time.monotonic() > end:
            break
    return bytes(kept[:_MOST_BYTES])


def _judge_failures(answer: _Answer) -> None:
    """Read which objects a server did not take, and why (PS3.18 10.5.3, 202 and 409)."""
    if answer.status_code not in {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}:
        raise Rejected(
            N_("The server refused the objects (HTTP %(code)d).", code=answer.status_code)
        )
    try:
        failed = json.loads(answer.content or b"{}").get(_FAILED, {}).get("Value", [])
        reasons = {int(item.get(_REASON, {}).get("Value", [0])[0]) for item in failed}
    except (ValueError, AttributeError, TypeError, IndexError, RecursionError):
        reasons = {0}
    if not reasons and answer.status_code == HTTPStatus.CONFLICT:
        reasons = {0}  # nothing was taken, and the server does not say why
    if reasons <= _DUPLICATES:
        return
    code = ", ".join(f"0x{reason:04X}" for reason in sorted(reasons))
    if reasons <= _DUPLICATES | {_NO_ROOM}:
        raise Transient(N_("The other side has no room now (%(code)s).", code=code))
    raise Rejected(N_("The other side refused the object (%(code)s).", code=code))
