"""Killed at any moment: no accepted case is lost, no half case is shown, the trail verifies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.audit_trail import verify
from covid_d.clinic.cases import staging
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

# The release check: COVID_D_TEST_KILLS=200
KILLS = int(os.environ.get("COVID_D_TEST_KILLS", "10"))
_SCRIPT = Path(__file__).with_name("killed_intake.py")
_TESTS = Path(__file__).parents[2]


def test_killed_again_and_again(
    installation: Installation, people: dict[Role, Person], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    url = installation.settings.database_url
    paths = [str(_TESTS), *sys.path]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "OMP_NUM_THREADS": "1",
        **({"COVID_D_DATABASE_URL": url.get_secret_value()} if url else {}),
    }
    subprocess.run([sys.executable, _SCRIPT, str(KILLS), str(log)], check=True, env=environment)

    lines = [line.split() for line in log.read_text().splitlines()]
    begun = [line[1] for line in lines if line[0] == "begin"]
    done = {line[1]: int(line[2]) for line in lines if line[0] == "done"}
    assert len(done) >= KILLS / 5, "too few were accepted for a test to mean anything"
    assert len(begun) > len(done), "none was interrupted"
    with installation.reading() as session:
        cases = session.scalars(select(Case)).unique().all()
        by_submission = Counter(case.submission for case in cases)
        for submission, number in done.items():
            assert session.get_one(Case, number).submission == submission
        assert set(by_submission.values()) == {1}, "a form sent again after a kill is one case"
        # Each was sent again by the next process, but for the very last one.
        assert set(begun) - set(by_submission) <= {begun[-1]}
        for case in cases:
            (film,) = case.films
            assert len(film.assessments) == 1
            installation.films.get(film.sha256)  # there, whole and unaltered
        entries = session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "case.create")
        )
        assert sorted(entries) == sorted(f"case:{case.id}" for case in cases)
        assert verify(session, installation.keys).broken is None
    staging.sweep(installation)
