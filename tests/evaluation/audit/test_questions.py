"""What each kind of model is asked, of which films, and by which number."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from covid_d.evaluation.audit.questions import COVID, OPACITY, TYPICAL, questions_of

FOUR = ("negative", "atypical", "indeterminate", "typical")
FILMS = pd.DataFrame(
    {
        "label": ["covid", "nocovid", "", "", "", ""],
        "appearance": ["", "", "negative", "typical", "atypical", "indeterminate"],
    }
)


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (("covid", "nocovid"), ["covid"]),
        (FOUR, ["typical", "opacity"]),
        (("opacity",), ["opacity"]),
        (("typical",), ["typical"]),
    ],
)
def test_what_a_model_is_asked(classes: tuple[str, ...], names: list[str]) -> None:
    assert [question.name for question in questions_of(classes)] == names


def test_a_model_of_something_else_cannot_be_audited() -> None:
    with pytest.raises(ValueError, match="cannot be audited"):
        questions_of(("cat", "dog"))


def test_which_films_take_part() -> None:
    assert COVID.asked(FILMS).tolist() == [True, True, False, False, False, False]
    assert TYPICAL.asked(FILMS).tolist() == [False, False, True, True, False, False]
    assert OPACITY.asked(FILMS).tolist() == [False, False, True, True, True, True]
    assert COVID.truth(FILMS).tolist()[:2] == [True, False]
    assert TYPICAL.truth(FILMS).tolist()[2:4] == [False, True]
    assert OPACITY.truth(FILMS).tolist()[2:] == [False, True, True, True]


def test_which_number_answers() -> None:
    assert COVID.score(("covid", "nocovid"), (0.7, 0.3)) == 0.7
    assert TYPICAL.score(FOUR, (0.1, 0.3, 0.3, 0.3)) == pytest.approx(0.75)
    assert TYPICAL.score(FOUR, (0.0, 0.5, 0.5, 0.0)) == 0.5
    assert OPACITY.score(FOUR, (0.1, 0.3, 0.3, 0.3)) == pytest.approx(0.9)
    assert OPACITY.score(("opacity",), (3.5,)) == 3.5
    assert TYPICAL.score(("typical",), (3.5,)) == 3.5
    for question in (COVID, TYPICAL, OPACITY):
        assert math.isnan(question.score(FOUR, ()))  # refused
