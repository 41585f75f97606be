"""A real OpenID provider on a local port, made of Authlib's authorization server.

Authorization code flow with PKCE demanded, a nonce demanded, identity tokens signed with RS256.
Who sits at the browser is ``provider.claims``; there is no page to choose.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from authlib.common.security import generate_token
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "covid-d", "a secret of the client"


class _Client(ClientMixin):  # type: ignore[misc]
    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Code(AuthorizationCodeMixin):  # type: ignore[misc]
    def __init__(self, request: Any, claims: dict[str, Any]) -> None:
        data = request.payload.data
        self.redirect_uri: str = data["redirect_uri"]
        self.scope: str = data["scope"]
        self.nonce: str | None = data.get("nonce")
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")
        self.claims = claims

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class OpenIdProvider(AuthorizationServer):  # type: ignore[misc]
    """The provider; ``claims`` is who sits at the browser, ``key`` signs, ``known_key`` is told."""

    def __init__(self, redirect_uri: str) -> None:
        super().__init__(scopes_supported=["openid", "email", "profile"])
        self.client, self.issuer = _Client(redirect_uri), ""
        self.claims: dict[str, Any] = {}
        self.forged: dict[str, Any] = {}  # put into the identity token as they are
        self.codes: dict[str, _Code] = {}
        self.key = self.known_key = RSAKey.generate_key(2048, {"kid": "1", "alg": "RS256"})
        self.register_token_generator(
            "default", BearerTokenGenerator(lambda **_: generate_token(42))
        )
        self.register_grant(_code_grant(self), [_tokens(self), CodeChallenge(required=True)])

    def query_client(self, client_id: str) -> _Client | None:
        return self.client if client_id == CLIENT else None

    def save_token(self, token: Any, request: Any) -> None:
        pass

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        if isinstance(request, OAuth2Request):
            return request
        method, url, headers, data = request
        made = OAuth2Request(method, url, headers=headers)
        made.payload = BasicOAuth2Payload(data)
        made.payload._datalist = defaultdict(list, made.payload._datalist)
        type(made).args = property(lambda self: self.payload.data)
        type(made).form = property(lambda self: self.payload.data)
        return made

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status_code=status, headers=dict(headers))
        return Response(body, status_code=status, headers=dict(headers))

    async def metadata(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "none"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def keys(self, request: Request) -> Response:
        return JSONResponse(KeySet([self.known_key]).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        asked = (request.method, str(request.url), request.headers, dict(request.query_params))
        try:
            grant = self.get_consent_grant(asked, end_user=self.claims)
        except OAuth2Error as error:
            return JSONResponse(dict(error.get_body()), status_code=400)
        answer = self.create_authorization_response(
            self.create_oauth2_request(asked), grant_user=self.claims, grant=grant
        )
        return RedirectResponse(answer.headers["location"], status_code=302)

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked = (request.method, str(request.url), request.headers, form)
        answer: Response = self.create_token_response(self.create_oauth2_request(asked))
        return answer

    @classmethod
    @contextmanager
    def running(cls, redirect_uri: str) -> Iterator[OpenIdProvider]:
        """Serve a provider until the block ends."""
        provider = cls(redirect_uri)
        app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", provider.metadata),
                Route("/keys", provider.keys),
                Route("/authorize", provider.authorize),
                Route("/token", provider.token, methods=["POST"]),
            ]
        )
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            provider.issuer = f"http://localhost:{port}"
            yield provider
        finally:
            server.should_exit = True
            thread.join()


def _code_grant(provider: OpenIdProvider) -> type[grants.AuthorizationCodeGrant]:
    class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]  # noqa: RUF012 - Authlib's protocol

        def save_authorization_code(self, code: str, request: Any) -> None:
            provider.codes[code] = _Code(request, dict(request.user))

        def query_authorization_code(self, code: str, client: Any) -> _Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: _Code) -> None:
            provider.codes = {
                code: kept
                for code, kept in provider.codes.items()
                if kept is not authorization_code
            }

        def authenticate_user(self, authorization_code: _Code) -> dict[str, Any]:
            return authorization_code.claims

    return CodeGrant


def _tokens(provider: OpenIdProvider) -> OpenIDCode:
    class Tokens(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def resolve_client_private_key(self, client: Any) -> RSAKey:
            return provider.key

        def get_client_algorithm(self, client: Any) -> str:
            return "RS256"

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.issuer, "aud": [CLIENT]}

        def generate_user_info(self, user: Any, scope: str) -> dict[str, Any]:
            return {**user, **provider.forged}

    return Tokens(require_nonce=True)
