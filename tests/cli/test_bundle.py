"""``covid-d bundle``: show, verify, pack, sign."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_factory import brightness_network, make_bundle
from covid_d.cli.main import main
from covid_d.detector import Bundle, seal
from covid_d.settings import settings

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("plain_settings")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["bundle", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return call


class TestShow:
    def test_says_what_matters(self, run: Run, folder: Path) -> None:
        code, out, _ = run("show", folder)
        assert code == 0
        assert Bundle.load(folder).id.sha256 in out
        for part in (
            "phantom 1.0 (brightness), 2026-01-02",
            "signature      none",
            "verdict        demonstration: a phantom",
            "preprocessing  32 px, pad, full",
            "calibration    40 films, prevalence 50.0 %",
            "error rate 10 % a class, from 20 positives and 20 negatives",
            "recipe phantom, seed 7",
            "train 2",
        ):
            assert part in out

    def test_says_when_there_are_no_thresholds(self, run: Run, tmp_path: Path) -> None:
        _, out, _ = run("show", make_bundle(tmp_path / "b", conformal=None))
        assert "none: every answer is inconclusive" in out

    def test_card(self, run: Run, folder: Path) -> None:
        assert run("show", folder, "--card")[1].startswith("# Phantom")

    def test_json(self, run: Run, folder: Path) -> None:
        shown = json.loads(run("show", folder, "--json")[1])
        assert shown["bundle"] == Bundle.load(folder).id.to_dict()
        assert shown["spec"]["verdict"]["status"] == "demonstration"

    def test_the_setting_names_the_bundle(
        self, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COVID_D_BUNDLE", str(folder))
        settings.cache_clear()
        assert "phantom" in run("show")[1]


class TestVerify:
    def test_sound(self, run: Run, folder: Path) -> None:
        code, out, _ = run("verify", folder)
        assert code == 0
        assert out.splitlines() == [
            f"sound: phantom 1.0, sha256 {Bundle.load(folder).id.sha256}",
            "verdict: demonstration",
            "signature: none",
        ]

    def test_altered(self, run: Run, folder: Path) -> None:
        (folder / "MODEL_CARD.md").write_text("# Other\n")
        code, out, err = run("verify", folder)
        assert (code, out) == (1, "")
        assert "'MODEL_CARD.md' fails its checksum" in err
        assert "Next: " in err

    def test_a_network_that_breaks_the_contract(self, run: Run, folder: Path) -> None:
        (folder / "model.onnx").write_bytes(brightness_network(outputs=("logit",)))
        seal(folder)
        code, _, err = run("verify", folder)
        assert code == 1
        assert "must have an output 'features'" in err


class TestPack:
    def test_gives_the_same_bundle(self, run: Run, folder: Path, tmp_path: Path) -> None:
        archive = tmp_path / "bundle.zip"
        code, out, _ = run("pack", folder, archive)
        assert code == 0
        assert str(archive) in out
        assert Bundle.load(archive).id == Bundle.load(folder).id

    def test_replaces_only_when_told(self, run: Run, folder: Path, tmp_path: Path) -> None:
        archive = tmp_path / "bundle.zip"
        archive.write_text("precious")
        assert run("pack", folder, archive)[0] == 2
        assert archive.read_text() == "precious"
        assert run("pack", folder, archive, "--overwrite")[0] == 0
        assert run("verify", archive)[0] == 0


class TestSign:
    @pytest.fixture(autouse=True)
    def _needs_the_extra(self) -> None:
        pytest.importorskip("cryptography", reason="needs the extra 'sign'")

    def test_from_key_to_checked_signature(self, run: Run, folder: Path, tmp_path: Path) -> None:
        key, public = tmp_path / "maker", tmp_path / "maker.pub"
        code, out, _ = run("keygen", key)
        assert code == 0
        assert "keep it secret" in out
        code, _, err = run("verify", folder, "--public-key", public)
        assert code == 1
        assert "is not signed" in err
        code, out, _ = run("sign", folder, "--key", key)
        assert code == 0
        fingerprint = out.split()[-1]
        assert f"signature: by key {fingerprint}" in run("verify", folder)[1]
        assert run("verify", folder, "--public-key", public)[0] == 0
        run("keygen", tmp_path / "other")
        code, _, err = run("verify", folder, "--public-key", tmp_path / "other.pub")
        assert code == 1
        assert "signed by another key" in err

    def test_a_key_is_not_overwritten(self, run: Run, tmp_path: Path) -> None:
        assert run("keygen", tmp_path / "key")[0] == 0
        before = (tmp_path / "key").read_bytes()
        code, _, err = run("keygen", tmp_path / "key")
        assert code == 1
        assert "already exists" in err
        assert (tmp_path / "key").read_bytes() == before

    def test_signing_needs_a_key(self, run: Run, folder: Path) -> None:
        assert run("sign", folder)[0] == 2

    def test_a_missing_key(self, run: Run, folder: Path, tmp_path: Path) -> None:
        code, _, err = run("sign", folder, "--key", tmp_path / "none")
        assert code == 1
        assert "Cannot read the key" in err


def test_help_says_what_checksums_do_not_do(run: Run) -> None:
    _, out, _ = run("--help")
    assert "whoever edits a bundle can compute them anew" in " ".join(out.split())
