"""What a check says it found: which defects may be allowed, and leaks in numbers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.dataset.check.defects import CheckReport, Defect, DefectKind, Leaks

LEAKY = {DefectKind.PATIENT, DefectKind.GROUP, DefectKind.NEAR_DUPLICATE}
NONE = Leaks(0, 0, 0, 12, 0)


def _report(*kinds: DefectKind, protocol: str = "grouped", leaks: Leaks = NONE) -> CheckReport:
    defects = tuple(Defect(kind, f"{kind.value} of x.png", ("x.png",)) for kind in kinds)
    return CheckReport(40, protocol, defects, ("one note",), leaks)


def test_three_kinds_let_a_model_be_tested_on_what_it_learned_from() -> None:
    assert {kind for kind in DefectKind if kind.is_leak} == LEAKY


@given(st.lists(st.sampled_from(DefectKind), max_size=5))
def test_only_leaks_can_be_allowed(kinds: list[DefectKind]) -> None:
    report = _report(*kinds)
    assert report.passed() is (not kinds)
    assert report.passed(allow_leaks=True) is (set(kinds) <= LEAKY)


@pytest.mark.parametrize(("protocol", "expected"), [("article", True), ("grouped", False)])
def test_the_article_alone_declares_its_leaks(protocol: str, expected: bool) -> None:
    report = _report(DefectKind.PATIENT, protocol=protocol)
    assert report.leaks_expected is expected
    assert not report.passed()


@pytest.mark.parametrize(
    ("patients", "groups", "copies", "found"),
    [(0, 0, 0, False), (1, 0, 0, True), (0, 1, 0, True), (0, 0, 1, True)],
)
def test_any_of_the_three_is_a_leak(patients: int, groups: int, copies: int, found: bool) -> None:
    # Films seen in training are told by these; their number alone says nothing of its own.
    assert bool(Leaks(patients, groups, copies, 10, 10)) is found


@pytest.mark.parametrize(("seen", "share"), [(0, "0 %"), (1, "12 %"), (3, "38 %"), (8, "100 %")])
def test_the_share_of_test_films_seen_in_training_is_told(seen: int, share: str) -> None:
    said = str(Leaks(2, 3, 4, 8, seen))
    assert said == (
        "2 patients, 3 groups and 4 pairs of near-duplicates straddle splits; "
        f"{share} of COVID-19 test films ({seen} of 8) have their patient or a near-duplicate in "
        "training."
    )


def test_without_covid_films_to_test_on_there_is_no_share() -> None:
    assert str(Leaks(2, 3, 4, 0, 0)).endswith("straddle splits.")


def test_the_report_is_the_json_that_is_documented() -> None:
    report = _report(DefectKind.ALTERED, DefectKind.GROUP, leaks=Leaks(0, 1, 0, 12, 3))
    assert json.loads(json.dumps(report.to_dict())) == {
        "films": 40,
        "protocol": "grouped",
        "findings": [
            {"problem": "altered", "message": "altered of x.png", "files": ["x.png"]},
            {"problem": "group_straddles", "message": "group_straddles of x.png",
             "files": ["x.png"]},
        ],
        "notes": ["one note"],
        "leaks": {
            "patients": 0,
            "groups": 1,
            "near_duplicates": 0,
            "covid_test_films": 12,
            "covid_test_films_seen": 3,
        },
        "leaks_expected": False,
    }  # fmt: skip


def test_a_defect_of_no_film_in_particular_names_none() -> None:
    assert Defect(DefectKind.HASH, "another hash").to_dict()["files"] == []
