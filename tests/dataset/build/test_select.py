"""Which films are taken: the rules of both protocols, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.build.films import Inspection
from covid_d.dataset.build.options import BuildOptions, Licenses, Protocol
from covid_d.dataset.build.select import (
    Candidate,
    InspectedFilm,
    account_for,
    contradictions,
    covid_patients,
    gather,
    leave_out,
    patient_aliases,
    set_aside,
    with_facts,
)
from covid_d.dataset.collections import Exclusion, FilmRow, Modality, Reason
from covid_d.dataset.duplicates import Fingerprint, Pair
from covid_d.dataset.manifest import Label, Split
from covid_d.errors import DatasetError
from covid_d.radiograph import Facts, Projection, Sex

GROUPED = BuildOptions()
ARTICLE = BuildOptions(protocol=Protocol.ARTICLE)
PERMISSIVE = BuildOptions(licenses=Licenses.PERMISSIVE)


def row(**cells: Any) -> FilmRow:
    usual: dict[str, Any] = {
        "source": "cohen",
        "original": "a.png",
        "file": Path("a.png"),
        "label": Label.COVID,
        "projection": Projection.PA,
        "projection_text": "PA",
        "patient": "cohen:1",
    }
    return FilmRow(**(usual | cells))


def candidate(index: int = 0, **cells: Any) -> Candidate:
    return Candidate(index, "cohen", False, row(**cells))


def inspection(sha256: str = "x", **facts: Any) -> Inspection:
    nothing = np.zeros((128, 128), dtype=np.uint8)
    return Inspection(
        Fingerprint(sha256, 0, nothing, np.zeros(49, dtype=np.uint64)),
        Facts(format="DICOM", sha256=sha256, bits=12, **facts),
        width=10,
        height=10,
    )


def film(index: int, sha256: str = "", **cells: Any) -> InspectedFilm:
    return InspectedFilm(candidate(index, **cells), inspection(sha256 or f"sha-{index}"))


def reason(of: FilmRow, options: BuildOptions) -> str | None:
    exclusion = leave_out(of, options)
    return exclusion.reason if exclusion else None


class Shelf:
    """A collection of given rows."""

    citation: ClassVar[str] = "Nobody, 2020."
    children_only: ClassVar[bool] = False

    def __init__(self, name: str, *rows: FilmRow) -> None:
        self.name = name
        self._rows = rows

    def rows(self) -> Iterator[FilmRow]:
        yield from self._rows


def test_rows_are_numbered_through_all_collections() -> None:
    found = gather([Shelf("cohen", row(), row()), Shelf("nih", row()), Shelf("cohen", row())])
    assert [c.index for c in found] == [0, 1, 2, 3]
    assert [c.collection for c in found] == ["cohen", "cohen", "nih", "cohen-2"]


def test_a_child_on_one_film_is_a_child_on_films_of_unknown_age() -> None:
    found = gather(
        [
            Shelf(
                "x",
                row(patient="p", age=12.0, child=True),
                row(patient="p"),
                row(patient="p", age=18.0),
                row(patient="q"),
                row(patient="", age=3.0, child=True),
                row(patient=""),
            )
        ]
    )
    assert [c.row.child for c in found] == [True, True, False, False, True, False]


def test_a_plain_film_is_taken_by_both() -> None:
    assert reason(row(), GROUPED) is None
    assert reason(row(), ARTICLE) is None


def test_the_rows_own_reason_comes_first() -> None:
    missing = row(file=None, exclusion=Exclusion(Reason.MISSING), child=True)
    assert reason(missing, PERMISSIVE) == Reason.MISSING


@pytest.mark.parametrize(
    ("projection", "text", "grouped"),
    [
        (Projection.PA, "PA", None),
        (Projection.AP, "AP", None),
        (Projection.AP_SUPINE, "AP Supine", None),
        (Projection.OTHER, "oblique", Reason.LATERAL),
        (None, "", None),
        (None, "?", Reason.PROJECTION),
        (None, "oblique", Reason.PROJECTION),
    ],
)
def test_the_grouped_protocol_takes_frontal_films(
    projection: Projection | None, text: str, grouped: Reason | None
) -> None:
    of = row(projection=projection, projection_text=text)
    assert reason(of, GROUPED) == grouped
    assert reason(of, ARTICLE) is None


def test_films_without_recorded_projection_can_be_left_out() -> None:
    of = row(projection=None, projection_text="")
    assert reason(of, BuildOptions(known_projection_only=True)) == Reason.PROJECTION
    assert reason(row(), BuildOptions(known_projection_only=True)) is None


def test_children_are_left_out_unless_asked_for() -> None:
    child = row(child=True, age=5.0)
    assert leave_out(child, GROUPED) == Exclusion(Reason.CHILD, "5 years")
    assert leave_out(row(child=True), GROUPED) == Exclusion(Reason.CHILD, "a child, age not stated")
    assert reason(child, BuildOptions(adults_only=False)) is None
    assert reason(child, ARTICLE) is None


def test_licences_that_forbid_are_left_out() -> None:
    assert reason(row(license="CC BY 4.0"), PERMISSIVE) is None
    assert leave_out(row(license="CC BY-NC-ND"), PERMISSIVE) == Exclusion(
        Reason.LICENSE, "CC BY-NC-ND"
    )
    assert leave_out(row(), PERMISSIVE) == Exclusion(Reason.LICENSE, "none stated")
    assert reason(row(license="CC BY-NC-ND"), GROUPED) is None


def test_a_lateral_film_is_set_aside_by_the_grouped_protocol_only() -> None:
    lateral = row(projection=Projection.LATERAL, projection_text="L", label=None)
    assert set_aside(lateral, GROUPED) is Split.LATERAL
    assert reason(lateral, GROUPED) is None
    assert set_aside(lateral, ARTICLE) is None
    assert reason(lateral, ARTICLE) == Reason.UNLABELLED
    child = row(projection=Projection.LATERAL, projection_text="L", child=True)
    assert reason(child, GROUPED) == Reason.CHILD


def test_computed_tomography_is_set_aside_whatever_its_patient() -> None:
    ct = row(modality=Modality.CT, child=True, projection=None, projection_text="Axial")
    assert reason(ct, GROUPED) is None
    assert reason(ct, PERMISSIVE) == Reason.LICENSE


def test_the_file_fills_in_what_the_row_leaves_open() -> None:
    open_row = candidate(projection=None, projection_text="")
    known = with_facts(
        open_row, inspection(projection=Projection.LATERAL, age_years=9.0, sex=Sex.FEMALE)
    ).row
    assert known.projection is Projection.LATERAL
    assert known.age == 9.0
    assert known.child
    assert known.sex is Sex.FEMALE
    assert reason(known, GROUPED) == Reason.CHILD


def test_the_collection_knows_better_than_the_file() -> None:
    told = candidate(age=50.0, sex=Sex.MALE)
    known = with_facts(
        told, inspection(projection=Projection.AP, age_years=3.0, sex=Sex.FEMALE)
    ).row
    assert (known.projection, known.age, known.sex) == (Projection.PA, 50.0, Sex.MALE)
    # But a child by any source is one.
    assert known.child


def test_a_file_that_says_ct_is_ct() -> None:
    assert with_facts(candidate(), inspection(modality="CT")).row.modality is Modality.CT
    assert with_facts(candidate(), inspection(modality="DX")).row.modality is Modality.XRAY


def test_patients_with_covid_are_known_even_by_missing_films() -> None:
    rows = [
        candidate(0, patient="cohen:1", file=None, exclusion=Exclusion(Reason.MISSING)),
        candidate(1, patient="cohen:2", label=Label.NOCOVID),
        candidate(2, patient=""),
    ]
    assert covid_patients(rows) == {"cohen:1"}


def test_a_normal_film_of_a_patient_with_covid_is_left_out() -> None:
    films = [
        film(0, patient="cohen:1", label=Label.NOCOVID, finding="No Finding"),
        film(1, patient="cohen:1"),
        film(2, patient="cohen:2", label=Label.NOCOVID, finding="No Finding"),
        film(3, patient="", label=Label.NOCOVID),
    ]
    assert contradictions(films, [], {"cohen:1"}) == {
        0: Exclusion(Reason.CONFLICTING_PATIENT, "No Finding")
    }


def test_copies_with_different_labels_are_all_left_out() -> None:
    films = [
        film(0, patient="a"),
        film(1, patient="b", label=Label.NOCOVID, original="b.png"),
        film(2, patient="c"),
    ]
    left_out = contradictions(films, [Pair(0, 1, 0.91), Pair(0, 2, 0.9)], set())
    assert {at: exclusion.reason for at, exclusion in left_out.items()} == {
        0: Reason.CONFLICTING_COPIES,
        1: Reason.CONFLICTING_COPIES,
    }
    assert left_out[0].detail == "cohen:b.png is nocovid (likeness 0.91)"


def test_a_further_exact_copy_is_left_out_and_a_near_one_is_not() -> None:
    films = [film(0, "same"), film(1, "other"), film(2, "same")]
    left_out = contradictions(films, [Pair(0, 1, 0.95), Pair(0, 2, 1.0)], set())
    assert left_out == {2: Exclusion(Reason.COPY, "cohen:a.png")}


def test_exact_copies_with_different_labels_leave_none() -> None:
    films = [film(0, "same"), film(1, "same", label=Label.NOCOVID), film(2, "same")]
    pairs = [Pair(0, 1, 1.0), Pair(0, 2, 1.0), Pair(1, 2, 1.0)]
    reasons = {str(e.reason) for e in contradictions(films, pairs, set()).values()}
    assert reasons == {Reason.CONFLICTING_COPIES}


def test_two_ids_of_one_file_are_one_person() -> None:
    listed_twice = [
        candidate(0, patient="cohen:285"),
        candidate(1, patient="cohen:339", file=None, exclusion=Exclusion(Reason.LISTED_TWICE)),
        candidate(2, patient="cohen:285", original="b.png"),
        candidate(3, patient="", original="b.png"),
        candidate(4, patient="cohen:9", original=None, file=None, exclusion=Exclusion("x")),
    ]
    assert patient_aliases(listed_twice) == [("cohen:285", "cohen:339")]
    elsewhere = replace(listed_twice[1], collection="other")
    assert patient_aliases([listed_twice[0], elsewhere]) == []


def test_every_row_has_one_end() -> None:
    rows = [candidate(0), candidate(1), candidate(2)]
    account_for(rows, used=[1], ct=[0], out=[2])


@pytest.mark.parametrize(
    ("used", "out"), [([0], [1]), ([0, 1], [1, 2]), ([0, 1], [3]), ([0, 1, 2], [2])]
)
def test_a_row_lost_or_told_twice_is_an_error(used: list[int], out: list[int]) -> None:
    with pytest.raises(DatasetError, match="3 rows were read"):
        account_for([candidate(0), candidate(1), candidate(2)], used, [], out)


def graded(
    appearance: Appearance | None, label: Label | None = None, index: int = 0
) -> InspectedFilm:
    look = candidate(index, label=label, appearance=appearance, patient=f"siim:{index}")
    return InspectedFilm(look, inspection(sha256=str(index)))


@pytest.mark.parametrize(
    ("likeness", "left_out"), [(1.0, {0, 1}), (0.95, {0, 1}), (0.94, set()), (0.83, set())]
)
def test_one_exposure_has_one_appearance_two_days_may_have_two(
    likeness: float, left_out: set[int]
) -> None:
    films = [graded(Appearance.TYPICAL), graded(Appearance.NEGATIVE, index=1)]
    told = contradictions(films, [Pair(0, 1, likeness)], set())
    assert set(told) == left_out
    if left_out:
        assert told[0].detail == f"cohen:a.png is negative (likeness {likeness:.2f})"


def test_a_film_that_says_less_contradicts_nothing() -> None:
    films = [
        graded(Appearance.NEGATIVE),
        graded(None, Label.COVID, index=1),
        graded(Appearance.NEGATIVE, Label.COVID, index=2),
    ]
    pairs = [Pair(0, 1, 1.0), Pair(0, 2, 1.0), Pair(1, 2, 1.0)]
    assert contradictions(films, pairs, set()) == {}


def test_an_appearance_is_enough_in_the_grouped_protocol_and_not_in_the_articles() -> None:
    film = row(label=None, appearance=Appearance.ATYPICAL, finding="Atypical Appearance")
    assert leave_out(film, GROUPED) is None
    told = leave_out(film, ARTICLE)
    assert told == Exclusion(Reason.UNLABELLED, "Atypical Appearance")


def test_an_age_that_nobody_can_read_is_no_adults() -> None:
    film = row(not_understood=(("age", "doce"),))
    assert leave_out(film, GROUPED) == Exclusion(Reason.AGE, "doce")
    assert leave_out(film, BuildOptions(adults_only=False)) is None
    assert leave_out(row(not_understood=(("view", "doce"),)), GROUPED) is None


@pytest.mark.parametrize("text", ["", "unknown", "No consta", "frontal"])
def test_a_projection_that_is_not_told_may_be_frontal(text: str) -> None:
    assert leave_out(row(projection=None, projection_text=text), GROUPED) is None
    strict = BuildOptions(known_projection_only=True)
    told = leave_out(row(projection=None, projection_text=text), strict)
    assert told
    assert told.reason is Reason.PROJECTION


@pytest.mark.parametrize("text", ["?", "AP foo", "Axial"])
def test_a_projection_that_is_told_and_not_understood_is_left_out(text: str) -> None:
    told = leave_out(row(projection=None, projection_text=text), GROUPED)
    assert told == Exclusion(Reason.PROJECTION, text)


@pytest.mark.parametrize(
    "facts", [{"age_years": 9.0}, {"age_by_dates": 4.0, "age_years": 45.0}, {"child": True}]
)
def test_a_child_by_any_source_is_one(facts: dict[str, Any]) -> None:
    known = with_facts(candidate(age=45.0), inspection(**facts))
    assert known.row.child
    assert leave_out(known.row, GROUPED) == Exclusion(Reason.CHILD, "45 years")


def test_an_age_of_the_file_that_nobody_can_read_is_no_adults() -> None:
    known = with_facts(candidate(), inspection(age_unread="XXXY"))
    assert leave_out(known.row, GROUPED) == Exclusion(Reason.AGE, "XXXY")
    # Where the collection states an age, the file's words add nothing.
    known = with_facts(candidate(age=45.0), inspection(age_unread="XXXY"))
    assert leave_out(known.row, GROUPED) is None
