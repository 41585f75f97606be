"""Bundles are read whole, checked whole, and changed in one step."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.detector import Bundle, pack, seal, update
from covid_d.detector.bundle.contents import SUMS, read_files, verify
from covid_d.errors import BundleError

FILES = ("model.onnx", "bundle.json", "MODEL_CARD.md", "training_films.csv", "SHA256SUMS")


def refused(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        Bundle.load(path)
    assert caught.value.next_step
    return str(caught.value)


def zip_with(path: Path, entries: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sums_are_those_of_sha256sum(bundle_folder: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=bundle_folder, capture_output=True
    )
    assert checked.returncode == 0, checked.stderr
    assert len(checked.stdout.splitlines()) == 4


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_byte_is_refused(bundle_folder: Path, name: str) -> None:
    sound = (bundle_folder / name).read_bytes()
    step = max(1, len(sound) // 60)
    for at in range(0, len(sound), step):
        altered = bytearray(sound)
        altered[at] ^= 1 << (at % 8)
        (bundle_folder / name).write_bytes(altered)
        refused(bundle_folder)
    (bundle_folder / name).write_bytes(sound)
    Bundle.load(bundle_folder)


def test_an_altered_file_is_named(bundle_folder: Path) -> None:
    (bundle_folder / "MODEL_CARD.md").write_text("# Better than it is\n")
    assert "'MODEL_CARD.md' fails its checksum" in refused(bundle_folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(bundle_folder: Path, name: str) -> None:
    (bundle_folder / name).unlink()
    assert f"lacks the file {name!r}" in refused(bundle_folder)


def test_an_extra_file_is_named(bundle_folder: Path) -> None:
    (bundle_folder / "other.onnx").write_bytes(b"x")
    assert "not part of it: 'other.onnx'" in refused(bundle_folder)


def test_an_extra_folder_is_refused(bundle_folder: Path) -> None:
    (bundle_folder / "inner").mkdir()
    assert "'inner'" in refused(bundle_folder)


def test_hidden_files_are_no_part_of_a_bundle(bundle_folder: Path) -> None:
    (bundle_folder / ".DS_Store").write_bytes(b"x")
    assert ".DS_Store" not in Bundle.load(bundle_folder).files


def test_a_listed_extra_file_belongs_to_the_bundle(bundle_folder: Path) -> None:
    (bundle_folder / "lungs.onnx").write_bytes(b"weights")
    seal(bundle_folder)
    assert Bundle.load(bundle_folder).files["lungs.onnx"] == b"weights"


@pytest.mark.parametrize(
    "line",
    ["", "no checksum", "A" * 64 + "  bundle.json", "0" * 64 + " bundle.json", "0" * 64 + "  a b"],
)
def test_a_bad_line_of_sums_is_quoted(bundle_folder: Path, line: str) -> None:
    sums = bundle_folder / SUMS
    sums.write_text(sums.read_text() + line + "\n")
    assert f"bad line: {line!r}" in refused(bundle_folder)


def test_a_file_listed_twice_is_refused(bundle_folder: Path) -> None:
    sums = bundle_folder / SUMS
    sums.write_text(sums.read_text() * 2)
    assert "bad line" in refused(bundle_folder)


def test_required_files_must_be_listed(bundle_folder: Path) -> None:
    sums = bundle_folder / SUMS
    kept = [line for line in sums.read_text().splitlines() if "CARD" not in line]
    sums.write_text("\n".join(kept) + "\n")
    assert "no checksum for 'MODEL_CARD.md'" in refused(bundle_folder)


def test_no_bundle_there(tmp_path: Path) -> None:
    assert "no bundle at" in refused(tmp_path / "nothing")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "lacks the file" in refused(tmp_path)


def test_seal_names_what_is_missing(bundle_folder: Path) -> None:
    (bundle_folder / "training_films.csv").unlink()
    with pytest.raises(BundleError, match=r"lacks the file 'training_films\.csv'"):
        seal(bundle_folder)


class TestZip:
    def test_gives_the_folder_s_id(self, bundle_folder: Path, tmp_path: Path) -> None:
        archive = tmp_path / "bundle.zip"
        pack(bundle_folder, archive)
        assert Bundle.load(archive).id == Bundle.load(bundle_folder).id

    def test_is_repeatable(self, bundle_folder: Path, tmp_path: Path) -> None:
        pack(bundle_folder, tmp_path / "a.zip")
        pack(bundle_folder, tmp_path / "b.zip")
        assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()

    def test_of_an_altered_bundle_is_not_made(self, bundle_folder: Path, tmp_path: Path) -> None:
        (bundle_folder / "MODEL_CARD.md").write_text("other")
        with pytest.raises(BundleError, match="altered"):
            pack(bundle_folder, tmp_path / "bundle.zip")
        assert not (tmp_path / "bundle.zip").exists()

    def test_truncated_at_any_point_is_refused(self, bundle_folder: Path, tmp_path: Path) -> None:
        archive = tmp_path / "bundle.zip"
        pack(bundle_folder, archive)
        whole = archive.read_bytes()
        for share in range(0, 100, 3):
            archive.write_bytes(whole[: len(whole) * share // 100])
            refused(archive)

    def test_flipped_byte_never_changes_what_is_used(
        self, bundle_folder: Path, tmp_path: Path
    ) -> None:
        archive = tmp_path / "bundle.zip"
        pack(bundle_folder, archive)
        whole, sound = archive.read_bytes(), Bundle.load(archive)
        refusals = 0
        for at in range(0, len(whole), max(1, len(whole) // 400)):
            altered = bytearray(whole)
            altered[at] ^= 1 << (at % 8)
            archive.write_bytes(altered)
            try:
                loaded = Bundle.load(archive)
            except BundleError:
                refusals += 1
            else:  # a date or an attribute of the archive: no content
                assert loaded.id == sound.id
                assert dict(loaded.files) == dict(sound.files)
        assert refusals > 200

    @pytest.mark.parametrize(
        "name", ["../evil.txt", "/etc/evil", "a/b.txt", "..", "a\\b", "C:evil", "folder/"]
    )
    def test_names_that_leave_the_bundle_are_refused(self, tmp_path: Path, name: str) -> None:
        archive = zip_with(tmp_path / "bundle.zip", [(name, b"x")])
        assert "name that no bundle has" in refused(archive)

    def test_same_name_twice_is_refused(self, bundle_folder: Path, tmp_path: Path) -> None:
        entries = list(read_files(bundle_folder).items())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive = zip_with(tmp_path / "bundle.zip", [*entries, entries[0]])
        assert "twice" in refused(archive)

    def test_bomb_is_refused_before_it_is_unpacked(self, tmp_path: Path) -> None:
        archive = zip_with(tmp_path / "bundle.zip", [("model.onnx", b"x" * 10)])
        content = bytearray(archive.read_bytes())
        central = content.rindex(b"PK\x01\x02")
        struct.pack_into("<I", content, central + 24, 0xF0000000)  # its stated size
        archive.write_bytes(content)
        assert "larger than" in refused(archive)

    def test_encrypted_is_refused(self, tmp_path: Path) -> None:
        archive = zip_with(tmp_path / "bundle.zip", [("model.onnx", b"x" * 10)])
        content = bytearray(archive.read_bytes())
        for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(signature) + flags] |= 1
        archive.write_bytes(content)
        assert "cannot be read" in refused(archive)

    def test_any_other_file_is_refused(self, tmp_path: Path) -> None:
        other = tmp_path / "bundle.zip"
        other.write_text("not a zip")
        assert "BadZipFile" in refused(other)


class TestUpdate:
    def test_replaces_and_adds(self, bundle_folder: Path) -> None:
        before = Bundle.load(bundle_folder)
        update(bundle_folder, {"MODEL_CARD.md": "# Né\n", "extra.csv": b"a,b\n"})
        after = Bundle.load(bundle_folder)
        assert after.card == "# Né\n"
        assert after.files["extra.csv"] == b"a,b\n"
        assert after.id.sha256 != before.id.sha256
        assert after.model_bytes == before.model_bytes

    def test_of_a_zip(self, bundle_folder: Path, tmp_path: Path) -> None:
        archive = tmp_path / "bundle.zip"
        pack(bundle_folder, archive)
        update(archive, {"MODEL_CARD.md": "# New\n"})
        assert Bundle.load(archive).card == "# New\n"
        update(bundle_folder, {"MODEL_CARD.md": "# New\n"})
        assert Bundle.load(archive).id == Bundle.load(bundle_folder).id

    def test_of_an_altered_bundle_is_refused(self, bundle_folder: Path) -> None:
        (bundle_folder / "bundle.json").write_text("{}")
        with pytest.raises(BundleError, match="altered"):
            update(bundle_folder, {"bundle.json": "{}"})

    @pytest.mark.parametrize("name", ["SHA256SUMS", "SIGNATURE", "../up", ".hidden", "a/b"])
    def test_of_such_a_name_is_refused(self, bundle_folder: Path, name: str) -> None:
        before = read_files(bundle_folder)
        with pytest.raises(BundleError, match=r"cannot be changed|name that no bundle has"):
            update(bundle_folder, {"MODEL_CARD.md": "# New\n", name: "x"})
        assert read_files(bundle_folder) == before

    @pytest.mark.parametrize("kill_at", range(8))
    def test_killed_at_any_rename_is_old_or_new_or_refused(
        self, bundle_folder: Path, monkeypatch: pytest.MonkeyPatch, kill_at: int
    ) -> None:
        old = read_files(bundle_folder)
        renames = 0
        real = Path.replace

        def replace(self: Path, target: Path) -> Path:
            nonlocal renames
            renames += 1
            if renames == kill_at:
                raise KeyboardInterrupt
            return real(self, target)

        monkeypatch.setattr(Path, "replace", replace)
        killed = False
        try:
            update(
                bundle_folder,
                {"MODEL_CARD.md": "# New\n", "bundle.json": old["bundle.json"] + b"\n"},
            )
        except KeyboardInterrupt:
            killed = True
        monkeypatch.undo()
        try:
            files = Bundle.load(bundle_folder).files
        except BundleError:
            assert killed
        else:
            is_new = files["MODEL_CARD.md"] == b"# New\n"
            assert is_new == (files["bundle.json"] != old["bundle.json"])
            assert is_new or killed

    def test_leaves_nothing_hidden_behind(self, bundle_folder: Path) -> None:
        update(bundle_folder, {"MODEL_CARD.md": "# New\n"})
        assert {path.name for path in bundle_folder.iterdir()} == set(FILES)


def test_verify_accepts_what_seal_wrote(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "b")
    verify(read_files(folder), folder)


def test_sealing_again_changes_nothing(bundle_folder: Path) -> None:
    sums = bundle_folder / SUMS
    before = (sums.read_bytes(), sums.stat().st_mtime_ns)
    seal(bundle_folder)
    assert (sums.read_bytes(), sums.stat().st_mtime_ns) == before


def test_a_zip_in_memory_size_is_what_pack_says(bundle_folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    pack(bundle_folder, archive)
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as opened:
        assert opened.testzip() is None
        assert sorted(opened.namelist()) == sorted(FILES)
