"""``covid-d federation``: from two clinics' folders to a report, and refusals in a sentence."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinic_clock import today
from clinic_factory import add_unit, add_user
from covid_d.cli.main import main
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from episode_factory import Told, write
from federation_factory import block, sent

LAST_MONTH = today().replace(day=1) - timedelta(days=1)


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", *words])
    return int(ended.value.code or 0)


def _clinic(folder: Path, cases: int) -> str:
    place = Installation.open(ClinicSettings(data=folder))
    add_unit(place, "Hospital")
    user = add_user(place, "doctor", Role.DOCTOR, unit="Hospital")
    told = [Told(day=LAST_MONTH, rt_pcr=truth, answers=(score,))
            for truth in ("positive", "negative") for score in (0.9, 0.1)] * cases  # fmt: skip
    write(place, told, user_id=user.id)
    place.close()
    return str(folder)


def _file(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(content) if not isinstance(content, str) else content, "utf-8")
    return str(path)


def test_from_two_clinics_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = []
    for number, cases in enumerate((8, 12)):
        data, out = _clinic(tmp_path / f"c{number}", cases), str(tmp_path / f"{number}.json")
        words = ("--data", data, "--clinic", f"C{number}", "--out", out)
        assert _run("federation", "export", *words) == 0
        said = capsys.readouterr().out
        assert _run("federation", "key", "--data", data) == 0
        key = capsys.readouterr().out.strip()
        assert key in said
        known.append(f"{key} Clinic {number}")
    trust = _file(tmp_path, "known.txt", "# clinics\n" + "\n".join(known) + "\n")
    files = [str(tmp_path / f"{number}.json") for number in range(2)]
    made = tmp_path / "report"
    assert _run("federation", "merge", *files, "--out", str(made), "--trust", trust) == 0
    assert "2 clinics" in capsys.readouterr().out
    report = json.loads((made / "report.json").read_text("utf-8"))
    assert report["unknown_keys"] == []
    rows = {row["clinic"]: row for row in report["tables"]["clinics"]["rows"]}
    assert rows["Clinic 0"]["with_covid"] == 16
    assert rows["Clinic 1"]["sensitivity"]["value"] == 0.5
    assert (made / "report.html").read_text("utf-8").count("<svg") == 2
    assert (made / "months.csv").exists()


def test_without_a_list_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _file(tmp_path, "a.json", sent("Uno", [block((20, 5, 5), (5, 20, 5))]))
    assert _run("federation", "merge", file, "--out", str(tmp_path / "r")) == 0
    assert "--trust" in capsys.readouterr().err
    assert _run("federation", "merge", file, "--out", str(tmp_path / "r")) != 0, "not over another"
    assert _run("federation", "merge", file, "--out", str(tmp_path / "r"), "--overwrite") == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{no", "not readable as JSON"),
        ([1], "not readable as JSON"),
        ({}, "no export of a clinic"),
        (sent("Uno", []) | {"clinic": "Dos"}, "was altered"),
    ],
)
def test_what_is_no_export_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: Any, said: str
) -> None:
    file = _file(tmp_path, "odd.json", content)
    assert _run("federation", "merge", file, "--out", str(tmp_path / "r")) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("known", "said"), [("nonsense\n", "no public key and name"), ("", "not known")]
)
def test_the_list_of_clinics_is_kept_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: str, said: str
) -> None:
    file = _file(tmp_path, "a.json", sent("Uno", [block((20, 5, 5), (5, 20, 5))]))
    trust = _file(tmp_path, "known.txt", known)
    assert _run("federation", "merge", file, "--out", str(tmp_path / "r"), "--trust", trust) == 1
    assert said in capsys.readouterr().err
