"""The application: routes, guards and error pages over one installation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from threading import Event, Thread

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount

from covid_d import __version__
from covid_d.clinic.accounts.openid import Provider
from covid_d.clinic.api import router as api
from covid_d.clinic.calibration.watch import watch
from covid_d.clinic.http import failures, guards, proxies
from covid_d.clinic.http.assets import Assets
from covid_d.clinic.http.rate_limits import Limited, RateLimits
from covid_d.clinic.http.request_log import RequestLog
from covid_d.clinic.http.shared_counts import counts_of
from covid_d.clinic.http.slow_clients import BodyDeadline
from covid_d.clinic.http.unread_bodies import UnreadBodies
from covid_d.clinic.http.visitor import access_of
from covid_d.clinic.http.way_back import Pages
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.metrics import Metrics
from covid_d.clinic.pages.account import routes as own_account
from covid_d.clinic.pages.account import second_factor
from covid_d.clinic.pages.administration import audit_trail as audit
from covid_d.clinic.pages.administration import bundles, calibration, units, upkeep
from covid_d.clinic.pages.administration import people as administration
from covid_d.clinic.pages.arrivals import routes as arrivals
from covid_d.clinic.pages.case import compare, film
from covid_d.clinic.pages.case import routes as case
from covid_d.clinic.pages.collection import routes as collection
from covid_d.clinic.pages.dashboard import routes as dashboard
from covid_d.clinic.pages.federation import routes as federation
from covid_d.clinic.pages.follow_up import routes as follow_up
from covid_d.clinic.pages.health import routes as health
from covid_d.clinic.pages.home import routes as home
from covid_d.clinic.pages.imports import routes as imports
from covid_d.clinic.pages.intake import routes as intake
from covid_d.clinic.pages.notification import routes as notification
from covid_d.clinic.pages.offline import routes as offline
from covid_d.clinic.pages.reading_list import routes as reading_list
from covid_d.clinic.pages.report import routes as report
from covid_d.clinic.pages.sign_in import first_start, half_way, openid
from covid_d.clinic.pages.sign_in import routes as account
from covid_d.clinic.pages.studies import reading as study_reading
from covid_d.clinic.pages.studies import routes as studies
from covid_d.clinic.pages.worklist import routes as worklist
from covid_d.clinic.settings import ClinicSettings

_PAGES = (
    first_start,
    home,
    account,
    half_way,
    openid,
    own_account,
    second_factor,
    intake,
    arrivals,
    worklist,
    reading_list,
    studies,
    study_reading,
    case,
    compare,
    film,
    report,
    follow_up,
    dashboard,
    federation,
    collection,
    imports,
    notification,
    offline,
    administration,
    units,
    bundles,
    calibration,
    audit,
    upkeep,
    health,
)
# Where styles, scripts and pictures lie: beside their pages, and in the frame of all pages.
_ASSETS = ("http/frame", "pages", "api")


def create_app(installation: Installation) -> FastAPI:
    """Return the clinic as an ASGI application.

    Raises
    ------
    RuntimeError
        If a route does not say who may use it: then nothing is served.
    """
    settings, metrics = installation.settings, Metrics(installation)
    largest = settings.max_upload_mb * 1024 * 1024
    limits = RateLimits(settings.rate_limit_factor, counts_of(installation.engine))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(installation.active_detector.tell_default)
        await run_in_threadpool(intake.sweep, installation)  # what a killed process left
        if await run_in_threadpool(intake.is_behind, installation):
            # Films of an older version, many perhaps: doctors need not wait for them.
            Thread(target=intake.catch_up, args=(installation,), name="films", daemon=True).start()
        stop = Event()
        Thread(target=watch, args=(installation, stop), name="watch", daemon=True).start()
        # Nobody waits for the processes beside this one to be ready.
        prepare = installation.active_detector.prepare
        Thread(target=prepare, name="film processes", daemon=True).start()
        yield
        stop.set()
        installation.close()

    app = FastAPI(
        title="COVID-D",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(
                proxies.ForwardedAddress,
                proxies=proxies.trusted(
                    settings.trusted_proxies, behind_https=settings.behind_https
                ),
            ),
            Middleware(BodyDeadline),
            Middleware(UnreadBodies, most=largest),
            Middleware(RequestLog, metrics=metrics),
            Middleware(guards.SecureHeaders, https=settings.behind_https),
            Middleware(guards.LastResort),
            Middleware(guards.KnownHost, names=_hosts(settings)),
            Middleware(guards.SameOrigin),
            Middleware(Limited, limits=limits),
            Middleware(guards.BodySize, most=largest),
            # Counts bodies without a stated length; FastAPI's own `max_body_size` lies outside of
            # these guards and would put its plain text in the place of their answers.
            Middleware(RequestBodyLimitMiddleware, max_body_size=largest),
            Middleware(GZipMiddleware, minimum_size=2048),
        ],
    )
    app.state.installation = installation
    app.state.rate_limits = limits
    app.state.openid = Provider(settings) if settings.oidc_issuer else None
    app.state.metrics = metrics
    app.router.routes.extend(_routes())
    failures.install(app)
    refuse_unguarded(app)
    app.state.pages = Pages(every_route(app.router))
    clinic = Path(str(resources.files("covid_d.clinic")))
    app.mount("/static", Assets(clinic / folder for folder in _ASSETS), name="static")
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes of all pages and of the API.

    Once a process: FastAPI works out the parameters of every route at the first request to each
    application that includes it, and a process of the tests makes thousands of applications.
    """
    whole = APIRouter()
    for group in _PAGES:
        whole.include_router(group.router, include_in_schema=False)
    whole.include_router(api.router)
    return tuple(whole.routes)


def refuse_unguarded(app: FastAPI) -> None:
    """Deny by default: a route without a word on who may use it keeps the clinic from starting.

    Raises
    ------
    RuntimeError
        Naming the first such route.
    """
    for path, route in every_route(app.router):
        if access_of(route) is None:
            raise RuntimeError(f"route {path!r} does not say who may use it")


def every_route(router: APIRouter, prefix: str = "") -> Iterator[tuple[str, BaseRoute]]:
    """Yield every route under a router with its whole path; mounted files are no routes."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from every_route(inner, prefix + route.include_context.prefix)  # type: ignore[attr-defined]
        elif not isinstance(route, Mount):
            yield prefix + getattr(route, "path", ""), route


def _hosts(settings: ClinicSettings) -> list[str]:
    # A fixed list keeps other sites from reaching a local clinic by a name of their own
    # (DNS rebinding).
    named = [name.strip() for name in settings.allowed_hosts.split(",") if name.strip()]
    listening = [settings.host] if settings.host not in {"0.0.0.0", "::"} else []  # noqa: S104
    return ["127.0.0.1", "localhost", "[::1]", *listening, *named]
