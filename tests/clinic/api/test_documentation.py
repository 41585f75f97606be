"""The API describes itself: every operation and field in words, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from covid_d.clinic.api.documentation import operations
from covid_d.language import translations


@pytest.fixture
def described(client: TestClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_it_is_openapi_of_the_api_alone(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_operation_names_its_errors_and_demands_a_token(described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["security"] == [{"token": []}], (method, path)
            for status in ("400", "401", "403", "404", "409", "413", "422", "429", "503"):
                shape = operation["responses"][status]["content"]["application/json"]["schema"]
                assert shape == {"$ref": "#/components/schemas/Problem"}, (method, path, status)


def test_every_operation_and_field_is_said_in_words_in_both_languages(
    described: dict[str, Any],
) -> None:
    spanish = translations("es")
    sentences = [
        sentence
        for operation in operations(described)
        for sentence in (operation.summary, operation.description)
    ]
    for name, schema in described["components"]["schemas"].items():
        for field, entry in schema.get("properties", {}).items():
            assert entry.get("description"), f"{name}.{field} says nothing"
            sentences.append(entry["description"])
    for methods in described["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                assert parameter.get("description"), parameter["name"]
                sentences.append(parameter["description"])
    untranslated = {entry for entry in sentences if spanish.gettext(entry) == entry}
    assert not untranslated


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_page_shows_every_operation(
    client: TestClient, described: dict[str, Any], language: str
) -> None:
    client.cookies.set("covid_d_language", language)
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    for operation in operations(described):
        assert f'id="{operation.id}"' in answer.text
        assert operation.path in answer.text
        assert (operation.summary in answer.text) == (language == "en")
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    assert "http://" not in answer.text.replace("http://testserver", "")


def test_the_description_is_made_once(app: FastAPI) -> None:
    assert app.openapi() is app.openapi()
