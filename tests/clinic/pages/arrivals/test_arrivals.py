"""The pages of what came from the PACS: whose is it, how far is it, and nothing of the answer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from arrival_factory import arrival_of, bring, ward_of
from clinic_factory import add_unit, add_user, csrf_of, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals import node_queue
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import erase
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import Message
from covid_d.pacs.queue import AnsweredFilm, Queue, QueuedFilm
from covid_d.pacs.store import NodeStore
from covid_d.pacs.tables import DeliveryState, Triage

SignIn = Callable[[Role], TestClient]
ANSWERS = ("compatible con COVID-19", "compatible with COVID-19", "inconclusive", "no concluyente")


@pytest.fixture
def ward(installation: Installation) -> ClinicWard:
    return ward_of(installation)


@pytest.fixture
def queue(installation: Installation) -> Queue:
    """The queue of this clinic's node, as the node makes it."""
    folder = node_queue.node_folder(installation)
    return Queue.open(folder, node_queue.queue_url(installation))


def queued(queue: Queue, known_as: str, *, held: bool = False) -> QueuedFilm:
    queue.receive(
        fingerprint=known_as, sop_instance="1.2", study="1", caller="CT1", file="films/x.dcm"
    )
    film = queue.known(known_as)
    assert film is not None
    queue.assessed(
        [
            AnsweredFilm(
                film,
                outcome="positive",
                bundle="b" * 64,
                assessment='{"outcome": "positive"}',
                destinations=["dicom:PACS@10.0.0.5:104"],
                held=held,
            )
        ]
    )
    return film


def fields_of(html: str) -> dict[str, str]:
    """What a browser would send of a form as it comes."""
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', html))
    for name, options in re.findall(r'<select id="\w+" name="(\w+)".*?>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: value for name, value in found.items() if name != "research_consent"}


class TestWhoseIsIt:
    def test_without_a_pacs_there_is_no_entry_and_the_page_says_how(
        self, signed_in: SignIn
    ) -> None:
        browser = signed_in(Role.DOCTOR)
        shown = browser.get("/arrivals", headers={"cookie": ""}).text
        page = browser.get("/arrivals").text
        assert 'href="/arrivals"' not in browser.get("/cases").text
        assert "Ningún PACS envía" in page
        assert "Ningún PACS" not in shown

    def test_an_unknown_patient_is_shown_with_what_the_film_says(
        self, installation: Installation, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        known_as = bring(ward, PatientName="<b>Quishpe</b>^María")
        ward.settle()
        browser = signed_in(Role.DOCTOR)
        page = browser.get("/arrivals").text
        assert 'href="/arrivals"' in page
        assert "HC-778" in page
        assert "Este número no se conoce aquí" in page
        row = arrival_of(installation, known_as)
        page = browser.get(f"/arrivals/{row.id}").text
        # Buttons say what they do: one opens a form, the other makes no case.
        assert re.search(r'<a class="button primary"[^>]*>Llenar el caso nuevo</a>', page)
        assert "<button>Apartar sin crear un caso</button>" in page
        assert "&lt;b&gt;Quishpe&lt;/b&gt; María" in page
        assert f"/films/staged/{row.token}/preview" in page
        assert browser.get(f"/films/staged/{row.token}/preview").status_code == 200
        assert not any(answer in page for answer in ANSWERS)

    def test_a_doctor_enters_the_case_from_the_filled_in_form(
        self, installation: Installation, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        known_as = bring(ward)
        ward.settle()
        browser = signed_in(Role.DOCTOR)
        row = arrival_of(installation, known_as)
        form = fields_of(browser.get(f"/cases/new?arrival={row.id}").text)
        assert (form["patient_code"], form["sex"], form["age_years"]) == ("HC-778", "F", "65")
        assert form["staged"] == row.token
        answer = browser.post(
            "/cases/new", data={**form, "csrf_token": csrf_of(installation, browser)}
        )
        assert answer.status_code == 303, answer.text
        after = arrival_of(installation, known_as)
        assert answer.headers["location"].startswith(f"/cases/{after.case_id}")
        assert after.state == "entered"
        page = browser.get("/arrivals").text
        assert f'href="/cases/{after.case_id}"' in page
        assert browser.get(f"/arrivals/{row.id}").status_code == 404

    def test_a_mismatch_is_shown_side_by_side_and_asked(
        self, installation: Installation, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        first = bring(ward, 1)
        ward.settle()
        browser = signed_in(Role.DOCTOR)
        form = fields_of(
            browser.get(f"/cases/new?arrival={arrival_of(installation, first).id}").text
        )
        token = {"csrf_token": csrf_of(installation, browser)}
        assert browser.post("/cases/new", data={**form, **token}).status_code == 303
        second = bring(ward, 2, PatientName="Guamán^Rosa", PatientSex="M")
        ward.settle()
        number = arrival_of(installation, second).id
        page = browser.get(f"/arrivals/{number}").text
        assert page.count('class="badge refused"') == 2
        assert "Es este paciente: llenar el caso nuevo" in page
        assert "Es otro paciente: llenar el caso nuevo" in page
        assert "Guamán Rosa" in page
        assert "Quishpe María José" in page
        same = fields_of(browser.get(f"/cases/new?arrival={number}&same=1").text)
        other = fields_of(browser.get(f"/cases/new?arrival={number}").text)
        assert (same["patient_code"], other["patient_code"]) == ("HC-778", "")

    def test_it_is_set_aside_with_a_reason_and_only_with_one(
        self, installation: Installation, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        known_as = bring(ward)
        browser = signed_in(Role.RADIOLOGIST)
        number = arrival_of(installation, known_as).id
        token = {"csrf_token": csrf_of(installation, browser)}
        address = f"/arrivals/{number}/set-aside"
        refused = browser.post(address, data={**token, "reason": " "})
        assert refused.status_code == 422
        assert "Escriba por qué" in refused.text
        done = browser.post(address, data={**token, "reason": "prueba del equipo"})
        assert done.headers["location"] == "/arrivals?notice=arrival_set_aside"
        assert "prueba del equipo" in browser.get("/arrivals").text

    def test_another_units_films_are_nobodys_here(
        self, installation: Installation, ward: ClinicWard, queue: Queue, client: TestClient
    ) -> None:
        known_as = bring(ward)
        number = arrival_of(installation, known_as).id
        add_unit(installation, "Hospital Dos")
        add_user(installation, "otra", Role.DOCTOR, unit="Hospital Dos")
        from clinic_factory import PASSWORD

        client.post("/sign-in", data={"username": "otra", "password": PASSWORD})
        assert "HC-778" not in client.get("/arrivals").text
        token = {"csrf_token": csrf_of(installation, client), "reason": "x"}
        assert client.get(f"/arrivals/{number}").status_code == 404
        assert client.get(f"/cases/new?arrival={number}").status_code == 404
        assert client.post(f"/arrivals/{number}/set-aside", data=token).status_code == 404


class TestReadingGoesBack:
    def test_a_doctor_sends_their_reading_from_the_case(
        self, installation: Installation, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        read_blind(installation)
        known_as = bring(ward)
        browser = signed_in(Role.DOCTOR)
        form = fields_of(
            browser.get(f"/cases/new?arrival={arrival_of(installation, known_as).id}").text
        )
        token = {"csrf_token": csrf_of(installation, browser)}
        browser.post("/cases/new", data={**form, **token})
        case = arrival_of(installation, known_as).case_id
        before = browser.get(f"/cases/{case}").text
        assert "/send" not in before, "nothing to send before a reading"
        browser.post(f"/cases/{case}/readings", data={**token, "finding": "positive"})
        with installation.reading() as session:
            reading = session.scalar(select(Reading.id).where(Reading.case_id == case))
        address = f"/cases/{case}/readings/{reading}/send"
        assert address in browser.get(f"/cases/{case}").text
        assert browser.post(address, data=token).status_code == 303
        after = browser.get(f"/cases/{case}").text
        assert address not in after
        assert "Su lectura va al PACS como informe verificado" in after
        (found,) = ward.readings()
        assert found.number == reading


class TestQueue:
    def test_states_are_counted_and_no_patient_or_answer_is_named(
        self, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        first = queued(queue, bring(ward, 1))
        queued(queue, bring(ward, 2), held=True)
        queue.failed(queue.deliveries_of(first.id)[0], Message("PACS no acepta", "PACS refuses"))
        queue.count_let_go(Triage.OURS, "1.2.3")
        page = signed_in(Role.ADMINISTRATOR).get("/pacs-queue").text
        assert 'href="/pacs-queue"' in page
        assert "PACS no acepta" in page
        assert "retenida hasta la lectura" in page
        assert not any(word in page for word in ("HC-778", "Quishpe", "positive", *ANSWERS))
        counted = dict(re.findall(r"state=([\w-]+)\"[^>]*><strong>(\d+)</strong>", page))
        assert {key: counted[key] for key in ("assessed", "held", "failed")} == {
            "assessed": "2",
            "held": "1",
            "failed": "1",
        }
        assert "<strong>1</strong> objetos que no son radiografías" in page

    def test_it_is_filtered_by_state(
        self, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        films = [queued(queue, bring(ward, seed), held=seed == 2) for seed in (1, 2)]
        page = signed_in(Role.ADMINISTRATOR).get("/pacs-queue?state=held").text
        assert f'<td class="number">{films[1].id}' in page
        assert f'<td class="number">{films[0].id}' not in page
        assert signed_in(Role.ADMINISTRATOR).get("/pacs-queue?state=what").status_code == 200

    @pytest.mark.parametrize("one", [True, False])
    def test_an_administrator_tries_again_and_what_is_held_stays(
        self,
        installation: Installation,
        ward: ClinicWard,
        queue: Queue,
        signed_in: SignIn,
        one: bool,
    ) -> None:
        film = queued(queue, bring(ward, 1))
        held = queued(queue, bring(ward, 2), held=True)
        queue.failed(queue.deliveries_of(film.id)[0], Message("x", "x"))
        browser = signed_in(Role.ADMINISTRATOR)
        form = {"csrf_token": csrf_of(installation, browser), "film": str(film.id) if one else ""}
        assert browser.post("/pacs-queue/retry", data=form).status_code == 303
        assert queue.deliveries_of(film.id)[0].state is DeliveryState.WAITING
        assert queue.deliveries_of(held.id)[0].state is DeliveryState.HELD
        with installation.act(Actor(None)) as act:
            page = browser.get("/audit-trail").text
            act.record("backup.create", "x")
        assert "Cola del PACS intentada de nuevo" in page

    def test_doctors_see_how_far_their_films_are_and_retry_nothing(
        self, installation: Installation, ward: ClinicWard, queue: Queue, signed_in: SignIn
    ) -> None:
        known_as = bring(ward)
        queued(queue, known_as)
        browser = signed_in(Role.DOCTOR)
        row = arrival_of(installation, known_as)
        form = fields_of(browser.get(f"/cases/new?arrival={row.id}").text)
        token = {"csrf_token": csrf_of(installation, browser)}
        browser.post("/cases/new", data={**form, **token})
        assert "respuesta: en espera" in browser.get("/arrivals").text
        assert browser.get("/pacs-queue").status_code == 403
        assert browser.post("/pacs-queue/retry", data=token).status_code == 403

    def test_an_erased_patient_is_erased_from_the_node_too(
        self,
        installation: Installation,
        ward: ClinicWard,
        queue: Queue,
        signed_in: SignIn,
        people: dict[Role, Person],
    ) -> None:
        known_as = bring(ward)
        film = queued(queue, known_as)
        store = NodeStore(node_queue.node_folder(installation))
        store.keep(known_as, b"film")
        store.keep_answer(known_as, "b" * 64, "inside/report.dcm", b"report")
        browser = signed_in(Role.DOCTOR)
        row = arrival_of(installation, known_as)
        form = fields_of(browser.get(f"/cases/new?arrival={row.id}").text)
        browser.post("/cases/new", data={**form, "csrf_token": csrf_of(installation, browser)})
        case = arrival_of(installation, known_as).case_id or 0
        erase.erase(installation, Actor(people[Role.ADMINISTRATOR].id), [case])
        left = queue.film(film.id)
        assert (left.file, left.assessment, left.sop_instance) == ("", None, "")
        assert {each.state for each in queue.deliveries_of(film.id)} == {DeliveryState.WITHHELD}
        assert store.answers(known_as, "b" * 64, outside=False) == []
        with installation.reading() as session:
            assert session.scalar(select(Case.id)) is None
