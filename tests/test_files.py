from __future__ import annotations

import hashlib
import itertools
import os
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from covid_d import files
from covid_d.errors import CovidDError
from covid_d.files import atomic_folder, sha256_of, write_atomically


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_sha256_of_is_the_digest_of_the_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty") == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("content", "expected"), [("película\n", "película\n".encode()), (b"\x00\xff", b"\x00\xff")]
)
def test_write_atomically_writes_text_and_bytes(
    tmp_path: Path, content: str | bytes, expected: bytes
) -> None:
    target = tmp_path / "a" / "b" / "file"
    write_atomically(target, content)
    assert target.read_bytes() == expected
    assert _names(target.parent) == {"file"}


def test_write_atomically_replaces_whole_files(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, "a long first version")
    write_atomically(target, "second")
    assert target.read_text() == "second"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_write_atomically_gives_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    write_atomically(tmp_path / "ours", "")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "usual").stat().st_mode
    )


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_write_atomically_gives_the_permissions_asked_for(
    tmp_path: Path, mode: int, umask: int
) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", "x", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_write_atomically_passes_over_what_a_killed_process_of_our_number_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_NUMBERS", itertools.count(5))
    left = tmp_path / f".file{files.PARTIAL}{os.getpid()}-5"
    left.write_text("half")
    write_atomically(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"
    assert left.read_text() == "half"


def test_write_atomically_by_many_at_once_leaves_one_whole_file(tmp_path: Path) -> None:
    contents = [str(number) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_atomically(tmp_path / "a" / "file", text), contents))
    assert (tmp_path / "a" / "file").read_text() in contents
    assert _names(tmp_path / "a") == {"file"}


def test_write_atomically_says_what_to_do_when_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CovidDError, match="Cannot write") as caught:
        write_atomically(tmp_path / "file" / "inside", "x")
    assert str(tmp_path / "file" / "inside") in caught.value.message
    assert caught.value.next_step


def test_write_atomically_keeps_the_old_file_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CovidDError, match="No space left"):
        write_atomically(target, "new")
    assert target.read_text() == "old"
    assert _names(tmp_path) == {"file"}


def test_atomic_folder_appears_only_when_done(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "set"
    with atomic_folder(target) as work:
        (work / "film").write_text("1")
        assert not target.exists()
    assert _names(target) == {"film"}
    assert _names(target.parent) == {"set"}


@pytest.mark.parametrize("fault", [RuntimeError("boom"), KeyboardInterrupt()])
def test_atomic_folder_leaves_nothing_after_a_fault(tmp_path: Path, fault: BaseException) -> None:
    def fill() -> None:
        with atomic_folder(tmp_path / "set") as work:
            (work / "film").write_text("1")
            raise fault

    with pytest.raises(type(fault)):
        fill()
    assert _names(tmp_path) == set()


def test_atomic_folder_fills_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with atomic_folder(tmp_path / "set") as work:
        (work / "film").write_text("1")
    assert _names(tmp_path / "set") == {"film"}


def test_atomic_folder_never_replaces_without_leave(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "old").write_text("1")
    with pytest.raises(CovidDError, match="already exists"), atomic_folder(tmp_path / "set"):
        pytest.fail("the block must not run")
    assert _names(tmp_path / "set") == {"old"}


def test_atomic_folder_replaces_with_leave_and_only_when_done(tmp_path: Path) -> None:
    target = tmp_path / "set"
    target.mkdir()
    (target / "old").write_text("1")
    with pytest.raises(ValueError, match="boom"), atomic_folder(target, overwrite=True):
        raise ValueError("boom")
    assert _names(target) == {"old"}
    with atomic_folder(target, overwrite=True) as work:
        (work / "new").write_text("1")
    assert _names(target) == {"new"}
    assert _names(tmp_path) == {"set"}


def test_atomic_folder_refuses_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file")
    with pytest.raises(CovidDError, match="already exists"), atomic_folder(tmp_path / "set"):
        pytest.fail("the block must not run")


def test_atomic_folder_clears_what_a_killed_process_left(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import os, pathlib
        from covid_d.files import atomic_folder
        with atomic_folder(pathlib.Path({str(tmp_path / "set")!r})) as work:
            (work / "half").write_text("1")
            os._exit(9)  # as SIGKILL would: nothing is cleaned up
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    left = _names(tmp_path)
    assert left
    assert "set" not in left
    with atomic_folder(tmp_path / "set") as work:
        (work / "whole").write_text("1")
    assert _names(tmp_path) == {"set"}


def test_atomic_folder_leaves_other_folders_remains_alone(tmp_path: Path) -> None:
    other = tmp_path / ".other.partial-x"
    other.mkdir()
    with atomic_folder(tmp_path / "set"):
        pass
    assert other.exists()
