"""``covid-d pacs``: the node from the shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bundle_factory import AUDITED, make_appearance_bundle
from covid_d.cli.main import main
from covid_d.language import N_
from covid_d.pacs.queue import AnsweredFilm, Queue
from pacs_factory import hospital_film, send, wait_until

Result = tuple[int, str, str]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("COVID_D_PACS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A node's folder with one film that failed on its way."""
    queue = Queue.open(tmp_path)
    queue.receive(
        fingerprint="f" * 64, sop_instance="1.2.3", study="1.2", caller="CT1", file="films/f.dcm"
    )
    film = queue.to_assess(1)[0]
    queue.assessed(
        [
            AnsweredFilm(
                film,
                outcome="positive",
                bundle="b" * 64,
                assessment='{"outcome": "positive"}',
                destinations=["dicom:PACS@10.0.0.5:104"],
            )
        ]
    )
    (delivery,) = queue.deliveries_of(film.id)
    queue.failed(delivery, N_("The other side refused the object (%(code)s).", code="0xA900"))
    queue.close()
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> Result:
    with pytest.raises(SystemExit) as caught:
        main(["pacs", *map(str, words)])
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


class TestQueue:
    def test_list(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run(capsys, "queue", "list", "--data", folder)
        assert code == 0
        assert "CT1" in out
        assert "dicom:PACS@10.0.0.5:104 failed" in out
        assert "deliveries: failed 1" in out

    def test_list_by_state(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shown = run(capsys, "queue", "list", "--data", folder, "--state", "failed", "--json")[1]
        assert [film["film"] for film in json.loads(shown)["films"]] == [1]
        none = run(capsys, "queue", "list", "--data", folder, "--state", "committed", "--json")[1]
        assert json.loads(none)["films"] == []

    def test_show(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run(capsys, "queue", "show", 1, "--data", folder)
        shown = json.loads(out)
        assert code == 0
        assert shown["assessment"] == {"outcome": "positive"}
        (delivery,) = shown["deliveries"]
        assert delivery["reason"] == "The other side refused the object (0xA900)."
        assert delivery["state"] == "failed"

    def test_retry(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "queue", "retry", 1, "--data", folder)[1] == "1 item is tried again.\n"
        assert "waiting 1" in run(capsys, "queue", "list", "--data", folder)[1]

    @pytest.mark.parametrize("command", ["show", "retry"])
    def test_a_film_that_is_not_there(
        self, folder: Path, capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        code, _, err = run(capsys, "queue", command, 9, "--data", folder)
        assert code == 1
        assert "no film 9" in err

    def test_a_mistyped_folder_does_not_become_a_node(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = run(capsys, "queue", "list", "--data", tmp_path / "absent")
        assert code == 1
        assert "no node" in err
        assert not (tmp_path / "absent").exists()


class TestEcho:
    def test_nobody_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = run(capsys, "echo", "PACS@127.0.0.1:9")
        assert code == 1
        assert "cannot be reached" in err
        assert "Check title, address and port" in err

    def test_no_address(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = run(capsys, "echo", "PACS")
        assert code == 1
        assert "AET@HOST:PORT" in err


class TestServe:
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--host", "0.0.0.0"), "--allow"),
            (("--aet", "SEVENTEEN-LETTERS"), "COVID_D_PACS_AET"),
            (("--send-to", "PACS"), "AET@HOST:PORT"),
            (("--stow", "pacs.ec"), "web address"),
            (("--certificate", "absent.pem"), "--authorities"),
        ],
    )
    def test_what_makes_no_sense_is_said_at_once(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        options: tuple[str, str],
        said: str,
    ) -> None:
        code, _, err = run(capsys, "serve", "--data", tmp_path / "node", *options)
        assert code == 1
        assert said in err

    def test_it_serves_until_it_is_told_to_stop(self, tmp_path: Path) -> None:
        bundle = make_appearance_bundle(tmp_path / "bundle", verdict=AUDITED)
        command = [sys.executable, "-u", "-m", "covid_d", "pacs", "serve"]
        process = subprocess.Popen(
            [*command, "--data", str(tmp_path / "node"), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COVID_D_BUNDLE": str(bundle)},
        )
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("COVID-D@127.0.0.1:")
        assert send(int(address.rpartition(":")[2]), hospital_film()) == [0x0000]
        queue = Queue.open(tmp_path / "node")
        wait_until(lambda: queue.counts()["films"] == {"assessed": 1})
        queue.close()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=300)
        assert process.returncode == 0
        assert "film 1.2.826" in log
        assert "Quishpe" not in log, "the log names no patient"


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_conformance_statement_is_printed(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "conformance", "--lang", language)
    assert code == 0
    assert out.startswith("# ")
    assert "99COVIDD" in out
