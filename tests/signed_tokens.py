"""Tokens that somebody changed: what is signed must refuse them."""

from __future__ import annotations


def forged(token: str) -> str:
    """Return ``token`` with the first character of its signature changed.

    Not the last one: in base 64 it holds fewer bits than it can show, and another character
    there may be the very same signature.
    """
    signed, dot, signature = token.rpartition(".")
    return signed + dot + ("A" if signature[0] != "A" else "B") + signature[1:]
