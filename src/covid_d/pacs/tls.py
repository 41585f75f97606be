"""Encrypted connections by the profile of PS3.15 B.12 (BCP 195): both sides show a certificate."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from covid_d.errors import CovidDError
from covid_d.language import N_

# TLS 1.2 suites that BCP 195 (RFC 9325, 4.2) recommends; those of TLS 1.3 are all allowed.
_SUITES: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
)


def context(
    certificate: Path, key: Path | None, authorities: Path | None, *, server: bool
) -> ssl.SSLContext:
    """Return how a side of an encrypted connection proves itself and what it accepts.

    Parameters
    ----------
    certificate, key
        This side's (PEM); the key may lie in the certificate's file.
    authorities
        Who vouches for the other side (PEM). A server without them would let anybody in.
    server
        Whether this side is called.

    Raises
    ------
    CovidDError
        If a file is missing or holds something else.
    """
    if authorities is None:
        raise CovidDError(
            N_("TLS needs the certificates of those who vouch for the other side."),
            N_("Name their file with --authorities or COVID_D_PACS_AUTHORITIES."),
        )
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_SUITES)
    made.verify_mode = ssl.CERT_REQUIRED
    made.check_hostname = not server
    try:
        made.load_cert_chain(certificate, key)
        made.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise CovidDError(
            N_("The files for TLS cannot be used: %(reason)s.", reason=error),
            N_("Check that certificate, key and authorities are PEM files that can be read."),
        ) from error
    return made
