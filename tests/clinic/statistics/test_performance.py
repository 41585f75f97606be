"""Figures against laboratory results, computed by hand and by scikit-learn; flow that adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from clinic_clock import CLOCK
from clinic_factory import add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.dashboard import Reference, make
from covid_d.clinic.statistics.performance import Compared
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import HIDDEN, FigureTable
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import wilson
from covid_d.language import Text
from episode_factory import Told, random_cases, write

PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31), CLOCK)
READER = Person(1, "doctor", "Doctor", Role.DOCTOR, 1)
OWN = Scope(1, READER)
OUTSIDER = Scope(None, None)
# 12 ill: 8 positive, 1 negative, 3 inconclusive; 20 healthy: 2, 15, 3.
ILL = [0.9] * 8 + [0.1] + [0.5] * 3
HEALTHY = [0.8] * 2 + [0.2] * 15 + [0.55] * 3


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _tables(
    installation: Installation, scope: Scope = OWN, **choices: object
) -> dict[str, FigureTable]:
    with installation.reading() as session:
        return make(session, scope, PERIOD, **choices).tables  # type: ignore[arg-type]


def _told(kind: str = "rt_pcr") -> list[Told]:
    return [
        *[Told(answers=(score,), **{kind: "positive"}) for score in ILL],  # type: ignore[arg-type]
        *[Told(answers=(score,), **{kind: "negative"}) for score in HEALTHY],  # type: ignore[arg-type]
    ]


def _cells(table: FigureTable, row: int = 0) -> dict[str, object]:
    names = [column.name for column in table.columns]
    return dict(zip(names, table.rows[row], strict=True))


def _is(estimate: object, hits: int, n: int) -> bool:
    assert isinstance(estimate, Estimate)
    # The variance over n patients has n - 1 in it; all or none tell no variance.
    effective = n if hits in (0, n) else n - 1
    bounds = wilson(hits / n * effective, effective)
    assert (estimate.low, estimate.high) == pytest.approx(bounds)
    return estimate.n == n and estimate.value == pytest.approx(hits / n)


def test_figures(installation: Installation, doctor: Person) -> None:
    write(installation, _told(), user_id=doctor.id)
    cells = _cells(_tables(installation)["accuracy"])
    counts = [cells[name] for name in ("cases", "with_covid", "without_covid", "inconclusive")]
    assert counts == [32, 12, 20, 6]
    assert cells["sensitivity"] is None  # nine conclusive ill cases are too few
    assert _is(cells["specificity"], 15, 17)
    assert _is(cells["sensitivity_of_all"], 8, 12)
    assert _is(cells["specificity_of_all"], 15, 20)
    area = cells["auroc"]
    assert isinstance(area, Estimate)
    assert area.value == pytest.approx(roc_auc_score([1] * 12 + [0] * 20, ILL + HEALTHY))
    assert area.low < area.value < area.high


def test_antigen_may_be_the_reference(installation: Installation, doctor: Person) -> None:
    write(installation, _told("antigen"), user_id=doctor.id)
    assert _cells(_tables(installation)["accuracy"])["cases"] == 0
    cells = _cells(_tables(installation, reference=Reference.ANTIGEN)["accuracy"])
    assert (cells["cases"], cells["with_covid"]) == (32, 12)


def test_cases_of_a_patient_widen_the_interval() -> None:
    answers, truth = np.array(["positive"] * 20 + ["negative"] * 20), np.ones(40, dtype=bool)
    alone = Compared(answers, truth, np.arange(40)).rate(positive=True, of_all=True)
    twice = Compared(answers, truth, np.arange(40) // 2).rate(positive=True, of_all=True)
    assert alone is not None
    assert twice is not None
    assert twice.high - twice.low > 1.2 * (alone.high - alone.low)


def test_the_flow_adds_up(installation: Installation, doctor: Person) -> None:
    loose = [
        Told(answers=()),
        *[Told(answers=(None,), rt_pcr="positive")] * 2,
        *[Told(rt_pcr="indeterminate")] * 3,
        *[Told(rt_pcr="positive", sampled=date(2026, 9, 1))] * 4,
        *[Told(antigen="positive")] * 5,
    ]
    write(installation, [*_told(), *loose], user_id=doctor.id)
    rows = _tables(installation)["flow"].rows
    counts = [row[2] for row in rows]
    assert counts == [47, 1, 2, 44, 5, 3, 4, 32, 12, 8, 1, 3, 20, 2, 15, 3]
    _adds_up(rows)


def test_a_case_with_the_other_test_alone_is_said_to_lack_this_one(
    installation: Installation, doctor: Person
) -> None:
    write(installation, [Told(antigen="positive")], user_id=doctor.id)
    for reference, said, left_out in (
        (Reference.RT_PCR, "Left out: no RT-PCR result", 1),
        (Reference.ANTIGEN, "Left out: no antigen test result", 0),
    ):
        row = _tables(installation, reference=reference)["flow"].rows[4]
        assert (str(row[1]), row[2]) == (said, left_out)


def test_the_flow_adds_up_on_any_cases(installation: Installation, doctor: Person) -> None:
    write(installation, random_cases(400), user_id=doctor.id)
    for reference in Reference:
        _adds_up(_tables(installation, reference=reference)["flow"].rows)


def _adds_up(rows: object) -> None:
    counts = [row[2] for row in rows]  # type: ignore[attr-defined]
    assert counts[0] == sum(counts[1:4])
    assert counts[3] == sum(counts[4:8])
    assert counts[7] == counts[8] + counts[12]
    assert counts[8] == sum(counts[9:12])
    assert counts[12] == sum(counts[13:16])


def test_bundles_and_units_have_figures_of_their_own(
    installation: Installation, doctor: Person
) -> None:
    other = add_unit(installation, "Centro Dos")
    second = [
        Told(answers=told.answers, rt_pcr=told.rt_pcr, unit_id=other, bundle="b" * 64)
        for told in _told()
    ]
    few = [Told(unit_id=add_unit(installation, "Centro Tres"), rt_pcr="positive")] * 2
    write(installation, [*_told(), *second, *few], user_id=doctor.id)
    table = _tables(installation, OUTSIDER)["accuracy"]
    found = {str(row[0]): row[1] for row in table.rows}
    assert found == {
        "All": 66,
        "phantom 1.0 (aaaaaaaaaaaa)": 34,
        "phantom 1.0 (bbbbbbbbbbbb)": 32,
        "Hospital Uno": 32,
        "Centro Dos": 32,
        "Centro Tres": HIDDEN,
    }
    one = _tables(installation, OUTSIDER, bundle="b" * 64)
    assert one["accuracy"].rows[0][1] == 32
    assert one["flow"].rows[0][2] == 32
    assert one["days"].rows is not None


def test_readers_and_the_model_are_compared_on_the_same_cases(
    installation: Installation, doctor: Person
) -> None:
    read = [Told(answers=told.answers, rt_pcr=told.rt_pcr, blind=told.rt_pcr) for told in _told()]
    more = [Told(rt_pcr="positive")] * 30  # not read by anybody
    write(installation, [*read, *more], user_id=doctor.id)
    reader, model = _tables(installation)["comparators"].rows
    assert isinstance(reader[0], Text)
    assert reader[1:5] == (32, 12, 20, 0)
    assert model[1:5] == (32, 12, 20, 6)
    assert _is(reader[5], 12, 12)
    assert _is(reader[6], 20, 20)
    assert _is(model[7], 8, 12)


def test_antigen_is_compared_with_rt_pcr(installation: Installation, doctor: Person) -> None:
    both = [Told(answers=told.answers, rt_pcr=told.rt_pcr, antigen="negative") for told in _told()]
    write(installation, both, user_id=doctor.id)
    antigen, _ = _tables(installation)["comparators"].rows
    assert _is(antigen[5], 0, 12)
    assert _is(antigen[6], 20, 20)


def test_calibration(installation: Installation, doctor: Person) -> None:
    write(installation, _told(), user_id=doctor.id)
    rows = _tables(installation)["calibration"].rows
    by_bin = {row[0]: row for row in rows}
    assert by_bin[0.2][2] == 15
    assert _is(by_bin[0.2][4], 0, 15)
    assert by_bin[0.8][4] is None  # two cases
    assert sum(row[2] for row in rows if isinstance(row[2], int)) == 32


def test_answers_of_appearance_are_counted(installation: Installation, doctor: Person) -> None:
    """They state no probability of COVID-19: ranked by how typical the film looks alone."""
    told = [replace(one, appearance=True) for one in _told()]
    write(installation, told, user_id=doctor.id)
    tables = _tables(installation)
    cells = _cells(tables["accuracy"])
    counts = [cells[name] for name in ("cases", "with_covid", "without_covid", "inconclusive")]
    assert counts == [32, 12, 20, 6]
    area = cells["auroc"]
    assert isinstance(area, Estimate)
    truth = [1] * len(ILL) + [0] * len(HEALTHY)
    assert area.value == pytest.approx(roc_auc_score(truth, ILL + HEALTHY))
    flow = {str(row[1]): row[2] for row in tables["flow"].rows}
    assert flow["With an answer"] == flow["Counted"] == 32
    assert flow["Left out: no film could be analysed"] == 0
    assert tables["calibration"].rows == []


def test_no_auroc_is_given_over_two_scales(installation: Installation, doctor: Person) -> None:
    looks = [replace(one, appearance=True, bundle="b" * 64) for one in _told()]
    write(installation, [*_told(), *looks], user_id=doctor.id)
    tables = _tables(installation)
    cells = {str(row[0]): row for row in tables["accuracy"].rows}
    assert cells["All"][1] == 64
    assert cells["All"][-1] is None
    assert _is(cells["All"][-2], 30, 40)  # by outcome, both count alike
    truth = [1] * len(ILL) + [0] * len(HEALTHY)
    for name in ("phantom 1.0 (aaaaaaaaaaaa)", "phantom 1.0 (bbbbbbbbbbbb)"):
        area = cells[name][-1]
        assert isinstance(area, Estimate)
        assert area.value == pytest.approx(roc_auc_score(truth, ILL + HEALTHY))
    # Only the older bundle's answers state a probability of COVID-19.
    assert sum(row[2] for row in tables["calibration"].rows if isinstance(row[2], int)) == 32


def test_a_refused_film_of_such_a_bundle_is_no_answer(
    installation: Installation, doctor: Person
) -> None:
    told = [Told(answers=(None,), appearance=True), Told(answers=(0.9,), appearance=True)]
    write(installation, told, user_id=doctor.id)
    flow = {str(row[1]): row[2] for row in _tables(installation)["flow"].rows}
    assert (flow["Left out: no film could be analysed"], flow["With an answer"]) == (1, 1)
