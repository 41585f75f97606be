"""``covid-d audit`` as typed: exit codes, files, what is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_factory import make_bundle
from covid_d.cli.main import main
from covid_d.detector import Bundle, update
from covid_d.evaluation.audit.card import BEGIN, END
from covid_d.settings import settings
from films_on_disk import draw_films, small_probes
from lung_factory import make_lungs

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.xdist_group("audit-cli")


@pytest.fixture(autouse=True)
def _plain_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUNDLE", "PUBLIC_KEY", "LANGUAGE", "THREADS"):
        monkeypatch.delenv(f"COVID_D_{name}", raising=False)
    settings.cache_clear()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films") / "dataset"
    draw_films(folder)
    return folder


def with_markers(folder: Path) -> Path:
    update(folder, {"MODEL_CARD.md": f"# Phantom\n\n{BEGIN}\nnot audited\n{END}\n"})
    return folder


def test_falls_short_writes_everything_and_exits_3(tmp_path: Path, films: Path, run: Run) -> None:
    bundle, out = with_markers(make_bundle(tmp_path / "bundle")), tmp_path / "audit"
    lungs = make_lungs(tmp_path / "lungs")
    with small_probes():
        code, printed, _ = run(
            "audit", bundle, films, "--lungs", lungs, "--out", out, "--write", "--json"
        )
    assert code == 3
    audit = json.loads(printed)
    assert audit["verdict"]["status"] == "demonstration"
    assert audit["lungs"]["model"]["dice"] == 0.95
    assert json.loads((out / "audit.json").read_text(encoding="utf-8")) == audit
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert '<html lang="es"' in page
    assert "Solo demostración" in page
    written = Bundle.load(bundle)
    assert written.spec.verdict.model_dump(mode="json") == audit["verdict"]
    assert written.spec.lungs is not None
    assert "**falls short**" in written.card
    assert f"covid-d audit {bundle} {films} --lungs {lungs} --write" in written.card
    # The bundle that was audited is named by its hash before the verdict went in.
    assert audit["bundle"]["sha256"] != written.id.sha256


def test_without_write_the_bundle_stays(tmp_path: Path, films: Path, run: Run) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    with small_probes():
        code, printed, _ = run("audit", bundle, films, "--lang", "en")
    assert code == 3
    assert printed.startswith("Demonstration only (demonstration)")
    assert "[NO] There is no lung segmentation model" in printed
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before


@pytest.mark.train
def test_passes_with_a_network_that_reads_lungs(tmp_path: Path, run: Run) -> None:
    from planted import rehearse

    rehearsal = rehearse(tmp_path, make_bundle, seed=2, marker=False)
    bundle = with_markers(rehearsal.bundle.path)
    lungs = make_lungs(tmp_path / "lungs")
    code, printed, _ = run(
        "audit", bundle, rehearsal.dataset.folder, "--lungs", lungs, "--write", "--lang", "es"
    )
    assert code == 0, printed
    assert printed.startswith("Auditoría superada (audit-passed)")
    assert "[NO]" not in printed
    assert Bundle.load(bundle).claimed.status == "audit-passed"
    # The verdict is sealed: whoever edits the field breaks the bundle.
    spec = bundle / "bundle.json"
    spec.write_text(spec.read_text(encoding="utf-8").replace("audit-passed", "demonstration"))
    code, _, complaint = run("audit", bundle, rehearsal.dataset.folder)
    assert code == 1
    assert "bundle.json" in complaint


def test_existing_out_is_kept_and_said_before_any_work(
    tmp_path: Path, films: Path, run: Run
) -> None:
    out = tmp_path / "audit"
    out.mkdir()
    (out / "mine.txt").write_text("keep", encoding="utf-8")
    code, _, complaint = run("audit", make_bundle(tmp_path / "bundle"), films, "--out", out)
    assert code == 2
    assert "--overwrite" in complaint
    assert (out / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_card_without_markers_is_said_before_any_work(
    tmp_path: Path, films: Path, run: Run
) -> None:
    code, _, complaint = run("audit", make_bundle(tmp_path / "bundle"), films, "--write")
    assert code == 1
    assert "lacks the markers" in complaint
    assert "film/s" not in complaint


@pytest.mark.parametrize("broken", ["bundle", "dataset", "lungs"])
def test_broken_inputs_say_so(tmp_path: Path, films: Path, run: Run, broken: str) -> None:
    bundle, lungs = make_bundle(tmp_path / "bundle"), make_lungs(tmp_path / "lungs")
    dataset = tmp_path / "dataset"
    shutil.copytree(films, dataset)
    victim = {
        "bundle": bundle / "model.onnx",
        "dataset": dataset / "manifest.csv",
        "lungs": lungs / "lungs.onnx",
    }[broken]
    victim.write_bytes(b"broken")
    code, _, complaint = run("audit", bundle, dataset, "--lungs", lungs)
    assert code == 1
    assert complaint.splitlines()[-2].startswith("Error: ")
    assert complaint.splitlines()[-1].startswith("Next: ")


def test_help_names_the_exit_code(run: Run) -> None:
    code, printed, _ = run("audit", "--help")
    assert code == 0
    assert "3 when it is demonstration" in " ".join(printed.split())


def test_missing_bundle(tmp_path: Path, films: Path, run: Run) -> None:
    code, _, complaint = run("audit", tmp_path / "none", films)
    assert code == 1
    assert "There is no bundle" in complaint
