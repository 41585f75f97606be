"""Signing in through an OpenID provider: the authorization code flow with PKCE.

The provider says who somebody is; who may come in and what they may do stays with the accounts that
an administrator made. An account is tied to the provider's subject at the first sign-in, by the
e-mail address that the provider verified (or another claim, ``COVID_D_OIDC_CLAIM``), which must be
the account's user name. From then on only the subject counts: names and addresses change hands.

Source: OpenID Connect Core 1.0; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp, FrameworkIntegration
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.errors import JoseError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts import sessions
from covid_d.clinic.database.accounts import User
from covid_d.clinic.errors import ClinicError, UnavailableError
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.language import N_

_SECONDS: Final = 10
# Signed with the provider's private key; "none" and keys shared with us prove less.
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512", "EdDSA")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NoAccountError(ClinicError):
    """The provider knows the person; we have no account for them."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            N_("You have no account here, or it is switched off."),
            N_("Ask an administrator for one; its user name must be your verified e-mail address."),
            code="no_account",
        )


class ProviderError(ClinicError):
    """The provider refused, or its answer proves nothing."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            N_("The identity provider did not confirm who you are."),
            N_("Try to sign in again; if it happens again, tell the administrator."),
            code="provider_refused",
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """What must be remembered while somebody is at the provider.

    Parameters
    ----------
    url
        Where to send the browser.
    state
        Ties the answer to this browser.
    nonce
        Ties the identity token to this errand.
    verifier
        PKCE: proves that whoever redeems the code began the errand.
    """

    url: str
    state: str
    nonce: str
    verifier: str


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    client_cls = OAuth2Client


class Provider:
    """The OpenID provider of an installation; its metadata is read at the first sign-in.

    Parameters
    ----------
    settings
        With ``oidc_issuer`` and ``oidc_client_id``.

    Raises
    ------
    CovidDError
        If the client is not named, or the issuer is not reached by HTTPS.
    """

    def __init__(self, settings: ClinicSettings) -> None:
        issuer = (settings.oidc_issuer or "").rstrip("/")
        parts = urlsplit(issuer)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise CovidDError(
                N_(
                    "COVID_D_OIDC_ISSUER %(oidc_issuer)r is not an HTTPS address.",
                    oidc_issuer=settings.oidc_issuer,
                ),
                N_("Give the provider's address as its documentation names the issuer."),
            )
        if not settings.oidc_client_id:
            raise CovidDError(
                N_("COVID_D_OIDC_ISSUER needs COVID_D_OIDC_CLIENT_ID."),
                N_("Register the clinic with the provider and give the client's id."),
            )
        secret = settings.oidc_client_secret
        self.issuer = issuer
        self._client = _Client(
            FrameworkIntegration("covid-d"),
            name="covid-d",
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
                "timeout": _SECONDS,
            },
        )

    def begin(self, redirect_uri: str) -> Errand:
        """Return where to send the browser, and what to remember meanwhile.

        Raises
        ------
        UnavailableError
            If the provider cannot be reached or is not the one that was named.
        """
        self._metadata()
        begun = self._client.create_authorization_url(redirect_uri)
        return Errand(begun["url"], begun["state"], begun["nonce"], begun["code_verifier"])

    def redeem(
        self, redirect_uri: str, *, state: str, nonce: str, verifier: str, answer: dict[str, str]
    ) -> dict[str, Any]:
        """Exchange the provider's answer for the claims of its signed identity token.

        Parameters
        ----------
        redirect_uri
            The same as in :meth:`begin`.
        state, nonce, verifier
            What was remembered.
        answer
            What the browser brought back: ``state`` and ``code``, maybe ``iss`` or ``error``.

        Raises
        ------
        ProviderError
            If the answer is not for this errand, was refused, or does not verify.
        UnavailableError
            If the provider cannot be reached.
        """
        self._metadata()
        if not state or not hmac.compare_digest(state.encode(), answer.get("state", "").encode()):
            raise ProviderError
        # RFC 9207: another provider's answer must not be taken for this one's.
        if answer.get("iss", self.issuer).rstrip("/") != self.issuer or not answer.get("code"):
            raise ProviderError
        try:
            token = self._client.fetch_access_token(
                redirect_uri, code=answer["code"], code_verifier=verifier
            )
            claims = self._client.parse_id_token(token, nonce)
        except httpx2.TransportError as error:
            raise _unreachable() from error
        except (AuthlibBaseError, JoseError, httpx2.HTTPError, ValueError, KeyError) as error:
            raise ProviderError from error
        if not claims or not claims.get("sub"):
            raise ProviderError
        return dict(claims)

    def _metadata(self) -> None:
        """Read the provider's metadata once and hold it to what we accept."""
        try:
            found = self._client.load_server_metadata()
        except (httpx2.HTTPError, ValueError) as error:
            raise _unreachable() from error
        if str(found.get("issuer", "")).rstrip("/") != self.issuer:
            found.clear()
            raise _unreachable()
        offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        accepted = [name for name in offered if name in _ALGORITHMS]
        found["id_token_signing_alg_values_supported"] = accepted or ["RS256"]


def sign_in(
    installation: Installation,
    provider: Provider,
    claims: dict[str, Any],
    address: str,
    browser: str | None = None,
) -> str:
    """Start a session for the account of verified claims and return its token.

    Parameters
    ----------
    installation, provider
        Where, and who verified.
    claims
        Of the identity token.
    address
        The network address, for the audit trail.
    browser
        Its coarse name, for the session's owner.

    Raises
    ------
    NoAccountError
        If there is no active account for them.
    """
    subject = _subject_key(provider.issuer, str(claims["sub"]))
    with installation.act(Actor(None, address)) as act:
        user = act.session.scalar(select(User).where(User.oidc_subject == subject))
        linked = user is None
        if user is None:
            user = _unlinked(act.session, _name(claims, installation.settings.oidc_claim))
        token = None
        if user is not None and user.active and not user.altered:
            user.oidc_subject, user.must_change_password = subject, False
            sessions.forget_ended(act.session, installation.settings)
            token = sessions.start(act.session, user, browser, way=sessions.OPENID)
        if user is not None:
            act.known_as(user.id)
        detail = {"by": "openid"} | ({"linked": True} if token and linked else {})
        act.record("sign_in" if token else "sign_in.failed", user or "user", **detail)
    if token is None:
        raise NoAccountError
    return token


def _subject_key(issuer: str, subject: str) -> str:
    """Return what an account keeps: a subject means something only at its own issuer."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def _name(claims: dict[str, Any], claim: str) -> str | None:
    """Return the user name that the claims prove."""
    if claim == "email" and claims.get("email_verified") is not True:
        return None
    value = claims.get(claim)
    return value if isinstance(value, str) and value else None


def _unlinked(session: Session, name: str | None) -> User | None:
    """Return the account of a name that belongs to no subject yet."""
    if name is None:
        return None
    return session.scalar(
        select(User).where(func.lower(User.username) == name.lower(), User.oidc_subject.is_(None))
    )


def _unreachable() -> UnavailableError:
    return UnavailableError(
        N_("The identity provider does not answer as it should."),
        N_("Try again later. Administrators can sign in with their password."),
        code="provider_unavailable",
    )
