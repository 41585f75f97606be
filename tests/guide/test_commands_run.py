"""The documents' commands, run in their order on drawn collections where the real ones would lie.

Training takes too long to repeat here: `tests/training`, `tests/real` and the notebooks do it. In
its place a bundle of the kind that its recipe gives, or the built-in lung model, is put where the
command would leave its own.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from bundle_factory import make_bundle
from covid_d.cli import main
from covid_d.cli.audit import FELL_SHORT
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.dataset.phantoms import Sizes, draw_collections
from covid_d.detector.bundle import bundle as bundles
from covid_d.detector.bundle.bundle import Bundle, built_in_path
from covid_d.detector.bundle.contents import SPEC, update
from covid_d.detector.lungs import LUNGS_SPEC
from covid_d.evaluation.audit.card import BEGIN as AUDIT_BEGIN
from covid_d.evaluation.audit.card import END as AUDIT_END
from covid_d.evaluation.report.card import BEGIN as EVALUATION_BEGIN
from covid_d.evaluation.report.card import END as EVALUATION_END
from covid_d.training.recipes import DEFAULT, RECIPES, Recipe
from films import dataset as dicom_film
from films import part10, picture
from guide.documents import ROOT, Command, commands_of, fences, pages

pytestmark = pytest.mark.slow
SIZES = Sizes(cohen=72, children=100, adults=40)
# What is not run here, and where it is.
ELSEWHERE = {
    "dataset fetch cohen": "a download: tests/dataset/test_fetch.py has a server for it",
    "offline build": "wants the gate that drawn films fail: tests/cli/test_offline.py has it",
    "serve": "goes on for ever: tests/journey runs it with a browser",
    "screen": "its workers know no drawn bundle: tests/cli/test_screen.py has one for them",
    "clinic import": "needs people and films: tests/cli/test_clinic_import.py has them",
    "federation merge": "needs the files of other clinics: tests/clinic/federation has them",
    "clinic notification": "needs people and cases: tests/cli and tests/clinic have them",
    "clinic erase": "needs a patient: tests/cli and tests/clinic have one",
    "pacs": "needs another node: tests/guide/test_pacs.py and tests/pacs have real ones",
    "collection export": "needs people and cases: tests/journey and tests/clinic have them",
}
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in pages("en")
    if any(command.whole for command in commands_of(path))
)


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_collections(tmp_path_factory.mktemp("drawn") / "data", SIZES)


@pytest.fixture(scope="module")
def ungated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in bundle without its input gate, which rightly refuses phantoms."""
    folder = tmp_path_factory.mktemp("ungated") / "bundle"
    shutil.copytree(built_in_path(), folder)
    spec = Bundle.load(folder).spec.model_copy(update={"gate": None})
    update(folder, {SPEC: spec.model_dump_json(indent=2) + "\n"})
    return folder


@pytest.fixture
def project(
    tmp_path: Path, collections: Path, ungated: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with the films that the documents name, the collections in ``films``."""
    monkeypatch.setattr(bundles, "built_in_path", lambda: ungated)
    folder = tmp_path / "project"
    (folder / "folder").mkdir(parents=True)
    (folder / "films").symlink_to(collections)
    (folder / "film.dcm").write_bytes(part10(dicom_film()))
    adult = Image.open(collections / "adult" / "nih" / "000.png")
    (folder / "film.png").write_bytes(picture(adult))
    for name in ("film.dcm", "film.png"):
        shutil.copy(folder / name, folder / "folder" / name)
    monkeypatch.chdir(folder)
    return folder


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main.main(words)
    code = caught.value.code
    return code if isinstance(code, int) else 0


def _recipe(command: Command) -> Recipe:
    named = "--recipe" in command.words
    return RECIPES[command.words[command.words.index("--recipe") + 1]] if named else DEFAULT


def _option(command: Command, name: str) -> Path:
    return Path(command.words[command.words.index(name) + 1])


def _stand_in(command: Command) -> None:
    """Leave what training would leave; a run that goes on has left it already."""
    out = _option(command, "--out")
    if "--resume" in command.words:
        assert (out / "bundle").is_dir(), f"{command} goes on with no run"
        return
    if command.words[1] == "train":
        if _recipe(command).target == "appearance":
            shutil.copytree(bundles.built_in_path(), out / "bundle")
        else:
            # The built-in one could be asked nothing of films without grades of appearance.
            make_bundle(out / "bundle")
            markers = [EVALUATION_BEGIN, EVALUATION_END, AUDIT_BEGIN, AUDIT_END]
            update(out / "bundle", {"MODEL_CARD.md": "\n".join(["# Phantom", *markers, ""])})
        return
    bundle = Bundle.load("builtin")
    assert bundle.spec.lungs is not None
    out.mkdir(parents=True)
    (out / bundle.spec.lungs.file).write_bytes(bundle.files[bundle.spec.lungs.file])
    (out / LUNGS_SPEC).write_text(bundle.spec.lungs.model_dump_json(), encoding="utf-8")


def _provide(document: str, chosen: list[Command]) -> None:
    """Make what an earlier page would have made."""
    text = (ROOT / document).read_text(encoding="utf-8")
    if "data/mine" in text and not any(str(w) == "data/mine" for w in _built(chosen)):
        adults = "films/adult/manifest.csv"
        assert _run("dataset", "build", "--manifest", adults, "--out", "data/mine") == 0
    for option, folder in (("--data /srv/covid-d", "srv/covid-d"), ("--data clinic", "clinic")):
        if option in text:
            Installation.open(ClinicSettings(data=Path(folder))).close()
    if "runs/mine" in text and not any(c.words[1] == "train" for c in chosen):
        shutil.copytree(bundles.built_in_path(), "runs/mine/bundle")


def _built(chosen: list[Command]) -> list[Path]:
    return [_option(c, "--out") for c in chosen if c.words[1:3] == ("dataset", "build")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_page_run_one_after_the_other(
    document: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = [c for c in commands_of(ROOT / document) if c.whole]
    _provide(document, chosen)
    for command in dict.fromkeys(chosen):
        if any(str(command).startswith(f"covid-d {words}") for words in ELSEWHERE):
            continue
        if command.words[1] in {"train", "train-lungs"}:
            _stand_in(command)
            continue
        code = _run(*(word.replace("/srv/", f"{project}/srv/") for word in command.words[1:]))
        allowed = {0, FELL_SHORT} if command.words[1] == "audit" else {0}
        assert code in allowed, f"{command}\n{capsys.readouterr().err}"
        for name in ("--out", "--csv", "--explain"):
            if name in command.words:
                assert _option(command, name).exists(), f"{command} wrote no {name}"


@pytest.mark.parametrize("document", ["README.md", "docs/en/quickstart.md"])
def test_the_python_of_a_page_runs(document: str, project: Path) -> None:
    blocks = fences(ROOT / document, "python")
    assert blocks
    for block in blocks:
        exec(compile(block, document, "exec"), {})
