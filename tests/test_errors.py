from __future__ import annotations

import ast
import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import covid_d
from covid_d import __version__, errors
from covid_d.errors import CovidDError, MissingExtraError, cause
from covid_d.language import N_
from covid_d.radiograph import RadiographError
from covid_d.radiograph.refusal import RefusalCode

FAMILY = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("cls", FAMILY)
def test_every_error_is_of_the_family_and_says_what_it_is(cls: type[CovidDError]) -> None:
    assert issubclass(cls, CovidDError)
    assert cls.__doc__
    assert cls.exit_code not in {0, 2}, "0 is success, 2 is click's wrong usage"


def test_text_is_message_and_next_step() -> None:
    error = CovidDError("'x.png' is gone.", "Look elsewhere.")
    assert (error.message, error.next_step) == ("'x.png' is gone.", "Look elsewhere.")
    assert str(error) == "'x.png' is gone. Look elsewhere."
    assert str(CovidDError("'x.png' is gone.")) == "'x.png' is gone."


def test_a_marked_error_is_said_in_both_languages_and_read_by_programs_in_english() -> None:
    error = CovidDError(N_("There is no bundle at %(path)s.", path="x"), N_("Check the path."))
    assert (error.message, error.next_step) == ("There is no bundle at x.", "Check the path.")
    assert error.in_language("es") == ("No hay ningún modelo en x.", "Revise la ruta.")
    again = pickle.loads(pickle.dumps(error))  # as a worker process sends it
    assert again.in_language("es") == error.in_language("es")
    assert CovidDError("as it is").in_language("es") == ("as it is", "")


def test_a_refusal_is_said_in_the_language_of_the_reader() -> None:
    error = RadiographError.of(RefusalCode.NOT_FOUND, cause="ENOENT")
    message, next_step = error.in_language("es")
    assert message == f"{error.refusal.message.es} (ENOENT)"
    assert next_step == error.refusal.next_step.es
    assert error.message == f"{error.refusal.message.en} (ENOENT)"


def test_missing_extra_gives_the_command_that_helps() -> None:
    error = MissingExtraError("`covid-d train`", "train")
    assert error.message.startswith("`covid-d train` needs")
    assert "pip install '.[train]'" in error.next_step
    assert f"pip install './covid_d-{__version__}-py3-none-any.whl[train]'" in error.next_step
    message, next_step = error.in_language("es")
    assert message == "`covid-d train`: hace falta el extra 'train', que no está instalado."
    assert f"pip install './covid_d-{__version__}-py3-none-any.whl[train]'" in next_step


def test_nothing_tells_to_install_the_project_by_its_name() -> None:
    # Whoever publishes something under that name would be installed in its place.
    by_name = re.compile(r"pip install[^\n]*?(?<![/\w])covid[-_]d(?![\w.-]*\.whl|-\{)")
    assert by_name.search("pip install 'covid-d[train]'")
    assert not by_name.search("pip install './covid_d-0.4.0-py3-none-any.whl[train]'")
    root = Path(__file__).parents[1]
    texts = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("notebooks/*.py")]
    texts += [*root.glob("src/covid_d/**/*.py"), *root.glob("src/covid_d/**/*.html")]
    assert len(texts) > 250
    assert [path.name for path in texts if by_name.search(path.read_text("utf-8"))] == []


def test_a_cause_is_told_in_the_language_of_the_error_around_it() -> None:
    """An error of ours within another keeps its translation, anything else its own words."""
    ours = CovidDError(N_("There is no bundle at %(path)s.", path="x"), N_("Check the path."))
    around = CovidDError(N_("Film %(path)s cannot be read: %(error)s", path="f", error=cause(ours)))
    assert around.message == "Film f cannot be read: There is no bundle at x."
    spanish, _ = around.in_language("es")
    assert spanish == "La radiografía f no se puede leer: No hay ningún modelo en x."
    assert cause(OSError("disk full")) == "disk full"


def _calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
            yield node


def _is_unmarked(sentence: ast.expr) -> bool:
    """Return whether a sentence is put together where no catalogue finds it."""
    if isinstance(sentence, ast.Constant):
        return isinstance(sentence.value, str) and sentence.value != ""
    if isinstance(sentence, ast.BinOp):
        return _is_unmarked(sentence.left) or _is_unmarked(sentence.right)
    return isinstance(sentence, ast.JoinedStr)


def test_what_errors_say_is_marked_for_translation_everywhere() -> None:
    """A Spanish-first product: an error told in English alone is one that a reader cannot use."""
    source = Path(covid_d.__file__).parent
    trees = {path: ast.parse(path.read_text("utf-8")) for path in source.rglob("*.py")}
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    family = {"CovidDError"}
    while more := {name for name, of in bases.items() if of & family} - family:
        family |= more
    assert {"TrainingError", "EvaluationError", "DatasetError", "RadiographError"} <= family
    # Their own first argument is no sentence: an extra's name, the code of a refusal.
    family -= {"MissingExtraError", "RadiographError"}
    unmarked = [
        f"{path.relative_to(source)}:{call.lineno}"
        for path, tree in trees.items()
        for call in _calls(tree, family)
        if any(map(_is_unmarked, call.args[:2]))
    ]
    assert unmarked == []
