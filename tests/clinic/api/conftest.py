"""Programs with a token of each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from covid_d.clinic.accounts import tokens
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

Program = Callable[[Person], TestClient]


@pytest.fixture
def app(installation: Installation) -> FastAPI:
    """The clinic."""
    return create_app(installation)


@pytest.fixture
def program(app: FastAPI, installation: Installation) -> Iterator[Program]:
    """Give a program that acts for a person."""
    opened: list[TestClient] = []

    def start(person: Person) -> TestClient:
        token = tokens.create(installation, person, "test", 1)
        client = TestClient(
            app, headers={"authorization": f"Bearer {token}"}, base_url="http://testserver"
        )
        opened.append(client)
        return client

    yield start
    for client in opened:
        client.close()


@pytest.fixture
def doctor(people: dict[Role, Person], program: Program) -> TestClient:
    """A program of the doctor's."""
    return program(people[Role.DOCTOR])
