"""``covid-d screen``: the answers of ``covid-d predict``, of whole archives."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from covid_d.cli.main import main
from covid_d.language import INTENDED_USE
from covid_d.settings import settings

Call = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("plain_settings")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process; give exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def job(films: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A job of the small archive, answered."""
    folder = tmp_path_factory.mktemp("screen") / "job"
    settings.cache_clear()
    words = ["screen", "run", films, "--out", folder, "--bundle", bundle, "--workers", "1"]
    subprocess.run(
        [sys.executable, "-m", "covid_d", *map(str, words)], check=True, capture_output=True
    )
    yield folder
    settings.cache_clear()


def columns(lines: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.splitlines()]


class TestRun:
    def test_it_says_what_it_found(
        self, call: Call, films: Path, bundle: Path, tmp_path: Path
    ) -> None:
        words = ("screen", "run", films, "--out", tmp_path / "job", "--bundle", bundle)
        code, out, err = call(*words, "--lang", "en", "--workers", 1)
        assert code == 0
        assert "4 films listed" in err
        assert re.search(r"image not analysed +1 +25\.0 %", out)
        assert re.search(r"The file is incomplete or damaged\. +1 +25\.0 %", out)
        assert out.endswith(INTENDED_USE.en + "\n")

    def test_in_spanish_by_default(
        self, call: Call, films: Path, bundle: Path, tmp_path: Path
    ) -> None:
        words = ("screen", "run", films, "--out", tmp_path / "job", "--bundle", bundle)
        _, out, _ = call(*words, "--workers", 1)
        assert re.search(r"imagen no analizada +1 +25,0 %", out)
        assert out.startswith("Respuesta")
        assert out.endswith(INTENDED_USE.es + "\n")

    def test_the_answers_are_those_of_predict(
        self, call: Call, films: Path, bundle: Path, tmp_path: Path
    ) -> None:
        options = ("--bundle", bundle, "--prevalence", "0.1")
        expected = columns(call("predict", films, "--json", *options)[1])
        call("screen", "run", films, "--out", tmp_path / "job", "--workers", 1, *options)
        lines = columns(call("screen", "export", tmp_path / "job", "--json")[1])
        assert [{name: line[name] for name in expected[0]} for line in lines] == expected
        assert [list(line)[: len(expected[0])] for line in lines] == [list(expected[0])] * 4

    def test_another_bundle_or_option_is_an_error(
        self, call: Call, films: Path, bundle: Path, job: Path
    ) -> None:
        words = ("screen", "run", films, "--out", job, "--bundle")
        code, _, err = call(*words, bundle, "--prevalence", "0.3")
        assert code == 1
        assert "another prevalence: None, not 0.3" in err
        code, _, err = call(*words, "builtin")
        assert code == 1
        assert "another bundle: phantom 1.0" in err

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            (("--likelihood", "t.csv"), "says something only with --prevalence"),
            (("--address", "x:1"), "says something only with --engine ray"),
            (("--engine", "spark"), "spark"),
            (("--workers", "-1"), "-1"),
            (("--prevalence", "1"), "prevalence"),
        ],
    )
    def test_impossible_options(
        self, call: Call, films: Path, tmp_path: Path, wrong: tuple[str, str], said: str
    ) -> None:
        code, _, err = call("screen", "run", films, "--out", tmp_path / "job", *wrong)
        assert code == 2
        assert said in err
        assert not (tmp_path / "job").exists()

    def test_a_job_needs_a_place(self, call: Call, films: Path) -> None:
        code, _, err = call("screen", "run", films)
        assert code == 2
        assert "--out" in err

    def test_no_archive(self, call: Call, tmp_path: Path) -> None:
        code, _, err = call("screen", "run", tmp_path / "none", "--out", tmp_path / "job")
        assert code == 1
        assert "There is no archive at" in err
        assert "s3://bucket/folder" in err


class TestStatus:
    def test_of_a_job_that_is_done(self, call: Call, job: Path, films: Path) -> None:
        code, out, _ = call("screen", "status", job)
        assert code == 0
        assert f"Every film is answered: {films}" in out
        assert "imagen no analizada" in out

    def test_as_json(self, call: Call, job: Path) -> None:
        _, out, _ = call("screen", "status", job, "--json")
        found = json.loads(out)
        assert (found["films"], found["done"]) == (4, 4)
        assert found["counts"]["refusals"] == {"truncated": 1}
        assert found["options"]["bundle"]["name"] == "phantom"
        assert "salt" not in found

    def test_of_one_that_is_not(self, call: Call, job: Path, tmp_path: Path) -> None:
        import shutil

        shutil.copytree(job, tmp_path / "half")
        (tmp_path / "half" / "films" / "00000000.parquet").unlink()
        _, out, _ = call("screen", "status", tmp_path / "half")
        assert "0 of 4 films answered" in out

    def test_of_one_that_is_being_listed(self, call: Call, job: Path, tmp_path: Path) -> None:
        record = json.loads((job / "job.json").read_text("utf-8")) | {"films": None}
        (tmp_path / "job.json").write_text(json.dumps(record), "utf-8")
        _, out, _ = call("screen", "status", tmp_path)
        assert "still being listed" in out

    def test_of_none(self, call: Call, tmp_path: Path) -> None:
        code, _, err = call("screen", "status", tmp_path)
        assert code == 1
        assert "There is no job at" in err


class TestExport:
    def test_csv_is_predicts_table_and_the_film(
        self, call: Call, job: Path, films: Path, bundle: Path, tmp_path: Path
    ) -> None:
        code, _, _ = call("predict", films, "--csv", tmp_path / "p.csv", "--bundle", bundle)
        assert code == 0
        call("screen", "export", job, "--csv", "--out", tmp_path / "s.csv")
        with (tmp_path / "p.csv").open(encoding="utf-8") as stream:
            expected = list(csv.DictReader(stream))
        with (tmp_path / "s.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert [{name: row[name] for name in expected[0]} for row in rows] == expected
        assert [row["number"] for row in rows] == ["0", "1", "2", "3"]
        for row in rows:
            assert int(row["size"]) == Path(row["path"]).stat().st_size
            assert re.fullmatch("[0-9a-f]{64}", row["sha256"])
            assert "path_bytes" not in row

    def test_for_a_spanish_excel(self, call: Call, job: Path, tmp_path: Path) -> None:
        call("screen", "export", job, "--csv", "--csv-dialect", "excel-es", "--out", tmp_path / "t")
        text = (tmp_path / "t").read_bytes().decode("utf-8-sig")
        assert text.splitlines()[0].startswith("path;outcome;")
        assert "\r\n" in text

    def test_to_a_file_or_to_the_screen(self, call: Call, job: Path, tmp_path: Path) -> None:
        shown = call("screen", "export", job, "--json")[1]
        call("screen", "export", job, "--json", "--out", tmp_path / "rows.jsonl")
        assert (tmp_path / "rows.jsonl").read_text("utf-8") == shown
        assert len(columns(shown)) == 4

    @pytest.mark.parametrize("chosen", [(), ("--json", "--csv")])
    def test_one_of_the_two(self, call: Call, job: Path, chosen: tuple[str, ...]) -> None:
        code, _, err = call("screen", "export", job, *chosen)
        assert code == 2
        assert "either --json or --csv" in err


class TestReport:
    def test_a_run_writes_it_in_its_language(
        self, call: Call, films: Path, bundle: Path, tmp_path: Path
    ) -> None:
        words = ("screen", "run", films, "--out", tmp_path / "job", "--bundle", bundle)
        _, out, _ = call(*words, "--lang", "en", "--workers", 1)
        page = tmp_path / "job" / "report.html"
        assert f"Report: {page}" in out
        assert '<html lang="en">' in page.read_text("utf-8")

    def test_it_is_written_anew(self, call: Call, job: Path) -> None:
        (job / "report.html").unlink()
        code, out, _ = call("screen", "report", job)
        assert (code, out) == (0, f"{job / 'report.html'}\n")
        text = (job / "report.html").read_text("utf-8")
        assert '<html lang="es">' in text
        assert "no son evidencia de nada" in text


class TestProgress:
    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    def test_a_bar_on_a_terminal(self, films: Path, bundle: Path, tmp_path: Path) -> None:
        import pty
        import termios

        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        words = ["screen", "run", films, "--out", tmp_path / "job", "--bundle", bundle]
        subprocess.run(
            [sys.executable, "-m", "covid_d", *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        shown = ""
        with suppress(OSError):  # what a terminal gives at its end
            while part := os.read(ours, 100_000):
                shown += part.decode()
        os.close(ours)
        assert "4/4" in shown
        assert "film" in shown

    def test_a_line_a_minute_in_a_log(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from covid_d.cli import screen as command

        clock = iter([0.0, 30.0, 60.0, 60.0, 60.0])
        monkeypatch.setattr("covid_d.cli.screen.time.monotonic", lambda: next(clock))
        progress = command._Progress()
        watcher = progress.watcher()
        watcher.begun(1000, 400)
        watcher.answered(30)  # half a minute: nothing yet
        watcher.answered(90)
        # 120 films in 60 s; 480 are left: 4 minutes.
        assert capsys.readouterr().err == "520 of 1000 films, 2.0 a second, 0:04 h left\n"


def test_help_needs_no_parquet() -> None:
    script = (
        "import sys; from covid_d.cli.main import main\n"
        "try: main(['screen', 'run', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'pyarrow', 'obstore', 'ray', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
