"""Films as a node tells the clinic of them, without a node."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals import lists
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.cases.intake import GivenFilm, create_case
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.pacs.results.header import header_of
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.ward import ArrivedFilm
from films import dataset, grey16, part10

CAME = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PATIENT = {
    "PatientID": "HC-778",
    "PatientName": "Quishpe^María José",
    "PatientBirthDate": "19610203",
    "PatientSex": "F",
    "StudyDate": "20260301",
    "AccessionNumber": "ACC-91",
    "StudyDescription": "TORAX PA",
}


def network_film(seed: int = 1, study: int | None = None, **elements: Any) -> Any:
    """Return a chest film of a study; each seed shows another chest."""
    number = f"1.2.826.0.1.3680043.8.498.99.{seed if study is None else study}"
    named: dict[str, Any] = {
        **PATIENT,
        "StudyInstanceUID": number,
        "SeriesInstanceUID": f"{number}.1",
        "SOPInstanceUID": f"{number}.1.{seed}",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
    }
    return dataset(grey16(seed, bits=12), **{**named, **elements})


def ward_of(installation: Installation, **options: Any) -> ClinicWard:
    """Return the clinic as a ward whose films are read by its first unit, and wait for nothing."""
    with installation.reading() as session:
        unit = session.scalar(select(Unit.id).order_by(Unit.id).limit(1))
    assert unit is not None
    return ClinicWard(
        installation, {"": unit, **options.pop("units", {})}, quiet=timedelta(0), **options
    )


def arrived(
    ward: ClinicWard, seed: int = 1, study: int | None = None, caller: str = "CT1", **elements: Any
) -> ArrivedFilm:
    """Return a film as the node tells of it, examined by the clinic's own detector."""
    film = network_film(seed, study, **elements)
    content = part10(film)
    examination, read = ward.detector().examine_keeping_film(content, activation=True)
    return ArrivedFilm(
        fingerprint(film), content, header_of(film), caller, CAME, examination, read, 12.5
    )


def bring(ward: ClinicWard, seed: int = 1, study: int | None = None, **elements: Any) -> str:
    """Have a film arrive; return its fingerprint."""
    film = arrived(ward, seed, study, **elements)
    ward.arrive(film)
    return film.fingerprint


def arrival_of(installation: Installation, known_as: str) -> Arrival:
    """Return the row of a film."""
    with installation.reading() as session:
        row = session.scalar(select(Arrival).where(Arrival.fingerprint == known_as))
    assert row is not None
    return row


def every_arrival(installation: Installation) -> list[Arrival]:
    """Return every row, the first one first."""
    with installation.reading() as session:
        return list(session.scalars(select(Arrival).order_by(Arrival.id)))


def enter(installation: Installation, doctor: Person, known_as: str, *, same: bool = False) -> int:
    """Enter the case of a film that waits, as a doctor does; return its number."""
    row = arrival_of(installation, known_as)
    with installation.reading() as session:
        study = lists.study_of(session, installation, doctor, row.id)
        case = lists.form_of(session, installation, doctor, study, same=same)
    films = [GivenFilm(token=token) for token in study.tokens]
    return create_case(installation, doctor, Actor(doctor.id), case, films)
