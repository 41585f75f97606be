"""Wrong tries are counted by name and address, for a quarter of an hour."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from operator import itemgetter

import pytest

from clinic_clock import Hands
from covid_d.clinic.accounts import attempts
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

HERE, THERE, SUBJECT = "10.0.0.5", "203.0.113.9", "name:of-nobody"
WRONG = "sign_in.failed"

# Minutes before the question, what happened, and where.
Happened = tuple[float, str, str]


def _rests(installation: Installation, hands: Hands, happened: list[Happened]) -> bool:
    """Return whether the name rests here after what happened, each in its minute."""
    start = hands.moment
    told = sorted(happened, reverse=True, key=itemgetter(0))
    for minutes, together in groupby(told, key=itemgetter(0)):
        hands.moment = start - timedelta(minutes=minutes)
        with installation.act(Actor(None)) as act:
            for _, action, address in together:
                act.actor = Actor(None, address)
                act.record(action, SUBJECT)
    hands.moment = start
    with installation.reading() as session:
        return attempts.rests(session, SUBJECT, HERE)


@pytest.mark.parametrize(
    ("happened", "rests"),
    [
        ([], False),
        ([(1, WRONG, HERE)] * 4, False),
        ([(1, WRONG, HERE)] * 5, True),
        ([(1, WRONG, HERE)] * 4 + [(1, WRONG, THERE)] * 4, False),
        # The quarter of an hour: what lies 15 minutes back no longer counts.
        ([(14.9, WRONG, HERE)] * 5, True),
        ([(15, WRONG, HERE)] * 5, False),
        ([(15, WRONG, HERE)] + [(2, WRONG, HERE)] * 4, False),
        # To come in from here pardons what was wrong before, not what is wrong after.
        ([(3, WRONG, HERE)] * 5 + [(2, "sign_in", HERE)], False),
        ([(3, WRONG, HERE)] * 3 + [(2, "sign_in", HERE)] + [(1, WRONG, HERE)] * 4, False),
        ([(3, "sign_in", HERE)] + [(2, WRONG, HERE)] * 5, True),
        # Somebody who came in elsewhere does not open this address.
        ([(3, WRONG, HERE)] * 5 + [(2, "sign_in", THERE)], True),
        # An administrator's word does.
        ([(3, WRONG, HERE)] * 5 + [(2, "user.unlock", THERE)], False),
        ([(3, WRONG, HERE)] * 5 + [(2, "user.reset_password", THERE)], False),
        ([(3, WRONG, HERE)] * 5 + [(2, "password.set", THERE)], False),
        ([(3, WRONG, HERE)] * 5 + [(2, "user.edit", THERE)], True),
        # Tries while it rests are not counted again: it ends by itself.
        ([(14, WRONG, HERE)] * 4 + [(1, "sign_in.resting", HERE)] * 9, False),
    ],
)
def test_five_wrong_ones_here_in_a_quarter_of_an_hour(
    installation: Installation, hands: Hands, happened: list[Happened], rests: bool
) -> None:
    assert _rests(installation, hands, happened) is rests


MANY: list[Happened] = [(1, WRONG, f"203.0.113.{number}") for number in range(50)]


@pytest.mark.parametrize(
    ("happened", "rests"),
    [
        (MANY[:49], False),
        (MANY, True),
        # Who came in from here within 30 days goes on; who did longer ago does not.
        ([*MANY, (29 * 1440, "sign_in", HERE)], False),
        ([*MANY, (30 * 1440, "sign_in", HERE)], True),
        ([*MANY, (29 * 1440, "sign_in", THERE)], True),
        # A known place is not a place for ever: five wrong ones rest there too.
        ([*MANY, (29 * 1440, "sign_in", HERE), *[(1, WRONG, HERE)] * 5], True),
    ],
)
def test_fifty_wrong_ones_anywhere(
    installation: Installation, hands: Hands, happened: list[Happened], rests: bool
) -> None:
    assert _rests(installation, hands, happened) is rests


def test_another_names_tries_are_anothers(installation: Installation, hands: Hands) -> None:
    for _ in range(9):
        with installation.act(Actor(None, HERE)) as act:
            act.record(WRONG, "name:of-somebody-else")
    assert not _rests(installation, hands, [(0, WRONG, HERE)] * 4)


def test_it_ends_by_itself(installation: Installation, hands: Hands) -> None:
    assert _rests(installation, hands, [(0, WRONG, HERE)] * 5)
    hands.on(minutes=14, seconds=59)
    assert _rests(installation, hands, [])
    hands.on(seconds=1)
    assert not _rests(installation, hands, [])
