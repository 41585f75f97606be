"""Pages: the clinic's own table of likelihood ratios, on and off."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from covid_d.clinic.calibration import switching
from covid_d.clinic.calibration.laboratory_cases import LATER, NEEDED
from covid_d.clinic.errors import ConflictError
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.suppression import LEAST
from covid_d.detector import CATEGORIES
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.language import N_, Text

router = APIRouter(prefix="/bundles/calibration")
Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_BUNDLES))]
FIGURES: Final[dict[str, Text]] = {
    "log_likelihood": N_("Log-likelihood a case (higher is better)"),
    "brier": N_("Brier score (lower is better)"),
    "calibration_slope": N_("Calibration slope (1 is right)"),
    "calibration_intercept": N_("Calibration in the large (0 is right)"),
}


@router.get("")
def show(request: Request, visitor: Manager) -> Response:
    """Show how many cases there are, what a table of them would be worth, and what is on."""
    return _page(request, None)


@router.post("/on")
def on(request: Request, visitor: Manager) -> Response:
    """Switch the clinic's own table on, if it helps."""
    try:
        switching.switch_on(installation(request), visitor.actor)
    except ConflictError as error:
        return _page(request, error)
    return go_to("/bundles/calibration", notice="calibration_on")


@router.post("/off")
def off(request: Request, visitor: Manager) -> Response:
    """Take the clinic's own table back: the published studies answer."""
    switching.take_back(installation(request), visitor.actor)
    return go_to("/bundles/calibration", notice="calibration_off")


@router.post("/check")
def check(request: Request, visitor: Manager) -> Response:
    """Try the table that is on again, now."""
    found = switching.check(installation(request), visitor.actor, at_once=True)
    notice = "calibration_unchecked" if found is None else "calibration_checked"
    return go_to("/bundles/calibration", notice=notice)


def _page(request: Request, error: ConflictError | None) -> Response:
    found = switching.state(installation(request))
    tables: list[tuple[str, LikelihoodTable]] = [("published", PUBLISHED)]
    if found.offered is not None:
        tables.append(("offered", found.offered.ratios))
    ratios = {
        name: [covid / other for covid, other in zip(*table.pooled, strict=True)]
        for name, table in tables
    }
    return page(
        request,
        "pages/administration/calibration.html",
        error=error,
        found=found,
        figures=FIGURES,
        categories=[category.message for category in CATEGORIES],
        ratios=ratios,
        needed=NEEDED,
        later=LATER,
        least=LEAST,
    )
