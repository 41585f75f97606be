"""The audit trail finds every kind of tampering, on either database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import START, Actor, verify


def _write(installation: Installation, count: int) -> None:
    for number in range(count):
        with installation.writing() as session:
            audit_trail.record(
                session,
                installation.keys,
                Actor(None, "10.0.0.1"),
                "case.view",
                f"case:{number}",
                {"ñ": number},
            )


def _verify(installation: Installation) -> audit_trail.Verification:
    with installation.reading() as session:
        return verify(session, installation.keys)


def test_an_untouched_chain_is_whole(installation: Installation) -> None:
    assert _verify(installation) == audit_trail.Verification(0, START, None)
    _write(installation, 5)
    found = _verify(installation)
    assert (found.entries, found.broken) == (5, None)
    assert found.head != START


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit_entry SET action = 'case.create' WHERE sequence = 3", 3),
        ("UPDATE audit_entry SET subject = 'case:9' WHERE sequence = 1", 1),
        ("UPDATE audit_entry SET address = '' WHERE sequence = 5", 5),
        ("UPDATE audit_entry SET detail = '{}' WHERE sequence = 2", 2),
        ("DELETE FROM audit_entry WHERE sequence = 4", 5),
        ("DELETE FROM audit_entry WHERE sequence = 1", 2),
        ("UPDATE audit_entry SET sequence = 9 WHERE sequence = 5", 9),
    ],
)
def test_tampering_is_found_where_it_was_done(
    installation: Installation, change: str, broken: int
) -> None:
    _write(installation, 5)
    with installation.engine.begin() as connection:
        connection.execute(text(change))
    assert _verify(installation).broken == broken


def test_whoever_lacks_the_key_cannot_chain_anew(installation: Installation) -> None:
    _write(installation, 2)
    forged = replace(installation, keys=Keys(b"x" * 32))
    with installation.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE sequence = 2"))
    _write(forged, 1)
    assert _verify(installation).broken == 2


def test_a_failed_change_leaves_no_trace(installation: Installation) -> None:
    def fail() -> None:
        with installation.writing() as session:
            audit_trail.record(session, installation.keys, Actor(None), "case.create", "case:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _verify(installation).entries == 0


def test_many_writers_make_one_chain(installation: Installation) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _write(installation, 5), range(8)))
    found = _verify(installation)
    assert (found.entries, found.broken) == (40, None)
