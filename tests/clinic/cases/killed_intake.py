"""Enter cases in processes that are killed in the middle of it; run by ``test_intake_killed``.

Usage: killed_intake.py KILLS LOG

The log holds ``begin SUBMISSION`` before and ``done SUBMISSION CASE`` after each case. Every
process first sends again what the one before it had begun, as a browser would.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from sqlalchemy import select

from clinic_factory import phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.audit_trail import Actor
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.database.accounts import User
from covid_d.clinic.installation import Installation
from covid_d.settings import settings


def enter_cases(log: Path, turn: int, ready: int) -> None:
    """Enter cases for ever, by turns with films sent ahead and with films of their own."""
    installation = Installation.open(settings())
    with installation.reading() as session:
        user = session.scalars(select(User).where(User.username == "doctor")).one()
        person = Person.of(user)
    begun = [line.split()[1] for line in log.read_text().splitlines() if line.startswith("begin")]
    pending = begun[-1:]
    with log.open("a", buffering=1) as lines:
        installation.desk.assess(phantom_png(1))  # loads the model: no case's doing
        os.write(ready, b"x")
        for number in range(1000):
            submission = pending.pop() if pending else f"{turn}-{number}"
            print("begin", submission, file=lines)
            seed = int(submission.replace("-", ""))
            case = NewCase(f"HC-{submission}", person.unit_id or 0, "Guayas", age_years=50)
            content = phantom_png(seed)
            film = GivenFilm(content)
            if seed % 2:
                film = GivenFilm(
                    token=staging.stage(installation, person, Actor(person.id), content).token
                )
            made = create_case(
                installation, person, Actor(person.id), case, [film], submission=submission
            )
            print("done", submission, made, file=lines)


def main(kills: int, log: Path) -> None:
    """Fork, wait a moment, kill; the parent holds no thread, so that forking is safe."""
    moment = random.Random(kills)
    log.touch()
    for turn in range(1, kills + 1):
        heard, said = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                enter_cases(log, turn, said)
            finally:
                os._exit(1)  # only a failure ends it before the kill
        os.close(said)
        assert os.read(heard, 1), "the process failed before its first case"
        os.close(heard)
        time.sleep(moment.uniform(0.0, 0.6))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the process ended by itself"


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
