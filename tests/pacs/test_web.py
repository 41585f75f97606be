"""Delivery over the web, to a real HTTP server of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from covid_d.errors import CovidDError
from covid_d.pacs import web
from covid_d.pacs.peer import Destination
from covid_d.pacs.results import make
from covid_d.pacs.results.fhir import bundle_of
from covid_d.pacs.send import Rejected, Transient
from covid_d.pacs.web import check_address, client, post_fhir, stow
from pacs_factory import answered


class Server:
    """What was posted, and what to answer with."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.content: bytes = b"{}"
        self.without_end = False
        self.packed = False
        self.hung_up = threading.Event()
        self.address = ""


@pytest.fixture
def server() -> Iterator[Server]:
    kept = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            kept.requests.append((dict(self.headers), self.rfile.read(size)))
            self.send_response(kept.status)
            if kept.packed:
                self.send_header("Content-Encoding", "gzip")
            if kept.without_end:
                self.end_headers()
                self.say_without_end()
                return
            self.send_header("Content-Length", str(len(kept.content)))
            self.end_headers()
            self.wfile.write(kept.content)

        def say_without_end(self) -> None:
            try:
                while True:
                    self.wfile.write(kept.content)
            except OSError:
                kept.hung_up.set()

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.address = f"http://127.0.0.1:{listening.server_address[1]}/studies"
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield kept
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = []
    for made in make(answered()):
        path = tmp_path / f"{made.name}.dcm"
        path.write_bytes(made.content)
        found.append(path)
    return found


def send(server: Server, files: list[Path], token: str | None = None) -> None:
    with client(5, token) as over:
        stow(server.address, files, over)


class TestAnAnswerWithoutEnd:
    @pytest.mark.parametrize("over_web", ["stow", "fhir"])
    @pytest.mark.parametrize("status", [200, 500])
    def test_is_read_no_further_than_anybody_needs(
        self, server: Server, files: list[Path], over_web: str, status: int
    ) -> None:
        server.without_end, server.status, server.content = True, status, b" " * 65536

        def post() -> None:
            if over_web == "stow":
                send(server, files)
            else:
                with client(5, None) as over:
                    post_fhir(server.address, files[0], over)

        if status == 200:
            post()
        else:
            with pytest.raises(Transient, match="500"):
                post()
        assert server.hung_up.wait(300), "the connection was ended, not read to its end"

    def test_that_drips_is_left_after_a_while(
        self, server: Server, files: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(web, "_LONGEST_S", 0.2)
        server.without_end, server.content = True, b" "
        send(server, files)
        assert server.hung_up.wait(300)

    def test_a_refusal_of_it_is_one_whose_reason_nobody_knows(
        self, server: Server, files: list[Path]
    ) -> None:
        server.without_end, server.status, server.content = True, 409, b'{"00081198": ' * 5000
        with pytest.raises(Rejected, match="0x0000"):
            send(server, files)

    def test_nobody_is_asked_for_packed_answers(self, server: Server, files: list[Path]) -> None:
        send(server, files)
        assert server.requests[0][0]["Accept-Encoding"] == "identity"

    def test_one_packed_nevertheless_and_broken_is_a_fault_that_may_pass(
        self, server: Server, files: list[Path]
    ) -> None:
        server.packed, server.content = True, b"no gzip"
        with pytest.raises(Transient):
            send(server, files)


class TestStow:
    def test_both_objects_arrive_whole_in_one_request(
        self, server: Server, files: list[Path]
    ) -> None:
        send(server, files)
        ((headers, body),) = server.requests
        parsed = message_from_bytes(
            f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body
        )
        assert parsed.get_content_type() == "multipart/related"
        assert parsed.get_param("type") == "application/dicom"
        parts: Any = parsed.get_payload()
        read = [dcmread(BytesIO(part.get_payload(decode=True)), force=True) for part in parts]
        assert [each.Modality for each in read] == ["SR", "OT"]
        assert all(file.read_bytes() in body for file in files)

    def test_a_token_is_shown_and_never_in_the_clear_of_a_log(
        self, server: Server, files: list[Path], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        send(server, files, token="s3cret")
        assert server.requests[0][0]["Authorization"] == "Bearer s3cret"
        assert "s3cret" not in caplog.text

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_a_server_that_is_not_ready_is_asked_again(
        self, server: Server, files: list[Path], status: int
    ) -> None:
        server.status = status
        with pytest.raises(Transient, match=str(status)):
            send(server, files)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 415, 301])
    def test_a_server_that_refuses_is_not(
        self, server: Server, files: list[Path], status: int
    ) -> None:
        server.status = status
        with pytest.raises(Rejected, match=str(status)):
            send(server, files)

    @pytest.mark.parametrize(
        ("reasons", "raised"),
        [
            ([0x0111], None),
            ([0xB007], None),
            ([0xA700], Transient),
            ([0x0111, 0xA700], Transient),
            ([0x0122], Rejected),
            ([0xA700, 0xC000], Rejected),
            ([0xA900], Rejected),
        ],
    )
    @pytest.mark.parametrize("status", [202, 409])
    def test_what_was_not_taken_decides(
        self,
        server: Server,
        files: list[Path],
        status: int,
        reasons: list[int],
        raised: type[Exception] | None,
    ) -> None:
        server.status = status
        failed = [{"00081197": {"vr": "US", "Value": [reason]}} for reason in reasons]
        server.content = json.dumps({"00081198": {"vr": "SQ", "Value": failed}}).encode()
        if raised is None:
            send(server, files)
        else:
            with pytest.raises(raised):
                send(server, files)

    @pytest.mark.parametrize("content", [b"", b"not json", b"[]", b'{"00081198": 5}'])
    def test_a_conflict_that_says_nothing_is_a_refusal(
        self, server: Server, files: list[Path], content: bytes
    ) -> None:
        server.status, server.content = 409, content
        with pytest.raises(Rejected):
            send(server, files)

    def test_nobody_there(self, files: list[Path]) -> None:
        with client(2, None) as over, pytest.raises(Transient, match="cannot be reached"):
            stow("http://127.0.0.1:9/studies", files, over)


class TestFhir:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "bundle.json"
        path.write_text(json.dumps(bundle_of(answered())), encoding="utf-8")
        return path

    def test_one_transaction_arrives(self, server: Server, file: Path) -> None:
        with client(5, None) as over:
            post_fhir(server.address, file, over)
        ((headers, body),) = server.requests
        assert headers["Content-Type"] == "application/fhir+json"
        assert json.loads(body)["type"] == "transaction"

    @pytest.mark.parametrize(("status", "raised"), [(503, Transient), (422, Rejected)])
    def test_refusals(
        self, server: Server, file: Path, status: int, raised: type[Exception]
    ) -> None:
        server.status = status
        with client(5, None) as over, pytest.raises(raised):
            post_fhir(server.address, file, over)


class TestAddress:
    @pytest.mark.parametrize("address", ["", "pacs.ec/studies", "ftp://pacs.ec", "https://"])
    def test_what_is_none(self, address: str) -> None:
        with pytest.raises(CovidDError, match="no web address"):
            check_address(Destination("stow", address))

    def test_outside_it_must_be_encrypted(self) -> None:
        check_address(Destination("stow", "http://pacs.local/studies"))
        check_address(Destination("stow", "https://cloud.ec/studies", outside=True))
        with pytest.raises(CovidDError, match="not encrypted"):
            check_address(Destination("stow", "http://cloud.ec/studies", outside=True))
