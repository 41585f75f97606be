"""A film is read once; what the form adds is weighed without reading it again."""

from __future__ import annotations

import json
from typing import Any

import pytest

import films
from clinic_factory import phantom_png
from covid_d.clinic.cases.examination import Examination, Stated, examine, final_answer
from covid_d.clinic.installation import Installation
from covid_d.radiograph import Projection, Sex


def _final(
    installation: Installation,
    content: bytes,
    *,
    projection: Projection | None = None,
    age_years: int | None = None,
    sex: Sex | None = None,
    prevalence: float | None = None,
) -> dict[str, Any]:
    found, _ = examine(installation, content)
    stated = Stated(projection, age_years, sex)
    return final_answer(found, stated, installation.desk.detector.bundle, prevalence)


def _codes(answer: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in answer["warnings"]}


@pytest.mark.parametrize("content", [phantom_png(1), films.dicom(), b"no film"])
def test_it_survives_being_kept_as_json(installation: Installation, content: bytes) -> None:
    found, _ = examine(installation, content)
    assert Examination.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_answer_is_the_detectors_own(installation: Installation) -> None:
    content = phantom_png(3)
    given = _final(installation, content, prevalence=0.2)
    own = installation.desk.detector.assess(content, prevalence=0.2)
    assert given["probability"] == own.probability
    assert given["post_test_probability"] == own.post_test_probability
    assert given["outcome"] == own.outcome.value
    assert given["conformal_set"] == list(own.conformal_set)
    assert given["warnings"] == [warning.to_dict() for warning in own.warnings]


def test_what_the_doctor_states_is_no_longer_unknown(installation: Installation) -> None:
    content = phantom_png(1)
    assert {"projection_unknown", "age_unknown"} <= _codes(_final(installation, content))
    stated = _final(installation, content, projection=Projection.AP_SUPINE, age_years=40)
    assert not {"projection_unknown", "age_unknown"} & _codes(stated)
    assert "supine" in _codes(stated)


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"projection": Projection.LATERAL}, "not_frontal"),
        ({"projection": Projection.OTHER}, "not_frontal"),
        ({"age_years": 17}, "child"),
    ],
)
def test_what_the_doctor_states_may_withhold_the_answer(
    installation: Installation, stated: dict[str, Any], code: str
) -> None:
    answer = _final(installation, phantom_png(1), prevalence=0.1, **stated)
    assert answer["outcome"] == "refused"
    assert answer["refusal"]["code"] == code
    assert (answer["probability"], answer["post_test_probability"]) == (None, None)
    assert (answer["activation"], answer["conformal_set"]) == (None, [])


def test_the_file_is_believed_on_its_projection_and_the_lower_age_on_both(
    installation: Installation,
) -> None:
    lateral = films.dicom(ViewPosition="LL")
    assert _final(installation, lateral, projection=Projection.PA)["outcome"] == "refused"
    child = films.dicom(PatientAge="004Y")
    assert _final(installation, child, age_years=40)["refusal"]["code"] == "child"


def test_a_refused_film_stays_refused(installation: Installation) -> None:
    answer = _final(installation, b"", projection=Projection.PA, age_years=40, prevalence=0.1)
    assert answer["refusal"]["code"] == "empty_file"
    assert answer["post_test_probability"] is None


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        ({"age_years": 40, "sex": Sex.FEMALE}, ["age_differs", "sex_differs"]),
        ({"age_years": 59, "sex": Sex.MALE}, []),
        ({"age_years": 58}, ["age_differs"]),
        ({"age_years": 63, "sex": Sex.OTHER}, []),
        ({"age_years": 64}, ["age_differs"]),
        ({}, []),
    ],
)
def test_a_film_of_somebody_else_is_answered_with_a_warning(
    installation: Installation, stated: dict[str, Any], codes: list[str]
) -> None:
    content = films.dicom(PatientAge="061Y", PatientSex="M", ViewPosition="PA")
    answer = _final(installation, content, **stated)
    assert answer["outcome"] != "refused", "a file's header is often wrong"
    assert [one["code"] for one in answer["warnings"] if "differs" in one["code"]] == codes


def test_a_film_of_somebody_else_is_named_as_such_when_it_is_refused(
    installation: Installation,
) -> None:
    child = _final(installation, films.dicom(PatientAge="004Y"), age_years=40)
    assert child["refusal"]["code"] == "child"
    lateral = films.dicom(ViewPosition="LL", PatientSex="M")
    refused = _final(installation, lateral, sex=Sex.FEMALE)
    assert refused["refusal"]["code"] == "not_frontal"
    said = [answer["warnings"][0]["message"] for answer in (child, refused)]
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
