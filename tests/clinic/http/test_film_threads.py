"""Requests that bring films wait on threads of their own, so that pages always find one."""

from __future__ import annotations

import asyncio
import inspect
from threading import Event, Lock, current_thread
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, Query

from covid_d.clinic.api import assessments, cases
from covid_d.clinic.http import film_threads
from covid_d.clinic.http.film_threads import THREADS, on_film_threads
from covid_d.clinic.pages.intake import routes


class Films:
    """An application with one route for films, which are answered when they are let go."""

    def __init__(self) -> None:
        self.go, self._lock = Event(), Lock()
        self.running = self.most = 0
        self.app = FastAPI()

        @self.app.post("/film")
        @on_film_threads
        def film(number: Annotated[int, Query(ge=0)]) -> dict[str, Any]:
            with self._lock:
                self.running += 1
                self.most = max(self.most, self.running)
            self.go.wait(30)
            with self._lock:
                self.running -= 1
            return {"number": number, "thread": current_thread().name}

        @self.app.get("/page")
        def page() -> str:
            return "page"


async def _many(films: Films, count: int) -> tuple[list[int], int]:
    transport = httpx2.ASGITransport(app=films.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        sent = [asyncio.create_task(client.post(f"/film?number={n}")) for n in range(count)]
        while films.running < min(count, film_threads.THREADS):
            await asyncio.sleep(0.01)
        pages = await asyncio.gather(*(client.get("/page") for _ in range(60)))
        films.go.set()
        answers = [(await each).json()["number"] for each in sent]
        return answers, sum(page.json() == "page" for page in pages)


def test_pages_find_a_thread_whatever_number_of_films_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_threads, "THREADS", 5)
    films = Films()
    assert asyncio.run(_many(films, 70)) == ([*range(70)], 60), "more than all other threads"
    assert films.most == 5


def test_each_event_loop_has_its_own_limit() -> None:
    for _ in range(2):
        films = Films()
        assert asyncio.run(_many(films, 3)) == ([0, 1, 2], 60)
        assert films.most == 3
    assert THREADS == 40


def test_what_a_route_asks_for_is_still_checked() -> None:
    async def ask() -> int:
        transport = httpx2.ASGITransport(app=Films().app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
            return (await client.post("/film?number=-1")).status_code

    assert asyncio.run(ask()) == 422


def test_a_failure_comes_through() -> None:
    @on_film_threads
    def fails() -> None:
        raise KeyError("film")

    async def ask() -> None:
        await fails()

    with pytest.raises(KeyError, match="film"):
        asyncio.run(ask())


@pytest.mark.parametrize(
    "route",
    [
        routes.take_new_case,
        routes.take_film,
        routes.straighten,
        assessments.assess_film,
        cases.submit_case,
    ],
)
def test_every_route_that_answers_films_is_one(route: object) -> None:
    assert inspect.iscoroutinefunction(route)
    assert not inspect.iscoroutinefunction(inspect.unwrap(route))
