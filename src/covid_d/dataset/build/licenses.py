"""Which licences let a changed film be passed on, by the wording found in the collections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LicenseTerms:
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
_TABLE: Final[tuple[tuple[str, LicenseTerms], ...]] = (
    # An aggregator cannot grant what its third parties did not.
    (r"aggregated|third part", LicenseTerms("aggregated from third parties", False, False)),
    (r"challenge terms", LicenseTerms("challenge terms", False, False)),
    (r"all rights reserved", LicenseTerms("all rights reserved", False, False)),
    (r"\bcc[ -]by-nc-nd\b", LicenseTerms("CC BY-NC-ND", False, False)),
    (r"\bcc[ -]by-nd\b", LicenseTerms("CC BY-ND", False, False)),
    (r"\bcc[ -]by-nc-sa\b", LicenseTerms("CC BY-NC-SA", True, False)),
    (r"\bcc[ -]by-nc\b", LicenseTerms("CC BY-NC", True, False)),
    (r"\bcc[ -]by-sa\b", LicenseTerms("CC BY-SA", True, True)),
    (r"\bcc[ -]by\b", LicenseTerms("CC BY", True, True)),
    (r"\bcc ?0\b|\bcc-zero\b", LicenseTerms("CC0", True, True)),
    (r"public domain", LicenseTerms("public domain", True, True)),
    (r"\bapache\b.*2", LicenseTerms("Apache-2.0", True, True)),
    (r"^mit( license)?$", LicenseTerms("MIT", True, True)),
)
_UNKNOWN: Final = LicenseTerms("none stated", False, False)
_UNCLEAR: Final = LicenseTerms("unclear", False, False)


def terms_of(license_text: str) -> LicenseTerms:
    """Return what a licence allows, judged by its wording alone.

    Examples
    --------
    >>> terms_of("CC BY-NC-SA 4.0")
    LicenseTerms(name='CC BY-NC-SA', derivatives=True, commercial=False)
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
