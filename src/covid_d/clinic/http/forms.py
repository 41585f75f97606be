"""Forms of pages as dependencies of their routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel

from covid_d.clinic.fields import Filled, fill

_Model = TypeVar("_Model", bound=BaseModel)
FORM_KEY = "form_key"
"""The field that gives each form of a page a name of its own (``trail.once``)."""


def sent(model: type[_Model]) -> Callable[[Request], Coroutine[Any, Any, Filled[_Model]]]:
    """Return the dependency that reads a form from a request's body.

    Put it after the visitor in a route: who may not send the form is turned away first.
    """

    async def form(request: Request) -> Filled[_Model]:
        return fill(model, await request.form())

    return form


async def _as_sent(request: Request) -> str | None:
    """Return a form's name with all that was typed; ``None`` where it bears none."""
    form = await request.form()
    if not form.get(FORM_KEY):
        return None
    # Not the session's token: who signed in again meanwhile sends the same form.
    typed = sorted(
        (name, value)
        for name, value in form.multi_items()
        if isinstance(value, str) and name != "csrf_token"
    )
    return json.dumps([request.url.path, typed])


AsSent = Annotated[str | None, Depends(_as_sent)]
"""A form as it was sent, to know it again; put it after the visitor, as ``sent``."""


def asked(model: type[_Model]) -> Callable[[Request], Filled[_Model]]:
    """Return the dependency that reads a form from a request's address."""

    def form(request: Request) -> Filled[_Model]:
        return fill(model, request.query_params)

    return form
