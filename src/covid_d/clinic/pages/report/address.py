"""The case's address on paper, as a QR code for whoever holds the page and has an account."""

from __future__ import annotations

import io

import segno
from fastapi import Request

from covid_d.clinic.http.visitor import installation


def case_address(request: Request, case_id: int) -> str:
    """Return a case's whole address, as the browser that asks reaches this clinic.

    Parameters
    ----------
    request
        The browser's; its host was checked before.
    case_id
        Whose.
    """
    base = request.base_url
    if installation(request).settings.behind_https:  # the proxy speaks plain HTTP to us
        base = base.replace(scheme="https")
    return f"{str(base).rstrip('/')}/cases/{case_id}"


def qr_png(address: str) -> bytes:
    """Return an address as a QR code, PNG, with the quiet zone that readers need.

    Parameters
    ----------
    address
        At most some hundred characters.
    """
    buffer = io.BytesIO()
    # Level M still reads with 15 % of it smudged; a higher one would only make it finer.
    code = segno.make(address, error="m", micro=False, boost_error=False)
    code.save(buffer, kind="png", scale=6, border=4)
    return buffer.getvalue()
