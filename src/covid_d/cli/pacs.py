"""``covid-d pacs``: a node on the hospital's network."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from covid_d.cli.clinic import existing_clinic
from covid_d.cli.options import echo_json, echo_table, json_option, language_option
from covid_d.cli.speech import say, spoken
from covid_d.errors import CovidDError
from covid_d.language import N_, NN_, Language

if TYPE_CHECKING:
    from covid_d.clinic.arrivals.desk import ClinicWard
    from covid_d.clinic.installation import Installation
    from covid_d.pacs.queue import Queue
    from covid_d.pacs.settings import PacsSettings

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False),
    help="The node's folder (queue, films, answers); default: COVID_D_PACS_DATA, else "
    "~/covid-d-pacs.",
)


@click.group()
def pacs() -> None:
    """Take films from the PACS and send the answers back as standard objects."""


@pacs.command()
@data_option
@click.option("--aet", help="Title by which the node is called; default: COVID-D.")
@click.option("--host", help="Address that it listens on; default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; default: 11112.")
@click.option(
    "--allow", multiple=True, metavar="AET", help="Who may send films: AET or AET@HOST. Repeat it."
)
@click.option(
    "--send-to",
    multiple=True,
    metavar="AET@HOST:PORT",
    help="A node that gets the answers. Repeat it for several.",
)
@click.option(
    "--stow", multiple=True, metavar="URL", help="A web address (STOW-RS) that gets them."
)
@click.option("--fhir", multiple=True, metavar="URL", help="A FHIR server that gets them.")
@click.option(
    "--outside",
    multiple=True,
    metavar="ADDRESS",
    help="Which of these lie outside the hospital: what goes there names no patient.",
)
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of COVID-19 among the patients (0 to 1): reports say how probable it is.",
)
@click.option(
    "--clinic",
    type=click.Path(file_okay=False),
    help="Data folder of a clinic whose doctors read the films; then --data is not needed.",
)
@click.option(
    "--unit",
    multiple=True,
    metavar="UNIT",
    help="Health unit that reads the films, or AET=UNIT for those of one sender. Repeat it.",
)
@click.option(
    "--readings",
    type=click.Choice(["asked", "always"]),
    help="When a doctor's reading goes back as a verified report; default: asked.",
)
@click.option("--pdf", is_flag=True, default=None, help="Send each answer as a page (PDF) too.")
@click.option("--certificate", type=click.Path(dir_okay=False), help="Switches TLS on (PEM).")
@click.option("--key", type=click.Path(dir_okay=False), help="Private key of it (PEM).")
@click.option(
    "--authorities",
    type=click.Path(dir_okay=False),
    help="Certificates (PEM) of those who vouch for the other side.",
)
def serve(**given: Any) -> None:
    """Run the node until it is stopped.

    Films that the PACS forwards are kept in a durable queue, assessed once and answered with a
    preliminary structured report and a picture in their own study. Every option is a setting too
    (COVID_D_PACS_*).
    """
    import logging

    from covid_d.pacs.node import Node

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    chosen = _settings(**given)
    with ExitStack() as stack:
        ward = None
        if chosen.clinic is not None:
            installation = stack.enter_context(existing_clinic(str(chosen.clinic)))
            chosen, ward = _joined(chosen, installation, named=given.get("data") is not None)
        node = Node(chosen, ward=ward)
        stack.callback(node.stop)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: node.stop_soon())
        node.start()
        click.echo(f"{chosen.aet}@{chosen.host}:{node.port}")
        if not chosen.destinations:
            click.echo(
                say(N_("No destination is named: answers stay in %(folder)s.", folder=node.folder))
            )
        node.wait()


@pacs.command()
@click.argument("peer", metavar="AET@HOST:PORT")
@click.option("--aet", help="Title to call with; default: COVID_D_PACS_AET, else COVID-D.")
def echo(peer: str, aet: str | None) -> None:
    """Ask whether the node AET@HOST:PORT answers (C-ECHO)."""
    import time

    from covid_d.pacs.node import line_of
    from covid_d.pacs.peer import Peer
    from covid_d.pacs.send import Rejected, Transient
    from covid_d.pacs.send import echo as ask

    chosen = _settings(aet=aet)
    named = Peer.parse(peer)
    began = time.perf_counter()
    try:
        ask(named, line_of(chosen))
    except (Transient, Rejected) as fault:
        raise CovidDError(
            fault.reason, N_("Check title, address and port, and that the node knows ours.")
        ) from fault
    spent = f"{1000 * (time.perf_counter() - began):.0f} ms"
    click.echo(say(N_("%(peer)s answers (%(spent)s).", peer=peer, spent=spent)))


@pacs.group()
def queue() -> None:
    """Look into the node's queue."""


@queue.command("list", short_help="List the newest films and how far their answers are.")
@data_option
@click.option(
    "--state",
    type=click.Choice(["received", "assessed", "waiting", "sent", "committed", "failed"]),
    help="Only films in it, or with an answer in it.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Of films.")
@json_option
@language_option
def list_films(
    data: str | None, state: str | None, limit: int, as_json: bool, language: Language
) -> None:
    """List the newest films with the states of their answers, and what was let go."""
    chosen = _settings(data=data)
    waiting = _existing(chosen)
    found = waiting.listed(state=state, limit=limit)
    counts = waiting.counts()
    if as_json:
        echo_json({"films": [_shown(waiting, film.id, chosen) for film in found], "counts": counts})
        return
    zone = ZoneInfo(chosen.time_zone)
    rows = [
        [
            film.id,
            datetime.fromtimestamp(film.received, zone).strftime("%Y-%m-%d %H:%M"),
            film.caller,
            film.state.value,
            film.outcome or "-",
            ", ".join(f"{d.destination} {d.state.value}" for d in waiting.deliveries_of(film.id))
            or "-",
        ]
        for film in found
    ]
    echo_table(
        [
            say(N_("film")),
            say(N_("received")),
            say(N_("from")),
            say(N_("state")),
            say(N_("answer")),
            say(N_("delivered")),
        ],
        rows,
    )
    for name, by_state in counts.items():
        said = ", ".join(f"{state} {count}" for state, count in sorted(by_state.items()))
        click.echo(f"{name}: {said or 0}")
    del language


@queue.command()
@click.argument("film", type=int)
@data_option
def show(film: int, data: str | None) -> None:
    """Show all that the queue knows of one FILM, as JSON."""
    chosen = _settings(data=data)
    echo_json(_shown(_existing(chosen), film, chosen))


@queue.command()
@click.argument("film", type=int, required=False)
@data_option
def retry(film: int | None, data: str | None) -> None:
    """Try again what failed or waits, of one FILM or of all."""
    waiting = _existing(_settings(data=data))
    if film is not None:
        waiting.film(film)
    count = waiting.retry(film)
    click.echo(say(NN_("%(num)d item is tried again.", "%(num)d items are tried again.", count)))


@pacs.command()
@language_option
def conformance(language: Language) -> None:
    """Print the DICOM conformance statement (Markdown)."""
    from covid_d.pacs.conformance import statement

    click.echo(statement(language), nl=False)


def _settings(**given: Any) -> PacsSettings:
    from pydantic import ValidationError

    from covid_d.pacs.settings import PacsSettings

    try:
        return PacsSettings(
            **{name: value for name, value in given.items() if value not in (None, ())}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"][:1]).upper()
        raise CovidDError(
            N_(
                "The setting %(name)s cannot be used: %(reason)s.",
                name=f"COVID_D_PACS_{name}",
                reason=first["msg"],
            ),
            N_("Correct it and run the command again."),
        ) from error


def _joined(
    chosen: PacsSettings, installation: Installation, *, named: bool = False
) -> tuple[PacsSettings, ClinicWard]:
    """Return the settings of a node that works for a clinic, and the ward that the clinic is."""
    from covid_d.clinic.arrivals.desk import ClinicWard, units_of

    if named or chosen.database_url is not None:
        raise CovidDError(
            N_("A node that works for a clinic lies in the clinic's folder and database."),
            N_("Leave --data and COVID_D_PACS_DATABASE_URL out."),
        )
    ward = ClinicWard(
        installation,
        units_of(installation, chosen.unit),
        readings=chosen.readings,
        language=installation.settings.language,
    )
    return _in_clinic(chosen, installation), ward


def _in_clinic(chosen: PacsSettings, installation: Installation) -> PacsSettings:
    """Return the settings of a node with its folder, database and clock where the clinic's are."""
    from pydantic import SecretStr

    from covid_d.clinic.arrivals.node_queue import node_folder, queue_url

    url = queue_url(installation)
    return chosen.model_copy(
        update={
            "data": node_folder(installation),
            "database_url": None if url is None else SecretStr(url),
            "time_zone": installation.settings.time_zone,
        }
    )


def _existing(chosen: PacsSettings) -> Queue:
    """Open the queue of a node that is there; a mistyped folder must not become an empty one."""
    from covid_d.pacs.queue import Queue
    from covid_d.pacs.queue_engine import is_there

    if chosen.clinic is not None:
        with existing_clinic(str(chosen.clinic)) as installation:
            chosen = _in_clinic(chosen, installation)
    folder = chosen.data.expanduser()
    url = None if chosen.database_url is None else chosen.database_url.get_secret_value()
    if not is_there(folder, url):
        raise CovidDError(
            N_("There is no node in %(folder)s.", folder=folder),
            N_("Check the folder (--data or COVID_D_PACS_DATA)."),
        )
    return Queue.open(folder, url)


def _shown(waiting: Queue, number: int, chosen: PacsSettings) -> dict[str, Any]:
    import json

    zone = ZoneInfo(chosen.time_zone)

    def moment(seconds: float | None) -> str | None:
        return None if seconds is None else datetime.fromtimestamp(seconds, zone).isoformat()

    film = waiting.film(number)
    return {
        "film": film.id,
        "sop_instance": film.sop_instance,
        "study": film.study,
        "caller": film.caller,
        "received": moment(film.received),
        "copies": film.copies,
        "state": film.state.value,
        "reason": film.reason and film.reason.in_language(spoken()),
        "assessment": film.assessment and json.loads(film.assessment),
        "assessed": moment(film.assessed),
        "deliveries": [
            {
                "destination": each.destination,
                "state": each.state.value,
                "attempts": each.attempts,
                "next_try": moment(each.next_try),
                "changed": moment(each.changed),
                "reason": each.reason and each.reason.in_language(spoken()),
            }
            for each in waiting.deliveries_of(film.id)
        ],
    }
