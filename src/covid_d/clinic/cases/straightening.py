"""A photograph sent ahead is straightened and cut: what comes of it takes its place.

The straightened picture is examined like any film and is what its case keeps, with the corners and
the photograph's hash; the photograph itself is swept after a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.keeping import Straightening
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_
from covid_d.radiograph import RadiographError
from covid_d.radiograph.photograph import Corners
from covid_d.radiograph.straighten import photograph, proposed_corners, straighten

FIELD = "corners"
_INSET = 0.08
_WHOLE_BUT_RIM: Corners = (
    (_INSET, _INSET),
    (1 - _INSET, _INSET),
    (1 - _INSET, 1 - _INSET),
    (_INSET, 1 - _INSET),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where to begin.

    Parameters
    ----------
    corners
        In shares of the photograph's sides: upper left, upper right, lower right, lower left.
    found
        Whether a film was found there.
    """

    corners: Corners
    found: bool


def picture_of(installation: Installation, person: Person, token: str, side: int) -> Image.Image:
    """Return a photograph sent ahead, whole and upright.

    Raises
    ------
    NotFoundError
        If this person sent none such, or it is no picture.
    UnavailableError
        If it is gone.
    """
    try:
        return photograph(_sent(installation, person, token)[1], side)
    except RadiographError as error:
        raise NotFoundError from error


def propose(installation: Installation, person: Person, token: str) -> Proposal:
    """Return where the film seems to lie on a photograph sent ahead.

    Raises
    ------
    NotFoundError, UnavailableError
        As :func:`picture_of`.
    """
    try:
        found = proposed_corners(_sent(installation, person, token)[1])
    except RadiographError as error:
        raise NotFoundError from error
    return Proposal(found or _WHOLE_BUT_RIM, found is not None)


def straighten_film(
    installation: Installation,
    person: Person,
    actor: Actor,
    token: str,
    corners: Sequence[Sequence[float]],
) -> staging.Staged:
    """Straighten a photograph sent ahead and examine what comes of it.

    Parameters
    ----------
    installation
        Where.
    person, actor
        Who, and as the audit trail names them.
    token
        The photograph's.
    corners
        In shares of its sides: upper left, upper right, lower right, lower left.

    Raises
    ------
    InvalidInputError
        If the corners are none.
    NotFoundError, UnavailableError
        As :func:`picture_of`.
    BundleError
        If the active bundle cannot be used.
    """
    staged, content = _sent(installation, person, token)
    try:
        first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
        film = straighten(content, (first, second, third, fourth))
    except RadiographError as error:
        raise NotFoundError from error
    except (TypeError, ValueError) as error:
        raise InvalidInputError({FIELD: _CROSSED}) from error
    kept = [[x, y] for x, y in (first, second, third, fourth)]
    original = staged.kept.received_sha256 or staged.sha256
    return staging.stage(
        installation, person, actor, film, Straightening(original, kept), preview=True
    )


_CROSSED = N_("Place the corners around the film: its sides must not cross.")


def _sent(installation: Installation, person: Person, token: str) -> tuple[staging.Staged, bytes]:
    """Return a photograph as it was sent; not one that was straightened before."""
    staged = staging.find(installation, person, token)
    if staged.kept.straightened is not None:
        raise InvalidInputError({FIELD: sentences.UNREADABLE})
    return staged, installation.films.get(staged.sha256)
