"""The page for hospital IT: its service and its proxy, run as they are written."""

from __future__ import annotations

import configparser
import html
import os
import re
import shlex
import shutil
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import real_parts
from guide.documents import DOCS, LANGUAGES, fences
from postgres_server import _free_port

HOST = "covid-d.hospital.example"
PASSWORD = "una frase larga de prueba"
MEGABYTE = 1024 * 1024


def _page(language: str) -> Path:
    return DOCS / language / "clinic" / "hospital-it.md"


def _service(language: str) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    [text] = fences(_page(language), "ini")
    unit.read_string(text)
    return unit


def _environment(language: str) -> dict[str, str]:
    """What the unit sets: ``Environment`` stands on several lines, which a parser keeps one of."""
    [text] = fences(_page(language), "ini")
    return dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))


@dataclass(frozen=True)
class Proxy:
    """A clinic behind a proxy: the proxy's port, the clinic's folder, the first start's path."""

    port: int
    folder: Path
    certificate: Path
    first_start: str

    def client(self, address: str = "127.0.0.1") -> httpx2.Client:
        """A browser at this address of the network; it trusts the hospital's certificate."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": HOST, "Origin": f"https://{HOST}"},
            transport=httpx2.HTTPTransport(verify=trusted, local_address=address),
            timeout=60,
        )

    def send(
        self, client: httpx2.Client, method: str, path: str, **content: object
    ) -> httpx2.Response:
        """Ask for a path under the hospital's own name, as DNS would lead there."""
        return client.request(
            method,
            path,
            extensions={"sni_hostname": HOST},
            **content,  # type: ignore[arg-type]
        )


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for the hospital's name; return its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "covid-d.crt", folder / "covid-d.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@contextmanager
def _running(words: list[str], **settings: str) -> Iterator[subprocess.Popen[str]]:
    plain = {name: text for name, text in os.environ.items() if not name.startswith("COVID_D_")}
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**plain, **settings},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            httpx2.get(f"http://127.0.0.1:{port}/")
            return
        except httpx2.TransportError:
            assert time.monotonic() < end, "nobody listens"
            time.sleep(0.1)


@contextmanager
def _service_running(language: str, folder: Path, port: int) -> Iterator[str]:
    """Run the unit's own command with its own environment; yield the first start's path.

    Of the installed unit, only the program's place, the data folder and the port are others here.
    """
    command = shlex.split(_service(language)["Service"]["ExecStart"])
    assert command[0] == "/opt/covid-d/bin/covid-d"
    command[command.index("--port") + 1] = str(port)
    settings = _environment(language) | {"COVID_D_DATA": str(folder)}
    with _running([sys.executable, "-u", "-m", "covid_d", *command[1:]], **settings) as service:
        assert service.stdout is not None
        links = (re.search(r"/first-start/\S+", line) for line in service.stdout)
        yield next(link[0] for link in links if link)


@contextmanager
def _behind_nginx(language: str, folder: Path) -> Iterator[Proxy]:
    """Run the clinic, and a real nginx with the page's own server block in front."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        real_parts.lacking("nginx is not installed")
    [block] = fences(_page(language), "nginx")
    inside, outside = _free_port(), _free_port()
    certificate, key = _certificate(folder)
    for ours, theirs in {
        "listen 443 ssl;": f"listen 127.0.0.1:{outside} ssl;",
        "/etc/ssl/covid-d.crt": str(certificate),
        "/etc/ssl/covid-d.key": str(key),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{inside}",
    }.items():
        assert ours in block
        block = block.replace(ours, theirs)
    config = folder / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; pid {folder}/nginx.pid;"
        f" error_log stderr; events {{}} http {{ access_log off;"
        f" client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n{block}\n}}\n",
        encoding="utf-8",
    )
    data = folder / "clinic"
    with (
        _service_running(language, data, inside) as link,
        _running([nginx, "-e", "stderr", "-c", str(config)]),
    ):
        _wait_for(inside)
        _wait_for(outside)
        yield Proxy(outside, data, certificate, link)


@pytest.fixture(scope="module", params=LANGUAGES)
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    with _behind_nginx(request.param, tmp_path_factory.mktemp("proxy")) as running:
        yield running


pytestmark = pytest.mark.slow


class TestTheProxy:
    def test_the_clinic_answers_under_its_own_name_only(self, proxy: Proxy) -> None:
        with proxy.client() as browser:
            assert proxy.send(browser, "GET", "/healthz").text == "ok"
            odd = proxy.send(browser, "GET", "/healthz", headers={"Host": "other.example"})
            assert odd.status_code == 400

    def test_figures_stay_inside(self, proxy: Proxy) -> None:
        with proxy.client() as browser:
            assert proxy.send(browser, "GET", "/metrics").status_code == 403

    def test_the_trail_knows_who_asked_and_not_the_proxy(self, proxy: Proxy) -> None:
        form = {"username": "nadie", "password": PASSWORD}
        with proxy.client("127.0.0.9") as browser:
            # Whoever claims to be somebody else is not believed.
            claim = {"X-Forwarded-For": "10.1.1.1"}
            answer = proxy.send(browser, "POST", "/sign-in", data=form, headers=claim)
            assert answer.status_code == 401
        with sqlite3.connect(proxy.folder / "clinic.sqlite3") as database:
            found = database.execute(
                "SELECT address FROM audit_entry ORDER BY sequence DESC"
            ).fetchone()
        assert found == ("127.0.0.9",)

    def test_a_doctor_signs_in_and_large_films_come_through(self, proxy: Proxy) -> None:
        with proxy.client() as browser:
            _sign_in_as_administrator(proxy, browser)
            link = _new_doctor(proxy, browser)
        assert link.startswith(f"https://{HOST}/password/")
        with proxy.client() as browser:
            path = link.removeprefix(f"https://{HOST}")
            assert proxy.send(browser, "POST", path, data={"password": PASSWORD}).status_code == 303
            form = {"username": "ana", "password": PASSWORD}
            signed = proxy.send(browser, "POST", "/sign-in", data=form)
            assert signed.headers["location"].startswith("/")
            cookies = signed.headers.get_list("set-cookie")
            assert cookies
            assert all("Secure" in cookie for cookie in cookies)
            browser.headers.update(_proof(proxy, browser))
            large = proxy.send(browser, "POST", "/films/staged", content=bytes(60 * MEGABYTE))
            assert large.status_code == 201  # a card that says why it is no film
            try:
                larger = proxy.send(browser, "POST", "/films/staged", content=bytes(140 * MEGABYTE))
            except httpx2.WriteError:  # the proxy closes the door before all of it was sent
                return
            assert larger.status_code == 413


def _sign_in_as_administrator(proxy: Proxy, browser: httpx2.Client) -> None:
    form = {"username": "eva", "full_name": "Eva Ruiz", "password": PASSWORD}
    assert proxy.send(browser, "POST", proxy.first_start, data=form).status_code == 303
    assert proxy.send(browser, "POST", "/sign-in", data=form).status_code == 303


def _proof(proxy: Proxy, browser: httpx2.Client) -> dict[str, str]:
    """Return what a page of the clinic sends along to show that it was the clinic's own."""
    page = proxy.send(browser, "GET", "/account").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    return {"X-CSRF-Token": token[1]}


def _new_doctor(proxy: Proxy, browser: httpx2.Client) -> str:
    """Enter a unit and its doctor; return the link to set a password."""
    unit = {"name": "Hospital General", "province": "Guayas", "prevalence": "10", "active": "yes"}
    proof = _proof(proxy, browser)
    assert proxy.send(browser, "POST", "/units/new", data=unit, headers=proof).status_code == 303
    doctor = {"username": "ana", "full_name": "Ana Paz", "role": "doctor", "unit_id": "1"}
    made = proxy.send(browser, "POST", "/users/new", data=doctor, headers=proof)
    [link] = re.findall(r'<input id="secret"[^>]* value="([^"]+)"', made.text)
    return html.unescape(link)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_service_keeps_its_folder_to_itself(language: str) -> None:
    service = _service(language)["Service"]
    folder = _environment(language)["COVID_D_DATA"]
    assert folder == f"/var/lib/{service['StateDirectory']}"  # what systemd makes for it
    assert (service["StateDirectoryMode"], service["UMask"]) == ("0700", "0077")
    assert "127.0.0.1" in service["ExecStart"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_nightly_backup_restores(language: str, tmp_path: Path) -> None:
    """The schedule's own command, with this machine's folders, on a clinic that runs."""
    lines = [line for text in fences(_page(language), "") for line in text.splitlines()]
    [night] = [line for line in lines if " backup " in line]
    command = night.partition("/opt/covid-d/bin/covid-d ")[2].replace("\\%", "%")
    command = command.replace("/backup", str(tmp_path)).replace(
        "/var/lib/covid-d", str(tmp_path / "data")
    )
    program = f"{shlex.quote(sys.executable)} -m covid_d"
    with _service_running(language, tmp_path / "data", _free_port()):
        subprocess.run(f"{program} {command}", shell=True, check=True)
    [backup] = tmp_path.glob("covid-d-????-??-??.zip")
    restored = ["restore", str(backup), "--data", str(tmp_path / "again")]
    subprocess.run([sys.executable, "-m", "covid_d", *restored], check=True)
    kept = sqlite3.connect(tmp_path / "again" / "clinic.sqlite3").execute(
        "SELECT count(*) FROM audit_entry"
    )
    assert kept.fetchone()[0] >= 1
