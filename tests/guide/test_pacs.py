"""The page for the PACS: its service and its commands, run as they are written."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arrival_factory import every_arrival
from bundle_factory import AUDITED, make_appearance_bundle
from clinic_factory import add_unit
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.pacs.peer import Peer
from covid_d.pacs.send import CallOptions, Rejected, Transient, echo
from guide.documents import DOCS, LANGUAGES, fences
from pacs_factory import Archive, hospital_film, send, wait_until
from ports import own_port

pytestmark = pytest.mark.slow


def _page(language: str) -> Path:
    return DOCS / language / "clinic" / "pacs.md"


def _unit(language: str) -> str:
    [text] = fences(_page(language), "ini")
    return text


def _environment(language: str) -> dict[str, str]:
    return dict(re.findall(r"^Environment=(\w+)=(.*)$", _unit(language), re.MULTILINE))


def _start(language: str) -> list[str]:
    command = re.search(r"^ExecStart=/opt/covid-d/bin/covid-d (.*)$", _unit(language), re.MULTILINE)
    assert command is not None
    return [sys.executable, "-m", "covid_d", *shlex.split(command[1])]


def _answers(port: int) -> bool:
    try:
        echo(Peer("COVID-D", "127.0.0.1", port), CallOptions("ORTHANC", 10))
    except (Transient, Rejected):
        return False
    return True


@contextmanager
def _service(language: str, archive: Archive, bundle: Path, **changed: str) -> Iterator[int]:
    """The unit's own command in its own environment, but for folders and ports; its port."""
    port = own_port()
    plain = {name: text for name, text in os.environ.items() if not name.startswith("COVID_D_")}
    named = _environment(language) | changed
    named = {name: text for name, text in named.items() if text}
    named["COVID_D_PACS_SEND_TO"] = re.sub(
        r"@.*", f"@127.0.0.1:{archive.port}", named["COVID_D_PACS_SEND_TO"]
    )
    process = subprocess.Popen(
        _start(language),
        env={**plain, **named, "COVID_D_PACS_PORT": str(port), "COVID_D_BUNDLE": str(bundle)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), seconds=120)
        assert process.poll() is None, process.communicate()[0]
        yield port
    finally:
        process.send_signal(signal.SIGTERM)  # as systemd stops it
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_appearance_bundle(tmp_path_factory.mktemp("guide") / "bundle", verdict=AUDITED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_service_answers_a_film_and_stops_when_told(
    language: str, bundle: Path, tmp_path: Path
) -> None:
    with Archive().running(aet="ORTHANC") as archive:
        data = str(tmp_path / "node")
        with _service(language, archive, bundle, COVID_D_PACS_DATA=data) as port:
            assert send(port, hospital_film(1), aet="STRANGER") == [None]
            assert send(port, hospital_film(1), aet="ORTHANC") == [0x0000]
            wait_until(lambda: len(archive.kept("SR")) == 1, seconds=120)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_service_of_a_clinic_brings_its_films_in(
    language: str, bundle: Path, tmp_path: Path
) -> None:
    """As the page says below the unit: the clinic's folder and a health unit instead."""
    [named] = re.findall(r"`Environment=COVID_D_PACS_CLINIC=([^`]+)`", _page(language).read_text())
    assert named == "/var/lib/covid-d"
    folder = tmp_path / "clinic"
    installation = Installation.open(ClinicSettings(data=folder))
    add_unit(installation, "Hospital General", blind_mode=True)
    changed = {
        "COVID_D_PACS_DATA": "",
        "COVID_D_PACS_CLINIC": str(folder),
        "COVID_D_PACS_UNIT": "Hospital General",
    }
    try:
        with Archive().running(aet="ORTHANC") as archive:
            with _service(language, archive, bundle, **changed) as port:
                assert send(port, hospital_film(1), aet="ORTHANC") == [0x0000]
                wait_until(lambda: len(every_arrival(installation)) == 1, seconds=120)
            assert archive.objects == {}, "the unit reads blind, and nobody has read it"
        (row,) = every_arrival(installation)
        assert (row.caller, row.blind, row.state) == ("ORTHANC", True, "waiting")
        assert installation.verify_trail().sound
    finally:
        installation.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_unit_keeps_its_folder_to_itself(language: str) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(_unit(language))
    service = unit["Service"]
    assert _environment(language)["COVID_D_PACS_DATA"] == f"/var/lib/{service['StateDirectory']}"
    assert (service["StateDirectoryMode"], service["UMask"]) == ("0700", "0077")
    assert service["NoNewPrivileges"] == "true"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_of_the_page_is_one(language: str) -> None:
    """Options that the page names are those that the commands take."""
    from covid_d.cli.pacs import pacs
    from covid_d.cli.predict import predict

    text = "\n".join(fences(_page(language), "")).replace("\\\n", " ")
    lines = [shlex.split(line) for line in text.splitlines() if line.startswith("covid-d ")]
    assert len(lines) >= 7
    for _, *words in lines:
        command = {"pacs": pacs, "predict": predict}[words[0]]
        rest = words[1:]
        while hasattr(command, "commands") and rest:
            command, rest = command.commands[rest[0]], rest[1:]
        known = {name for each in command.params for name in each.opts}
        assert {word for word in rest if word.startswith("--")} <= known, words
