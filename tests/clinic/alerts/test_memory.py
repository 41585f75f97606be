"""What was told is told once, and again when it is over; a spoilt memory tells too much."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from clinic_clock import Hands
from covid_d.clinic.alerts.found import Alert
from covid_d.clinic.alerts.memory import FILE, Heard, News, after, news, read, write
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.language import Message, Text


def _alert(key: str, text: str = "Something is wrong.") -> Alert:
    return Alert(key, Text(text), Text("Look."))


def test_news_are_what_changed() -> None:
    drift, disk = _alert("drift:1"), _alert("disk")
    told = Heard(now(), Message("Algo pasa.", "Something is wrong."))
    assert news([drift, disk], {}) == News((drift, disk), (), ())
    assert news([drift, disk], {"disk": told}) == News((drift,), (disk,), ())
    assert news([disk], {"disk": told}) == News((), (disk,), ())
    assert not news([disk], {"disk": told})
    assert news([], {"disk": told}) == News((), (), (told,))
    assert news([], {"disk": told})
    assert not news([], {})


def test_another_count_of_the_same_is_no_news() -> None:
    told = {"laboratory:1": Heard(now(), Message("3 casos.", "3 cases."))}
    assert not news([_alert("laboratory:1", "4 cases.")], told)


def test_since_when_stays(hands: Hands) -> None:
    first = after([_alert("disk")], {})
    assert first["disk"].since == hands.moment
    hands.on(hours=1)
    second = after([_alert("disk"), _alert("check")], first)
    assert second["disk"].since == hands.moment - timedelta(hours=1)
    assert second["check"].since == hands.moment
    assert after([], second) == {}


def test_what_is_wrong_with_another_machine_is_not_over_here() -> None:
    heard = Heard(now(), Message("Lleno.", "Full."))
    told = {"disk@north": heard, "disk@south": heard, "drift:1": heard}
    assert news([], told, "north") == News((), (), (heard, heard))
    assert set(after([], told, "north")) == {"disk@south"}
    assert not news([_alert("disk@north"), _alert("drift:1")], told, "north")
    assert set(after([_alert("drift:1")], told, "west")) == {"disk@north", "disk@south", "drift:1"}


def test_what_is_written_every_server_reads(installation: Installation, tmp_path: Path) -> None:
    moment = now().replace(microsecond=0)
    kept = {"mail": {"disk": Heard(moment, Message("Lleno, ñ.", "Full."))}, "webhook": {}}
    write(installation, kept)
    assert read(replace(installation, folder=tmp_path)) == kept
    assert not (installation.folder / FILE).exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "7",
        '{"mail": 7}',
        '{"mail": {"disk": 7}}',
        '{"mail": {"disk": {"since": "x", "es": "", "en": ""}}}',
        '{"mail": {"disk": {"since": "2026-01-01T00:00:00+00:00"}}}',
        "\0",
    ],
)
def test_a_spoilt_memory_is_none(installation: Installation, content: str) -> None:
    (installation.folder / FILE).write_text(content)
    assert read(installation) == {}


def test_what_an_older_version_told_is_known(installation: Installation) -> None:
    heard = {"since": "2026-01-01T00:00:00+00:00", "es": "Lleno.", "en": "Full."}
    (installation.folder / FILE).write_text(json.dumps({"mail": {"disk": heard}}))
    assert read(installation)["mail"]["disk"].text.en == "Full."
    write(installation, {"mail": {}})
    assert read(installation) == {"mail": {}}


def test_nothing_was_told_at_first(installation: Installation) -> None:
    assert read(installation) == {}
