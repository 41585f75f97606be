"""``covid-d predict``: every film answered or refused, in the promised shape."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle_factory import (
    AUDITED,
    gate_files,
    gate_spec,
    make_bundle,
)
from covid_d.detector import Detector, Outcome
from covid_d.language import INTENDED_USE
from covid_d.radiograph import RefusalCode
from covid_d.settings import settings
from hostile import make_hostile_files

Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.usefixtures("plain_settings")
COMMAND = [sys.executable, "-m", "covid_d", "predict"]


def check_line(fields: dict[str, Any]) -> None:
    """Hold one JSON object against the promised shape."""
    assert list(fields) == [
        "path",
        "outcome",
        "appearance",
        "most_likely",
        "opacity",
        "probability",
        "conformal_set",
        "covid",
        "refusal",
        "warnings",
        "bundle",
        "verdict",
    ]
    assert isinstance(fields["path"], str)
    assert fields["outcome"] in {outcome.value for outcome in Outcome}
    assert set(fields["bundle"]) == {"name", "version", "sha256"}
    for warning in fields["warnings"]:
        assert set(warning) == {"code", "message"}
        assert set(warning["message"]) == {"es", "en"}
    if fields["outcome"] == "refused":
        assert fields["probability"] is None
        assert (fields["covid"], fields["appearance"], fields["opacity"]) == (None, None, None)
        assert fields["conformal_set"] == []
        assert set(fields["refusal"]) == {"code", "message", "next_step"}
        assert fields["refusal"]["code"] in {code.value for code in RefusalCode}
        assert set(fields["refusal"]["message"]) == {"es", "en"}
        assert all(len(text) > 10 for text in fields["refusal"]["message"].values())
        assert all(len(text) > 10 for text in fields["refusal"]["next_step"].values())
    else:
        assert fields["refusal"] is None
        assert 0 <= fields["probability"] <= 1
        assert set(fields["conformal_set"]) <= {"covid", "nocovid"}


class TestJson:
    def test_one_object_a_line_as_in_python(self, run: Run, films: Path, bundle: Path) -> None:
        code, out, err = run(films, "--json", "--prevalence", "0.1")
        assert code == 0
        assert err == ""
        lines = [json.loads(line) for line in out.splitlines()]
        for line in lines:
            check_line(line)
        names = ["a.png", "b.png", "torn.png", "sub/A.png"]
        assert [line["path"] for line in lines] == [str(films / name) for name in names]
        detector = Detector.load(bundle)
        assert lines == [detector.assess(films / name, prevalence=0.1).to_dict() for name in names]

    def test_200_hostile_files_are_each_answered_or_refused(self, run: Run, tmp_path: Path) -> None:
        hostile = make_hostile_files(tmp_path / "hostile", count=200)
        code, out, _ = run(*hostile, "--json")
        assert code == 0
        lines = [json.loads(line) for line in out.splitlines()]
        # A folder named like a film gives the films in it: none.
        assert [line["path"] for line in lines] == [str(p) for p in hostile if not p.is_dir()]
        assert len(lines) >= 200
        for line in lines:
            check_line(line)
        codes = {line["refusal"]["code"] for line in lines if line["refusal"]}
        assert len(codes) >= 8
        assert RefusalCode.INTERNAL.value not in codes
        assert RefusalCode.NO_NUMBER.value not in codes

    def test_a_missing_path_is_a_line_and_the_rest_goes_on(
        self, run: Run, films: Path, tmp_path: Path
    ) -> None:
        code, out, _ = run(tmp_path / "none.png", films / "a.png", "--json")
        first, second = map(json.loads, out.splitlines())
        assert code == 2, "what was named is not there; see TestErrors"
        assert first["refusal"]["code"] == "not_found"
        assert second["outcome"] != "refused"

    @pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such name")
    def test_a_name_that_is_no_text_comes_back_as_it_was(
        self, run: Run, films: Path, tmp_path: Path
    ) -> None:
        odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9\xff.png"))
        odd.write_bytes((films / "a.png").read_bytes())
        code, out, _ = run(odd, "--json")
        assert code == 0
        assert Path(json.loads(out)["path"]) == odd
        assert run(odd)[0] == 0
        assert run(odd, "--csv", tmp_path / "t.csv")[0] == 0

    def test_patterns_are_expanded(self, run: Run, films: Path) -> None:
        _, out, _ = run(films / "?.png", "--json")
        assert len(out.splitlines()) == 2


class TestText:
    def test_outcome_first_then_number_then_limits(self, run: Run, films: Path) -> None:
        code, out, err = run(films / "a.png")
        lines = out.splitlines()
        assert code == 0
        assert err == ""
        assert lines[0].startswith(f"{films / 'a.png'}: ")
        assert lines[0].endswith("COVID-19") or lines[0].endswith("no concluyente")
        assert re.fullmatch(
            r"  Puntuación del modelo de demostración \(no es una .*enfermedad\): [01],\d\d",
            lines[1],
        ), "nobody can read a demonstration's number as a probability of disease"
        assert "Aviso: La edad no consta" in out
        assert "Modelo: phantom 1.0 (demostración)." in lines
        assert lines[-1] == INTENDED_USE.es

    def test_in_english(self, run: Run, films: Path) -> None:
        _, out, _ = run(films, "--lang", "en", "--prevalence", "0.05")
        assert "Score of the demonstration model (no probability of disease): 0." in out
        assert "Probability of COVID-19" not in out
        assert "This model does not say how probable COVID-19 is at a prevalence" in out
        assert "image not analysed\n  The file is incomplete or damaged.\n" in out
        assert "4 films: " in out
        assert out.count("Demonstration model: do not use it") == 1
        assert out.endswith(INTENDED_USE.en + "\n")
        assert "Aviso" not in out

    def test_the_setting_gives_the_language(
        self, run: Run, films: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COVID_D_LANGUAGE", "en")
        settings.cache_clear()
        assert INTENDED_USE.en in run(films / "a.png")[1]
        assert INTENDED_USE.es in run(films / "a.png", "--lang", "es")[1]

    def test_inconclusive_is_explained(self, run: Run, films: Path, tmp_path: Path) -> None:
        wide = {"error_rate": 0.1, "positive_quantile": 1.0, "negative_quantile": 1.0}
        unsure = make_bundle(tmp_path / "b", conformal=wide | {"positives": 20, "negatives": 20})
        _, out, _ = run(films / "a.png", named=unsure)
        assert ": no concluyente" in out
        assert "con un error admitido del 10 % por clase" in out

    def test_no_false_certainty(self, run: Run, films: Path, tmp_path: Path) -> None:
        steep = {"slope": 1000.0, "intercept": 0.0, "prevalence": 0.5, "films": 9}
        sure = make_bundle(tmp_path / "b", calibration=steep, verdict=AUDITED)
        _, out, _ = run(films / "a.png", named=sure)
        assert "modelo: > 99 %" in out or "modelo: < 1 %" in out


class TestStated:
    KNOWN = ("--projection", "PA", "--age", "61", "--sex", "F")

    def codes(self, out: str) -> set[str]:
        return {warning["code"] for warning in json.loads(out)["warnings"]}

    def test_what_is_stated_is_not_unknown(self, run: Run, films: Path) -> None:
        plain = self.codes(run(films / "a.png", "--json")[1])
        told = self.codes(run(films / "a.png", "--json", *self.KNOWN)[1])
        assert plain - told == {"projection_unknown", "age_unknown"}
        assert told <= plain

    @pytest.mark.parametrize(
        ("options", "code"),
        [
            (("--age", "9"), "child"),
            (("--not-adult",), "child"),
            (("--projection", "L"), "not_frontal"),
        ],
    )
    def test_what_is_stated_can_refuse(
        self, run: Run, films: Path, options: tuple[str, ...], code: str
    ) -> None:
        exit_code, out, _ = run(films / "a.png", "--json", *options)
        assert exit_code == 0
        assert json.loads(out)["refusal"]["code"] == code

    def test_adult_is_enough(self, run: Run, films: Path) -> None:
        told = self.codes(run(films / "a.png", "--json", "--adult", "--projection", "AP Supine")[1])
        assert "age_unknown" not in told
        assert "supine" in told

    @pytest.mark.parametrize(
        "wrong", [("--projection", "PAL"), ("--age", "-1"), ("--age", "x"), ("--sex", "Z")]
    )
    def test_what_cannot_be(self, run: Run, films: Path, wrong: tuple[str, str]) -> None:
        assert run(films, *wrong)[0] == 2


class TestExplain:
    def test_one_overlay_an_answered_film_under_its_own_name(
        self, run: Run, films: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "overlays"
        code, out, _ = run(films, "--explain", folder, "--json")
        assert code == 0
        assert len(out.splitlines()) == 4
        names = {path.name for path in folder.iterdir()}
        assert names == {"a.png.overlay.png", "b.png.overlay.png", "A.png-2.overlay.png"}
        for path in folder.iterdir():
            with Image.open(path) as picture:
                assert picture.size[0] == 2 * 256
                assert np.asarray(picture).std() > 10

    def test_does_not_change_the_answers(self, run: Run, films: Path, tmp_path: Path) -> None:
        explained = run(films, "--explain", tmp_path / "overlays", "--json")[1]
        assert explained == run(films, "--json")[1]

    def test_what_the_gate_refuses_has_no_number_in_any_output(
        self, run: Run, tmp_path: Path
    ) -> None:
        gated = make_bundle(tmp_path / "gated", gate=gate_spec(threshold=0.999), more=gate_files())
        film = tmp_path / "bright.png"
        Image.fromarray(np.linspace(140, 250, 256 * 256).reshape(256, 256).astype(np.uint8)).save(
            film
        )
        options = ("--prevalence", "0.1", "--explain", str(tmp_path / "overlays"))
        line = json.loads(run(film, "--json", *options, named=gated)[1])
        check_line(line)
        assert line["refusal"]["code"] == "looks_lateral"
        assert (line["probability"], line["covid"]) == (None, None)
        said = run(film, *options, named=gated)[1]
        assert "PA o AP" in said
        assert "%" not in said.split("Modelo:")[0]
        run(film, "--csv", str(tmp_path / "t.csv"), *options, named=gated)
        (row,) = csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8"))
        assert (row["probability"], row["covid_value"]) == ("", "")
        assert not (tmp_path / "overlays").exists()

    def test_a_folder_that_cannot_be_written(self, run: Run, films: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        code, _, err = run(films / "a.png", "--explain", tmp_path / "file" / "inner")
        assert code == 1
        assert "Cannot write" in err
        assert "Traceback" not in err


class TestErrors:
    @pytest.mark.parametrize("name", ["nope.dcm", "*.gif"])
    def test_what_names_nothing_ends_with_2_after_the_others(
        self, run: Run, films: Path, name: str
    ) -> None:
        code, out, err = run(films / name, films / "a.png", "--json")
        assert code == 2
        assert [json.loads(line)["refusal"] is None for line in out.splitlines()] == [False, True]
        assert f"Not found: {films / name}." in err

    def test_a_link_that_leads_nowhere_inside_a_folder_is_a_refusal(
        self, run: Run, tmp_path: Path
    ) -> None:
        (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
        code, out, _ = run(tmp_path, "--json")
        assert code == 0
        assert json.loads(out)["refusal"]["code"] == "not_found"

    def test_nothing_named(self, run: Run) -> None:
        code, out, err = run("--json")
        assert (code, out) == (2, "")
        assert "Name at least one film" in err

    def test_an_empty_folder(self, run: Run, tmp_path: Path) -> None:
        code, out, err = run(tmp_path, "--json")
        assert (code, out) == (2, "")
        assert f"no film in {tmp_path}" in err

    def test_json_and_csv(self, run: Run, films: Path, tmp_path: Path) -> None:
        code, _, err = run(films, "--json", "--csv", tmp_path / "t.csv")
        assert code == 2
        assert "either --json or --csv" in err

    @pytest.mark.parametrize(
        "wrong",
        [("--prevalence", "0"), ("--prevalence", "1"), ("--lang", "fr"), ("--threads", "-1")],
    )
    def test_impossible_options(self, run: Run, films: Path, wrong: tuple[str, str]) -> None:
        assert run(films, *wrong)[0] == 2

    def test_a_bundle_with_a_flipped_byte(self, run: Run, films: Path, tmp_path: Path) -> None:
        spoiled = make_bundle(tmp_path / "b")
        model = bytearray((spoiled / "model.onnx").read_bytes())
        model[len(model) // 2] ^= 1
        (spoiled / "model.onnx").write_bytes(model)
        code, out, err = run(films, "--json", named=spoiled)
        assert (code, out) == (1, "")
        assert "Error: " in err
        assert "'model.onnx' fails its checksum" in err
        assert "Next: " in err

    def test_a_bundle_that_is_missing(self, run: Run, films: Path, tmp_path: Path) -> None:
        code, out, err = run(films, named=tmp_path / "none")
        assert (code, out) == (1, "")
        assert "no bundle at" in err


class TestProcess:
    """What only a process of its own can show."""

    def test_a_film_from_standard_input(self, films: Path, bundle: Path, tmp_path: Path) -> None:
        content = (films / "a.png").read_bytes()
        words = ["-", str(films / "b.png"), "--json", "--bundle", str(bundle)]
        done = subprocess.run(
            [*COMMAND, *words, "--explain", str(tmp_path / "o")],
            input=content,
            capture_output=True,
            check=True,
        )
        first, second = map(json.loads, done.stdout.splitlines())
        assert first == Detector.load(bundle).assess(content, name="-").to_dict()
        assert second["path"] == str(films / "b.png")
        assert {path.name for path in (tmp_path / "o").iterdir()} == {
            "-.overlay.png",
            "b.png.overlay.png",
        }

    def test_nothing_on_standard_input_is_refused(self, bundle: Path) -> None:
        done = subprocess.run(
            [*COMMAND, "-", "--json", "--bundle", str(bundle)], input=b"", capture_output=True
        )
        assert done.returncode == 0
        assert json.loads(done.stdout)["refusal"]["code"] == "empty_file"

    def test_starts_without_torch_or_pydicom(self, films: Path, bundle: Path) -> None:
        script = (
            "import sys; from covid_d.cli.main import main\n"
            "try: main(sys.argv[1:])\n"
            "except SystemExit: pass\n"
            "heavy = {'torch', 'fastai', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'timm'}\n"
            "print(sorted((heavy | {'pydicom', 'onnx', 'cryptography'}) & set(sys.modules)))"
        )
        words = ["predict", str(films / "a.png"), "--json", "--bundle", str(bundle)]
        done = subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
        )
        line, modules = done.stdout.splitlines()
        check_line(json.loads(line))
        assert modules == "[]"
        assert done.stderr == ""

    @pytest.fixture
    def many(self, films: Path, tmp_path: Path) -> Path:
        folder = tmp_path / "many"
        folder.mkdir()
        content = (films / "a.png").read_bytes()
        for number in range(600):
            (folder / f"{number}.png").write_bytes(content)
        return folder

    def test_a_closed_pipe_ends_it_quietly(self, many: Path, bundle: Path) -> None:
        process = subprocess.Popen(
            [*COMMAND, str(many), "--json", "--bundle", str(bundle)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        check_line(json.loads(process.stdout.readline()))
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        process.wait(timeout=300)
        assert err == ""

    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
    def test_ctrl_c_ends_it_without_a_traceback(self, many: Path, bundle: Path) -> None:
        process = subprocess.Popen(
            [*COMMAND, str(many), "--json", "--bundle", str(bundle)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert len(out.splitlines()) < 599

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    def test_a_bar_on_a_terminal_never_reaches_the_answers(self, films: Path, bundle: Path) -> None:
        import pty
        import termios

        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        done = subprocess.run(
            [*COMMAND, str(films), "--json", "--bundle", str(bundle)],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            check=True,
        )
        os.close(theirs)
        shown = ""
        with contextlib.suppress(OSError):  # what a terminal gives at its end
            while part := os.read(ours, 100_000):
                shown += part.decode()
        os.close(ours)
        assert "4/4" in shown
        for line in done.stdout.splitlines():
            check_line(json.loads(line))
