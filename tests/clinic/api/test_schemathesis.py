"""Whatever a program sends, the server does not fail, and answers as its description says.

Schemathesis makes the requests from the API's own OpenAPI, the same ones in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from clinic_factory import add_case
from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail import audit_trail

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
OPERATIONS = [
    "GET /api/v1/me",
    "GET /api/v1/bundle",
    "POST /api/v1/cases",
    "GET /api/v1/cases",
    "GET /api/v1/cases/{case_id}",
    "GET /api/v1/cases/{case_id}/assessments",
    "POST /api/v1/assessments",
    "GET /api/v1/cases/{case_id}/follow-up",
    "POST /api/v1/cases/{case_id}/follow-up",
    "POST /api/v1/cases/{case_id}/readings",
    "POST /api/v1/cases/{case_id}/consensus",
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 25  # for each of eleven operations: with the fixtures, well under a minute


@pytest.fixture
def api_schema(
    app: FastAPI, installation: Installation, people: dict[Role, Person]
) -> Iterator[schemathesis.BaseSchema]:
    for seed in (1, 2):
        add_case(installation, people[Role.DOCTOR], seed=seed)
    token = tokens.create(installation, people[Role.DOCTOR], "schemathesis", 1)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    schema.config.headers = {"Authorization": f"Bearer {token}"}
    yield schema
    with installation.reading() as session:
        assert audit_trail.verify(session, installation.keys).broken is None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_makes_the_server_fail(
    api_schema: schemathesis.BaseSchema, operation: str
) -> None:
    method, path = operation.split()

    found = api_schema[path][method]

    @hypothesis.given(
        case=hypothesis.strategies.one_of(
            found.as_strategy(generation_mode=GenerationMode.POSITIVE),
            found.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )
    )
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case[Any]) -> None:
        # A number at random names no case: half of them are made to name one.
        number = (case.path_parameters or {}).get("case_id")
        if isinstance(number, int) and number % 2:
            case.path_parameters["case_id"] = 1
        case.call_and_validate(checks=CHECKS)

    check()


def test_every_operation_is_tried(api_schema: schemathesis.BaseSchema) -> None:
    found = {found.ok() for found in api_schema.get_all_operations() if isinstance(found, Ok)}
    assert {f"{one.method.upper()} {one.full_path}" for one in found} == set(OPERATIONS)
