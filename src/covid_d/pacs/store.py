"""Films and answers on the disk, until they are delivered."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from covid_d.files import PARTIAL, write_atomically

_PRIVATE: Final = 0o600  # films name patients


class NodeStore:
    """The files of a node, in its folder.

    Parameters
    ----------
    folder
        Made when missing, for its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)

    def keep(self, fingerprint: str, content: bytes) -> str:
        """Write a received film and wait until it is on the disk; return its name.

        Raises
        ------
        CovidDError
            If the disk is full or cannot be written.
        """
        name = f"films/{fingerprint[:2]}/{fingerprint}.dcm"
        path = self.folder / name
        known = [each for each in (path.parent, path.parent.parent) if each.is_dir()]
        if not path.exists():
            write_atomically(path, content, mode=_PRIVATE)
        # Also where another connection wrote it a moment ago, and has not waited yet.
        _sync(path.parent)
        if len(known) < 2:  # a folder's own name must outlive the power too
            _sync(path.parent.parent)
            _sync(self.folder)
        return name

    def film(self, name: str) -> bytes:
        """Return a film's file.

        Raises
        ------
        OSError
            If it is gone.
        """
        return (self.folder / name).read_bytes()

    def keep_answer(self, fingerprint: str, bundle: str, name: str, content: bytes) -> None:
        """Write one object of an answer.

        Raises
        ------
        CovidDError
            As :meth:`keep`.
        """
        write_atomically(self._answer(fingerprint, bundle) / name, content, mode=_PRIVATE)

    def answers(self, fingerprint: str, bundle: str, *, outside: bool) -> list[Path]:
        """Return the objects of an answer: for the hospital, or for a destination outside it."""
        folder = self._answer(fingerprint, bundle) / ("outside" if outside else "inside")
        return sorted(folder.glob("*.*"), reverse=True)  # the report before its picture

    def begin(self, fingerprint: str) -> int:
        """Note that a film is begun; return how often it was and never came to an end."""
        note = self.folder / "begun" / fingerprint
        with suppress(OSError, ValueError):  # a note alone: without it nothing is lost
            before = int(note.read_text()) if note.exists() else 0
            note.parent.mkdir(exist_ok=True)
            note.write_text(str(before + 1))
            return before
        return 0

    def end(self, fingerprint: str) -> None:
        """Note that a film came to an end."""
        with suppress(OSError):
            (self.folder / "begun" / fingerprint).unlink(missing_ok=True)

    def tidy(self, is_known: Callable[[str], bool]) -> int:
        """Remove what killed processes left: half written files, and films nobody acknowledged.

        Only before the door opens: what is being received is in no queue yet.

        Parameters
        ----------
        is_known
            Whether the queue has a film's file, by its name.

        Returns
        -------
        How many files went.
        """
        left = list(self.folder.glob(f"**/.*{PARTIAL}*"))
        left += [
            path
            for path in self.folder.glob("films/*/*.dcm")
            if not is_known(path.relative_to(self.folder).as_posix())
        ]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def forget_film(self, name: str) -> None:
        """Remove a film's file."""
        (self.folder / name).unlink(missing_ok=True)

    def forget(self, name: str, fingerprint: str) -> None:
        """Remove a film and its answers."""
        if name:
            self.forget_film(name)
        shutil.rmtree(self._answer(fingerprint, "").parent, ignore_errors=True)

    def _answer(self, fingerprint: str, bundle: str) -> Path:
        return self.folder / "answers" / fingerprint[:2] / fingerprint / (bundle[:16] or "-")


def _sync(folder: Path) -> None:
    """Wait until a name in a folder is on the disk too."""
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
