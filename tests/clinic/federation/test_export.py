"""What a clinic sends: whole months, no patient. Three clinics together are their cases pooled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, true

from clinic_clock import CLOCK, today
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.federation.blocks import ANSWERS
from covid_d.clinic.federation.export import export
from covid_d.clinic.federation.merge import Merged, merge, read
from covid_d.clinic.federation.report import make
from covid_d.clinic.federation.signing import is_genuine, public_key
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.statistics.drift import REFERENCE, WINDOW
from covid_d.clinic.statistics.episodes import bundles, load
from covid_d.clinic.statistics.performance import compared
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import wilson
from episode_factory import BUNDLE, Told, random_cases, write

ACTOR = Actor(None, "command line")
LAST_MONTH = today().replace(day=1) - timedelta(days=1)


def _merged(*sent: dict[str, object]) -> Merged:
    return merge([read(json.loads(json.dumps(one)), "file") for one in sent])


def test_no_patient_leaves(installation: Installation, people: dict[Role, Person]) -> None:
    columns = {"patient_code": "HC-SECRETO", "notes": "nota", "province": "Loja", "age_years": 77}
    told = [Told(day=LAST_MONTH, patient="HC-SECRETO", columns=columns, rt_pcr="positive")] * 3
    write(installation, told * 5, user_id=people[Role.DOCTOR].id)
    sent = export(installation, ACTOR, "Hospital Uno")
    # Digits of key and signature are chance.
    rest = {name: part for name, part in sent.items() if name not in ("key", "signature")}
    text = json.dumps(rest, ensure_ascii=False)
    assert is_genuine(sent)
    assert sent["key"] == public_key(installation.keys)
    for word in ("SECRETO", "nota", "Loja", "doctor", "age", ": 77"):
        assert word not in text
    (block,) = sent["blocks"]
    assert set(block) == {
        "bundle", "unit", "month", "cases", "unanswered", "answers", "scores", "stated",
        "stated_mean",
    }  # fmt: skip
    assert block["answers"]["positive"] == [15, 0, 0]
    with installation.reading() as session:
        assert "federation.export" in session.scalars(select(AuditEntry.action)).all()


def test_the_present_month_and_old_ones_stay(
    installation: Installation, people: dict[Role, Person]
) -> None:
    old = LAST_MONTH - timedelta(days=200)
    for day in (today(), LAST_MONTH, old):
        write(installation, [Told(day=day)] * 6, user_id=people[Role.DOCTOR].id)
    sent = export(installation, ACTOR, "Hospital Uno", months=3)
    assert [block["month"] for block in sent["blocks"]] == [LAST_MONTH.strftime("%Y-%m")]
    assert sent["last"] == LAST_MONTH.strftime("%Y-%m")
    assert len(export(installation, ACTOR, "Hospital Uno")["blocks"]) == 2


def test_bundles_and_units_are_apart(
    installation: Installation, people: dict[Role, Person]
) -> None:
    other = add_unit(installation, "Centro Dos")
    told = [Told(day=LAST_MONTH)] * 6 + [Told(day=LAST_MONTH, bundle="b" * 64)] * 7
    told += [Told(day=LAST_MONTH, unit_id=other)] * 8
    write(installation, told, user_id=people[Role.DOCTOR].id)
    blocks = export(installation, ACTOR, "x")["blocks"]
    found = {(one["bundle"][0], one["unit"]): one["cases"]["unknown"] for one in blocks}
    assert found == {("a", "Hospital Uno"): 6, ("b", "Hospital Uno"): 7, ("a", "Centro Dos"): 8}


def test_drift_is_told_with_its_alarm(
    installation: Installation, people: dict[Role, Person]
) -> None:
    rng = np.random.default_rng(4)
    scores = rng.uniform(0.1, 0.5, REFERENCE + WINDOW)
    scores[REFERENCE:] = 0.95
    start = LAST_MONTH - timedelta(days=29)
    told = [
        Told(
            day=start + timedelta(days=number // 10), patient=f"D{number}", answers=(float(score),)
        )
        for number, score in enumerate(scores)
    ]
    write(installation, told, user_id=people[Role.DOCTOR].id)
    sent = export(installation, ACTOR, "Hospital Uno")
    (found,) = sent["drift"]
    assert found["alarms"] == ["scores"]
    assert found["unit"] == "Hospital Uno"
    rows = make(_merged(sent)).tables["drift"].rows
    assert [row[0] for row in rows] == ["Hospital Uno"]
    assert rows[0][4] != ""


def _last_days_of_months(count: int) -> list[date]:
    days = [LAST_MONTH]
    while len(days) < count:
        days.append(days[-1].replace(day=1) - timedelta(days=1))
    return days


@pytest.fixture
def three(clinic_settings: ClinicSettings, tmp_path: Path) -> Iterator[list[Installation]]:
    """Three clinics with 700 to 1,300 cases of a year each, entered evenly."""
    opened: list[Installation] = []
    for number in range(3):
        chosen = clinic_settings.model_copy(update={"data": tmp_path / f"clinic{number}"})
        place = Installation.open(chosen)
        opened.append(place)
        add_unit(place, f"Hospital {number}")
        user = add_user(place, "doctor", Role.DOCTOR, unit=f"Hospital {number}")
        told = random_cases(1000 + 300 * (number - 1), seed=number, last=LAST_MONTH, days=60)
        # A month of every class and answer has five at least, so that nothing is hidden.
        even = [
            Told(day=day, answers=(score,), rt_pcr=truth)
            for day in _last_days_of_months(3)
            for score in (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, None)
            for truth in ("positive", "negative", None)
            for _ in range(6)
        ]
        write(place, sorted([*told, *even], key=lambda one: one.day), user_id=user.id)
    yield opened
    for place in opened:
        place.close()


@pytest.mark.only_on("sqlite")
def test_three_clinics_together_are_their_cases_pooled(three: list[Installation]) -> None:
    sent = [export(place, ACTOR, f"Clinic {n}") for n, place in enumerate(three)]
    merged = _merged(*sent)
    sums = merged.sums()
    assert sums.hidden == {"positive": 0, "negative": 0, "unknown": 0}
    # Pooled by another way: every case of the three databases, one row each.
    answers, truth, scores, total = [], [], [], 0
    for place in three:
        with place.reading() as session:
            cases = load(
                session, bundles(session), unit_id=None, end=now(), told=true(), clock=CLOCK
            )
        both = compared(cases, cases.reference)
        answers.append(both.answers)
        truth.append(both.truth)
        scores.append(both.scores)
        total += len(cases)
    said, sick, score = np.concatenate(answers), np.concatenate(truth), np.concatenate(scores)
    for name, own in (("positive", sick), ("negative", ~sick)):
        assert sums.answers[name] == [int((said[own] == answer).sum()) for answer in ANSWERS]
        tenths, _ = np.histogram(score[own], bins=np.linspace(0, 1, 11))
        assert sums.scores[name] == tenths.tolist()
    assert sums.total + sums.unanswered == total
    report = make(merged)
    summed = report.tables["pooled"].rows[0][1]  # sensitivity, conclusive answers
    assert isinstance(summed, Estimate)
    decided = sick & (said != "inconclusive")
    hits, n = int((said[decided] == "positive").sum()), int(decided.sum())
    assert summed.value == pytest.approx(hits / n)
    assert (summed.low, summed.high) == pytest.approx(wilson(hits, n))
    assert report.bundle == BUNDLE
    assert len(report.pooled["sensitivity"][2]) == 3
    assert date.fromisoformat(f"{sent[0]['last']}-01") <= today()
