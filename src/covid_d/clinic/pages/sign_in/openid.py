"""Pages: sign in through an OpenID provider."""

from __future__ import annotations

import base64
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from covid_d.clinic.accounts import openid
from covid_d.clinic.accounts.openid import Provider, ProviderError
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.http.render import go_to
from covid_d.clinic.http.visitor import (
    Anyone,
    address_of,
    browser_of,
    installation,
    open_session,
    outside_address,
)
from covid_d.clinic.installation import Installation

router = APIRouter()
_COOKIE: Final = "covid_d_openid"
_PATH: Final = "/openid"
_SECONDS: Final = 600
_BACK: Final = "/openid/back"


@router.get("/openid/sign-in")
def leave(request: Request, visitor: Anyone) -> Response:
    """Send the browser to the provider; what must be remembered goes into a signed cookie."""
    place = installation(request)
    errand = _provider(request).begin(outside_address(request, _BACK))
    response = RedirectResponse(errand.url, status_code=303)
    response.set_cookie(
        _COOKIE,
        _signer(place).dumps([errand.state, errand.nonce, errand.verifier]),
        max_age=_SECONDS,
        path=_PATH,
        httponly=True,
        samesite="lax",  # comes along when the provider sends the browser back
        secure=place.settings.behind_https,
    )
    return response


@router.get("/openid/back")
def come_back(request: Request, visitor: Anyone) -> Response:
    """Check the provider's answer and start a session."""
    place, provider = installation(request), _provider(request)
    try:
        remembered = _signer(place).loads(request.cookies.get(_COOKIE, ""), max_age=_SECONDS)
    except BadSignature as error:
        raise ProviderError from error
    state, nonce, verifier = remembered
    claims = provider.redeem(
        outside_address(request, _BACK),
        state=state,
        nonce=nonce,
        verifier=verifier,
        answer=dict(request.query_params),
    )
    token = openid.sign_in(place, provider, claims, address_of(request), browser_of(request))
    response = open_session(request, go_to("/"), token)
    response.delete_cookie(_COOKIE, path=_PATH)
    return response


def _provider(request: Request) -> Provider:
    found: Provider | None = request.app.state.openid
    if found is None:
        raise NotFoundError
    return found


def _signer(place: Installation) -> URLSafeTimedSerializer:
    # Encrypting is not needed: the browser may read its own verifier; it must not forge one.
    secret = base64.b64encode(place.keys.digest("openid errand", "").encode())
    return URLSafeTimedSerializer(secret, salt="covid-d openid")
