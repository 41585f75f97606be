"""The time line: in order, with old values kept, and closed to whoever must read first."""

from __future__ import annotations

from case_rows import add_row
from clinic_clock import today
from clinic_factory import add_case, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.history import Event, history
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import Message

People = dict[Role, Person]


def _events(place: Installation, person: Person, case_id: int) -> list[Event]:
    with place.reading() as session:
        return history(session, whole_case(session, person, case_id), person)


def _read(place: Installation, person: Person, case_id: int, finding: str) -> None:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        readings.record_reading(act, case, person, finding=finding, notes="nota")


def _said(events: list[Event]) -> list[str]:
    return [str(event.what) for event in events]


def test_everything_is_there_in_order(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    with installation.writing() as session:
        readings.note_answer_shown(session, whole_case(session, doctor, case_id), doctor)
    _read(installation, doctor, case_id, "negative")
    events = _events(installation, doctor, case_id)
    assert _said(events) == [
        "Case entered",
        "Answer of the model, film 1",
        "The model's answer was first shown",
        "Reading",
    ]
    assert [event.who for event in events] == ["Doctor", "", "Doctor", "Doctor"]
    assert str(events[1].beside) == "phantom 1.0, demonstration model"
    assert (str(events[3].value), str(events[3].beside), events[3].notes) == (
        "Not compatible with COVID-19",
        "with the model's answer known",
        "nota",
    )
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_an_answer_is_told_as_the_film_looks(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    clear = add_row(installation, doctor, "negative", appearance=(0.9, 0.05, 0.03, 0.02))
    older = add_row(installation, doctor, "negative")
    said = []
    for case_id in (clear, older):
        value = _events(installation, doctor, case_id)[1].value
        assert isinstance(value, Message)
        said.append(value.es)
    assert said == ["sin signos de neumonía", "sin signos de COVID-19 en la imagen"]


def test_corrected_results_stay_beside_the_new_ones(
    installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    actor = Actor(doctor.id)
    first = add(installation, doctor, actor, case_id, Entry(EntryKind.RT_PCR, "positive", today()))
    correction = Entry(
        EntryKind.RT_PCR, "negative", today(), supersedes=first, reason="otra muestra"
    )
    add(installation, doctor, actor, case_id, correction)
    old, new = _events(installation, doctor, case_id)[-2:]
    assert (str(old.value), old.superseded, old.day) == ("positive", True, today())
    assert (str(new.value), new.superseded, new.reason) == ("negative", False, "otra muestra")


def test_before_ones_own_reading_nothing_of_others_is_told(
    installation: Installation, people: People
) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    read_blind(installation)
    case_id = add_case(installation, doctor)
    _read(installation, doctor, case_id, "positive")
    with installation.writing() as session:
        readings.note_answer_shown(session, whole_case(session, doctor, case_id), doctor)
    assert _said(_events(installation, radiologist, case_id)) == ["Case entered"]
    _read(installation, radiologist, case_id, "negative")
    assert len(_events(installation, radiologist, case_id)) == 5


def test_before_ones_own_reading_no_result_is_told_but_ones_own(
    installation: Installation, people: People
) -> None:
    """STARD 2015, 13a: the reader is blind to the reference standard."""
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    read_blind(installation)
    case_id = add_case(installation, doctor)
    for entry in (
        Entry(EntryKind.RT_PCR, "positive", today(), "hisopado"),
        Entry(EntryKind.DIAGNOSIS, "U07.1"),
        Entry(EntryKind.OUTCOME, "icu", today()),
        Entry(EntryKind.CONSENT, "withdrawn"),
    ):
        add(installation, doctor, Actor(doctor.id), case_id, entry)
    assert _said(_events(installation, radiologist, case_id)) == [
        "Case entered",
        "Research consent",
    ]
    assert len(_events(installation, doctor, case_id)) == 5, "what they entered they know"
    _read(installation, radiologist, case_id, "negative")
    assert len(_events(installation, radiologist, case_id)) == 7
