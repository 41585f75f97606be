from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from covid_d import __version__
from covid_d.cli import lazy, main
from covid_d.cli.lazy import EXTRA_OF, LazyCommand, LazyGroup, missing_extra
from covid_d.errors import CovidDError, MissingExtraError
from covid_d.provenance import source_sha256

ROOT = Path(__file__).parents[2]


def _run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "covid_d", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> dict[str, LazyCommand]:
    """The real group with its table of commands replaced."""
    table: dict[str, LazyCommand] = {}
    monkeypatch.setattr(main.cli, "lazy", table)
    return table


def _provide(
    commands: dict[str, LazyCommand],
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[..., object],
) -> None:
    """Make ``covid-d try`` call ``function``."""
    monkeypatch.setattr(lazy, "under_test", click.command()(function), raising=False)
    commands["try"] = LazyCommand("covid_d.cli.lazy:under_test", "Try.")


def _exit_code(*words: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main.main(words)
    return caught.value.code


def test_module_and_script_are_the_same_command() -> None:
    ran = _run("--version")
    assert ran.returncode == 0
    assert ran.stdout == f"covid-d, version {__version__} (source {source_sha256()[:12]})\n"
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"covid-d": "covid_d.cli.main:main"}


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    script = (
        "import sys\n"
        "from covid_d.cli.main import COMMANDS, main\n"
        "try: main(['--help'])\n"
        "finally: print([c.target for c in COMMANDS.values()"
        " if c.target.split(':')[0] in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *text, imported = ran.stdout.strip().splitlines()
    assert imported == "[]"
    for name, command in main.COMMANDS.items():
        assert any(line.split()[:1] == [name] and command.summary in line for line in text)


@pytest.mark.parametrize("name", sorted(main.COMMANDS))
def test_every_command_of_the_table_is_there(name: str) -> None:
    command = main.COMMANDS[name].load()
    assert command.help
    assert main.COMMANDS[name].summary.endswith(".")


def test_wrong_usage_exits_with_2_and_names_the_word() -> None:
    ran = _run("predit")
    assert ran.returncode == 2
    assert "predit" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_expected_errors_end_in_a_sentence_and_a_next_step(
    commands: dict[str, LazyCommand],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class ShortError(CovidDError):
        exit_code = 3

    def fail() -> None:
        raise ShortError("'film.png' is gone.", "Look elsewhere.")

    _provide(commands, monkeypatch, fail)
    assert _exit_code("try") == 3
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Error: 'film.png' is gone.\nNext: Look elsewhere.\n")


def test_errors_without_a_next_step_are_one_line(
    commands: dict[str, LazyCommand],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise CovidDError("'film.png' is gone.")

    _provide(commands, monkeypatch, fail)
    assert _exit_code("try") == 1
    assert capsys.readouterr().err == "Error: 'film.png' is gone.\n"


def test_warnings_that_no_user_can_act_on_are_not_shown(
    commands: dict[str, LazyCommand], monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn() -> None:
        warnings.warn("`torch.jit.script` is deprecated.", FutureWarning, stacklevel=1)
        warnings.warn("`torch.other` is deprecated.", FutureWarning, stacklevel=1)

    _provide(commands, monkeypatch, warn)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        assert _exit_code("try") == 0
    assert [str(warning.message) for warning in shown] == ["`torch.other` is deprecated."]


def test_programming_errors_are_not_hidden(
    commands: dict[str, LazyCommand], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a bug")

    _provide(commands, monkeypatch, fail)
    with pytest.raises(ZeroDivisionError):
        main.main(["try"])


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_command_chooses_its_exit_code(
    commands: dict[str, LazyCommand], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def leave() -> None:
        click.get_current_context().exit(code)

    _provide(commands, monkeypatch, leave)
    assert _exit_code("try") == code


@pytest.mark.parametrize("while_importing", [True, False])
def test_a_missing_extra_gives_the_pip_command(
    commands: dict[str, LazyCommand],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    while_importing: bool,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    if while_importing:
        (tmp_path / "needs_torch.py").write_text("import torch.nn\n")
        monkeypatch.syspath_prepend(tmp_path)
        commands["try"] = LazyCommand("needs_torch:command", "Try.")
    else:

        def late() -> None:
            import_module("torch")

        _provide(commands, monkeypatch, late)
    assert _exit_code("try") == 1
    err = capsys.readouterr().err
    assert "`covid-d try` (module 'torch') needs the optional extra 'train'" in err
    assert (
        "Next: Install it from your copy of COVID-D, in its folder: pip install '.[train]'" in err
    )
    assert "Traceback" not in err


def test_a_broken_installation_is_not_called_a_missing_extra(
    commands: dict[str, LazyCommand],
) -> None:
    commands["try"] = LazyCommand("covid_d.no_such_module:command", "Try.")
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main.main(["try"])


def test_extras_are_those_of_the_project() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    distributions = {
        "argon2": "argon2-cffi",
        "pythonjsonlogger": "python-json-logger",
        "sklearn": "scikit-learn",
    }
    come_along = {"fastcore", "starlette"}  # with fastai and fastapi
    for module, extra in EXTRA_OF.items():
        name = distributions.get(module, module.replace("_", "-"))
        if module in come_along:
            continue
        assert any(line.startswith(name) for line in extras[extra]), f"{name} is not in {extra}"


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [
        ("pacs", "sqlalchemy", "pacs"),
        ("pacs", "httpx", "pacs"),
        ("pacs", "pynetdicom", "pacs"),
        ("serve", "sqlalchemy", "clinic"),
        ("dataset", "httpx", "data"),
    ],
)
def test_a_module_of_two_extras_is_of_the_commands_own(
    command: str, module: str, extra: str
) -> None:
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)
    explained = missing_extra(error, f"`covid-d {command}`", command)
    assert isinstance(explained, MissingExtraError)
    assert f"'.[{extra}]'" in str(explained)
    brought = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ][extra]
    assert any(line.startswith(module) for line in brought)


def test_a_node_without_its_packages_is_told_of_its_own_extra(tmp_path: Path) -> None:
    (tmp_path / "queue.sqlite").touch()
    code = (
        "import sys\n"
        "sys.modules['sqlalchemy'] = None\n"  # as if it were not installed
        "from covid_d.cli import main\n"
        f"main.main(['--lang', 'en', 'pacs', 'queue', 'list', '--data', {str(tmp_path)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "`covid-d pacs` (module 'sqlalchemy') needs the optional extra 'pacs'" in done.stderr


def test_missing_extra_knows_submodules() -> None:
    error = ModuleNotFoundError("No module named 'sklearn.metrics'", name="sklearn.metrics")
    explained = missing_extra(error, "`covid-d evaluate`")
    assert isinstance(explained, MissingExtraError)
    assert ".[data]" in str(explained)
    unknown = ModuleNotFoundError("No module named 'numpy'", name="numpy")
    assert missing_extra(unknown, "x") is unknown


def test_a_target_that_is_no_command_is_a_fault() -> None:
    with pytest.raises(TypeError, match="not a click command"):
        LazyCommand("covid_d.errors:CovidDError", "x").load()


def test_groups_of_groups_name_the_whole_command(
    commands: dict[str, LazyCommand],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    inner = LazyGroup("inner", lazy={"go": LazyCommand("pandas:DataFrame", "Go.")})
    monkeypatch.setattr(lazy, "under_test", inner, raising=False)
    commands["inner"] = LazyCommand("covid_d.cli.lazy:under_test", "Inner.")
    assert _exit_code("inner", "go") == 1
    assert "`covid-d inner go` (module 'pandas') needs" in capsys.readouterr().err


def test_an_answer_no_is_not_an_interrupt(
    commands: dict[str, LazyCommand],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def abort() -> None:
        raise click.Abort

    _provide(commands, monkeypatch, abort)
    assert _exit_code("try") == 1
    assert capsys.readouterr().err == "Aborted.\n"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_no_summary_in_a_list_of_commands_is_cut_off() -> None:
    def summaries(command: click.Command, *words: str) -> Iterator[tuple[str, str]]:
        if not isinstance(command, click.Group):
            return
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            summary = command.lazy[name].summary if isinstance(command, LazyGroup) else None
            yield " ".join([*words, name]), summary or below.get_short_help_str(limit=68)
            yield from summaries(below, *words, name)

    told = dict(summaries(main.cli))
    assert len(told) >= 18
    assert [text for text in told.values() if text.endswith("...") or len(text.split()) < 3] == []


def test_ctrl_c_ends_with_130_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import click, time\n"
        "@click.command()\n"
        "def slow():\n"
        "    print('started', flush=True)\n"
        "    time.sleep(3600)\n"
    )
    script = (
        "from covid_d.cli import main\n"
        "from covid_d.cli.lazy import LazyCommand\n"
        "main.cli.lazy = {'slow': LazyCommand('slow:slow', 'Slow.')}\n"
        "main.main(['slow'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)  # far less than it would sleep
    assert process.returncode == main.INTERRUPTED == 130
    assert err.split() == ["Interrupted."]
