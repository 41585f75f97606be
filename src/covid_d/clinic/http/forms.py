"""Forms of pages as dependencies of their routes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel

from covid_d.clinic.fields import Filled, fill

_Model = TypeVar("_Model", bound=BaseModel)


def sent(model: type[_Model]) -> Callable[[Request], Coroutine[Any, Any, Filled[_Model]]]:
    """Return the dependency that reads a form from a request's body.

    Put it after the visitor in a route: who may not send the form is turned away first.
    """

    async def form(request: Request) -> Filled[_Model]:
        return fill(model, await request.form())

    return form


def asked(model: type[_Model]) -> Callable[[Request], Filled[_Model]]:
    """Return the dependency that reads a form from a request's address."""

    def form(request: Request) -> Filled[_Model]:
        return fill(model, request.query_params)

    return form
