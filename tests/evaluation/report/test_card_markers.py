from __future__ import annotations

import pytest

from covid_d.errors import EvaluationError
from covid_d.evaluation.report.card_markers import with_part
from covid_d.language import N_

BEGIN, END = "<!-- part:begin -->", "<!-- part:end -->"
NEXT = N_("Audit it again.")


def test_only_the_text_between_the_markers_changes() -> None:
    card = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = with_part(card, BEGIN, END, "new", NEXT)
    assert once == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert with_part(once, BEGIN, END, "new", NEXT) == once


def test_the_part_may_be_empty_and_hold_anything_but_the_markers() -> None:
    card = f"{BEGIN}{END}"
    assert with_part(card, BEGIN, END, "", NEXT) == f"{BEGIN}\n\n{END}"
    assert with_part(card, BEGIN, END, r"\1 100 %", NEXT) == f"{BEGIN}\n\\1 100 %\n{END}"


@pytest.mark.parametrize(
    "card",
    [
        "# Card",
        f"{END}\n{BEGIN}",
        f"{BEGIN}\n{BEGIN}\n{END}",
        f"{BEGIN}\n{END}\n{END}",
        f"{BEGIN} only",
        f"{END} only",
        "",
    ],
)
def test_a_card_without_both_in_order_is_an_error_that_names_them(card: str) -> None:
    with pytest.raises(EvaluationError, match="lacks the markers") as caught:
        with_part(card, BEGIN, END, "new", NEXT)
    assert BEGIN in caught.value.message
    assert END in caught.value.message
    assert caught.value.in_language("es")[1] == "Audítelo de nuevo."
