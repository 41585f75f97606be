"""Bundles whose verdict is believed without a signature: those that this program came with.

A bundle's verdict is its maker's word. Whoever edits it can compute the checksums anew, so it
counts only where the bundle is one of these, or where a key that this machine trusts signed it.
"""

from __future__ import annotations

from typing import Final

KNOWN: Final[dict[str, str]] = {
    "afe292b47009f9d4c474db18469777829b57375780f4eb964bfda711f353ab39": "cxr-appearance 1.1.0",
}
"""SHA-256 of a bundle (of its ``SHA256SUMS``) to its name and version.

A built-in bundle that passed its audit is added with the release that carries it; a test asks for
it. A demonstration needs no entry.
"""
