"""What a report counts; expected numbers are reckoned here, from the rows as they were made."""

from __future__ import annotations

import math
from typing import Any

import pytest

from covid_d.screen.figures import (
    GROUPS,
    WORST,
    FolderGroups,
    ScreenFigures,
    ScreenGroup,
    below,
    stability,
)
from covid_d.screen.screener import Screener, ScreenerOrder

from .conftest import MakeJob

CATEGORIES = ("negative", "atypical", "indeterminate", "typical")


def row(number: int = 0, *, code: str | None = None, **columns: Any) -> dict[str, Any]:
    """Return a row of a film that looks typical, or is refused."""
    chances = columns.pop("chances", (0.1, 0.2, 0.3, 0.4))
    answered = {
        "outcome": "positive",
        "appearance": dict(zip(CATEGORIES, chances, strict=True)),
        "most_likely": CATEGORIES[chances.index(max(chances))],
        "refusal": None,
    }
    refused = {"outcome": "refused", "appearance": None, "most_likely": None}
    told = answered if code is None else refused | {"refusal": {"code": code}}
    film = {"number": number, "unit": None, "month": None, "seconds": 0.1, "format": "DICOM"}
    return film | told | columns


class TestGroup:
    def test_shares_are_means_of_the_answered(self) -> None:
        group = ScreenGroup()
        group.add(row())
        group.add(row(chances=(0.7, 0.1, 0.1, 0.1)))
        group.add(row(code="blank"))
        assert (group.films, group.refused, group.answered) == (3, 1, 2)
        assert group.shares == pytest.approx((0.4, 0.15, 0.2, 0.25))
        assert group.likeliest == {"typical": 1, "negative": 1}

    def test_without_an_answer_there_are_none(self) -> None:
        group = ScreenGroup()
        group.add(row(code="blank"))
        assert group.shares is None


class TestStability:
    def test_the_same_mix(self) -> None:
        assert stability((0.25,) * 4, (0.25,) * 4) == 0.0

    def test_by_hand(self) -> None:
        # (0.6 - 0.5) ln 1.2 + (0.4 - 0.5) ln 0.8 = 0.1 * (0.18232 + 0.22314)
        assert stability((0.6, 0.4), (0.5, 0.5)) == pytest.approx(0.040547, abs=1e-6)

    def test_it_is_the_same_either_way_and_finite_at_the_edge(self) -> None:
        p, q = (1.0, 0.0), (0.3, 0.7)
        assert stability(p, q) == pytest.approx(stability(q, p))
        assert math.isfinite(stability(p, (0.0, 1.0)))

    def test_of_other_categories(self) -> None:
        with pytest.raises(ValueError, match="argument 2 is shorter"):
            stability((0.5, 0.5), (1.0,))


class TestGroups:
    def test_by_folder_unit_and_month(self) -> None:
        figures = ScreenFigures()
        figures.add(row(unit="Norte", month="2020-03"), "a/x/1.dcm")
        figures.add(row(unit="Norte", month="2020-04"), "a/2.dcm")
        figures.add(row(unit="Sur", code="child"), "3.dcm")
        assert {name: group.films for name, group in figures.folders.items()} == {"a": 2, "": 1}
        assert {name: group.films for name, group in figures.units.items()} == {
            "Norte": 2,
            "Sur": 1,
        }
        assert {name: group.films for name, group in figures.months.items()} == {
            "2020-03": 1,
            "2020-04": 1,
            "": 1,
        }
        assert figures.units["Sur"].refused == 1
        assert (figures.whole.films, figures.counts.films) == (3, 3)
        assert figures.formats == {"DICOM": 3}

    def test_memory_is_bounded_whatever_the_archive_holds(self) -> None:
        figures = ScreenFigures()
        for number in range(GROUPS + 50):
            figures.add(row(number, unit=f"u{number}"), f"{number}/x.dcm")
        figures.add(row(unit="u0"), "0/x.dcm")
        assert len(figures.units) == GROUPS + 1
        assert figures.units["…"].films == 50
        assert figures.units["u0"].films == 2
        assert sum(group.films for group in figures.folders.values()) == GROUPS + 51
        assert len(figures.slowest) == WORST


class TestFolders:
    """Films of a table lie anywhere: groups are the first folders in which they differ."""

    @staticmethod
    def of(*paths: str, shared: list[str] | None = None) -> dict[str, int]:
        groups = FolderGroups(shared)
        for path in paths:
            groups.add(row(), path)
        return {name: group.films for name, group in groups.groups.items()}

    def test_below_what_all_share(self) -> None:
        paths = ("/films/2020/a/1.dcm", "/films/2020/b/2.dcm", "/films/2021/a/3.dcm")
        assert self.of(*paths) == {"2020": 2, "2021": 1}

    def test_whatever_their_order(self) -> None:
        paths = ("/films/2021/a/3.dcm", "/films/2020/b/2.dcm", "/films/2020/a/1.dcm")
        assert self.of(*paths) == {"2021": 1, "2020": 2}

    def test_higher_and_higher(self) -> None:
        assert self.of("/a/b/c/1.png", "/a/b/2.png", "/a/3.png", "/4.png") == {"a": 3, "": 1}

    def test_in_one_folder(self) -> None:
        assert self.of("/a/b/1.png", "/a/b/2.png") == {"": 2}

    def test_addresses_and_windows(self) -> None:
        assert self.of("s3://b/x/1.dcm", "s3://b/y/2.dcm", "s3://c/x/1.dcm") == {"b": 2, "c": 1}
        assert self.of("C:\\films\\a\\1.dcm", "C:\\films\\b\\1.dcm") == {"a": 1, "b": 1}

    def test_below_the_archive_itself_the_first_folder_counts(self) -> None:
        assert self.of("2020/a/1.png", "2020/b/2.png", shared=[]) == {"2020": 2}

    def test_what_melts_keeps_its_answers(self) -> None:
        groups = FolderGroups()
        groups.add(row(chances=(0.7, 0.1, 0.1, 0.1)), "/a/x/1.png")
        groups.add(row(), "/a/y/2.png")
        groups.add(row(code="blank"), "/a/y/3.png")
        groups.add(row(), "/b/4.png")
        melted = groups.groups["a"]
        assert (melted.films, melted.refused, melted.answered) == (3, 1, 2)
        assert melted.shares == pytest.approx((0.4, 0.15, 0.2, 0.25))
        assert melted.likeliest == {"negative": 1, "typical": 1}


class TestWorst:
    def test_the_slowest(self) -> None:
        figures = ScreenFigures()
        for number in range(100):
            figures.add(row(number, seconds=(number * 37) % 100 / 10), f"{number}.dcm")
        found = sorted(figures.slowest, reverse=True)
        assert [seconds for seconds, _, _ in found] == [n / 10 for n in range(99, 79, -1)]
        assert all((number * 37) % 100 / 10 == seconds for seconds, number, _ in found)

    def test_faults_are_of_files_not_of_pictures(self) -> None:
        figures = ScreenFigures()
        codes = ("child", "truncated", "blank", "internal_error", "not_frontal")
        for number, code in enumerate(codes):
            figures.add(row(number, code=code), f"{number}.dcm")
        assert figures.faults == [(1, "1.dcm", "truncated"), (3, "3.dcm", "internal_error")]
        for number in range(100):
            figures.add(row(number, code="truncated"), "x")
        assert len(figures.faults) == WORST


class TestPace:
    def test_quantiles_within_six_percent(self) -> None:
        figures = ScreenFigures()
        for number in range(1, 1001):
            figures.add(row(number, seconds=number / 1000), "x")
        for share in (0.01, 0.5, 0.95, 1.0):
            assert figures.seconds(share) == pytest.approx(share, rel=0.06)

    def test_of_no_films(self) -> None:
        assert ScreenFigures().seconds(0.5) is None


@pytest.mark.parametrize(
    ("path", "root", "expected"),
    [
        ("/archive/a/1.dcm", "/archive", "a/1.dcm"),
        ("/archive/a/1.dcm", "/archive/", "a/1.dcm"),
        ("/archives/1.dcm", "/archive", "/archives/1.dcm"),
        ("s3://b/x/1.dcm", "s3://b/x", "1.dcm"),
        ("s3://b/x/1.dcm", "s3://b", "x/1.dcm"),
        ("/elsewhere/1.dcm", "/lists/films.csv", "/elsewhere/1.dcm"),
        ("C:\\films\\a\\1.dcm", "C:\\films", "a/1.dcm"),
    ],
)
def test_paths_below_the_archive(path: str, root: str, expected: str) -> None:
    assert below(path, root) == expected


def test_of_a_job(make_job: MakeJob, order: ScreenerOrder) -> None:
    job = make_job()
    Screener(order)(0)
    figures = ScreenFigures.of(job)
    assert figures.counts.films == 4
    assert {name: group.films for name, group in figures.folders.items()} == {"": 2, "2020": 2}
    assert figures.units["Hospital del Sur"].films == 1
    assert figures.months["2020-03"].films == 1
    assert [path for _, path, _ in figures.faults] == ["torn.png"]
    assert [seconds for seconds, _, _ in figures.slowest] == sorted(
        (seconds for seconds, _, _ in figures.slowest), reverse=True
    )
