"""Tell whoever runs the clinic what has changed, by every way that is set, and remember it."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from covid_d import __version__
from covid_d.clinic.alerts import mail, memory, webhook
from covid_d.clinic.alerts.found import Alert, machine_of
from covid_d.clinic.alerts.memory import Heard, News
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.clinic.one_at_a_time import one_at_a_time
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError
from covid_d.language import N_, Text

PAUSES: Final = (2.0, 10.0)
"""Seconds before the second and the third try."""
TEST: Final = Alert(
    "test",
    N_("This is a trial: notices of this clinic arrive here."),
    N_("Nothing needs to be done."),
)
_FAILURES: Final = (*mail.FAILURES, *webhook.FAILURES)
_log = logging.getLogger(__name__)
_Send = Callable[[ClinicSettings, News], None]


@dataclass(frozen=True, slots=True)
class Telling:
    """How telling went by one way.

    Parameters
    ----------
    way
        ``"mail"`` or ``"webhook"``.
    news
        What there was to tell; empty if nothing.
    failure
        Why it could not be told; ``None`` if it was, or had not to be.
    """

    way: str
    news: News
    failure: str | None = None


def ways(settings: ClinicSettings) -> tuple[str, ...]:
    """Return the ways that are set.

    Raises
    ------
    CovidDError
        If none is.
    """
    found = [name for name in _WAYS if _is_set(settings, name)]
    if not found:
        raise CovidDError(
            N_("No way to send notices is set."),
            N_(
                "Set COVID_D_NOTICE_MAIL_TO and COVID_D_NOTICE_SMTP_HOST, or "
                "COVID_D_NOTICE_WEBHOOK."
            ),
        )
    return tuple(found)


def tell(
    installation: Installation,
    found: Iterable[Alert],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Telling, ...]:
    """Tell what is new and what is over, and remember what was told.

    Parameters
    ----------
    installation
        Whose settings name the ways.
    found
        What is wrong now.
    sleep
        Waits between tries.

    Raises
    ------
    CovidDError
        If no way is set.
    """
    settings, present = installation.settings, tuple(found)
    set_up, machine, outcomes = ways(settings), machine_of(settings), []
    # Timers of several machines ring at once: who comes second finds all told.
    with one_at_a_time(installation, "notices"):
        known = memory.read(installation)
        for way in set_up:
            told = known.get(way, {})
            fresh = memory.news(present, told, machine)
            failure = _deliver(settings, way, fresh, sleep) if fresh else None
            if failure is None:
                known[way] = memory.after(present, told, machine)
            outcomes.append(Telling(way, fresh, failure))
        memory.write(installation, known)
    return tuple(outcomes)


def try_out(
    settings: ClinicSettings, *, sleep: Callable[[float], None] = time.sleep
) -> tuple[Telling, ...]:
    """Send a trial by every way that is set; nothing is remembered.

    Raises
    ------
    CovidDError
        If no way is set.
    """
    trial = News((TEST,), (), ())
    return tuple(
        Telling(way, trial, _deliver(settings, way, trial, sleep)) for way in ways(settings)
    )


def _deliver(
    settings: ClinicSettings, way: str, news: News, sleep: Callable[[float], None]
) -> str | None:
    """Return why it could not be told, after every try; ``None`` if it was."""
    failure = None
    for pause in (None, *PAUSES):
        if pause is not None:
            sleep(pause)
        try:
            _WAYS[way](settings, news)
        except _FAILURES as error:
            # The kind and the server's words; never the address, which may hold a secret.
            failure = f"{type(error).__name__}: {error}"
            _log.warning("a notice could not be sent", extra={"way": way, "kind": failure})
        else:
            return None
    return failure


def _mail(settings: ClinicSettings, news: News) -> None:
    mail.send(settings, _subject(settings, news), letter(settings, news))


def _webhook(settings: ClinicSettings, news: News) -> None:
    webhook.send(settings, body(settings, news))


_WAYS: Final[Mapping[str, _Send]] = {"mail": _mail, "webhook": _webhook}


def _is_set(settings: ClinicSettings, way: str) -> bool:
    if way == "mail":
        return bool(settings.notice_mail_to and settings.notice_smtp_host)
    return settings.notice_webhook is not None


def name_of(settings: ClinicSettings) -> str:
    """Return what the clinic calls itself in notices."""
    return settings.notice_name or socket.gethostname()


def _subject(settings: ClinicSettings, news: News) -> str:
    counts = N_("%(new)d new, %(over)d over", new=len(news.new), over=len(news.over))
    return f"[COVID-D] {name_of(settings)}: {counts.in_language(settings.language)}"


def letter(settings: ClinicSettings, news: News) -> str:
    """Return the news as a plain letter in the installation's language."""

    def said(text: Text) -> str:
        return text.in_language(settings.language)

    def alert(one: Alert) -> str:
        return f"- {said(one.text)} {said(one.remedy)}"

    def over(one: Heard) -> str:
        return f"- {one.text.in_language(settings.language)}"

    parts = [
        (N_("New:"), [alert(one) for one in news.new]),
        (N_("Over:"), [over(one) for one in news.over]),
        (N_("Still so:"), [alert(one) for one in news.still]),
    ]
    blocks = ["\n".join([said(heading), *lines]) for heading, lines in parts if lines]
    name = name_of(settings)
    end = said(N_("COVID-D of %(name)s. This notice holds no patient data.", name=name))
    return "\n\n".join([*blocks, end]) + "\n"


def body(settings: ClinicSettings, news: News) -> dict[str, Any]:
    """Return the news as JSON, in both languages."""

    def alert(one: Alert) -> dict[str, Any]:
        return {
            "key": one.key,
            "message": one.text.to_message().to_dict(),
            "next_step": one.remedy.to_message().to_dict(),
        }

    def over(one: Heard) -> dict[str, Any]:
        return {"since": one.since.isoformat(), "message": one.text.to_dict()}

    return {
        "covid_d": __version__,
        "clinic": name_of(settings),
        "at": now().isoformat(timespec="seconds"),
        "new": [alert(one) for one in news.new],
        "over": [over(one) for one in news.over],
        "still": [alert(one) for one in news.still],
    }
