"""Who sent it is known, and a change of anything is found."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from covid_d.clinic.federation.signing import is_genuine, public_key, signed
from federation_factory import block, keys_of, sent

SENT = sent("Clínica Uno", [block((20, 5, 6), (7, 30, 5))])


def test_what_was_signed_is_genuine_after_a_journey() -> None:
    assert is_genuine(SENT)
    assert is_genuine(json.loads(json.dumps(SENT, indent=4)))
    assert SENT["key"] == public_key(keys_of("Clínica Uno"))


def test_the_same_clinic_has_the_same_key_and_another_one_another() -> None:
    assert public_key(keys_of("a")) == public_key(keys_of("a"))
    assert public_key(keys_of("a")) != public_key(keys_of("b"))


def test_the_key_is_that_of_the_published_algorithm() -> None:
    """Checked with the library alone: the purpose, then sorted JSON without spaces."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(SENT["key"]))
    rest = {name: value for name, value in SENT.items() if name != "signature"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key.verify(bytes.fromhex(SENT["signature"]), b"covid-d federation 1\n" + text.encode())


def _changed(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(SENT) | changes


@pytest.mark.parametrize(
    "altered",
    [
        _changed(clinic="Clínica Dos"),
        _changed(blocks=[]),
        _changed(more=1),
        _changed(key=public_key(keys_of("forger"))),
        _changed(signature="00" * 64),
        _changed(signature="no hex"),
        _changed(key=None),
        {name: value for name, value in SENT.items() if name != "signature"},
        {},
    ],
)
def test_a_change_is_found(altered: dict[str, Any]) -> None:
    assert not is_genuine(altered)


def test_a_count_changed_deep_inside_is_found() -> None:
    altered = copy.deepcopy(SENT)
    altered["blocks"][0]["answers"]["positive"][0] += 1
    assert not is_genuine(altered)
    assert signed(altered, keys_of("forger"))["key"] != SENT["key"], "signed anew, by another"
