"""The one judge: what is stated, what the file says, and the answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle_factory import AUDITED, make_appearance_bundle, make_bundle
from covid_d.detector import Appearance, Assessment, Detector, Outcome, Stated
from covid_d.detector.judge import facts_with
from covid_d.detector.likelihood import PUBLISHED, Counts, Ratios, Study
from covid_d.radiograph import Facts, Projection, Radiograph, RefusalCode, Sex

Film = Callable[..., Radiograph]
ADULT = Stated(projection=Projection.PA, age_years=61, sex=Sex.FEMALE)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    folder = tmp_path_factory.mktemp("audited") / "bundle"
    return Detector.load(make_appearance_bundle(folder, verdict=AUDITED))


def codes(answer: Assessment) -> list[str]:
    return [warning.code for warning in answer.warnings if warning.code != "no_input_gate"]


class TestAppearance:
    @pytest.mark.parametrize(
        ("brightness", "category", "outcome"),
        [
            (0.2, Appearance.NEGATIVE, Outcome.NEGATIVE),
            (0.35, Appearance.ATYPICAL, Outcome.INCONCLUSIVE),
            (0.45, Appearance.INDETERMINATE, Outcome.INCONCLUSIVE),
            (0.6, Appearance.TYPICAL, Outcome.POSITIVE),
        ],
    )
    def test_follows_the_film(
        self,
        audited: Detector,
        film_of: Film,
        brightness: float,
        category: Appearance,
        outcome: Outcome,
    ) -> None:
        answer = audited.assess(film_of(brightness))
        assert (answer.most_likely, answer.outcome) == (category, outcome)
        assert answer.conformal_set == (category.value,)
        assert answer.probability is None
        assert math.fsum(answer.appearance.values()) == pytest.approx(1.0)
        assert answer.opacity == pytest.approx(1 - answer.appearance[Appearance.NEGATIVE])
        assert answer.covid is None, "without a prevalence there are no odds"

    def test_range_is_bayes_at_the_prevalence(self, audited: Detector, film_of: Film) -> None:
        answer = audited.assess(film_of(0.6), prevalence=0.05)
        assert answer.appearance is not None
        expected = PUBLISHED.covid(answer.appearance, (0.25,) * 4, 0.05)
        assert answer.covid == expected

    def test_a_clinic_s_own_table_takes_the_place(self, audited: Detector, film_of: Film) -> None:
        own = Ratios(
            [Study("own", "own", Counts(98, (0, 0, 0)), Counts(0, (98, 0, 0)))]
        )  # typical: 99 of 100 and 1 of 100
        answer = Detector(audited.bundle, ratios=own).assess(film_of(0.75), prevalence=0.01)
        assert answer.covid.value == pytest.approx(0.5, abs=0.01)

    def test_a_demonstration_never_says_how_probable_covid_is(
        self, tmp_path: Path, film_of: Film
    ) -> None:
        demonstration = Detector.load(make_appearance_bundle(tmp_path / "b"))
        answer = demonstration.assess(film_of(0.6), prevalence=0.05)
        assert answer.appearance is not None
        assert answer.covid is None
        assert answer.verdict == "demonstration"

    def test_without_thresholds_every_answer_is_inconclusive(
        self, tmp_path: Path, film_of: Film
    ) -> None:
        folder = make_appearance_bundle(tmp_path / "b", conformal=None)
        answer = Detector.load(folder).assess(film_of(0.6))
        assert answer.outcome is Outcome.INCONCLUSIVE
        assert answer.conformal_set == tuple(Appearance)
        assert "no_thresholds" in codes(answer)

    def test_the_map_is_of_the_most_likely_category(self, audited: Detector, film_of: Film) -> None:
        bright = audited.assess(film_of(0.6), activation=True).activation
        dark = audited.assess(film_of(0.2), activation=True).activation
        # film_of rises from left to right: there lies what speaks for the brightest category,
        # and everywhere what speaks against it.
        assert (np.diff(bright.mean(axis=0)) > 0).all()
        assert (dark == 0).all()


class TestStated:
    def test_what_is_stated_is_known(self, audited: Detector, film_of: Film) -> None:
        assert codes(audited.assess(film_of())) == ["projection_unknown", "age_unknown"]
        assert codes(audited.assess(film_of(), stated=ADULT)) == []

    @pytest.mark.parametrize("child", [Stated(age_years=9), Stated(adult=False)])
    def test_a_child_by_the_statement(
        self, audited: Detector, film_of: Film, child: Stated
    ) -> None:
        for film in (film_of(), film_of(age_years=61.0)):
            answer = audited.assess(film, stated=child, prevalence=0.1, activation=True)
            assert answer.refusal.code is RefusalCode.CHILD
            assert (answer.appearance, answer.covid, answer.activation) == (None, None, None)
        assert "age_differs" in codes(answer)

    @pytest.mark.parametrize("adult", [Stated(age_years=61), Stated(adult=True)])
    def test_a_child_by_the_file(self, audited: Detector, film_of: Film, adult: Stated) -> None:
        answer = audited.assess(film_of(age_years=9.0), stated=adult)
        assert answer.refusal.code is RefusalCode.CHILD
        assert codes(answer) == ["age_differs"]

    def test_an_age_under_eighteen_stands_against_being_adult(
        self, audited: Detector, film_of: Film
    ) -> None:
        answer = audited.assess(film_of(), stated=Stated(age_years=9, adult=True))
        assert answer.refusal.code is RefusalCode.CHILD

    @pytest.mark.parametrize("stated", [Projection.LATERAL, Projection.OTHER])
    @pytest.mark.parametrize("film", [None, Projection.PA])
    def test_not_frontal_by_the_statement(
        self, audited: Detector, film_of: Film, film: Projection | None, stated: Projection
    ) -> None:
        answer = audited.assess(film_of(projection=film), stated=Stated(projection=stated))
        assert answer.refusal.code is RefusalCode.NOT_FRONTAL
        assert codes(answer) == ([] if film is None else ["projection_differs"])

    def test_not_frontal_by_the_file(self, audited: Detector, film_of: Film) -> None:
        answer = audited.assess(film_of(projection=Projection.LATERAL), stated=ADULT)
        assert answer.refusal.code is RefusalCode.NOT_FRONTAL
        assert codes(answer) == ["projection_differs"]

    def test_contradictions_warn_and_withhold_nothing(
        self, audited: Detector, film_of: Film
    ) -> None:
        film = film_of(0.6, projection=Projection.AP, age_years=40.0, sex=Sex.MALE)
        answer = audited.assess(film, stated=ADULT)
        assert answer.outcome is Outcome.POSITIVE
        assert codes(answer) == ["age_differs", "sex_differs", "projection_differs"]

    def test_the_old_kind_is_judged_by_the_same_rules(
        self, detector: Detector, film_of: Film
    ) -> None:
        assert detector.assess(film_of(), stated=Stated(age_years=9)).outcome is Outcome.REFUSED
        plain, told = (
            {warning.code for warning in detector.assess(film_of(), stated=stated).warnings}
            for stated in (Stated(), ADULT)
        )
        assert plain - told == {"projection_unknown", "age_unknown"}

    def test_many_films_share_what_is_stated(
        self, audited: Detector, png_of: Callable[..., Path]
    ) -> None:
        films = [png_of("a.png"), png_of("b.png")]
        answers = list(audited.assess_many(films, stated=Stated(age_years=9)))
        assert [answer.refusal.code for answer in answers] == [RefusalCode.CHILD] * 2


class TestFacts:
    def test_the_file_s_own_stand_and_the_lower_age_counts(self) -> None:
        facts = Facts("DICOM", "0" * 64, 12, projection=Projection.AP, age_years=40.0, sex=Sex.MALE)
        known = facts_with(facts, ADULT)
        assert (known.projection, known.age_years, known.sex) == (Projection.AP, 40.0, Sex.MALE)
        assert facts_with(facts, Stated(age_years=9)).age_years == 9

    def test_what_the_file_does_not_say_is_filled_in(self) -> None:
        known = facts_with(Facts("JPEG", "0" * 64, 8), ADULT)
        assert (known.projection, known.age_years, known.sex) == (Projection.PA, 61, Sex.FEMALE)


class TestKept:
    def test_evidence_outside_the_lungs_is_said(self, audited: Detector, film_of: Film) -> None:
        found = audited.examine(film_of(0.6, projection=Projection.PA, age_years=50.0))
        for inside, said in ((0.49, ["evidence_outside_lungs"]), (0.5, [])):
            looked = replace(found, inside=(1.0, 1.0, 1.0, inside))
            assert codes(audited.judge(looked)) == said
        # Only of the category that is answered.
        assert codes(audited.judge(replace(found, inside=(0.0, 0.0, 0.0, 1.0)))) == []

    def test_another_bundle_cannot_judge(
        self, audited: Detector, detector: Detector, film_of: Film
    ) -> None:
        with pytest.raises(ValueError, match="cannot judge"):
            audited.judge(detector.examine(film_of()))

    def test_examined_then_judged_is_assessed(self, audited: Detector, film_of: Film) -> None:
        film = film_of(0.45)
        found = audited.examine(film, name="x", activation=True)
        twice = audited.judge(found, ADULT, 0.1)
        once = audited.assess(film, name="x", stated=ADULT, prevalence=0.1, activation=True)
        assert twice.to_dict(activation=True) == once.to_dict(activation=True)


def test_an_old_bundle_answers_without_appearance(tmp_path: Path, film_of: Film) -> None:
    detector = Detector.load(make_bundle(tmp_path / "b", format=1))
    answer = detector.assess(film_of(0.6), stated=ADULT, prevalence=0.1)
    assert answer.outcome is Outcome.POSITIVE
    assert answer.probability > 0.9
    assert (answer.appearance, answer.opacity, answer.most_likely, answer.covid) == (None,) * 4
