"""Pages from templates, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError

from covid_d import __version__
from covid_d.clinic.arrivals.node_queue import is_joined
from covid_d.clinic.clock import Clock
from covid_d.clinic.errors import ClinicError, InvalidInputError
from covid_d.clinic.http.navigation import menu_of
from covid_d.clinic.http.notices import NOTICES
from covid_d.clinic.http.visitor import Visitor, installation
from covid_d.clinic.http.way_back import way_back
from covid_d.clinic.keys import new_token
from covid_d.errors import BundleError
from covid_d.language import INTENDED_USE, Language, Message, Text, translations

LANGUAGE_COOKIE: Final = "covid_d_language"
# Spanish as written in Ecuador: decimal comma, day before month.
_LOCALES: Final[dict[Language, str]] = {"es": "es_EC", "en": "en_GB"}


def language_of(request: Request) -> Language:
    """Return the reader's language: the cookie's, the person's own, else the installation's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in _LOCALES:
        return chosen
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is not None and visitor.person.language is not None:
        return visitor.person.language
    return installation(request).settings.language


def page(
    request: Request,
    template: str,
    *,
    error: ClinicError | None = None,
    status: int | None = None,
    here: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    request
        Whose language, visitor and notice the page shows.
    template
        Its path in the clinic's folder, such as ``pages/case/case.html``.
    error
        What became of the form that the page shows again: the template gets it as ``error``, and
        what is wrong with each field as ``errors``.
    status
        HTTP status; by default the error's, else 200.
    here
        The address of this very page, where the request's own does not say it whole: that of the
        form whose failure is shown. Always one of ours, and one that a GET answers.
    values
        The template's own; ``intended_use`` where a page must say another one than every page.
    """
    language = language_of(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    status = status or (error.status if error else 200)
    fields = error.fields if isinstance(error, InvalidInputError) else {}
    html = (
        _environment(language, installation(request).clock)
        .get_template(template)
        .render(
            language=language,
            visitor=visitor,
            path=request.url.path,
            here=way_back(request) if here is None else here,
            navigation=menu_of(visitor, network=is_joined(installation(request))),
            notice=NOTICES.get(request.query_params.get("notice", "")),
            bundle=_bundle(request, anew=status < 400),
            version=__version__,
            error=error,
            **({"intended_use": INTENDED_USE, "errors": fields} | values),
        )
    )
    return HTMLResponse(html, status_code=status)


def go_to(path: str, *, notice: str | None = None) -> Response:
    """Send the browser to another page of ours, which shows a notice; after a form, always."""
    assert notice is None or notice in NOTICES, notice  # noqa: S101 - a name in our own code
    suffix = f"{'&' if '?' in path else '?'}notice={notice}" if notice else ""
    return RedirectResponse(path + suffix, status_code=303)


def done(request: Request, path: str, *, notice: str) -> Response:
    """Send whoever sent a form on: a script is told where, a browser is redirected.

    Parameters
    ----------
    request
        The form's.
    path, notice
        As in :func:`go_to`.
    """
    further = go_to(path, notice=notice)
    if request.headers.get("x-requested-with") != "fetch":
        return further
    return JSONResponse({"location": further.headers["location"]}, status_code=201)


def formats(language: Language) -> Mapping[str, Callable[..., str]]:
    """Return the templates' filters (``day``, ``moment``, ``percent``...) for what is no page.

    A moment is written in the zone that it bears.
    """
    return _environment(language, None).filters


def _bundle(request: Request, *, anew: bool) -> dict[str, Any] | None:
    """Return what the banner says of the active bundle; ``None`` when it cannot be used.

    A page that says what failed does not ask the database: that may be what failed.
    """
    active = installation(request).active_detector
    try:
        bundle = (active.detector if anew else active.known).bundle
    except (BundleError, SQLAlchemyError):
        return None
    return {
        "name": bundle.spec.name,
        "version": bundle.spec.version,
        "verdict": bundle.spec.verdict.status,
        "unsigned": bundle.spec.verdict.is_unsigned,
        "sha256": bundle.id.sha256,
    }


@cache
def _environment(language: Language, clock: Clock | None) -> Environment:
    environment = Environment(
        loader=PackageLoader("covid_d.clinic", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    locale = _LOCALES[language]

    def say(text: Text | Message | str) -> str:
        """Return a text that was carried untranslated."""
        return text if isinstance(text, str) else text.in_language(language)

    def day(value: date | None, pattern: str = "medium") -> str:
        return "—" if value is None else format_date(value, pattern, locale=locale)

    def moment(value: datetime | None, pattern: str = "d MMM y, HH:mm") -> str:
        if value is None:
            return "—"
        here = value if clock is None else clock.local(value)
        return format_datetime(here, pattern, locale=locale)

    def percent(value: float | None, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + " %"
        return "—" if value is None else format_percent(value, pattern, locale=locale)

    def number(value: float | None, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return "—" if value is None else format_decimal(value, pattern, locale=locale)

    environment.globals["new_form_key"] = new_token
    environment.filters |= {
        "say": say,
        "day": day,
        "moment": moment,
        "percent": percent,
        "number": number,
    }
    return environment
