"""The installation's secret keys: made once, kept in a file that its owner alone can read.

Whoever has the database but not this file can neither read a cédula nor forge the audit trail.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from covid_d.errors import CovidDError
from covid_d.language import N_

FILE: Final = "secret.key"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys derived from the installation's one secret, one for each purpose.

    Parameters
    ----------
    secret
        32 random bytes.
    """

    secret: bytes

    def __repr__(self) -> str:
        return "Keys(...)"

    @classmethod
    def of(cls, folder: Path) -> Keys:
        """Read the secret of a data folder, or make it on the first start.

        Raises
        ------
        CovidDError
            If the file is damaged or cannot be read or written.
        """
        path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                # O_EXCL and the mode at creation: never open to others, never overwritten.
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
            else:
                secret = secrets.token_bytes(_BYTES)
                with os.fdopen(handle, "w", encoding="ascii") as stream:
                    stream.write(secret.hex() + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
        except OSError as error:
            raise CovidDError(
                N_(
                    "Cannot read or write %(path)s: %(strerror)s.",
                    path=path,
                    strerror=error.strerror,
                ),
                N_("Check the folder's owner and permissions (COVID_D_DATA)."),
            ) from error
        except ValueError as error:
            secret = b""
            del error
        if len(secret) != _BYTES:
            raise CovidDError(
                N_("%(path)s does not hold this installation's key.", path=path),
                N_("Restore it from a backup; without it encrypted data cannot be read."),
            )
        return cls(secret)

    def encrypt(self, text: str) -> str:
        """Return ``text`` encrypted (Fernet: AES-128-CBC with HMAC-SHA256)."""
        return self._fernet().encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """Return what :meth:`encrypt` was given.

        Raises
        ------
        CovidDError
            If it was encrypted under another key, or altered.
        """
        try:
            return self._fernet().decrypt(token.encode("ascii")).decode()
        except InvalidToken as error:
            raise CovidDError(
                N_("An encrypted entry cannot be read with this installation's key."),
                N_("Restore the key file that belongs to this database."),
            ) from error

    def digest(self, purpose: str, text: str) -> str:
        """Return the keyed hash (HMAC-SHA256, hex) of ``text`` for one purpose."""
        return hmac.new(self._derive(purpose), text.encode(), hashlib.sha256).hexdigest()

    def is_digest(self, purpose: str, text: str, digest: str) -> bool:
        """Return whether ``digest`` is what :meth:`digest` gives, in constant time."""
        return hmac.compare_digest(self.digest(purpose, text).encode(), digest.encode())

    def _fernet(self) -> Fernet:
        from base64 import urlsafe_b64encode

        return Fernet(urlsafe_b64encode(self._derive("encryption")))

    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=f"covid-d {purpose}".encode()).derive(self.secret)


def new_token() -> str:
    """Return a fresh unguessable token for a cookie, a link or an API key (256 bits)."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
