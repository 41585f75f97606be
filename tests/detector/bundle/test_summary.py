"""The card's sentence about the verdict: true before the audit, after it, and of older cards."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.spec import Verdict
from covid_d.detector.bundle.summary import BEGIN, END, verdict_in_summary, with_verdict

PASSED = Verdict(status="audit-passed", reasons=(), audited=datetime(2026, 1, 2, tzinfo=UTC))
FAILED = Verdict(reasons=("the lungs do not matter",), audited=datetime(2026, 1, 2, tzinfo=UTC))
BEFORE = Verdict()


@pytest.mark.parametrize(
    ("verdict", "said", "unsaid"),
    [
        (PASSED, "Superó la auditoría de atajos (`audit-passed`)", "demostración"),
        (FAILED, "No superó la auditoría de atajos: es una demostración", "audit-passed"),
        (BEFORE, "no se ha hecho todavía: es una demostración", "Superó"),
    ],
)
def test_each_verdict_is_told_as_it_is(verdict: Verdict, said: str, unsaid: str) -> None:
    sentence = verdict_in_summary(verdict)
    assert said in sentence
    assert unsaid not in sentence
    assert "Mientras" not in sentence
    assert sentence.startswith(BEGIN)
    assert sentence.endswith(END)


def test_a_later_verdict_takes_the_earlier_ones_place() -> None:
    card = f"# Card\n\nIntro. {verdict_in_summary(BEFORE)}\n\n## Rest\n"
    passed = with_verdict(card, PASSED)
    assert passed == f"# Card\n\nIntro. {verdict_in_summary(PASSED)}\n\n## Rest\n"
    assert with_verdict(passed, BEFORE) == card
    assert with_verdict(passed, PASSED) == passed


def test_an_older_card_that_knew_a_condition_only_tells_it_too() -> None:
    old = "# Card\n\nMientras el veredicto sea `demonstration`, úsela solo como demostración.\n"
    new = with_verdict(old, PASSED)
    assert new == f"# Card\n\n{verdict_in_summary(PASSED)}\n"
    assert with_verdict(new, FAILED) == f"# Card\n\n{verdict_in_summary(FAILED)}\n"


def test_the_built_in_bundles_card_can_be_told_its_verdict() -> None:
    bundle = Bundle.load("builtin")
    told = with_verdict(bundle.card, bundle.claimed)
    assert told.count(verdict_in_summary(bundle.claimed)) == 1
    assert "Mientras el veredicto" not in told
    assert len(told.splitlines()) == len(bundle.card.splitlines())


@pytest.mark.parametrize("card", ["", "# Card\n", f"# Card\n{BEGIN}\n", f"{END} {BEGIN}", END * 2])
def test_a_card_without_the_place_stays_as_it_is(card: str) -> None:
    assert with_verdict(card, PASSED) == card
