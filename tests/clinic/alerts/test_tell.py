"""The news go out once by every way, are tried again, and a failure is told the next time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner

from clinic_factory import add_case
from covid_d.cli.main import cli
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.alerts import memory
from covid_d.clinic.alerts.found import Alert
from covid_d.clinic.alerts.tell import PAUSES, tell, try_out
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError
from covid_d.language import N_
from mail_server import Hook, Post

DISK = Alert("disk", N_("The last backup failed."), N_("See Upkeep."))
CHECK = Alert("check", N_("Films cannot be stored."), N_("See Upkeep."))


@pytest.fixture
def place(installation: Installation, by_mail: ClinicSettings) -> Installation:
    return replace(installation, settings=by_mail)


@pytest.fixture
def both(
    installation: Installation, by_mail: ClinicSettings, by_webhook: ClinicSettings
) -> Installation:
    """A clinic that tells by mail and by webhook."""
    chosen = by_mail.model_copy(
        update={
            name: getattr(by_webhook, name) for name in ("notice_webhook", "notice_webhook_secret")
        }
    )
    return replace(installation, settings=chosen)


def _never(_: float) -> None:
    raise AssertionError("nothing had to be tried again")


def test_told_once_and_when_it_is_over(place: Installation, post: Post) -> None:
    (first,) = tell(place, [DISK], sleep=_never)
    assert (first.way, first.failure, first.news.new) == ("mail", None, (DISK,))
    (letter,) = post.letters
    assert letter["Subject"] == "[COVID-D] Hospital Uno: 1 nuevos, 0 terminados"
    said = post.said()
    assert "Nuevo:\n- El último respaldo falló. Vea Mantenimiento." in said
    assert "Este aviso no lleva datos de pacientes." in said
    for _ in range(3):
        (again,) = tell(place, [DISK], sleep=_never)
        assert not again.news
    assert len(post.letters) == 1, "an hour later it is no news"
    tell(place, [DISK, CHECK], sleep=_never)
    said = post.said(1)
    assert said.index("Nuevo:\n- Las radiografías no se pueden guardar.") < said.index("Sigue así:")
    tell(place, [CHECK], sleep=_never)
    assert "Terminado:\n- El último respaldo falló." in post.said(2)
    tell(place, [DISK, CHECK], sleep=_never)
    assert "Nuevo:\n- El último respaldo falló." in post.said(3), "it is back"
    assert len(post.letters) == 4


def test_a_server_that_is_busy_is_asked_again(place: Installation, post: Post) -> None:
    waited: list[float] = []
    post.fail = len(PAUSES)
    (told,) = tell(place, [DISK], sleep=waited.append)
    assert told.failure is None
    assert waited == list(PAUSES)
    assert len(post.letters) == 1


def test_what_could_not_be_told_is_told_the_next_time(place: Installation, post: Post) -> None:
    post.fail = len(PAUSES) + 1
    (told,) = tell(place, [DISK], sleep=lambda _: None)
    assert told.failure is not None
    assert "try later" in told.failure
    assert post.letters == []
    tell(place, [DISK], sleep=_never)
    assert len(post.letters) == 1


def test_each_way_remembers_for_itself(both: Installation, post: Post, hook: Hook) -> None:
    hook.answers = [500] * (len(PAUSES) + 1)
    by_mail, by_webhook = tell(both, [DISK], sleep=lambda _: None)
    assert (by_mail.failure, by_webhook.failure is None) == (None, False)
    hook.bodies.clear()
    tell(both, [DISK], sleep=_never)
    assert len(post.letters) == 1, "it had arrived"
    assert len(hook.bodies) == 1


def test_what_a_webhook_gets(both: Installation, hook: Hook) -> None:
    tell(both, [DISK], sleep=_never)
    tell(both, [CHECK], sleep=_never)
    first, second = (json.loads(body) for body in hook.bodies)
    assert first["clinic"] == "Hospital Uno"
    assert first["new"] == [
        {
            "key": "disk",
            "message": {"es": "El último respaldo falló.", "en": "The last backup failed."},
            "next_step": {"es": "Vea Mantenimiento.", "en": "See Upkeep."},
        }
    ]
    assert (first["over"], first["still"]) == ([], [])
    assert [one["message"]["en"] for one in second["over"]] == ["The last backup failed."]
    assert [one["key"] for one in second["new"]] == ["check"]


def test_nothing_goes_out_when_nothing_is_wrong(place: Installation, post: Post) -> None:
    (told,) = tell(place, [], sleep=_never)
    assert not told.news
    assert post.letters == []


def test_a_trial_reaches_every_way_and_is_not_remembered(
    both: Installation, post: Post, hook: Hook
) -> None:
    outcomes = try_out(both.settings, sleep=_never)
    assert [(told.way, told.failure) for told in outcomes] == [("mail", None), ("webhook", None)]
    assert "Esto es una prueba" in post.said(0)
    assert json.loads(hook.bodies[0])["new"][0]["key"] == "test"
    assert memory.read(both) == {}


def test_nowhere_to_tell_is_said(installation: Installation) -> None:
    with pytest.raises(CovidDError, match="No way"):
        tell(installation, [DISK], sleep=_never)


def test_a_letter_in_english(place: Installation, post: Post) -> None:
    english = place.settings.model_copy(update={"language": "en"})
    tell(replace(place, settings=english), [DISK], sleep=_never)
    assert "New:\n- The last backup failed. See Upkeep." in post.said(0)


@pytest.fixture
def environment(by_mail: ClinicSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings as the command reads them."""
    for name in type(by_mail).model_fields:
        value = getattr(by_mail, name)
        if name.startswith("notice_") and value is not None:
            told = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            monkeypatch.setenv(f"COVID_D_{name.upper()}", str(told))
    if by_mail.database_url is not None:
        monkeypatch.setenv("COVID_D_DATABASE_URL", by_mail.database_url.get_secret_value())


def test_the_command(
    installation: Installation,
    people: dict[Role, Person],
    environment: None,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_case(installation, people[Role.DOCTOR])
    monkeypatch.setenv("COVID_D_NOTICE_FREE_GB", "1e9")
    command = ["--lang", "en", "clinic", "notify", "--data", str(installation.folder)]
    trial = CliRunner().invoke(cli, [*command, "--test"])
    assert (trial.exit_code, trial.output) == (0, "mail: sent\n")
    first = CliRunner().invoke(cli, command)
    assert first.exit_code == 0, first.output
    assert "nearly full" in first.output
    assert "mail: sent" in first.output
    second = CliRunner().invoke(cli, command)
    assert "mail: nothing new" in second.output
    assert len(post.letters) == 2
    monkeypatch.setenv("COVID_D_NOTICE_FREE_GB", "0")
    post.fail = 10
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("covid_d.clinic.alerts.tell.PAUSES", ())
    third = CliRunner().invoke(cli, command)
    assert third.exit_code == 1
    assert "could not be sent" in third.output


@pytest.mark.postgres
def test_timers_of_two_machines_tell_once(place: Installation, post: Post, tmp_path: Path) -> None:
    """They ring at the same moment, each with a data folder of its own."""
    one = place.engine.dialect.name == "sqlite"
    places = [place, place if one else replace(place, folder=tmp_path)]
    both_are_here = Barrier(2)

    def ring(where: Installation) -> bool:
        both_are_here.wait()
        return bool(tell(where, [DISK, CHECK], sleep=_never)[0].news)

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(ring, places))
    assert sorted(told) == [False, True]
    assert len(post.letters) == 1
