"""Who sent figures: an Ed25519 signature by a key that only the clinic has.

The key is made from the installation's secret, so nothing new is to be kept; its public part names
the clinic to the ministry. A restored clinic signs as before; one whose key was changed is another
sender, and its new public key must be told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from covid_d.clinic.keys import Keys

_PURPOSE: Final = b"covid-d federation 1\n"


def public_key(keys: Keys) -> str:
    """Return the public key by which the ministry knows this installation: 64 hex digits."""
    return _private(keys).public_key().public_bytes_raw().hex()


def signed(content: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    """Return ``content`` with the sender's ``key`` and a ``signature`` over all of it."""
    whole = {**content, "key": public_key(keys)}
    return {**whole, "signature": _private(keys).sign(_bytes(whole)).hex()}


def is_genuine(sent: Mapping[str, Any]) -> bool:
    """Return whether what was sent is as the key that it names signed it."""
    rest = {name: value for name, value in sent.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(sent["key"]))
        key.verify(bytes.fromhex(sent["signature"]), _bytes(rest))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def _private(keys: Keys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(keys.digest("federation key", "1")))


def _bytes(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _PURPOSE + text.encode()
