"""What becomes of every row: the parts of a plan, on films made up in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.appearance import Appearance
from covid_d.dataset.build import plan as planning
from covid_d.dataset.build.films import Inspection, InspectionOrder
from covid_d.dataset.build.options import BuildOptions, Protocol
from covid_d.dataset.build.plan import Plan, make_plan
from covid_d.dataset.build.select import Candidate
from covid_d.dataset.collections.base import Exclusion, FilmRow, Modality, Reason
from covid_d.dataset.duplicates import Fingerprint, Pair
from covid_d.dataset.manifest import Label, Split
from covid_d.errors import DatasetError
from covid_d.radiograph import Facts, Projection

GROUPED = BuildOptions()


def _candidates(rows: Sequence[dict[str, Any]], *, children_only: bool = False) -> list[Candidate]:
    found = []
    for at, cells in enumerate(rows):
        usual: dict[str, Any] = {
            "source": "cohen",
            "original": f"{at}.png",
            "file": Path(f"{at}.png"),
            "label": Label.COVID,
            "projection": Projection.PA,
            "projection_text": "PA",
            "patient": f"p{at}",
        }
        row = FilmRow(**(usual | cells))
        found.append(Candidate(at, row.source, children_only, row))
    return found


def _readable(patch: pytest.MonkeyPatch) -> list[Pair]:
    """Let every film be read, and all be unlike each other but for the pairs put in here."""
    alike: list[Pair] = []

    def read(_: Any, orders: Sequence[InspectionOrder], *__: Any, **___: Any) -> list[Inspection]:
        nothing = np.zeros((128, 128), dtype=np.uint8)
        return [
            Inspection(
                Fingerprint(order.file.name, 0, nothing, np.zeros(49, dtype=np.uint64)),
                Facts(format="PNG", sha256=order.file.name, bits=8),
                width=400,
                height=300,
            )
            for order in orders
        ]

    patch.setattr(planning, "map_films", read)
    patch.setattr(planning, "find_near_duplicates", lambda *_, **__: alike)
    return alike


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> list[Pair]:
    return _readable(monkeypatch)


def _plan(rows: Sequence[dict[str, Any]], options: BuildOptions = GROUPED) -> Plan:
    return make_plan(_candidates(rows), options, None, jobs=1, progress=False)


def _both(n: int, **cells: Any) -> list[dict[str, Any]]:
    """Return ``n`` rows of each class."""
    return [{"label": label, **cells} for label in Label for _ in range(n)]


@pytest.mark.usefixtures("in_memory")
def test_each_class_of_a_source_is_divided_by_the_shares() -> None:
    rows = _both(20) + _both(20, source="nih")
    plan = _plan(rows)
    counts = Counter(
        (plan.films[at].row.source, plan.films[at].row.label, split)
        for at, split in plan.splits.items()
    )
    for source in ("cohen", "nih"):
        for label in Label:
            found = [counts[source, label, split] for split in (Split.TRAIN, Split.VALIDATION,
                                                                Split.TEST)]  # fmt: skip
            assert found == [14, 3, 3]


@pytest.mark.usefixtures("in_memory")
def test_sources_with_a_handful_of_films_are_divided_together() -> None:
    # Five sources of four films: each alone would give three or more to training, nothing to test.
    rows = [row for source in "abcde" for row in _both(4, source=source)]
    plan = _plan(rows)
    counts = Counter((plan.films[at].row.label, split) for at, split in plan.splits.items())
    for label in Label:
        assert [counts[label, split] for split in (Split.TRAIN, Split.VALIDATION, Split.TEST)] == [
            14,
            3,
            3,
        ]


def test_a_group_has_one_split_whatever_ties_it(in_memory: list[Pair]) -> None:
    case = "https://radiopaedia.org/cases/one"
    rows: list[dict[str, Any]] = _both(10)
    rows[0] |= {"patient": "same"}
    rows[1] |= {"patient": "same", "url": case}
    rows[2] |= {"url": f"{case}?lang=us"}
    in_memory.append(Pair(2, 3, 0.99))
    plan = _plan(rows)
    assert len({plan.groups[at] for at in range(4)}) == 1
    assert len({plan.splits[at] for at in range(4)}) == 1
    assert len(set(plan.groups)) == 20 - 3


@pytest.mark.usefixtures("in_memory")
def test_every_row_has_a_use_or_a_reason() -> None:
    rows: list[dict[str, Any]] = [
        *_both(3),
        {"projection": Projection.LATERAL, "projection_text": "L"},
        {"modality": Modality.CT, "label": None},
        {"file": None, "exclusion": Exclusion(Reason.MISSING, "gone.png")},
        {"child": True, "age": 7.0},
    ]
    plan = _plan(rows)
    used = {plan.films[at].candidate.index: split for at, split in plan.splits.items()}
    assert set(used) | set(plan.exclusions) == set(range(len(rows)))
    assert not set(used) & set(plan.exclusions)
    assert (used[6], used[7]) == (Split.LATERAL, Split.CT)
    assert plan.exclusions[8].reason == Reason.MISSING
    assert plan.exclusions[9].reason == Reason.CHILD


def test_what_is_set_aside_ties_no_films_together(in_memory: list[Pair]) -> None:
    # Pairs are numbered among radiographs: the slice before them must not shift them.
    rows: list[dict[str, Any]] = [{"modality": Modality.CT, "label": None}, *_both(5)]
    in_memory.append(Pair(0, 1, 0.99))
    plan = _plan(rows)
    assert plan.pairs == [Pair(1, 2, 0.99)]
    assert plan.groups[1] == plan.groups[2] != plan.groups[0]


def test_a_copy_of_a_child_s_film_is_left_out_and_names_it(in_memory: list[Pair]) -> None:
    rows = [*_both(5), {"child": True, "source": "kermany", "original": "kid.png"}]
    in_memory.append(Pair(4, 10, 0.99))  # the child's film is compared last
    plan = _plan(rows)
    assert plan.exclusions[4] == Exclusion(Reason.CHILD, "same film as kermany:kid.png")
    assert 4 not in plan.splits
    assert plan.pairs == []


@pytest.mark.usefixtures("in_memory")
def test_a_held_out_source_is_tested_on_alone() -> None:
    rows = _both(10) + _both(4, source="nih")
    plan = _plan(rows, BuildOptions(hold_out=("nih",)))
    splits = {source: Counter[Split]() for source in ("cohen", "nih")}
    for at, split in plan.splits.items():
        splits[plan.films[at].row.source][split] += 1
    assert splits["nih"] == {Split.TEST: 8}
    assert splits["cohen"][Split.TRAIN] == 14


def test_who_touches_a_held_out_publisher_is_held_out_whole(in_memory: list[Pair]) -> None:
    rows: list[dict[str, Any]] = _both(10)
    rows[0] |= {"url": "https://www.radiopaedia.org/cases/x", "patient": "one"}
    rows[1] |= {"patient": "one"}
    in_memory.append(Pair(1, 2, 0.99))
    plan = _plan(rows, BuildOptions(hold_out=("radiopaedia.org",)))
    assert [plan.splits[at] for at in (0, 1, 2)] == [Split.TEST] * 3


@pytest.mark.usefixtures("in_memory")
def test_an_unknown_source_to_hold_out_is_told_with_those_there_are() -> None:
    with pytest.raises(DatasetError) as caught:
        _plan(_both(3) + _both(3, source="nih"), BuildOptions(hold_out=("sirm",)))
    assert caught.value.message == "No film is of the source 'sirm', which was to be held out."
    assert "(cohen, nih)" in caught.value.next_step
    message, next_step = caught.value.in_language("es")
    assert "'sirm'" in message
    assert message != caught.value.message
    assert "cohen, nih" in next_step


@pytest.mark.usefixtures("in_memory")
def test_nothing_left_names_the_reasons_and_their_numbers() -> None:
    gone: dict[str, Any] = {"file": None, "exclusion": Exclusion(Reason.MISSING, "x")}
    rows: list[dict[str, Any]] = [
        gone,
        gone,
        {"child": True},
        {"modality": Modality.CT, "label": None},
    ]
    with pytest.raises(DatasetError, match=r"missing_file 2, child 1"):
        _plan(rows)
    with pytest.raises(DatasetError, match=r"\(no rows\)"):
        _plan([])


@pytest.mark.usefixtures("in_memory")
def test_the_article_divides_films_and_draws_children() -> None:
    adults = _candidates(_both(10))
    kids = [
        Candidate(20 + at, "kermany", True, one.row)
        for at, one in enumerate(
            _candidates(
                [
                    {"label": Label.NOCOVID, "source": "kermany", "finding": finding,
                     "child": True}
                    for finding in ["Normal"] * 5 + ["Pneumonia"] * 5
                ]
            )
        )
    ]  # fmt: skip
    options = BuildOptions(protocol=Protocol.ARTICLE, children=(2, 1, 1))
    plan = make_plan(adults + kids, options, None, jobs=1, progress=False)
    of_kids = Counter(
        (plan.films[at].row.finding, split) for at, split in plan.splits.items() if at >= 20
    )
    assert of_kids == {
        (finding, split): number
        for finding in ("Normal", "Pneumonia")
        for split, number in ((Split.TRAIN, 2), (Split.VALIDATION, 1), (Split.TEST, 1))
    }
    drawn = [told for told in plan.exclusions.values() if told.reason == Reason.NOT_DRAWN]
    assert len(drawn) == 2
    of_adults = Counter(split for at, split in plan.splits.items() if at < 20)
    assert of_adults == {Split.TRAIN: 14, Split.VALIDATION: 3, Split.TEST: 3}


@pytest.mark.usefixtures("in_memory")
def test_appearances_are_divided_each_by_the_shares() -> None:
    rows = [
        {"label": None, "appearance": look, "source": "siim"}
        for look in Appearance
        for _ in "x" * 20
    ]
    plan = _plan(rows)
    counts = Counter((plan.films[at].row.appearance, split) for at, split in plan.splits.items())
    assert all(counts[look, Split.TEST] == 3 for look in Appearance)


@given(seed=st.integers(0, 999), sizes=st.lists(st.integers(1, 4), min_size=4, max_size=12))
def test_no_seed_parts_a_patient(seed: int, sizes: list[int]) -> None:
    rows = [
        {"label": list(Label)[patient % 2], "patient": f"p{patient}"}
        for patient, films in enumerate(sizes)
        for _ in range(films)
    ]
    with pytest.MonkeyPatch.context() as patch:
        _readable(patch)
        plan = _plan(rows, BuildOptions(seed=seed))
    assert plan.taken() == list(range(len(rows)))
    by_patient: dict[str, set[Split]] = {}
    for at, split in plan.splits.items():
        by_patient.setdefault(plan.films[at].row.patient, set()).add(split)
    assert all(len(found) == 1 for found in by_patient.values())
