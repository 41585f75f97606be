"""A film answered alone: the detector's own answer, weighed by what is stated; nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

import films
from clinic_factory import phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.assess_without_case import assess_alone
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Assessment, Stated
from covid_d.radiograph import Projection, Sex


class Asked:
    """A doctor who asks about one film."""

    def __init__(self, installation: Installation, person: Person) -> None:
        self.installation, self.person = installation, person

    def __call__(
        self, content: bytes, *, prevalence: float | None = None, **stated: Any
    ) -> Assessment:
        return assess_alone(
            self.installation,
            self.person,
            Actor(self.person.id),
            content,
            Stated(**stated),
            prevalence=prevalence,
        )


@pytest.fixture
def ask(installation: Installation, people: dict[Role, Person]) -> Asked:
    return Asked(installation, people[Role.DOCTOR])


def _codes(answer: Assessment) -> list[str]:
    return [warning.code for warning in answer.warnings]


def test_the_answer_is_the_detectors_own_and_who_asked_is_recorded(
    ask: Asked, installation: Installation
) -> None:
    content = phantom_png(3)
    given = ask(content, prevalence=0.2)
    own = installation.active_detector.detector.assess(content, prevalence=0.2, activation=True)
    assert given.to_dict(activation=True) == own.to_dict(activation=True)
    with installation.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "film.assess")).one()
        assert session.scalar(select(func.count()).select_from(Film)) == 0
    assert entry.detail == {"outcome": own.outcome.value}


def test_what_the_doctor_states_is_no_longer_unknown(ask: Asked) -> None:
    content = phantom_png(1)
    assert {"projection_unknown", "age_unknown"} <= set(_codes(ask(content)))
    stated = _codes(ask(content, projection=Projection.AP_SUPINE, age_years=40))
    assert not {"projection_unknown", "age_unknown"} & set(stated)
    assert "supine" in stated


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"projection": Projection.LATERAL}, "not_frontal"),
        ({"projection": Projection.OTHER}, "not_frontal"),
        ({"age_years": 17}, "child"),
    ],
)
def test_what_the_doctor_states_may_withhold_the_answer(
    ask: Asked, stated: dict[str, Any], code: str
) -> None:
    answer = ask(phantom_png(1), prevalence=0.1, **stated)
    assert answer.outcome.value == "refused"
    assert answer.refusal.code.value == code
    assert (answer.probability, answer.covid) == (None, None)
    assert (answer.activation, answer.conformal_set) == (None, ())


def test_the_file_is_believed_on_its_projection_and_the_lower_age_on_both(ask: Asked) -> None:
    lateral = films.dicom(ViewPosition="LL")
    assert ask(lateral, projection=Projection.PA).outcome.value == "refused"
    child = films.dicom(PatientAge="004Y")
    assert ask(child, age_years=40).refusal.code.value == "child"


def test_a_refused_film_stays_refused(ask: Asked) -> None:
    answer = ask(b"", projection=Projection.PA, age_years=40, prevalence=0.1)
    assert answer.refusal.code.value == "empty_file"
    assert answer.covid is None


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        ({"age_years": 40, "sex": Sex.FEMALE}, ["age_differs", "sex_differs"]),
        ({"age_years": 59, "sex": Sex.MALE}, []),
        ({"age_years": 58}, ["age_differs"]),
        ({"age_years": 63, "sex": Sex.OTHER}, []),
        ({"age_years": 64}, ["age_differs"]),
        ({"projection": Projection.AP}, ["projection_differs"]),
        ({}, []),
    ],
)
def test_a_film_of_somebody_else_is_answered_with_a_warning(
    ask: Asked, stated: dict[str, Any], codes: list[str]
) -> None:
    content = films.dicom(PatientAge="061Y", PatientSex="M", ViewPosition="PA")
    answer = ask(content, **stated)
    assert answer.outcome.value != "refused", "a file's header is often wrong"
    assert [code for code in _codes(answer) if "differs" in code] == codes


def test_a_film_of_somebody_else_is_named_as_such_when_it_is_refused(ask: Asked) -> None:
    child = ask(films.dicom(PatientAge="004Y"), age_years=40)
    assert child.refusal.code.value == "child"
    refused = ask(films.dicom(ViewPosition="LL", PatientSex="M"), sex=Sex.FEMALE)
    assert refused.refusal.code.value == "not_frontal"
    said = [answer.warnings[0].message.to_dict() for answer in (child, refused)]
    assert said == [
        {
            "es": "La radiografía dice 4 años; la ficha dice 40: compruebe que sea la de este "
            "paciente.",
            "en": "The film says 4 years; the record says 40: check that it is this patient's.",
        },
        {
            "es": "La radiografía dice sexo masculino; la ficha dice femenino: compruebe que sea "
            "la de este paciente.",
            "en": "The film says male; the record says female: check that it is this patient's.",
        },
    ]
