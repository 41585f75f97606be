"""An answer's numbers in words, in both languages, beside the numbers themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.assessment import Assessment, BundleId, CovidRange, Outcome
from covid_d.detector.words import covid_in_words, numbers, percent
from covid_d.radiograph import Refusal, RefusalCode

ID = BundleId("phantom", "1.0", "0" * 64)
SHARES = (0.005, 0.095, 0.2, 0.7)
LOOKS = dict(zip(CATEGORIES, SHARES, strict=True))


def _appearance(**more: object) -> Assessment:
    return Assessment("a.png", Outcome.POSITIVE, ID, appearance=LOOKS, **more)  # type: ignore[arg-type]


def test_a_refusal_has_no_number_to_say() -> None:
    refused = Assessment("a.png", Outcome.REFUSED, ID, refusal=Refusal.of(RefusalCode.NO_LUNGS))
    assert numbers(refused) == []


def test_the_appearance_is_said_from_typical_to_negative() -> None:
    listed, opacity = numbers(_appearance())
    assert listed.en.startswith("Appearance by the model: ")
    places = [listed.en.index(look.message.en) for look in reversed(CATEGORIES)]
    assert places == sorted(places)
    for said in ("70 %", "20 %", "10 %", "< 1 %"):
        assert said in listed.es
        assert said in listed.en
    assert listed.es.startswith("Aspecto según el modelo: ")
    assert listed.es.rindex("< 1 %") > listed.es.rindex("70 %")
    assert opacity.en == "Any lung opacity: > 99 %"
    assert opacity.es == "Alguna opacidad pulmonar: > 99 %"


def test_a_demonstration_of_the_old_kind_gives_a_score_and_no_percentage() -> None:
    (said,) = numbers(Assessment("a.png", Outcome.POSITIVE, ID, probability=0.875))
    assert said.en.endswith("(no probability of disease): 0.88")
    assert said.es.endswith("(no es una probabilidad de enfermedad): 0,88")
    assert "%" not in said.es + said.en


def test_an_audited_bundle_of_the_old_kind_gives_a_probability() -> None:
    (said,) = numbers(Assessment("a.png", Outcome.POSITIVE, ID, "audit-passed", probability=0.875))
    assert said.en == "Probability of COVID-19 by the model: 88 %"
    assert said.es == "Probabilidad de COVID-19 según el modelo: 88 %"


@pytest.mark.parametrize(
    ("prevalence", "es", "en"),
    [
        (0.1, "10 %", "10 %"),
        (0.125, "12,5 %", "12.5 %"),
        (0.0005, "0,05 %", "0.05 %"),
        (1 / 3, "33,3 %", "33.3 %"),
    ],
)
def test_the_prevalence_is_said_with_three_digits(prevalence: float, es: str, en: str) -> None:
    said = covid_in_words(CovidRange(0.2, 0.4, 0.6, prevalence))
    assert said.es == (
        f"COVID-19 con una prevalencia del {es}: 20 % a 60 % (valor central 40 %), según los "
        "estudios publicados"
    )
    assert said.en == (
        f"COVID-19 at a prevalence of {en}: 20 % to 60 % (middle 40 %), by the published studies"
    )


def test_one_s_own_table_is_named_in_each_language_s_quotes() -> None:
    said = covid_in_words(CovidRange(0.0, 0.005, 1.0, 0.5, table="Hospital {Uno}"))
    assert said.es.endswith("según la tabla «Hospital {Uno}»")
    assert said.en.endswith('by the table "Hospital {Uno}"')
    assert "< 1 % a > 99 % (valor central < 1 %)" in said.es


def test_a_range_comes_last() -> None:
    covid = CovidRange(0.2, 0.4, 0.6, 0.1)
    found = numbers(_appearance(verdict="audit-passed", covid=covid))
    assert len(found) == 3
    assert found[-1] == covid_in_words(covid)


@given(st.floats(0, 1))
def test_a_percentage_is_never_0_or_100(probability: float) -> None:
    said = percent(probability)
    assert said not in {"0 %", "100 %"}
    if said[0] not in "<>":
        assert abs(int(said[:-2]) - 100 * probability) <= 0.5


def test_the_most_likely_of_a_tie_is_the_less_grave() -> None:
    even = Assessment("a.png", Outcome.INCONCLUSIVE, ID, appearance=dict.fromkeys(CATEGORIES, 0.25))
    assert even.most_likely is Appearance.NEGATIVE
    assert even.headline.en.startswith("inconclusive (possibly no signs")
