"""The report that is shown: checked as it comes in, kept as it was sent, the latest one counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.figures import FederationReport
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.federation.shelf import keep, latest
from covid_d.clinic.federation.signing import public_key
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from federation_factory import BUNDLE, OTHER, block, keys_of, sent

Files = list[tuple[str, bytes]]
UNO = sent("Uno", [block((20, 6, 5), (7, 30, 8)), block((9, 9, 9), (9, 9, 9), bundle=OTHER)])
DOS = sent("Dos", [block((8, 5, 0), (6, 40, 0))])


def _file(content: Any, name: str = "uno.json") -> tuple[str, bytes]:
    return name, json.dumps(content).encode()


@pytest.fixture
def ministry(people: dict[Role, Person]) -> Actor:
    return Actor(people[Role.ADMINISTRATOR].id)


def _kept(installation: Installation) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(FederationReport)) or 0


def _refused(installation: Installation, actor: Actor, files: Files) -> tuple[str, str]:
    """Return what is said, English and Spanish, of files that are not kept."""
    before = _kept(installation)
    with pytest.raises(InvalidInputError) as caught:
        keep(installation, actor, files)
    assert _kept(installation) == before
    text = caught.value.fields["files"]
    return text.in_language("en"), text.in_language("es")


def test_before_the_first_there_is_none(installation: Installation) -> None:
    assert latest(installation) is None


def test_what_is_kept_is_shown(installation: Installation, ministry: Actor) -> None:
    keep(installation, ministry, [_file(UNO), _file(DOS, "dos.json")])
    shown = latest(installation)
    assert shown is not None
    assert shown.report.bundle == BUNDLE, "the most used"
    assert shown.report.merged.sums(BUNDLE).sensitivity == (28, 39)
    assert list(shown.report.merged.by_clinic()) == ["Dos", "Uno"]
    with installation.reading() as session:
        row = session.scalars(select(FederationReport)).one()
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()
    assert row.report["sent"] == [json.loads(json.dumps(one)) for one in (UNO, DOS)]
    assert row.created_at == shown.since
    assert row.created_by_id == ministry.user_id
    assert entry is not None
    assert (entry.action, entry.subject) == ("federation.keep", "federation")
    keys = [public_key(keys_of(name)) for name in ("Dos", "Uno")]
    assert entry.detail == {"clinics": keys}


def test_a_model_is_judged_on_its_own(installation: Installation, ministry: Actor) -> None:
    keep(installation, ministry, [_file(UNO)])
    shown = latest(installation, OTHER)
    assert shown is not None
    assert shown.report.bundle == OTHER
    unknown = latest(installation, "ff" * 32)
    assert unknown is not None
    assert unknown.report.bundle == BUNDLE, "one that nobody has is not judged"


def test_the_latest_report_takes_the_place_of_the_one_before(
    installation: Installation, ministry: Actor
) -> None:
    keep(installation, ministry, [_file(UNO)])
    keep(installation, ministry, [_file(DOS)])
    shown = latest(installation)
    assert shown is not None
    assert list(shown.report.merged.by_clinic()) == ["Dos"], "they are not added up"
    assert _kept(installation) == 2, "the one before is kept"


def test_no_file_is_no_report(installation: Installation, ministry: Actor) -> None:
    assert _refused(installation, ministry, []) == (
        "Choose at least one file.",
        "Elija al menos un archivo.",
    )


def test_what_is_no_json_object_is_said_by_the_file_s_name(
    installation: Installation, ministry: Actor
) -> None:
    wrong = [b"", b"{", b"[]", b"12", b'"{}"', b"null", b"\xff\xfe", b"PK\x03\x04", b"[" * 100_000]
    for content in wrong:
        english, spanish = _refused(installation, ministry, [_file(UNO), ("<dos>.json", content)])
        assert english == "<dos>.json is not readable as JSON."
        assert "<dos>.json" in spanish
        assert spanish != english


def test_an_object_that_is_no_export_is_said_with_its_place(
    installation: Installation, ministry: Actor
) -> None:
    english, _ = _refused(installation, ministry, [_file({"format": "covid-d federation 2"})])
    assert english == "uno.json is no export of a clinic (format)."


def test_one_altered_file_keeps_all_out(installation: Installation, ministry: Actor) -> None:
    better = json.loads(json.dumps(DOS))
    better["blocks"][0]["answers"]["positive"] = [13, 0, 0]
    english, spanish = _refused(installation, ministry, [_file(UNO), _file(better, "dos.json")])
    assert english == "dos.json was altered after the clinic signed it."
    assert "dos.json" in spanish
    assert latest(installation) is None


@pytest.mark.postgres
def test_a_refused_file_leaves_the_report_that_is_shown(
    installation: Installation, ministry: Actor
) -> None:
    keep(installation, ministry, [_file(UNO)])
    _refused(installation, ministry, [("x", b"{}")])
    shown = latest(installation)
    assert shown is not None
    assert list(shown.report.merged.by_clinic()) == ["Uno"]


def test_a_file_chosen_twice_counts_once(installation: Installation, ministry: Actor) -> None:
    keep(installation, ministry, [_file(DOS), _file(DOS, "copia.json")])
    shown = latest(installation)
    assert shown is not None
    assert shown.report.merged.sums(BUNDLE).sensitivity == (8, 13)
    assert shown.report.merged.replaced == 1
