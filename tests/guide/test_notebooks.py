"""The guide's notebooks: made from one source each, alike in both languages, and they run."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import jupytext
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = ("detector_covid19", "covid19_detector")
_SECONDS = 1200


def _source(name: str) -> Any:
    return jupytext.read(FOLDER / f"{name}.py")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_what_its_source_says(name: str) -> None:
    made, source = jupytext.read(FOLDER / f"{name}.ipynb"), _source(name)
    shown = [(cell.cell_type, cell.source) for cell in made.cells]
    wanted = [(cell.cell_type, cell.source) for cell in source.cells]
    assert shown == wanted, "make notebooks"


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_of_a_film_is_kept(name: str) -> None:
    made = jupytext.read(FOLDER / f"{name}.ipynb")
    assert not [cell for cell in made.cells if cell.get("outputs") or cell.get("attachments")]
    assert not [cell for cell in made.cells if "data:image" in cell.source]


class _WithoutWords(ast.NodeTransformer):
    """Blank every text, so that only what the code does is left."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        found: list[ast.expr] = [
            part for part in node.values if isinstance(part, ast.FormattedValue)
        ]
        return ast.JoinedStr(found)


def _doing(name: str) -> list[str]:
    cells = [cell.source for cell in _source(name).cells if cell.cell_type == "code"]
    return [ast.dump(_WithoutWords().visit(ast.parse(cell))) for cell in cells]


def test_both_languages_do_the_same() -> None:
    spanish, english = (_doing(name) for name in NAMES)
    assert spanish == english


def test_both_languages_have_the_same_headings_in_the_same_places() -> None:
    levels = [
        [
            [
                len(line) - len(line.lstrip("#"))
                for line in cell.source.splitlines()
                if line[:1] == "#"
            ]
            for cell in _source(name).cells
            if cell.cell_type == "markdown"
        ]
        for name in NAMES
    ]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_a_few_lines(name: str) -> None:
    cells = [cell.source.splitlines() for cell in _source(name).cells if cell.cell_type == "code"]
    assert max(len(cell) for cell in cells) <= 20
    private = [line for cell in cells for line in cell if "import _" in line or "._" in line]
    assert private == []


def _run(name: str, folder: Path, work: Path) -> Any:
    """Run a notebook from top to bottom in ``folder`` and return it with its outputs."""
    import nbclient

    notebook = _source(name)
    client = nbclient.NotebookClient(
        notebook, timeout=_SECONDS, resources={"metadata": {"path": str(folder)}}
    )
    source = str(FOLDER.parent / "src")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVID_D_GUIDE", "rehearsal")
        patch.setenv("COVID_D_GUIDE_FOLDER", str(work))
        patch.setenv("PYTHONPATH", os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]))
        patch.delenv("COVID_D_LANGUAGE", raising=False)
        client.execute()
    return notebook


def _said(notebook: Any) -> str:
    """Return everything a reader sees of the outputs, as text."""
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            parts.append(str(output.get("text", "")))
            data = output.get("data", {})
            parts += [str(data.get(kind, "")) for kind in ("text/html", "text/plain")]
    return "\n".join(parts)


@pytest.mark.train
def test_the_spanish_notebook_runs_on_phantoms_and_says_so(tmp_path: Path) -> None:
    said = _said(_run("detector_covid19", tmp_path, Path("guide")))
    assert "FANTOMAS" in said
    for part in ("no concluyente", "compatible con COVID-19"):
        if part in said:
            break
    else:
        pytest.fail("the new film got no answer in Spanish")
    assert "imagen rechazada" in said
    assert (tmp_path / "guide" / "run" / "bundle" / "bundle.json").is_file()
    assert (tmp_path / "guide" / "models" / "stage-2.pth").is_file()


@pytest.mark.real
@pytest.mark.train
def test_the_english_notebook_runs_on_real_films(real_data: Path, tmp_path: Path) -> None:
    del real_data  # found by the notebook itself, beside the project
    said = _said(_run("covid19_detector", FOLDER, tmp_path / "guide"))
    assert "Real films" in said
    assert "PHANTOM" not in said
    assert "image refused" in said
