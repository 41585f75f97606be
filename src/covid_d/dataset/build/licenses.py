"""Which licences let a changed film be passed on, by the wording found in the collections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence's wording allows.

    Parameters
    ----------
    name
        The licence, in its usual short form.
    derivatives
        Whether changed copies may be redistributed.
    commercial
        Whether this also holds for commercial use.
    """

    name: str
    derivatives: bool
    commercial: bool


# The first pattern found decides, so what takes rights away stands before what grants them.
# Wording that is in no row allows nothing: silence is no licence.
_TABLE: Final[tuple[tuple[str, Terms], ...]] = (
    # An aggregator cannot grant what its third parties did not.
    (r"aggregated|third part", Terms("aggregated from third parties", False, False)),
    (r"challenge terms", Terms("challenge terms", False, False)),
    (r"all rights reserved", Terms("all rights reserved", False, False)),
    (r"\bcc[ -]by-nc-nd\b", Terms("CC BY-NC-ND", False, False)),
    (r"\bcc[ -]by-nd\b", Terms("CC BY-ND", False, False)),
    (r"\bcc[ -]by-nc-sa\b", Terms("CC BY-NC-SA", True, False)),
    (r"\bcc[ -]by-nc\b", Terms("CC BY-NC", True, False)),
    (r"\bcc[ -]by-sa\b", Terms("CC BY-SA", True, True)),
    (r"\bcc[ -]by\b", Terms("CC BY", True, True)),
    (r"\bcc ?0\b|\bcc-zero\b", Terms("CC0", True, True)),
    (r"public domain", Terms("public domain", True, True)),
    (r"\bapache\b.*2", Terms("Apache-2.0", True, True)),
    (r"^mit( license)?$", Terms("MIT", True, True)),
)
_UNKNOWN: Final = Terms("none stated", False, False)
_UNCLEAR: Final = Terms("unclear", False, False)


def terms_of(license_text: str) -> Terms:
    """Return what a licence allows, judged by its wording alone.

    Examples
    --------
    >>> terms_of("CC BY-NC-SA 4.0")
    Terms(name='CC BY-NC-SA', derivatives=True, commercial=False)
    >>> terms_of("").derivatives
    False
    """
    text = " ".join(license_text.lower().split())
    if not text:
        return _UNKNOWN
    for pattern, terms in _TABLE:
        if re.search(pattern, text):
            return terms
    return _UNCLEAR
