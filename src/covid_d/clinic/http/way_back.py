"""The address that leads back to the very page, for who changes the language: a GET answers it.

A page in answer to a form is shown at the form's address, which many routes answer only to a POST.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from fastapi import Request
from starlette.routing import BaseRoute, compile_path

_LONGEST: Final = 4000  # of an address: a search with every filter, its words percent-encoded


class Pages:
    """Which paths a GET answers.

    Parameters
    ----------
    routes
        Every route of the application, with its whole path.
    """

    def __init__(self, routes: Iterable[tuple[str, BaseRoute]]) -> None:
        methods: defaultdict[str, set[str]] = defaultdict(set)
        for path, route in routes:
            methods[path] |= set(getattr(route, "methods", None) or ())
        # Words before fields: "/cases/search" is no case's number.
        self._known = [
            (compile_path(path)[0], "GET" in found)
            for path, found in sorted(methods.items(), key=lambda entry: entry[0].count("{"))
        ]

    def answers(self, path: str) -> bool | None:
        """Return whether a GET answers a path; ``None`` where there is no such route."""
        return next((get for pattern, get in self._known if pattern.fullmatch(path)), None)

    def above(self, path: str) -> str:
        """Return the path itself or the nearest one above it that a GET answers."""
        while path.strip("/"):
            if self.answers(path):
                return path
            path = path.rpartition("/")[0]
        return "/"


def way_back(request: Request) -> str:
    """Return the address of the page that is shown, to come back to: its path and query."""
    pages: Pages = request.app.state.pages
    path, query = request.url.path, request.url.query
    if request.method == "GET" and pages.answers(path) is not False:
        return f"{path}?{query}" if query else path
    return pages.above(path)


def inside(path: str) -> str:
    """Return a path of ours: an address of another site would make a trap of our sign-in page."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if ours and path.isprintable() and len(path) <= _LONGEST else "/"
