"""Encrypted connections: both sides prove themselves, or nothing is sent."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from certificates import Authority, Files
from covid_d.errors import CovidDError
from covid_d.pacs import tls
from pacs_factory import Archive, hospital_film, send, wait_until


@pytest.fixture
def hospital(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "hospital")


def given(authority: Authority, files: Files) -> dict[str, Any]:
    return {
        "certificate": files.certificate,
        "key": files.key,
        "authorities": authority.file,
    }


def client(authority: Authority, files: Files) -> dict[str, Any]:
    made = tls.context(files.certificate, files.key, authority.file, server=False)
    return {"tls_args": (made, "127.0.0.1")}


def test_a_film_and_its_answer_travel_encrypted(start_node: Any, hospital: Authority) -> None:
    station, node_files = hospital.issue("station"), hospital.issue("node")
    door = tls.context(*hospital.issue("archive"), hospital.file, server=True)
    with Archive().running(ssl_context=door) as archive:
        node = start_node(
            send_to=(f"ARCHIVE@127.0.0.1:{archive.port}",), **given(hospital, node_files)
        )
        assert send(node.port, hospital_film(), **client(hospital, station)) == [0x0000]
        wait_until(lambda: len(archive.objects) == 2)


def test_who_speaks_in_the_clear_is_not_heard(start_node: Any, hospital: Authority) -> None:
    node = start_node(timeout_s=2, **given(hospital, hospital.issue("node")))
    assert send(node.port, hospital_film()) == [None]
    assert node.queue.listed() == []


def test_who_is_vouched_for_by_somebody_else_is_not_heard(
    start_node: Any, hospital: Authority, tmp_path: Path
) -> None:
    strangers = Authority(tmp_path, "strangers")
    node = start_node(timeout_s=2, **given(hospital, hospital.issue("node")))
    files = strangers.issue("stranger")
    made = tls.context(files.certificate, files.key, hospital.file, server=False)
    assert send(node.port, hospital_film(), tls_args=(made, "127.0.0.1")) == [None]
    assert node.queue.listed() == []


def test_old_versions_and_weak_suites_are_off(hospital: Authority) -> None:
    made = tls.context(*hospital.issue("node"), hospital.file, server=True)
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert made.verify_mode is ssl.CERT_REQUIRED
    old = [each["name"] for each in made.get_ciphers() if each["protocol"] != "TLSv1.3"]
    assert old
    assert all("ECDHE" in name and "GCM" in name for name in old)


def test_without_authorities_anybody_could_come_in(hospital: Authority) -> None:
    with pytest.raises(CovidDError, match="vouch"):
        tls.context(*hospital.issue("node"), None, server=True)


@pytest.mark.parametrize("broken", ["certificate", "key", "authorities"])
def test_a_file_that_is_none_is_an_error(hospital: Authority, broken: str, tmp_path: Path) -> None:
    files = given(hospital, hospital.issue("node"))
    for wrong in (tmp_path / "absent.pem", tmp_path / "empty.pem"):
        if wrong.name == "empty.pem":
            wrong.write_text("")
        with pytest.raises(CovidDError, match="cannot be used") as raised:
            tls.context(**{**files, broken: wrong}, server=True)
        assert "PEM" in raised.value.next_step
