from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from collection_factory import draw
from covid_d.cli.dataset import COMMANDS
from covid_d.cli.main import cli
from covid_d.cli.options import echo_table
from covid_d.errors import DatasetError

if TYPE_CHECKING:
    from dataset.conftest import Handmade


def _load_helpers() -> Any:
    path = Path(__file__).parents[1] / "dataset" / "conftest.py"
    spec = importlib.util.spec_from_file_location("handmade_datasets", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def handmade(tmp_path: Path) -> Handmade:
    """Three films a class and split."""
    made: Handmade = _load_helpers().Handmade(tmp_path / "set")
    for place, split in enumerate(["train", "validation", "test"]):
        for number in range(4):
            seed = 10 * place + number
            label = "covid" if number % 2 else "nocovid"
            made.add(split, label, seed, patient=f"p{seed}", group=f"p{seed}", age=str(20 + seed))
    made.seal()
    return made


def _run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["dataset", *map(str, words)])


def test_help_lists_what_it_can_do() -> None:
    shown = _run("--help").output
    for name, command in COMMANDS.items():
        assert name in shown
        assert command.summary in shown


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_there_and_says_what_it_does(name: str) -> None:
    ran = _run(name, "--help")
    assert ran.exit_code == 0, ran.output
    assert COMMANDS[name].load().help


# --- describe --------------------------------------------------------------------------------


def test_describe_prints_tables_and_writes_into_the_dataset(handmade: Handmade) -> None:
    ran = _run("describe", handmade.folder, "--lang", "en", "--rows", 1, "--columns", 2)
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert lines[0].split() == ["Split", "COVID-19", "no", "COVID-19", "Total", "%", "COVID-19"]
    assert lines[2].split() == ["train", "2", "2", "4", "50", "%"]
    out = handmade.folder / "description"
    assert {path.name for path in out.iterdir()} == {"description.html", "contact_sheet.png"}
    assert str(out / "description.html") in ran.stdout


def test_what_describe_writes_does_not_fail_the_check(handmade: Handmade) -> None:
    _run("describe", handmade.folder, "--rows", 1)
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.exit_code == 0, ran.output


def test_describe_writes_elsewhere_and_speaks_spanish(handmade: Handmade, tmp_path: Path) -> None:
    words = ("--out", tmp_path / "out", "--lang", "es", "--rows", 1, "--split", "validation")
    ran = _run("describe", handmade.folder, *words)
    assert ran.exit_code == 0, ran.output
    assert "Partición" in ran.stdout
    assert (tmp_path / "out" / "contact_sheet.png").is_file()
    assert not (handmade.folder / "description").exists()


def test_describe_json_is_one_object(handmade: Handmade, tmp_path: Path) -> None:
    ran = _run("describe", handmade.folder, "--json", "--out", tmp_path / "out", "--rows", 1)
    told = json.loads(ran.stdout)
    assert told["films"] == 12
    assert told["classes"] == {"covid": 6, "nocovid": 6}


def test_describe_warns_of_a_source_with_one_class(handmade: Handmade, tmp_path: Path) -> None:
    for number in range(10):
        handmade.add("train", "covid", 100 + number, source="cxnet")
    handmade.seal()
    ran = _run("describe", handmade.folder, "--lang", "en", "--rows", 1, "--out", tmp_path / "o")
    assert "! Source 'cxnet' has 10 films and all are COVID-19" in ran.stderr


def test_describe_what_is_no_dataset(tmp_path: Path) -> None:
    ran = _run("describe", tmp_path)
    assert isinstance(ran.exception, DatasetError)
    assert _run("describe", tmp_path / "nowhere").exit_code == 2


# --- check -----------------------------------------------------------------------------------


def test_check_passes(handmade: Handmade) -> None:
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.exit_code == 0
    assert ran.stdout == "12 films checked, 0 findings: passed\n"


def test_check_lists_every_finding_with_its_file_and_fails(handmade: Handmade) -> None:
    missing, altered = handmade.rows[0]["path"], handmade.rows[1]["path"]
    (handmade.folder / missing).unlink()
    (handmade.folder / altered).write_bytes(
        (handmade.folder / handmade.rows[2]["path"]).read_bytes()
    )
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.exit_code == 1
    assert f"missing: {missing} is missing." in ran.stdout
    assert f"altered: {altered} was altered" in ran.stdout
    assert "FAILED" in ran.stdout


def test_check_json_has_everything(handmade: Handmade) -> None:
    (handmade.folder / handmade.rows[0]["path"]).unlink()
    ran = _run("check", handmade.folder, "--no-progress", "--json")
    assert ran.exit_code == 1
    told = json.loads(ran.stdout)
    assert told["passed"] is False
    assert told["findings"][0]["problem"] == "missing"


def test_check_names_the_films_of_a_leak(handmade: Handmade) -> None:
    train, test = handmade.in_split("train")[0], handmade.in_split("test")[0]
    test["patient"] = train["patient"]
    handmade.seal()
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.exit_code == 1
    assert (
        f"patient_straddles: Patient {train['patient']!r} is in train (1) and test (1)"
        in ran.stdout
    )
    assert f"  {train['path']}\n  {test['path']}\n" in ran.stdout


def test_check_of_the_article_gives_numbers_and_passes_only_when_told(
    handmade: Handmade,
) -> None:
    train, test = handmade.in_split("train", "covid")[0], handmade.in_split("test", "covid")[0]
    test["patient"] = train["patient"]
    handmade.seal(protocol="article")
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.exit_code == 1
    assert "Leaks: 1 patients, 0 groups and 0 pairs" in ran.stdout
    assert "50 % of COVID-19 test films (1 of 2)" in ran.stdout
    assert "patient_straddles" not in ran.stdout
    allowed = _run("check", handmade.folder, "--no-progress", "--allow-leaks")
    assert allowed.exit_code == 0
    assert "Leaks: 1 patients" in allowed.stdout


def test_check_does_not_flood_the_terminal(handmade: Handmade) -> None:
    for row in handmade.rows:
        handmade.folder.joinpath(row["path"]).unlink()
    more = handmade.rows * 3
    for number, row in enumerate(more):
        more[number] = row | {"path": row["path"].replace(".png", f"-{number}.png")}
    handmade.rows[:] = more
    handmade.seal()
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.stdout.count("is missing") == 20
    assert "missing: ... more, all of them with --json" in ran.stdout
    assert "36 findings" in ran.stdout


def test_check_shows_a_few_notes_and_counts_the_rest(handmade: Handmade) -> None:
    for number in range(7):
        for label in ("covid", "nocovid"):
            handmade.add("train", label, 200 + 2 * number + (label == "covid"), group=f"n{number}")
    handmade.seal()
    ran = _run("check", handmade.folder, "--no-progress")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.count("has films of both classes") == 5
    assert "note: ... 2 more, all of them with --json" in ran.stdout


def test_check_shows_progress_on_standard_error(handmade: Handmade) -> None:
    ran = _run("check", handmade.folder)
    assert "Reading: 100%" in ran.stderr
    assert "Reading" not in ran.stdout


# --- fetch -----------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    content = BytesIO()
    with ZipFile(content, "w") as opened:
        opened.writestr("top/metadata.csv", "patientid\n")
        opened.writestr("top/images/a.png", b"film")
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "a.zip").write_bytes(content.getvalue())

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path / "www"))

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/a.zip"
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetch_cohen_prints_the_digest_and_is_honest_about_it(archive: str, tmp_path: Path) -> None:
    ran = _run("fetch", "cohen", "--out", tmp_path / "cohen", "--url", archive, "--no-progress")
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / "cohen" / "images" / "a.png").read_bytes() == b"film"
    assert "not forgery" in ran.stderr
    digest = ran.stdout.split("SHA-256 of the archive: ")[1].strip()
    words = ("--out", tmp_path / "again", "--url", archive, "--sha256", digest, "--no-progress")
    again = _run("fetch", "cohen", *words)
    assert again.exit_code == 0
    assert again.stderr == ""


def test_fetch_cohen_with_another_digest_fails(archive: str, tmp_path: Path) -> None:
    words = ("--out", tmp_path / "cohen", "--url", archive, "--sha256", "0" * 64)
    ran = _run("fetch", "cohen", *words, "--no-progress")
    assert isinstance(ran.exception, DatasetError)
    assert not (tmp_path / "cohen").exists()


def test_fetch_kermany_tells_how() -> None:
    ran = _run("fetch", "kermany")
    assert ran.exit_code == 0
    assert "kaggle datasets download" in ran.stdout


def test_fetch_siim_tells_how() -> None:
    ran = _run("fetch", "siim")
    assert ran.exit_code == 0
    assert "kaggle competitions download -c siim-covid19-detection" in ran.stdout
    assert "non-commercial" in ran.stdout


# --- manifest --------------------------------------------------------------------------------


def test_manifest_lists_a_folder_and_what_names_no_class(tmp_path: Path) -> None:
    for seed, name in enumerate(["positivo/a.png", "raro/b.png"]):
        draw(tmp_path / name, seed)
    (tmp_path / "raro" / "c.png").write_bytes(b"no film")
    ran = _run("manifest", tmp_path, "--no-progress")
    assert ran.exit_code == 0, ran.output
    words = [line.split() for line in ran.stdout.splitlines()]
    assert ["covid", "1"] in words
    assert ["raro", "1"] in words
    assert "not listed: raro/c.png" in ran.stderr
    assert (tmp_path / "manifest.csv").is_file()
    told = json.loads(_run("manifest", tmp_path, "--overwrite", "--json").stdout)
    assert (told["films"], told["classes"]) == (2, {"covid": 1})
    assert told["unread"][0]["path"] == "raro/c.png"


# --- the terminal ----------------------------------------------------------------------------


def test_echo_table_lines_numbers_up(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table(("Source", "n"), [("cohen", 5), ("a", 1234)])
    assert capsys.readouterr().out == "Source     n\n------  ----\ncohen      5\na       1234\n\n"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_a_check_cleanly(handmade: Handmade) -> None:
    slow = (
        "import time, covid_d.dataset.check.check as c\n"
        "real = c.read\n"
        "c.read = lambda path: (print('reading', flush=True), time.sleep(0.5), real(path))[2]\n"
        "from covid_d.cli.main import main\n"
        f"main(['dataset', 'check', {str(handmade.folder)!r}, '--workers', '2', '--no-progress'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("reading")  # two workers print at once
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.split() == ["Interrupted."]
