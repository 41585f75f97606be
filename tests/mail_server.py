"""A real mail server and a real webhook, for tests of notices."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from certificates import Files

USER, PASSWORD = "covid-d", "clave del correo"


@dataclass
class Post:
    """What a mail server got."""

    letters: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    fail: int = 0
    """How many more letters it answers with "try later"."""
    port: int = 0

    def said(self, number: int = -1) -> str:
        """Return what a letter says, the last one by default, with this system's line ends."""
        return str(self.letters[number].get_content()).replace("\r\n", "\n")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Take a receiver, or not."""
        if address in self.refuse:
            return "550 no such person here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a letter."""
        if self.fail > 0:
            self.fail -= 1
            return "451 try later"
        content = envelope.content
        assert isinstance(content, bytes)
        letter = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.receivers.append(list(envelope.rcpt_tos))
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 taken"


def _knows(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, told: Any
) -> AuthResult:
    assert isinstance(told, LoginPassword)
    right = (told.login, told.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


class _AnyPort(Controller):
    """Listens on a port that is free, and finds itself there."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(files: Files | None = None, *, kind: str = "starttls") -> Iterator[Post]:
    """Run a mail server.

    Parameters
    ----------
    files
        Its certificate; without one it speaks in the clear and wants no password.
    kind
        ``"starttls"`` or ``"tls"``.
    """
    post, options = Post(), {}
    context = None
    if files is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(files.certificate, files.key)
        options = {"authenticator": _knows, "auth_required": True}
        if kind == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        else:
            options |= {"auth_require_tls": False}  # it is inside TLS already
    controller = _AnyPort(
        post,
        hostname="127.0.0.1",
        port=0,
        ssl_context=context if kind == "tls" else None,
        **options,  # type: ignore[arg-type]
    )
    controller.start()
    try:
        post.port = controller.port
        yield post
    finally:
        controller.stop()


@dataclass
class Hook:
    """What a webhook got."""

    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """What it answers next; 204 where nothing is left."""
    address: str = ""


@contextmanager
def webhook_server(files: Files) -> Iterator[Hook]:
    """Run a webhook that speaks HTTPS."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            hook.headers.append({name.lower(): value for name, value in self.headers.items()})
            status = hook.answers.pop(0) if hook.answers else 204
            self.send_response(status)
            if status in {301, 302, 307}:
                self.send_header("location", hook.address + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.address = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
