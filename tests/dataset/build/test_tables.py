"""The tables beside the films: what dataset.json counts and warns of, reckoned by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from covid_d.appearance import CATEGORIES, Appearance
from covid_d.dataset.build.films import Inspection
from covid_d.dataset.build.options import BuildOptions, Protocol
from covid_d.dataset.build.plan import Plan
from covid_d.dataset.build.select import Candidate, InspectedFilm
from covid_d.dataset.build.tables import EXCLUSION_COLUMNS, write_tables
from covid_d.dataset.collections.base import Exclusion, FilmRow, Reason
from covid_d.dataset.duplicates import Fingerprint, Pair
from covid_d.dataset.manifest import COLUMNS, SET_ASIDE, Label, Split
from covid_d.dataset.record import dataset_sha256
from covid_d.radiograph import Facts, Projection

TRAIN, VALIDATION, TEST = Split.TRAIN, Split.VALIDATION, Split.TEST


class Named:
    """A collection by its name alone."""

    children_only: ClassVar[bool] = False

    def __init__(self, name: str, citation: str, understood: str = "") -> None:
        self.name, self.citation, self.understood = name, citation, understood

    def rows(self) -> list[FilmRow]:
        return []


def _film(at: int, **cells: Any) -> InspectedFilm:
    usual: dict[str, Any] = {
        "source": "cohen",
        "original": f"{at}.png",
        "file": Path(f"{at}.png"),
        "label": Label.COVID,
        "projection": Projection.PA,
    }
    collection = cells.pop("collection", "one")
    nothing = np.zeros((128, 128), dtype=np.uint8)
    inspection = Inspection(
        Fingerprint(f"{at}", 0, nothing, np.zeros(49, dtype=np.uint64)),
        Facts(format="PNG", sha256=f"{at}", bits=8),
        width=10,
        height=10,
    )
    return InspectedFilm(Candidate(at, collection, False, FilmRow(**(usual | cells))), inspection)


def _plan(
    films: Sequence[InspectedFilm],
    splits: Sequence[Split],
    *,
    groups: Sequence[int] | None = None,
    pairs: Sequence[Pair] = (),
    more: Sequence[tuple[Candidate, Exclusion]] = (),
) -> Plan:
    return Plan(
        [film.candidate for film in films] + [candidate for candidate, _ in more],
        list(films),
        list(pairs),
        list(range(len(films)) if groups is None else groups),
        dict(enumerate(splits)),
        {candidate.index: exclusion for candidate, exclusion in more},
    )


def _rows(plan: Plan) -> list[dict[str, str]]:
    """Return the manifest's rows of a plan, as far as the tables look at them."""
    rows = []
    for at, split in plan.splits.items():
        row, learnt = plan.films[at].row, split not in SET_ASIDE
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | {
                "path": f"{split.value}/{at}.png",
                "split": split.value,
                "source": row.source,
                "label": row.label.value if row.label and learnt else "",
                "appearance": row.appearance.value if row.appearance and learnt else "",
                "original": row.original or "",
            }
        )
    return rows


def _written(
    plan: Plan,
    folder: Path,
    options: BuildOptions | None = None,
    collections: Sequence[Any] = (),
) -> dict[str, Any]:
    return write_tables(plan, options or BuildOptions(), _rows(plan), collections, folder)


def _whole(n: int = 2) -> tuple[list[InspectedFilm], list[Split]]:
    """Return films of both classes in every split."""
    films: list[InspectedFilm] = []
    splits: list[Split] = []
    for split in (TRAIN, VALIDATION, TEST):
        for label in Label:
            for _ in range(n):
                films.append(_film(len(films), label=label))
                splits.append(split)
    return films, splits


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_record_that_is_returned_is_the_one_that_is_written(tmp_path: Path) -> None:
    record = _written(_plan(*_whole()), tmp_path)
    assert json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8")) == record
    assert record["sha256"] == dataset_sha256(tmp_path, record)
    assert (record["schema"], record["protocol"], record["seed"]) == (2, "grouped", 7)


def test_counts_name_every_split_and_class(tmp_path: Path) -> None:
    films, splits = _whole(3)
    films.append(_film(len(films), source="nih", label=Label.NOCOVID))
    record = _written(_plan(films, [*splits, TEST]), tmp_path)
    assert record["counts"] == {
        "train": {"covid": 3, "nocovid": 3},
        "validation": {"covid": 3, "nocovid": 3},
        "test": {"covid": 3, "nocovid": 4},
        "CT": {},
        "lateral": {},
    }
    assert record["sources"]["test"] == {"cohen": {"covid": 3, "nocovid": 3}, "nih": {"nocovid": 1}}
    assert record["sources"]["CT"] == {}


def test_the_test_labels_are_those_of_the_test_split(tmp_path: Path) -> None:
    _written(_plan(*_whole(1)), tmp_path)
    assert _csv(tmp_path / "test_labels.csv") == [
        {"path": "test/4.png", "label": "covid", "appearance": ""},
        {"path": "test/5.png", "label": "nocovid", "appearance": ""},
    ]
    assert list(_csv(tmp_path / "manifest.csv")[0]) == list(COLUMNS)


def test_exclusions_are_one_line_each_in_the_order_of_the_rows(tmp_path: Path) -> None:
    films, splits = _whole(1)
    gone = FilmRow(
        source="nih", original=None, exclusion=Exclusion(Reason.MISSING), patient="nih:1",
        finding="Mass, \"big\"",
    )  # fmt: skip
    kept = _film(8, appearance=Appearance.ATYPICAL, collection="two").candidate
    plan = _plan(
        films,
        splits,
        more=[
            (kept, Exclusion(Reason.CONTRADICTORY, "says one\nthing,  and\tanother")),
            (Candidate(6, "two", False, gone), Exclusion(Reason.MISSING, "")),
        ],
    )
    plan.candidates.insert(7, _film(7).candidate)
    plan.candidates[6], plan.candidates[8] = plan.candidates[8], plan.candidates[6]
    _written(plan, tmp_path)
    first, second = _csv(tmp_path / "exclusions.csv")
    assert tuple(first) == EXCLUSION_COLUMNS
    assert first == {
        "collection": "two",
        "source": "nih",
        "original": "",
        "patient": "nih:1",
        "finding": 'Mass, "big"',
        "label": "",
        "appearance": "",
        "reason": "missing_file",
        "detail": "",
    }
    assert second["detail"] == "says one thing, and another"
    assert (second["label"], second["appearance"]) == ("covid", "atypical")


def test_each_collection_s_rows_add_up(tmp_path: Path) -> None:
    films, splits = _whole(1)
    films += [_film(6, collection="two"), _film(7, collection="two", label=None,
                                                 projection=Projection.LATERAL)]  # fmt: skip
    out = _film(8, collection="two").candidate
    plan = _plan(
        films, [*splits, TRAIN, Split.LATERAL], more=[(out, Exclusion(Reason.CHILD, "7 years"))]
    )
    found = _written(plan, tmp_path)["collections"]
    assert found == {
        "one": {"rows": 6, "used": 6, "aside": 0, "excluded": 0},
        "two": {"rows": 3, "used": 1, "aside": 1, "excluded": 1},
    }
    for counts in found.values():
        assert counts["rows"] == counts["used"] + counts["aside"] + counts["excluded"]


def test_what_is_set_aside_is_in_no_group_figure_and_no_warning(tmp_path: Path) -> None:
    films, splits = _whole(1)
    films.append(_film(6, label=None, projection=Projection.LATERAL))
    plan = _plan(
        films,
        [*splits, Split.LATERAL],
        groups=[0, 1, 2, 3, 4, 5, 0],  # the lateral film is the first film's patient
        pairs=[Pair(0, 6, 0.99)],
    )
    record = _written(plan, tmp_path)
    assert record["groups"] == {
        "groups": 6,
        "straddling": 0,
        "near_duplicate_pairs": 0,
        "near_duplicate_pairs_across_sources": 0,
    }
    assert not any("more than one split" in warning for warning in record["warnings"])


def test_groups_that_straddle_and_copies_between_sources_are_counted(tmp_path: Path) -> None:
    films, splits = _whole(1)
    films[5] = _film(5, label=Label.NOCOVID, source="nih")
    plan = _plan(films, splits, groups=[0, 1, 0, 1, 2, 1],
                 pairs=[Pair(0, 2, 0.99), Pair(1, 5, 0.97)])  # fmt: skip
    record = _written(plan, tmp_path)
    assert record["groups"] == {
        "groups": 3,
        "straddling": 2,
        "near_duplicate_pairs": 2,
        "near_duplicate_pairs_across_sources": 1,
    }
    assert any(warning.startswith("2 groups (one patient") for warning in record["warnings"])


@pytest.mark.parametrize(
    ("protocol", "told"), [(Protocol.GROUPED, True), (Protocol.ARTICLE, False)]
)
def test_films_of_unknown_projection_are_told_where_it_is_a_choice(
    protocol: Protocol, told: bool, tmp_path: Path
) -> None:
    films, splits = _whole(1)
    films[0] = _film(0, projection=None)
    record = _written(_plan(films, splits), tmp_path, BuildOptions(protocol=protocol))
    found = [warning for warning in record["warnings"] if "no recorded projection" in warning]
    assert found == (
        [
            "1 films have no recorded projection; they were taken for frontal ones. "
            "--known-projection-only leaves them out."
        ]
        if told
        else []
    )


def test_a_split_without_a_class_is_told(tmp_path: Path) -> None:
    films = [_film(0), _film(1, label=Label.NOCOVID), _film(2), _film(3)]
    record = _written(_plan(films, [TRAIN, TRAIN, VALIDATION, TEST]), tmp_path)
    told = [warning for warning in record["warnings"] if warning.startswith("The split")]
    assert told == [
        "The split validation has no film of class nocovid.",
        "The split test has no film of class nocovid.",
    ]


def test_labels_held_out_to_test_on_are_not_missed_in_training(tmp_path: Path) -> None:
    graded = [
        _film(at, label=None, appearance=look, source="siim") for at, look in enumerate(CATEGORIES)
    ]
    films = [*graded, *(_film(4 + at, label=None, appearance=look, source="siim")
                        for at, look in enumerate(CATEGORIES)), _film(8)]  # fmt: skip
    record = _written(_plan(films, [TRAIN] * 4 + [VALIDATION] * 4 + [TEST]), tmp_path)
    told = [warning for warning in record["warnings"] if warning.startswith("The split")]
    assert told == [f"The split test has no film of class {look.value}." for look in CATEGORIES]
    assert record["appearances"]["train"] == {look.value: 1 for look in CATEGORIES}


def test_only_graded_data_sets_ask_for_shortcuts_to_an_opacity(tmp_path: Path) -> None:
    films, splits = _whole(1)
    plain = _written(_plan(films, splits), tmp_path)
    assert "appearance_shortcuts" not in plain
    films[0] = _film(0, appearance=Appearance.TYPICAL)
    assert "appearance_shortcuts" in _written(_plan(films, splits), tmp_path)


def test_what_nobody_understood_is_listed_most_frequent_first(tmp_path: Path) -> None:
    films, splits = _whole(1)
    for at, word in enumerate(["tos", "fiebre", "tos", "asma"]):
        films[at] = _film(
            at, label=films[at].row.label, not_understood=(("label", word), ("age", f"{at}?"))
        )
    record = _written(_plan(films, splits), tmp_path)
    columns = record["not_understood"]["one"]
    assert list(columns) == ["age", "label"]
    assert list(columns["label"].items()) == [("tos", 2), ("asma", 1), ("fiebre", 1)]
    assert "Not understood in one, label: 'tos' (2), 'asma' (1), 'fiebre' (1)." in record[
        "warnings"
    ]  # fmt: skip


def test_a_long_list_of_strange_words_is_cut_in_the_warning_alone(tmp_path: Path) -> None:
    films, splits = _whole(2)
    odd = [
        _film(at, label=film.row.label, not_understood=(("sex", f"word{at:02d}"),))
        for at, film in enumerate(films)
    ]
    record = _written(_plan(odd, splits), tmp_path)
    assert len(record["not_understood"]["one"]["sex"]) == 12
    (warning,) = [said for said in record["warnings"] if said.startswith("Not understood")]
    assert warning.endswith("'word09' (1) and 2 more values.")
    assert "word10" not in warning


def test_a_citation_is_told_once_and_how_tables_were_read(tmp_path: Path) -> None:
    collections = [
        Named("a", "Cohen (2020)."), Named("b", "Cohen (2020)."),
        Named("c", "Kermany (2018).", "label from the column diagnóstico"),
    ]  # fmt: skip
    record = _written(_plan(*_whole(1)), tmp_path, collections=collections)
    text = (tmp_path / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert text.count("Cohen (2020).") == 1
    assert text.index("Cohen (2020).") < text.index("Kermany (2018).")
    assert record["understood"] == ["label from the column diagnóstico"]


def test_every_choice_is_in_the_record_and_changes_its_hash(tmp_path: Path) -> None:
    plan = _plan(*_whole(1))
    first = _written(plan, tmp_path)
    other = _written(plan, tmp_path, BuildOptions(seed=8))
    assert other["options"]["seed"] == 8
    assert other["sha256"] != first["sha256"]
    assert _written(plan, tmp_path) == first
