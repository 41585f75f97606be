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
from covid_d.clinic.alerts.tell import ways
from covid_d.clinic.alerts.webhook import signature
from covid_d.clinic.settings import ClinicSettings
from guide.documents import DOCS, LANGUAGES, fences
from ports import own_port

HOST = "covid-d.hospital.example"
PASSWORD = "una frase larga de prueba"
MEGABYTE = 1024 * 1024


def _page(language: str) -> Path:
    return DOCS / language / "clinic" / "hospital-it.md"


def _service(language: str) -> configparser.RawConfigParser:
    return _unit(fences(_page(language), "ini")[0])


def _unit(text: str) -> configparser.RawConfigParser:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    return unit


def _units(language: str) -> dict[str, str]:
    """Return every unit of the page, by the file's name that stands before it."""
    page = _page(language).read_text(encoding="utf-8")
    found = re.findall(
        r"`/etc/systemd/system/([\w.-]+)`[^`]*\n\n```ini\n(.*?)```", page, flags=re.DOTALL
    )
    assert len(found) == len(fences(_page(language), "ini"))
    return dict(found)


def _environment(language: str) -> dict[str, str]:
    """What the unit sets: ``Environment`` stands on several lines, which a parser keeps one of."""
    text = fences(_page(language), "ini")[0]
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
        process.communicate(timeout=300)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 300
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


def nginx_program() -> str:
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        real_parts.lacking("nginx is not installed")
    return nginx


def nginx_configuration(
    block: str, changes: dict[str, str], folder: Path, outside: int, more: str = ""
) -> tuple[Path, Path]:
    """Write a page's server block for this machine; return its file and the certificate.

    Each of ``changes`` must stand in the block; ``more`` is added to what holds for every server.
    """
    certificate, key = _certificate(folder)
    here = {
        "listen 443 ssl;": f"listen 127.0.0.1:{outside} ssl;",
        "/etc/ssl/covid-d.crt": str(certificate),
        "/etc/ssl/covid-d.key": str(key),
    }
    for ours, theirs in {**here, **changes}.items():
        assert ours in block
        block = block.replace(ours, theirs)
    config = folder / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; pid {folder}/nginx.pid;"
        f" error_log {folder}/nginx.log; events {{}} http {{ access_log off; {more}"
        f" client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n{block}\n}}\n",
        encoding="utf-8",
    )
    return config, certificate


@contextmanager
def _behind_nginx(language: str, folder: Path) -> Iterator[Proxy]:
    """Run the clinic, and a real nginx with the page's own server block in front."""
    nginx = nginx_program()
    [block] = fences(_page(language), "nginx")
    inside, outside = own_port(), own_port()
    changes = {"http://127.0.0.1:8000": f"http://127.0.0.1:{inside}"}
    config, certificate = nginx_configuration(block, changes, folder, outside)
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

    def test_a_large_upload_that_is_refused_is_told_why(self, proxy: Proxy) -> None:
        """Nobody is signed in: the clinic knows after the head, nginx goes on sending."""
        film = {"film": ("film.dcm", b"x" * (40 * MEGABYTE), "application/dicom")}
        with proxy.client() as browser:
            for _ in range(5):
                answer = proxy.send(
                    browser,
                    "POST",
                    "/films/staged",
                    files=film,
                    headers={"x-requested-with": "fetch"},
                )
                assert answer.status_code == 401, answer.text[:200]
                assert answer.json()["error"]["code"] == "not_signed_in"

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
    with _service_running(language, tmp_path / "data", own_port()):
        subprocess.run(f"{program} {command}", shell=True, check=True)
    [backup] = tmp_path.glob("covid-d-????-??-??.zip")
    restored = ["restore", str(backup), "--data", str(tmp_path / "again")]
    subprocess.run([sys.executable, "-m", "covid_d", *restored], check=True)
    kept = sqlite3.connect(tmp_path / "again" / "clinic.sqlite3").execute(
        "SELECT count(*) FROM audit_entry"
    )
    assert kept.fetchone()[0] >= 1


TIMED = {"covid-d-check": "clinic check", "covid-d-notify": "clinic notify"}


def test_both_languages_have_the_same_units() -> None:
    assert _units("en").keys() == _units("es").keys()
    assert {f"{name}.{kind}" for name in TIMED for kind in ("service", "timer")} < set(_units("es"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_systemd_understands_every_unit(language: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        real_parts.lacking("systemd is not installed")
    folder = tmp_path / "units"
    folder.mkdir()
    for name, text in _units(language).items():
        # The program's place is another one here; there is no such user either.
        changed = text.replace("/opt/covid-d/bin/covid-d", "/bin/true")
        (folder / name).write_text(changed.replace("=covid-d\n", "=root\n", 2))
    done = subprocess.run(
        [program, "verify", "--man=no", *sorted(map(str, folder.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if str(folder) in line or "covid-d" in line]
    assert ours == []
    for name in TIMED:
        when = _unit(_units(language)[f"{name}.timer"])["Timer"]["OnCalendar"]
        subprocess.run([program, "calendar", when], check=True, capture_output=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TIMED)
def test_what_runs_by_a_timer_may_do_no_more_than_the_service(language: str, name: str) -> None:
    units = _units(language)
    own, clinic = _unit(units[f"{name}.service"])["Service"], _service(language)["Service"]
    for word in ("User", "Group", "UMask", "NoNewPrivileges", "ProtectSystem", "ProtectHome"):
        assert own[word] == clinic[word], word
    assert own["Type"] == "oneshot"
    assert own["ReadWritePaths"] == f"/var/lib/{clinic['StateDirectory']}"
    assert "COVID_D_DATA=/var/lib/covid-d" in units[f"{name}.service"]
    assert _unit(units[f"{name}.timer"])["Install"]["WantedBy"] == "timers.target"
    failed = _unit(units["covid-d-check.service"])["Unit"]["OnFailure"]
    assert failed in units, "what is told when a check fails"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_units_own_commands_run(language: str, tmp_path: Path) -> None:
    """On a clinic that runs: all whole; then a film is taken away, found, and told by the web."""
    data, port = tmp_path / "data", own_port()
    units = _units(language)
    with _service_running(language, data, port) as first:
        assert first

        def run(name: str, **settings: str) -> subprocess.CompletedProcess[str]:
            [words] = re.findall(r"ExecStart=/opt/covid-d/bin/covid-d (.*)", units[name])
            return subprocess.run(
                [sys.executable, "-m", "covid_d", "--lang", "en", *words.split()],
                env={**os.environ, "COVID_D_DATA": str(data), **settings},
                capture_output=True,
                text=True,
                check=False,
            )

        def integrity() -> bool:
            answer = httpx2.get(f"http://127.0.0.1:{port}/readyz", headers={"host": HOST})
            return bool(answer.json()["integrity"])

        whole = run("covid-d-check.service")
        assert "audit trail: whole" in whole.stdout, whole.stderr
        assert integrity()
        unset = run("covid-d-notify.service")
        assert unset.returncode == 1
        assert "No way to send notices is set" in unset.stderr
        connection = sqlite3.connect(data / "clinic.sqlite3")
        with connection:
            connection.execute("UPDATE audit_entry SET action = 'sign_in' WHERE sequence = 1")
        connection.close()
        broken = run("covid-d-check.service")
        assert broken.returncode == 1, "systemd shows it as failed, and OnFailure tells"
        assert not integrity()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_for_notices_are_known(language: str) -> None:
    [text] = fences(_page(language), "properties")
    named = dict(line.split("=", 1) for line in text.splitlines() if line)
    fields = {name.removeprefix("COVID_D_").lower(): said for name, said in named.items()}
    assert fields.keys() <= ClinicSettings.model_fields.keys()
    chosen = ClinicSettings(**fields)  # type: ignore[arg-type]
    assert ways(chosen) == ("mail", "webhook")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_receivers_own_check_of_a_signature(language: str) -> None:
    [code] = fences(_page(language), "python")
    place: dict[str, object] = {}
    exec(code, place)
    check = place["is_from_the_clinic"]
    assert callable(check)
    present = int(time.time())
    told = signature("secreto", present, b"{}")
    assert check(b"secreto", told, b"{}")
    assert not check(b"otro", told, b"{}")
    assert not check(b"secreto", told, b"{ }")
    assert not check(b"secreto", signature("secreto", present - 3600, b"{}"), b"{}")
