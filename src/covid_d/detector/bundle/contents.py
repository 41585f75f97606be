"""A bundle's files and the checksums that seal them: read, seal, update, pack.

Checksums find damage and careless edits. They do not find a careful forger, who can compute them
anew; only a signature does (:mod:`covid_d.detector.bundle.signature`).
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from covid_d.errors import BundleError
from covid_d.files import write_atomically
from covid_d.language import N_

SPEC: Final = "bundle.json"
CARD: Final = "MODEL_CARD.md"
FILMS: Final = "training_films.csv"
SUMS: Final = "SHA256SUMS"
SIGNATURE: Final = "SIGNATURE"
REQUIRED: Final = (SPEC, CARD, FILMS)

# Not under the checksums: the sums themselves, and the signature over them.
_OUTSIDE = frozenset({SUMS, SIGNATURE})
_LARGEST = 1 << 30  # bytes in all; a zip that unpacks to more is a bomb, not a bundle
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<name>\S+)")
_RETRAIN = N_(
    "Get the bundle again from its source, or export it again with: covid-d train --resume"
)


def read_files(path: Path) -> dict[str, bytes]:
    """Return every file of a bundle, unverified; hidden files are no part of it.

    Parameters
    ----------
    path
        Folder or zip.

    Raises
    ------
    BundleError
        If there is no such bundle, it cannot be read, or a file's name leaves the bundle.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.is_file():
        return _read_zip(path)
    raise BundleError(
        N_("There is no bundle at %(path)s.", path=path),
        N_("Name a bundle's folder or zip file with --bundle."),
    )


def verify(files: Mapping[str, bytes], path: Path) -> None:
    """Check that exactly the listed files are there, each with its listed checksum.

    Raises
    ------
    BundleError
        Naming the first file that is missing, altered or not listed.
    """
    listed = _parse_sums(files, path)
    for name in (*REQUIRED, *listed):
        if name not in files:
            raise BundleError(
                N_("Bundle %(path)s lacks the file %(name)r.", path=path, name=name), _RETRAIN
            )
        if name not in listed:
            raise BundleError(
                N_("Bundle %(path)s has no checksum for %(name)r.", path=path, name=name), _RETRAIN
            )
    for name, content in files.items():
        if name in _OUTSIDE:
            continue
        if name not in listed:
            raise BundleError(
                N_(
                    "Bundle %(path)s holds a file that is not part of it: %(name)r.",
                    path=path,
                    name=name,
                ),
                N_("Remove that file, or get the bundle again from its source."),
            )
        if hashlib.sha256(content).hexdigest() != listed[name]:
            raise BundleError(
                N_(
                    "Bundle %(path)s was altered: %(name)r fails its checksum.",
                    path=path,
                    name=name,
                ),
                _RETRAIN,
            )


def seal(folder: Path) -> None:
    """Write ``SHA256SUMS`` over a folder's files; a signature over other sums is removed.

    ``sha256sum -c SHA256SUMS`` checks the same thing.

    Raises
    ------
    BundleError
        If a required file is missing or a name cannot be part of a bundle.
    """
    files = read_files(folder)
    for name in REQUIRED:
        if name not in files:
            raise BundleError(
                N_("%(folder)s lacks the file %(name)r.", folder=folder, name=name),
                N_("Write it, then seal again."),
            )
    sums = _sums_of(files)
    if files.get(SUMS) != sums:
        (folder / SIGNATURE).unlink(missing_ok=True)
        write_atomically(folder / SUMS, sums)


def update(path: Path, changes: Mapping[str, bytes | str]) -> None:
    """Replace or add files of a sound bundle and seal it again; its signature is dropped.

    The new checksums come last, so that a kill in between leaves a bundle that is refused, never
    one that is accepted with half the changes.

    Parameters
    ----------
    path
        Folder or zip.
    changes
        Name to new content; text is written as UTF-8.

    Raises
    ------
    BundleError
        If the bundle is not sound, or a name cannot be part of a bundle.
    """
    files = read_files(path)
    verify(files, path)
    new = {
        name: content.encode("utf-8") if isinstance(content, str) else content
        for name, content in changes.items()
    }
    for name in new:
        if name in _OUTSIDE:
            raise BundleError(
                N_("%(name)r cannot be changed by hand.", name=name), N_("Change other files only.")
            )
        _check_name(name, path)
    files |= new
    files.pop(SIGNATURE, None)
    files[SUMS] = _sums_of(files)
    replace_files(path, files, (*new, SUMS))


def replace_files(path: Path, files: Mapping[str, bytes], changed: tuple[str, ...]) -> None:
    """Write a bundle's ``changed`` files in that order; those no longer in ``files`` go first.

    Parameters
    ----------
    path
        Folder or zip; a zip is written anew as a whole.
    files
        Every file of the bundle.
    changed
        Names to write; the last one makes the bundle whole again.
    """
    if not path.is_dir():
        write_atomically(path, _zip_of(files))
        return
    if SIGNATURE not in files:
        (path / SIGNATURE).unlink(missing_ok=True)
    with _staged(path, {name: files[name] for name in changed}) as staged:
        for name, waiting in staged.items():
            waiting.replace(path / name)


def pack(path: Path, archive: Path) -> None:
    """Write a sound bundle as one zip; the same bundle always gives the same bytes.

    Raises
    ------
    BundleError
        If the bundle is not sound.
    """
    files = read_files(path)
    verify(files, path)
    write_atomically(archive, _zip_of(files))


def _read_folder(folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = _LARGEST
    try:
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith("."):
                continue
            _check_name(entry.name, folder)
            if not entry.is_file():
                raise BundleError(
                    N_(
                        "Bundle %(folder)s holds something that is not a file: %(name)r.",
                        folder=folder,
                        name=entry.name,
                    ),
                    N_("Remove it, or get the bundle again from its source."),
                )
            room -= entry.stat().st_size
            _check_room(room, folder)
            files[entry.name] = entry.read_bytes()
    except OSError as error:
        raise _unreadable(folder, error) from error
    return files


def _read_zip(path: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = _LARGEST
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                # Judged by the name in the archive: nothing is ever unpacked to disk.
                _check_name(entry.filename, path)
                if entry.filename in files:
                    raise BundleError(
                        N_(
                            "Bundle %(path)s holds %(filename)r twice.",
                            path=path,
                            filename=entry.filename,
                        ),
                        N_("Pack it again."),
                    )
                room -= entry.file_size
                _check_room(room, path)
                with archive.open(entry) as stream:
                    files[entry.filename] = stream.read(entry.file_size + 1)
    # What zipfile raises on damaged, encrypted or exotic archives.
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        OverflowError,
    ) as error:
        raise _unreadable(path, error) from error
    return files


def _check_name(name: str, path: Path) -> None:
    if not _NAME.fullmatch(name):
        raise BundleError(
            N_(
                "Bundle %(path)s holds a file with a name that no bundle has: %(name)r.",
                path=path,
                name=name,
            ),
            N_("A bundle is flat: make it with covid-d train or covid-d bundle pack."),
        )


def _check_room(room: int, path: Path) -> None:
    if room < 0:
        raise BundleError(
            N_(
                "Bundle %(path)s is larger than %(largest)s MiB.", path=path, largest=_LARGEST >> 20
            ),
            N_("Get the bundle again from its source."),
        )


def _unreadable(path: Path, error: Exception) -> BundleError:
    return BundleError(
        N_(
            "Bundle %(path)s cannot be read (%(kind)s: %(error)s).",
            path=path,
            kind=type(error).__name__,
            error=error,
        ),
        N_("Copy it again, and check that it is a bundle's folder or zip."),
    )


def _parse_sums(files: Mapping[str, bytes], path: Path) -> dict[str, str]:
    if SUMS not in files:
        raise BundleError(
            N_("Bundle %(path)s lacks the file %(sums)r.", path=path, sums=SUMS), _RETRAIN
        )
    text = files[SUMS].decode("utf-8", errors="replace")
    listed: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match["name"] in listed or match["name"] in _OUTSIDE:
            raise BundleError(
                N_(
                    "Bundle %(path)s: %(sums)s has a bad line: %(line)r.",
                    path=path,
                    sums=SUMS,
                    line=line,
                ),
                _RETRAIN,
            )
        listed[match["name"]] = match["sha256"]
    return listed


def _sums_of(files: Mapping[str, bytes]) -> bytes:
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(files.items())
        if name not in _OUTSIDE
    ]
    return "".join(lines).encode("ascii")


def _zip_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    # Stored: weights hardly shrink, and stored bytes do not depend on the zlib at hand.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


@contextmanager
def _staged(folder: Path, files: Mapping[str, bytes]) -> Iterator[dict[str, Path]]:
    """Write files under hidden names, so that only renames are left to do."""
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as waiting:
        staged = {name: Path(waiting, name) for name in files}
        for name, content in files.items():
            write_atomically(staged[name], content)
        yield staged
        # The folder's own entries must reach the disk too (not possible on Windows).
        if os.name == "posix":
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
