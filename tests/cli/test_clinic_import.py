"""``covid-d clinic import`` and ``import-laboratory``: previews, second runs, killed processes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from bundle_factory import make_bundle
from case_rows import add_row
from clinic_clock import today
from clinic_factory import add_unit, add_user, phantom_png
from covid_d.cli.main import cli
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, Film, FollowUp, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.errors import CovidDError
from covid_d.settings import settings

KILLS = 12
FILMS = 60


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A clinic with an administrator, and a phantom bundle that answers."""
    monkeypatch.setenv("COVID_D_DATA", str(tmp_path / "clinic"))
    monkeypatch.setenv("COVID_D_BUNDLE", str(make_bundle(tmp_path / "bundle")))
    monkeypatch.setenv("COVID_D_LANG", "en")
    settings.cache_clear()
    opened = Installation.open()
    add_unit(opened, "Hospital Uno")
    add_user(opened, "ana", Role.ADMINISTRATOR)
    yield opened
    opened.close()
    settings.cache_clear()


@pytest.fixture
def doctor(clinic: Installation) -> Person:
    return add_user(clinic, "doc", Role.DOCTOR, unit="Hospital Uno")


def _films(folder: Path, count: int) -> Path:
    """Write films, and the table of a Spanish Excel that names them; return the table."""
    folder.mkdir()
    lines = ["Archivo;Historia clínica;Edad;Sexo;Consentimiento"]
    for seed in range(count):
        (folder / f"rx{seed:03}.png").write_bytes(phantom_png(seed))
        lines.append(f"RX{seed:03};HC-{seed:03};{20 + seed % 60};{'FM'[seed % 2]};sí")
    table = folder / "pacientes.csv"
    table.write_bytes("sep=;\r\n".encode("cp1252") + "\r\n".join(lines).encode("cp1252"))
    return table


def _import(folder: Path, table: Path, *more: str, user: str = "ana") -> Result:
    words = ["clinic", "import", str(folder), "--csv", str(table), "--unit", "Hospital Uno"]
    return CliRunner().invoke(cli, [*words, "--user", user, "--no-progress", *more])


def _count(clinic: Installation, table: type) -> int:
    with clinic.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_preview_changes_nothing(clinic: Installation, tmp_path: Path) -> None:
    table = _films(tmp_path / "films", 4)
    result = _import(tmp_path / "films", table, "--preview")
    assert result.exit_code == 0, result.output
    assert "pacientes.csv: Windows-1252, semicolons" in result.output
    assert "Will be entered" in result.output
    assert "Preview: nothing was changed." in result.output
    assert _count(clinic, Case) == 0
    assert _count(clinic, AuditEntry) == 0


def test_a_folder_is_entered_once(clinic: Installation, tmp_path: Path) -> None:
    table = _films(tmp_path / "films", 4)
    first = _import(tmp_path / "films", table)
    assert first.exit_code == 0, first.output
    assert _count(clinic, Case) == _count(clinic, Film) == 4
    second = _import(tmp_path / "films", table)
    assert second.exit_code == 0, second.output
    assert "Entered already" in second.output
    assert _count(clinic, Case) == 4
    with clinic.reading() as session:
        actors = set(session.scalars(select(AuditEntry.address)))
        consents = set(session.scalars(select(Case.research_consent)))
    assert actors == {"command line"}
    assert consents == {True}


def test_a_zip_is_a_folder(clinic: Installation, tmp_path: Path) -> None:
    table = _films(tmp_path / "films", 3)
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        for film in (tmp_path / "films").glob("*.png"):
            archive.write(film, f"carpeta/{film.name}")
    result = _import(tmp_path / "films.zip", table, "--consent", "not_given")
    assert result.exit_code == 0, result.output
    assert _count(clinic, Case) == 3
    with clinic.reading() as session:
        assert set(session.scalars(select(Case.research_consent))) == {False}


def test_what_is_left_is_told_and_ends_with_1(clinic: Installation, tmp_path: Path) -> None:
    table = _films(tmp_path / "films", 4)
    (tmp_path / "films" / "rx001.png").unlink()
    (tmp_path / "films" / "other.png").write_bytes(phantom_png(99))
    text = table.read_bytes().replace(b"HC-002;22;", b"HC-002;many;")
    table.write_bytes(text)
    result = _import(tmp_path / "films", table)
    assert result.exit_code == 1
    # Excel hides the line `sep=;`: the headings stand in row 1.
    assert "row 3: The film RX001 is not there." in result.output
    assert "row 4: Edad: This is no age that can be read." in result.output
    assert "1 films that no row names." in result.output
    assert _count(clinic, Case) == 2


def test_what_cannot_begin(clinic: Installation, tmp_path: Path, doctor: Person) -> None:
    table = _films(tmp_path / "films", 1)
    assert isinstance(
        _import(tmp_path / "films", table, user=doctor.username).exception, CovidDError
    )
    assert "neither a folder nor a zip" in str(_import(table, table).exception)
    (tmp_path / "t.csv").write_text("a;b\n1;2\n")
    assert "lacks the columns" in str(_import(tmp_path / "films", tmp_path / "t.csv").exception)
    assert _count(clinic, Case) == 0


@pytest.mark.kill
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by POSIX signals")
def test_killed_in_the_middle_nothing_is_twice_and_nothing_lost(
    clinic: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    table = _films(folder, FILMS)
    command = [
        *(sys.executable, "-m", "covid_d", "clinic", "import", str(folder), "--csv", str(table)),
        *("--unit", "Hospital Uno", "--user", "ana", "--no-progress"),
    ]
    rng, killed = random.Random(5), 0
    for _ in range(KILLS):
        before = _count(clinic, Case)
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while _count(clinic, Case) == before and running.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.05))
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
            killed += 1
        running.wait()
        _whole(clinic)
    assert killed >= KILLS // 2
    assert _count(clinic, Case) > 0
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _whole(clinic)
    with clinic.reading() as session:
        codes = sorted(session.scalars(select(Case.patient_code)))
    assert codes == [f"HC-{n:03}" for n in range(FILMS)]
    assert clinic.verify_trail().sound


def _whole(clinic: Installation) -> None:
    """Every case has its film, its answer and its entry in the trail."""
    with clinic.reading() as session:
        cases = session.scalars(select(Case)).all()
        for case in cases:
            (film,) = case.films
            assert len(film.assessments) == 1
            clinic.films.get(film.sha256)
        created = session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "case.create")
        ).all()
        assert sorted(created) == sorted(f"case:{case.id}" for case in cases)
        for rows in (Film, StoredAssessment):
            assert session.scalar(select(func.count()).select_from(rows)) == len(cases)


def _laboratory(table: Path, *more: str) -> Result:
    words = ["clinic", "import-laboratory", str(table), "--unit", "Hospital Uno", "--user", "ana"]
    return CliRunner().invoke(cli, [*words, "--no-progress", *more])


def _results(path: Path, values: dict[int, str]) -> Path:
    lines = ["caso;prueba;resultado;fecha de toma"]
    lines += [f"{case};PCR;{value};{today():%d/%m/%Y}" for case, value in values.items()]
    path.write_bytes("\r\n".join(lines).encode("utf-16"))
    return path


def test_results_from_a_table(clinic: Installation, doctor: Person, tmp_path: Path) -> None:
    cases = [add_row(clinic, doctor, "positive", patient_code=f"P{n}") for n in range(3)]
    table = _results(tmp_path / "lab.csv", dict.fromkeys(cases, "negativo"))
    preview = _laboratory(table, "--preview")
    assert preview.exit_code == 0, preview.output
    assert _count(clinic, FollowUp) == 0
    assert _laboratory(table).exit_code == 0
    assert _laboratory(table).exit_code == 0
    assert _count(clinic, FollowUp) == 3


def test_conflicts_are_kept_unless_asked_for(
    clinic: Installation, doctor: Person, tmp_path: Path
) -> None:
    cases = [add_row(clinic, doctor, "positive", patient_code=f"P{n}") for n in range(2)]
    assert _laboratory(_results(tmp_path / "a.csv", dict.fromkeys(cases, "neg"))).exit_code == 0
    changed = _results(tmp_path / "b.csv", {cases[0]: "pos", cases[1]: "neg"})
    kept = _laboratory(changed)
    assert kept.exit_code == 1
    assert f"row 2: Another value is recorded: choose [{cases[0]}]" in kept.output
    assert _count(clinic, FollowUp) == 2
    assert "Some entries" in str(_laboratory(changed, "--conflicts", "replace").exception)
    replaced = _laboratory(changed, "--conflicts", "replace", "--reason", "second report")
    assert replaced.exit_code == 0, replaced.output
    with clinic.reading() as session:
        latest = session.scalars(select(FollowUp).order_by(FollowUp.id.desc())).first()
    assert latest is not None
    assert (latest.value, latest.reason) == ("positive", "second report")
    assert latest.supersedes_id is not None


@pytest.mark.slow
def test_700_results_in_one_go(clinic: Installation, doctor: Person, tmp_path: Path) -> None:
    cases = [add_row(clinic, doctor, patient_code=f"P{n}") for n in range(700)]
    table = _results(tmp_path / "lab.csv", dict.fromkeys(cases, "positivo"))
    result = _laboratory(table)
    assert result.exit_code == 0, result.output
    assert _count(clinic, FollowUp) == 700
    assert clinic.verify_trail().sound
