"""What a person says of a film and its patient: an age is an age, and silence is no answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.detector.stated import Stated
from covid_d.radiograph.film import Projection, Sex


def test_nothing_is_stated_unless_somebody_says_it() -> None:
    nothing = Stated()
    assert {nothing.projection, nothing.age_years, nothing.adult, nothing.sex} == {None}


@given(st.floats(0, 200, exclude_max=True))
def test_every_age_a_person_can_have_is_taken_as_it_is(age: float) -> None:
    assert Stated(age_years=age).age_years == age


@pytest.mark.parametrize("age", [-1e-9, -1.0, 200.0, 1e9, math.inf, -math.inf, math.nan])
def test_what_is_no_age_is_refused_and_quoted(age: float) -> None:
    with pytest.raises(ValueError, match=r"0 or more years, got (-|inf|nan|\d)") as caught:
        Stated(age_years=age)
    assert str(age) in str(caught.value)


def test_who_states_the_same_states_one_thing() -> None:
    one = Stated(Projection.AP, 40.0, True, Sex.FEMALE)
    assert one == Stated(projection=Projection.AP, age_years=40, adult=True, sex=Sex.FEMALE)
    assert len({one, Stated(Projection.AP, 40.0, True, Sex.FEMALE), Stated()}) == 2
