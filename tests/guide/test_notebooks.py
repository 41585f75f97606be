"""The guide's notebooks: made from one source each, alike in both languages, and they run."""

from __future__ import annotations

import ast
import base64
import importlib.util
import io
import os
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = ("detector_covid19", "covid19_detector")
_SECONDS = 1200
_SPEC = importlib.util.spec_from_file_location("build_notebooks", FOLDER / "build.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_BUILD = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_BUILD)
NEW: Any = nbformat.v4  # its functions carry no types
LARGEST, PHANTOMS = _BUILD.LARGEST, _BUILD.PHANTOMS
merged, pictures, reworded = _BUILD.merged, _BUILD.pictures, _BUILD.reworded


def _source(name: str) -> Any:
    return jupytext.read(FOLDER / f"{name}.py")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_what_its_source_says(name: str) -> None:
    made, source = jupytext.read(FOLDER / f"{name}.ipynb"), _source(name)
    shown = [(cell.cell_type, cell.source) for cell in made.cells]
    wanted = [(cell.cell_type, cell.source) for cell in source.cells]
    assert shown == wanted, "make notebooks"


def _code(name: str) -> list[Any]:
    made = jupytext.read(FOLDER / f"{name}.ipynb")
    return [cell for cell in made.cells if cell.cell_type == "code"]


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_there_to_be_read_without_running(name: str) -> None:
    cells = _code(name)
    said = "\n".join(str(cell.outputs) for cell in cells)
    assert sum(bool(cell.outputs) for cell in cells) >= 25
    for cell in cells:
        assert not [
            o for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"
        ]
        assert bool(_tags(cell)) == bool(pictures(cell)), cell.source
    for part in ("AUROC", "cxnet", "audit", "%"):
        assert part in said


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_of_a_film_is_kept(name: str) -> None:
    made = jupytext.read(FOLDER / f"{name}.ipynb")
    assert not [cell for cell in made.cells if cell.get("attachments")]
    assert not [cell for cell in made.cells if "data:image" in cell.source]
    films = [cell for cell in _code(name) if "film" in _tags(cell)]
    assert len(films) >= 8
    assert all(output.metadata.get("drawn") for cell in films for output in pictures(cell))
    # A film that is shown alone says its size: phantoms are smaller than any film of a collection.
    assert "(192, 192) float32" in str(films[0].outputs)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_small_and_names_no_place_of_ours(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    ours = str(FOLDER.parents[1])  # wherever the project lies on the machine that made them
    for place in ("/tmp/", "/home/", "/root/", f"{ours}/", "site-packages"):
        assert place not in text


def test_cells_that_show_the_same_are_tagged_alike() -> None:
    spanish, english = ([_tags(cell) for cell in _source(name).cells] for name in NAMES)
    assert spanish == english


class TestMerged:
    """What is kept of two runs."""

    @staticmethod
    def picture(colour: str) -> str:
        buffer = io.BytesIO()
        Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
        return base64.b64encode(buffer.getvalue()).decode()

    @classmethod
    def notebook(cls, colour: str, said: str, tag: str | None) -> Any:
        png = cls.picture(colour)
        html = f'<p>{said}</p><img src="data:image/png;base64,{png}"/>'
        output = NEW.new_output
        shown = [
            output("stream", name="stdout", text=said),
            output("stream", name="stderr", text="/home/me/lib: careful"),
            output("display_data", {"image/png": png, "text/plain": "<Figure>"}),
            output("execute_result", {"text/html": html, "text/plain": "at /home/me"}),
            output("display_data", {"text/html": "<div></div>", "text/plain": ""}),
        ]
        cell = NEW.new_code_cell("show()", outputs=shown)
        cell.metadata["tags"] = [tag] if tag else []
        first = NEW.new_code_cell(
            "say()", outputs=[output("stream", name="stdout", text=f"{PHANTOMS[0]}{said}")]
        )
        return NEW.new_notebook(cells=[first, cell])

    @classmethod
    def kept(cls, tag: str | None) -> Any:
        real, drawn = cls.notebook("red", "real", tag), cls.notebook("lime", "drawn", tag)
        return merged(real, drawn).cells[1]

    @staticmethod
    def colours(cell: Any) -> set[tuple[int, ...]]:
        found = re.findall(r"iVBOR[A-Za-z0-9+/=]+", str(cell.outputs))
        opened = [Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB") for text in found]
        return {tuple(np.asarray(picture)[5, 5].tolist()) for picture in opened}

    def test_of_a_film_only_what_the_phantom_shows(self) -> None:
        cell = self.kept("film")
        assert self.colours(cell) == {(0, 255, 0)}
        assert "real" not in str(cell.outputs)
        assert [bool(o.metadata.get("drawn")) for o in cell.outputs if "data" in o] == [True, True]

    def test_a_plot_of_the_real_run_stays(self) -> None:
        cell = self.kept("plot")
        assert self.colours(cell) == {(255, 0, 0)}
        assert not any(o.get("metadata", {}).get("drawn") for o in cell.outputs)

    def test_where_nothing_is_said_of_pictures_none_stays(self) -> None:
        cell = self.kept(None)
        assert self.colours(cell) == set()
        assert pictures(cell) == []
        assert "<p>real</p>" in str(cell.outputs)

    @pytest.mark.parametrize("tag", ["film", "plot", None])
    def test_neither_warnings_nor_places_stay(self, tag: str | None) -> None:
        said = str(self.kept(tag).outputs)
        assert "/home/me" not in said
        assert "<div></div>" not in said

    def test_a_stand_in_that_was_not_drawn_is_refused(self) -> None:
        real = self.notebook("red", "real", "film")
        other = self.notebook("lime", "films", "film")
        other.cells[0].outputs[0].text = "Real films (small)"
        with pytest.raises(ValueError, match="not run on phantoms"):
            merged(real, other)

    def test_new_words_keep_the_outputs_of_the_same_code(self) -> None:
        before = self.kept("plot")
        made = NEW.new_notebook(cells=[before])
        source = NEW.new_notebook(cells=[NEW.new_markdown_cell("New"), NEW.new_code_cell("show()")])
        assert reworded(source, made).cells[1].outputs == before.outputs
        source.cells[1].source = "show(2)"
        with pytest.raises(ValueError, match="code has changed"):
            reworded(source, made)


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
        notebook,
        timeout=_SECONDS,
        startup_timeout=_SECONDS,
        iopub_timeout=_SECONDS,  # else what a cell says is left out where it comes 4 s late
        resources={"metadata": {"path": str(folder)}},
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
    assert "imagen no analizada" in said
    assert (tmp_path / "guide" / "run" / "bundle" / "bundle.json").is_file()
    assert (tmp_path / "guide" / "models" / "stage-2.pth").is_file()


def _put_some(real_data: Path, folder: Path) -> None:
    """Put links to some of the real films where the notebook looks first."""
    cohen, adult = Path("covid-chestxray-dataset"), Path("adult")
    for list_of, place, column in (
        (cohen / "metadata.csv", cohen / "images", "filename"),
        (adult / "manifest.csv", adult, "path"),
    ):
        rows = pd.read_csv(real_data / list_of, dtype=str, keep_default_na=False)
        there = rows[[(real_data / place / name).is_file() for name in rows[column]]]
        kept = there[there[column].rank(method="dense") % 3 == 0]
        (folder / list_of).parent.mkdir(parents=True)
        kept.to_csv(folder / list_of, index=False)
        for name in set(kept[column]):
            _link(real_data, folder, place / name)
    for film in sorted((real_data / "chest_xray").rglob("*.jp*g"))[::2]:
        _link(real_data, folder, film.relative_to(real_data))


def _link(real_data: Path, folder: Path, film: Path) -> None:
    (folder / film).parent.mkdir(parents=True, exist_ok=True)
    (folder / film).symlink_to(real_data / film)


@pytest.mark.real
@pytest.mark.train
def test_the_english_notebook_runs_on_real_films(real_data: Path, tmp_path: Path) -> None:
    _put_some(real_data, tmp_path / "collections")
    said = _said(_run("covid19_detector", tmp_path, tmp_path / "guide"))
    assert "Real films" in said
    assert "PHANTOM" not in said
    assert "image not analysed" in said
