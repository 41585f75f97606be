"""Ed25519 signatures over a bundle's checksums (extra ``sign``).

A signature says who sealed the bundle. It helps only those who got the public key by another way
than the bundle, and set ``COVID_D_PUBLIC_KEY`` or ``--public-key``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from covid_d.detector.bundle import contents
from covid_d.errors import BundleError, CovidDError, MissingExtraError
from covid_d.files import write_atomically
from covid_d.language import N_

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

# What is signed: this line, then SHA256SUMS. It keeps the signature from meaning anything else.
_PURPOSE = b"covid-d bundle 1\n"
_FILE = re.compile(rb"ed25519 (?P<key>[0-9a-f]{64}) (?P<signature>[0-9a-f]{128})\n")


def make_key(path: Path) -> Path:
    """Write a new private key (PEM, readable by its owner alone) and its public key beside it.

    Returns
    -------
    The public key's path: ``path`` with ``.pub`` added.

    Raises
    ------
    CovidDError
        If either file exists already.
    """
    _need_cryptography()
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = path.with_name(path.name + ".pub")
    for file in (path, public_path):
        if file.exists():
            raise CovidDError(
                N_("%(file)s already exists.", file=file), N_("Choose another name for the key.")
            )
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        # O_EXCL and the mode at creation: the key is never open to others, not for a moment.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(private)
    except OSError as error:
        raise CovidDError(
            N_("Cannot write %(path)s: %(strerror)s.", path=path, strerror=error.strerror),
            N_("Choose a folder you may write to."),
        ) from error
    write_atomically(public_path, public)
    return public_path


def sign(path: Path, key_path: Path) -> str:
    """Sign a sound bundle (folder or zip) and return the signer's fingerprint.

    Raises
    ------
    BundleError
        If the bundle is not sound.
    CovidDError
        If the key cannot be read.
    """
    files = contents.read_files(path)
    contents.verify(files, path)
    key = _private_key(key_path)
    public = key.public_key()
    signature = key.sign(_PURPOSE + files[contents.SUMS])
    line = f"ed25519 {_raw(public).hex()} {signature.hex()}\n"
    files[contents.SIGNATURE] = line.encode("ascii")
    contents.replace_files(path, files, (contents.SIGNATURE,))
    return _fingerprint(public)


def check_signature(files: Mapping[str, bytes], where: Path, public_key: Path | None) -> str | None:
    """Check a bundle's signature and return the signer's fingerprint.

    Parameters
    ----------
    files
        The bundle's files, checksums already verified.
    where
        For messages.
    public_key
        The only key that is accepted; ``None`` accepts the key that the bundle itself names,
        which guards against damage but says nothing about who signed.

    Raises
    ------
    BundleError
        If the signature is wrong, or a key is demanded and another one or none signed.
    """
    if contents.SIGNATURE not in files:
        raise BundleError(
            N_(
                "Bundle %(where)s is not signed, and a public key was demanded (%(public_key)s).",
                where=where,
                public_key=public_key,
            ),
            N_("Get the signed bundle from its maker."),
        )
    try:
        _need_cryptography()
    except MissingExtraError:
        if public_key is not None:
            raise
        return None
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    match = _FILE.fullmatch(files[contents.SIGNATURE])
    if match is None:
        raise BundleError(
            N_("Bundle %(where)s: its SIGNATURE is not readable.", where=where), _AGAIN
        )
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(match["key"].decode("ascii")))
    if public_key is not None and _raw(_public_key(public_key)) != _raw(key):
        raise BundleError(
            N_(
                "Bundle %(where)s was signed by another key (%(key)s) than %(public_key)s.",
                where=where,
                key=_fingerprint(key),
                public_key=public_key,
            ),
            _AGAIN,
        )
    try:
        key.verify(
            bytes.fromhex(match["signature"].decode("ascii")), _PURPOSE + files[contents.SUMS]
        )
    except InvalidSignature as error:
        raise BundleError(
            N_("Bundle %(where)s: its signature is wrong.", where=where), _AGAIN
        ) from error
    return _fingerprint(key)


def is_by(files: Mapping[str, bytes], public_key: Path) -> bool:
    """Return whether a bundle's signature names a key; whether it is sound, see above.

    Raises
    ------
    CovidDError
        If the key cannot be read.
    """
    _need_cryptography()
    match = _FILE.fullmatch(files[contents.SIGNATURE])
    return match is not None and match["key"].decode("ascii") == _raw(_public_key(public_key)).hex()


_AGAIN = N_("Get the signed bundle again from its maker, and the maker's public key.")


def _need_cryptography() -> None:
    try:
        import cryptography.exceptions  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(N_("Signing and checking signatures"), "sign") from error


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise _bad_key(path, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _bad_key(path, "private")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(_read(path))
    except ValueError as error:
        raise _bad_key(path, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key(path, "public")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CovidDError(
            N_("Cannot read the key %(path)s: %(strerror)s.", path=path, strerror=error.strerror),
            N_("Check the key's path."),
        ) from error


def _bad_key(path: Path, kind: str) -> CovidDError:
    return CovidDError(
        N_("%(path)s holds no Ed25519 %(kind)s key (PEM, without password).", path=path, kind=kind),
        N_("Make a pair with: covid-d bundle keygen KEY"),
    )


def _raw(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    return key.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)


def _fingerprint(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(_raw(key)).hexdigest()[:16]
