"""Words of the API's documentation: English in OpenAPI, translated on the documentation page."""

from __future__ import annotations


def _(msgid: str) -> str:
    """Mark a sentence for the catalogues and leave it in English."""
    return msgid
