"""The installation's secret keys: made once, kept in a file that its owner alone can read.

Whoever has the database but not this file can neither read a cédula nor forge the audit trail.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from covid_d.errors import CovidDError
from covid_d.language import N_

FILE: Final = "secret.key"
NEXT: Final = "secret.key.next"
"""What a change of the key waits in, until the database is under it."""
_BYTES = 32
# Names that must mean the same before and after a change of the key: an import made twice, a
# patient's code made of a cédula, names in exports of the collection.
_LASTING: Final = frozenset(
    {
        "arrival",
        "import",
        "patient code",
        "collection patient",
        "collection site",
        "collection film",
    }
)
NATIONAL_ID: Final = "national id"
_HASHES: Final = "hashes"


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys derived from the installation's one secret, one for each purpose.

    Parameters
    ----------
    secret
        32 random bytes.
    first
        The first secret, after a change: it goes on making names that must not change.
    keeps_hashes
        Whether cédulas are still found by the first secret: they cannot be hashed anew where only
        their hashes are kept.
    """

    secret: bytes
    first: bytes | None = None
    keeps_hashes: bool = False

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
                found = cls.of_text(path.read_text(encoding="ascii", errors="replace"))
            else:
                found = cls(secrets.token_bytes(_BYTES))
                with os.fdopen(handle, "w", encoding="ascii") as stream:
                    stream.write(found.text)
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
        if found is None:
            raise CovidDError(
                N_("%(path)s does not hold this installation's key.", path=path),
                N_("Restore it from a backup; without it encrypted data cannot be read."),
            )
        return found

    @classmethod
    def of_text(cls, text: str) -> Keys | None:
        """Return the keys of a key file's words; ``None`` if they hold no key."""
        words = text.split()
        keeps = words[2:] == [_HASHES]
        try:
            held = [bytes.fromhex(word) for word in (words[:2] if keeps else words)]
        except ValueError:
            return None
        if len(held) not in (1, 2) or any(len(secret) != _BYTES for secret in held):
            return None
        return cls(held[0], held[1] if len(held) == 2 else None, keeps)

    @property
    def text(self) -> str:
        """What the key file says."""
        first = f"{self.first.hex()}\n" if self.first else ""
        return f"{self.secret.hex()}\n{first}{_HASHES if self.keeps_hashes else ''}".strip() + "\n"

    def changed(self, *, keep_hashes: bool) -> Keys:
        """Return other keys, with the names that last.

        Parameters
        ----------
        keep_hashes
            Whether cédulas cannot be hashed anew.
        """
        return Keys(secrets.token_bytes(_BYTES), self.first or self.secret, keep_hashes)

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

    def seal(self, row: str) -> str:
        """Return the seal of a database row (``database.sealed``)."""
        return self.digest("row", row)

    def _fernet(self) -> Fernet:
        from base64 import urlsafe_b64encode

        return Fernet(urlsafe_b64encode(self._derive("encryption")))

    def _derive(self, purpose: str) -> bytes:
        lasting = purpose in _LASTING or (self.keeps_hashes and purpose == NATIONAL_ID)
        return _derived(self.first if lasting and self.first else self.secret, purpose)


@lru_cache(maxsize=64)
def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"covid-d {purpose}".encode()).derive(secret)


def new_token() -> str:
    """Return a fresh unguessable token for a cookie, a link or an API key (256 bits)."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
