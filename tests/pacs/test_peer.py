"""Addresses of other nodes: read as people write them, refused with what to write instead."""

from __future__ import annotations

import pytest

from covid_d.errors import CovidDError
from covid_d.pacs.peer import AllowedCaller, Destination, Peer, is_title


class TestPeer:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("PACS@10.0.0.5:104", Peer("PACS", "10.0.0.5", 104)),
            ("MY PACS@pacs.hospital.ec:11112", Peer("MY PACS", "pacs.hospital.ec", 11112)),
            (" PACS@[::1]:104 ", Peer("PACS", "::1", 104)),
        ],
    )
    def test_read(self, text: str, expected: Peer) -> None:
        assert Peer.parse(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            *("", "PACS", "PACS@10.0.0.5", "@10.0.0.5:104", "PACS@:104", "PACS@host:0"),
            *("PACS@host:65536", "PACS@host:x", "SEVENTEEN-LETTERS@host:104", "ÑANDU@host:104"),
        ],
    )
    def test_refused_with_an_example(self, text: str) -> None:
        with pytest.raises(CovidDError) as raised:
            Peer.parse(text)
        assert repr(text) in raised.value.message
        assert "AET@HOST:PORT" in raised.value.next_step


class TestAllowedCaller:
    @pytest.mark.parametrize(
        ("allowed", "aet", "host", "may"),
        [
            ("CT1", "CT1", "10.0.0.9", True),
            ("CT1", "CT1  ", "10.0.0.9", True),  # titles come padded with spaces
            ("CT1", "CT2", "10.0.0.9", False),
            ("CT1", "ct1", "10.0.0.9", False),
            ("CT1@10.0.0.5", "CT1", "10.0.0.5", True),
            ("CT1@10.0.0.5", "CT1", "10.0.0.9", False),
        ],
    )
    def test_who_may(self, allowed: str, aet: str, host: str, may: bool) -> None:
        assert AllowedCaller.parse(allowed).is_allowed(aet, host) is may

    @pytest.mark.parametrize("text", ["", " ", "A" * 17, "BACK\\SLASH", "ÑANDÚ"])
    def test_refused(self, text: str) -> None:
        with pytest.raises(CovidDError, match="no title"):
            AllowedCaller.parse(text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("A", True), ("A" * 16, True), ("A" * 17, False), ("   ", False), ("a\n", False)],
)
def test_a_title(text: str, fits: bool) -> None:
    assert is_title(text) is fits


@pytest.mark.parametrize(
    ("kind", "address", "name"),
    [
        ("dicom", "PACS@10.0.0.5:104", "dicom:PACS@10.0.0.5:104"),
        ("stow", "https://me:secret@pacs.ec/studies", "stow:https://pacs.ec/studies"),
        ("fhir", "https://fhir.ec", "fhir:https://fhir.ec"),
    ],
)
def test_the_queue_learns_no_password(kind: str, address: str, name: str) -> None:
    assert Destination(kind, address).name == name  # type: ignore[arg-type]
