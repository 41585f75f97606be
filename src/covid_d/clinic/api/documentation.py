"""API: its description for programs (OpenAPI) and for people (a page), from the same source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from covid_d.clinic.http.render import page
from covid_d.clinic.http.visitor import Anyone

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One parameter or field, as the page lists it."""

    name: str
    where: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the API does, as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    content_type: str | None
    parts: list[Part]
    answer: list[Part]
    success: str


@router.get("/openapi.json")
def openapi(request: Request, visitor: Anyone) -> Response:
    """Return the OpenAPI description; it holds nothing of patients."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
def documentation(request: Request, visitor: Anyone) -> Response:
    """Show the API's description as a page."""
    whole = request.app.openapi()
    return page(
        request,
        "api/documentation.html",
        operations=list(operations(whole)),
        errors=_errors(whole),
        origin=f"{request.url.scheme}://{request.url.netloc}",
    )


def operations(whole: dict[str, Any]) -> Iterator[Operation]:
    """Yield every operation of an OpenAPI description."""
    for path, methods in whole["paths"].items():
        for method, found in methods.items():
            body = found.get("requestBody", {}).get("content", {})
            content_type = next(iter(body), None)
            success = next(status for status in found["responses"] if status.startswith("2"))
            shape = found["responses"][success]["content"]["application/json"]["schema"]
            yield Operation(
                id=found["operationId"],
                method=method.upper(),
                path=path,
                summary=found["summary"],
                description=found["description"],
                content_type=content_type,
                parts=[
                    *(_parameter(whole, parameter) for parameter in found.get("parameters", ())),
                    *(_fields(whole, body[content_type]["schema"], "body") if content_type else ()),
                ],
                answer=list(_fields(whole, shape, "answer")),
                success=success,
            )


def _errors(whole: dict[str, Any]) -> list[tuple[str, str]]:
    found = next(iter(next(iter(whole["paths"].values())).values()))["responses"]
    return [(status, entry["description"]) for status, entry in found.items() if status >= "4"]


def _parameter(whole: dict[str, Any], parameter: dict[str, Any]) -> Part:
    return Part(
        parameter["name"],
        parameter["in"],
        _kind(whole, parameter["schema"]),
        parameter.get("required", False),
        parameter.get("description", ""),
    )


def _fields(whole: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[Part]:
    schema = _resolved(whole, schema.get("items", schema))
    for name, field in schema.get("properties", {}).items():
        yield Part(
            name,
            where,
            _kind(whole, field),
            name in schema.get("required", ()),
            field.get("description", ""),
        )


def _resolved(whole: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = whole["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _kind(whole: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return a schema's type in a few words, the same in every language: as JSON names it."""
    if "anyOf" in schema:
        return " | ".join(_kind(whole, option) for option in schema["anyOf"])
    if "items" in schema:
        return f"{_kind(whole, schema['items'])}[]"
    if "$ref" in schema:
        found = _resolved(whole, schema)
        return _choices(found) or schema["$ref"].rpartition("/")[2]
    if schema.get("contentMediaType") or schema.get("format") == "binary":
        return "file"
    return _choices(schema) or schema.get("format") or schema.get("type", "")


def _choices(schema: dict[str, Any]) -> str:
    return ", ".join(map(str, schema.get("enum", ())))
