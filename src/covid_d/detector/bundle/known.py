"""Bundles whose verdict is believed without a signature: those that this program came with.

A bundle's verdict is its maker's word. Whoever edits it can compute the checksums anew, so it
counts only where the bundle is one of these, or where a key that this machine trusts signed it.
"""

from __future__ import annotations

from typing import Final

KNOWN: Final[dict[str, str]] = {
    "7728b156c839b5ea5c8f93bf93ed894de82a5e8b9906b55fd0963d3f1963ac4e": "cxr-appearance 1.1.0",
    "7b1f9ecaad1f79d158b258454b6a07eb869b99005328a8d602bbb6e3a5973a54": "cxr-appearance 1.2.0",
}
"""SHA-256 of a bundle (of its ``SHA256SUMS``) to its name and version.

A built-in bundle that passed its audit is added with the release that carries it; a test asks for
it. A demonstration needs no entry.
"""
