"""Make the notebooks from their sources, with outputs that read without running them.

    python notebooks/build.py [--films DIR] [--mode small] [--words] [NAME ...]

Each notebook runs twice: on the real films in DIR, and on drawn phantoms. What is printed, tables
and plots are kept of the first; of pictures that show films, which may not be given on, those of
the phantoms take their place. A cell says by a tag what its pictures are:
``film`` or ``plot``; of any other cell no picture is kept. Without DIR everything is of phantoms.
With --words nothing runs: only the text around the cells is new. Needs the extra ``train`` and
nbclient.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import jupytext
import nbformat
from PIL import Image

FOLDER: Final = Path(__file__).parent
NAMES: Final = ("detector_covid19", "covid19_detector")
LARGEST: Final = 1_000_000
"""Bytes that a notebook may have."""
PHANTOMS: Final = ("PHANTOMS: ", "FANTOMAS: ")
"""How either notebook says that it found no films."""
_SECONDS: Final = 7200
_PICTURES: Final = ("image/png", "image/jpeg", "image/svg+xml")
_INLINE: Final = re.compile(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)")
_SIDE: Final = 560  # pixels of a kept picture
_GREYS: Final = 32
_COLOURS: Final = 64
# What differs from run to run and says nothing: progress bars, places on this machine.
_NOISE: Final = re.compile(r"<progress|<style>\s*/\*|<style>\s*progress")


def main() -> None:
    """Run, merge, write."""
    options = _options()
    with tempfile.TemporaryDirectory() as away:
        drawn, real = Path(away) / "drawn", Path(away) / "real"
        drawn.mkdir()
        real.mkdir()
        if options.films is not None:
            (real / "collections").symlink_to(options.films.resolve(), target_is_directory=True)
        for name in options.names or NAMES:
            source, target = FOLDER / f"{name}.py", FOLDER / f"{name}.ipynb"
            if options.words:
                made = reworded(jupytext.read(source), nbformat.read(target, 4))
            else:
                made = merged(run(source, real, options.mode), run(source, drawn, options.mode))
            text = nbformat.writes(made).replace(away, "")
            if len(text) > LARGEST:
                raise SystemExit(f"{name}: {len(text)} bytes, more than {LARGEST}")
            target.write_text(text + "\n", encoding="utf-8")
            print(f"{name}: {len(text)} bytes", flush=True)


def run(source: Path, folder: Path, mode: str) -> Any:
    """Run a notebook's source from top to bottom and return it with its outputs.

    Parameters
    ----------
    source
        A file of jupytext's percent format.
    folder
        Where it runs and leaves its files. Films are looked for in its ``collections``; data sets
        that another notebook left there are taken up.
    mode
        How long it trains.
    """
    import nbclient  # merging and testing need none

    notebook = jupytext.read(source)
    path = [str(FOLDER.parent / "src"), os.environ.get("PYTHONPATH", "")]
    surroundings = {
        "COVID_D_GUIDE": mode,
        "COVID_D_GUIDE_FOLDER": "guide",
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
    }
    before = {name: os.environ.get(name) for name in (*surroundings, "COVID_D_LANGUAGE")}
    os.environ.update(surroundings)
    os.environ.pop("COVID_D_LANGUAGE", None)
    try:
        nbclient.NotebookClient(
            notebook, timeout=_SECONDS, resources={"metadata": {"path": str(folder)}}
        ).execute()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    return notebook


def merged(real: Any, drawn: Any) -> Any:
    """Return a notebook with what may be kept of a run on films and of one on phantoms.

    Parameters
    ----------
    real, drawn
        The same notebook, run on films and on phantoms.

    Raises
    ------
    ValueError
        If the second does not say that its films are phantoms.
    """
    if not any(word in str(cell.get("outputs")) for cell in drawn.cells for word in PHANTOMS):
        raise ValueError("what should take the place of films was not run on phantoms")
    made = nbformat.from_dict(real)
    made.metadata.pop("widgets", None)
    for cell, stand_in in zip(made.cells, drawn.cells, strict=True):
        cell.pop("id", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        outputs = stand_in.outputs if "film" in tags else cell.outputs
        cell.outputs = [kept for output in outputs if (kept := _kept(output, tags)) is not None]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = cell.execution_count
            if "film" in tags and "data" in output:
                output.metadata["drawn"] = True
    made.nbformat_minor = 4  # cells without ids, which would differ with every run
    return made


def reworded(source: Any, before: Any) -> Any:
    """Return a notebook with the outputs of an earlier one, whose code was the same.

    Raises
    ------
    ValueError
        If it was not: then it must be run.
    """
    cells = [[cell for cell in each.cells if cell.cell_type == "code"] for each in (source, before)]
    if [cell.source for cell in cells[0]] != [cell.source for cell in cells[1]]:
        raise ValueError("its code has changed: run it, without --words")
    for cell, kept in zip(*cells, strict=True):
        cell.outputs, cell.execution_count = kept.outputs, kept.execution_count
    for cell in source.cells:
        cell.pop("id", None)
    source.metadata, source.nbformat_minor = before.metadata, before.nbformat_minor
    return source


def pictures(cell: Any) -> list[Any]:
    """Return the outputs of a cell that hold a picture, in themselves or in their HTML."""
    return [
        output
        for output in cell.get("outputs", [])
        if any(kind in output.get("data", {}) for kind in _PICTURES)
        or "data:image" in str(output.get("data", {}).get("text/html", ""))
        or "<svg" in str(output.get("data", {}).get("text/html", ""))
    ]


def _kept(output: Any, tags: list[str]) -> Any:
    """Return what is kept of an output; nothing of noise."""
    if output.output_type == "stream":
        # Warnings of libraries name folders of this machine.
        return output if output.name == "stdout" and output.text.strip() else None
    data = output.get("data", {})
    html = data.get("text/html", "")
    if data and not {"image/png", "text/latex"} & set(data) and _says_nothing(data):
        return None
    if html or "image/png" in data:
        data.pop("text/plain", None)  # says the same, and names folders of this machine
    if not {"film", "plot"} & set(tags):
        for kind in _PICTURES:
            data.pop(kind, None)
        if "text/html" in data:
            data["text/html"] = re.sub(
                r"<img[^>]*>|<svg.*?</svg>", "", data["text/html"], flags=re.S
            )
        return output if data else None
    for kind in _PICTURES[1:]:  # beside a PNG of the same
        data.pop(kind, None)
    if "image/png" in data:
        data["image/png"] = _small(data["image/png"])
    if "text/html" in data:
        data["text/html"] = _INLINE.sub(
            lambda found: "data:image/png;base64," + _small(found[1]), data["text/html"]
        )
    return output


def _says_nothing(data: Any) -> bool:
    """Return whether an output is a bar that was wiped, or its style."""
    html = data.get("text/html")
    return html is not None and (html in ("", "<div></div>") or bool(_NOISE.search(html)))


def _small(picture: str) -> str:
    """Return a picture with fewer pixels and shades, both in base64."""
    with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
        grey = opened.mode in ("L", "1")
        small = opened.convert("L" if grey else "RGB")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    few = small.quantize(_GREYS if grey else _COLOURS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="default: both")
    parser.add_argument("--films", type=Path, help="the collections; without them, phantoms alone")
    parser.add_argument("--words", action="store_true", help="keep outputs, renew the text")
    parser.add_argument("--mode", default="small", choices=("rehearsal", "small", "full"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
