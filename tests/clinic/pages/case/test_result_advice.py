"""What to do follows the laboratory; what a film changes is said against what was known before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from clinic_clock import CLOCK
from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import now
from covid_d.clinic.follow_up.facts import Fact
from covid_d.clinic.follow_up.laboratory import ResultToDate, result_to_date
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.pages.case.result_advice import (
    action,
    expected,
    intended_use,
    laboratory_of,
)
from covid_d.clinic.pages.case.result_words import ResultWords, words_of
from covid_d.detector import CATEGORIES, Assessment, BundleId, CovidRange, Outcome
from covid_d.detector.cautions import OUTSIDE_LUNGS
from covid_d.language import INTENDED_USE, Language
from covid_d.radiograph import Refusal, RefusalCode

DAY = date(2026, 11, 3)
DECIDES = {
    "es": "El resultado de laboratorio es el que decide: siga el protocolo de su unidad para un "
    "caso confirmado. La radiografía sirve para ver la gravedad.",
    "en": "The laboratory's result decides: follow your unit's protocol for a confirmed case. The "
    "film helps to see how severe it is.",
}
TYPICAL = Assessment(
    path="",
    outcome=Outcome.POSITIVE,
    bundle=BundleId("seen", "1.0", "ab" * 32),
    verdict="audit-passed",
    appearance=dict(zip(CATEGORIES, (0.05, 0.1, 0.15, 0.7), strict=True)),
    conformal_set=("typical",),
    covid=CovidRange(0.32, 0.5, 0.74, 0.2),
)
REFUSED = Assessment(
    path="",
    outcome=Outcome.REFUSED,
    bundle=BundleId("seen", "1.0", "ab" * 32),
    refusal=Refusal.of(RefusalCode.LOOKS_LATERAL),
)


def _fact(value: str, kind: EntryKind = EntryKind.RT_PCR, day: date | None = DAY) -> Fact:
    return Fact(
        id=1,
        kind=kind,
        value=value,
        day=day,
        notes="",
        author_id=1,
        author="Ana",
        at=now(),
        supersedes=None,
        reason="",
        superseded=False,
    )


def _words(answer: Assessment, *facts: Fact, language: Language = "es") -> ResultWords:
    return words_of(
        Result(answer, None, 0.2, now()), language, CLOCK, unit="Hospital Uno", tests=facts
    )


class TestLaboratory:
    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ([], ResultToDate.PENDING),
            (["indeterminate"], ResultToDate.PENDING),
            (["negative", "indeterminate"], ResultToDate.NEGATIVE),
            (["positive", "negative"], ResultToDate.POSITIVE),
        ],
    )
    def test_one_positive_result_counts(self, values: list[str], said: ResultToDate) -> None:
        assert result_to_date(values) is said

    def test_the_result_that_decides_is_named_with_its_day(self) -> None:
        facts = [
            _fact("positive"),
            _fact("negative", EntryKind.ANTIGEN, DAY + timedelta(days=1)),
            _fact("discharged", EntryKind.OUTCOME),
        ]
        found = laboratory_of(facts, "es")
        assert found.to_date is ResultToDate.POSITIVE
        assert found.said == "COVID-19, RT-PCR: positiva (3 nov 2026)"

    def test_an_indeterminate_result_is_told_though_it_decides_nothing(self) -> None:
        found = laboratory_of([_fact("indeterminate", day=None)], "en")
        assert (found.to_date, found.said) == (
            ResultToDate.PENDING,
            "COVID-19, RT-PCR: indeterminate",
        )

    @pytest.mark.parametrize(
        ("language", "said"),
        [
            ("es", "COVID-19, prueba de antígeno: positiva (3 nov 2026)"),
            ("en", "COVID-19, antigen test: positive (3 Nov 2026)"),
        ],
    )
    def test_the_disease_is_named_before_the_test(self, language: Language, said: str) -> None:
        assert laboratory_of([_fact("positive", EntryKind.ANTIGEN)], language).said == said

    def test_that_there_is_none_is_said(self) -> None:
        assert laboratory_of([], "en").said == "No laboratory result is recorded yet."


class TestAction:
    @pytest.mark.parametrize(
        ("outcome", "es"),
        [
            (Outcome.POSITIVE, "No confirma COVID-19; haga RT-PCR o antígeno."),
            (
                Outcome.NEGATIVE,
                "Esto no descarta COVID-19 ni otra enfermedad. Para COVID-19 haga RT-PCR o "
                "antígeno.",
            ),
            (Outcome.INCONCLUSIVE, "Ni confirma ni descarta COVID-19; haga RT-PCR o antígeno."),
        ],
    )
    def test_without_a_result_a_test_is_to_be_done(self, outcome: Outcome, es: str) -> None:
        answer = replace(TYPICAL, outcome=outcome)
        assert action(answer, None, "es") == es
        assert action(answer, laboratory_of([], "es"), "es") == es

    def test_nobody_is_told_to_confirm_what_the_laboratory_confirmed(self) -> None:
        words = _words(TYPICAL, _fact("positive"))
        assert words.settled
        assert words.laboratory == "COVID-19, RT-PCR: positiva (3 nov 2026)"
        assert words.action == DECIDES["es"]
        assert _words(TYPICAL, _fact("positive"), language="en").action == DECIDES["en"]
        assert words.meaning == "", "how probable it was before is of no use now"
        assert ("COVID-19, a la prevalencia de su unidad", "32 % – 74 %") in words.figures

    def test_what_is_inconclusive_beside_a_result_is_the_film(self) -> None:
        answer = replace(TYPICAL, outcome=Outcome.INCONCLUSIVE)
        assert _words(answer, _fact("positive")).outcome == "Radiografía: no concluyente"
        assert _words(answer, _fact("negative"), language="en").outcome == "Film: inconclusive"
        assert _words(answer).outcome == "No concluyente"

    def test_a_negative_result_asks_for_another_one_where_suspicion_remains(self) -> None:
        words = _words(TYPICAL, _fact("negative"), language="en")
        assert words.settled
        assert words.action == "If the suspicion remains, repeat the test."
        assert "between about 32 and about 74 of 100" in words.meaning

    def test_a_refused_film_does_not_hold_up_the_test(self) -> None:
        pending = _words(REFUSED)
        assert pending.action == (
            "Use una radiografía de frente (PA o AP). Mientras tanto, haga RT-PCR o antígeno."
        )
        known = _words(REFUSED, _fact("negative"))
        assert known.action == "Use una radiografía de frente (PA o AP)."
        positive = _words(REFUSED, _fact("positive"))
        assert positive.action == f"{DECIDES['es']} Use una radiografía de frente (PA o AP)."

    def test_a_childs_film_is_to_be_read_without_the_model(self) -> None:
        child = replace(REFUSED, refusal=Refusal.of(RefusalCode.CHILD, "9"))
        assert _words(child).action == (
            "No use COVID-D en menores de 18 años. Lea la radiografía sin el modelo. Mientras "
            "tanto, haga RT-PCR o antígeno."
        )
        assert "Read the film without the model." in _words(child, language="en").action

    def test_what_looks_like_a_childs_film_may_be_anothers(self) -> None:
        looks = replace(REFUSED, refusal=Refusal.of(RefusalCode.LOOKS_CHILD))
        assert _words(looks).action == (
            "Compruebe la edad y que la radiografía sea de este paciente. Léala sin el modelo o "
            "pida la lectura de un radiólogo. Mientras tanto, haga RT-PCR o antígeno."
        )
        assert _words(looks, _fact("negative"), language="en").action == (
            "Check the age, and that the film is this patient's. Read it without the model, or "
            "ask a radiologist to read it."
        )

    @pytest.mark.parametrize("outcome", [Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INCONCLUSIVE])
    def test_a_discarded_answer_leaves_the_film_to_be_read(self, outcome: Outcome) -> None:
        void = replace(TYPICAL, outcome=outcome, warnings=(OUTSIDE_LUNGS,))
        assert _words(void).action == "Lea la radiografía sin el modelo y haga RT-PCR o antígeno."
        assert _words(void, language="en").action == (
            "Read the film without the model, and do an RT-PCR or antigen test."
        )
        positive = _words(void, _fact("positive"))
        assert positive.action == f"Lea la radiografía sin el modelo. {DECIDES['es']}"
        assert positive.outcome == "Radiografía: respuesta descartada"
        negative = _words(void, _fact("negative"), language="en")
        assert negative.action == (
            "Read the film without the model. If the suspicion remains, repeat the test."
        )

    def test_where_results_may_not_be_told_none_is(self) -> None:
        words = words_of(Result(TYPICAL, None, 0.2, now()), "es", CLOCK, unit="Hospital Uno")
        assert (words.laboratory, words.settled) == ("", False)
        assert words.action == "No confirma COVID-19; haga RT-PCR o antígeno."


class TestIntendedUse:
    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ([], "confirme con RT-PCR"),
            (["indeterminate"], "confirme con RT-PCR"),
            (["negative"], "El resultado de laboratorio registrado cuenta antes"),
            (["negative", "positive"], "El resultado de laboratorio registrado cuenta antes"),
        ],
    )
    def test_it_follows_what_is_known(self, values: list[str], told: str) -> None:
        said = intended_use([_fact(value) for value in values]).es
        assert told in said
        assert "no es un diagnóstico" in said
        assert ("confirme" in said) == (told == "confirme con RT-PCR")

    def test_other_facts_are_no_result(self) -> None:
        died = _fact("died", EntryKind.OUTCOME)
        assert intended_use([died]) is INTENDED_USE


class TestExpected:
    def test_the_range_stands_beside_what_was_known_before(self) -> None:
        assert expected(TYPICAL, "Hospital Uno", "es") == (
            "De cada 100 pacientes con una radiografía así, tienen COVID-19 entre unos 32 y unos "
            "74; antes de la radiografía, 20 de cada 100 (prevalencia en Hospital Uno, fijada por "
            "el administrador)."
        )

    @pytest.mark.parametrize(
        ("low", "high", "little"),
        [
            (0.18, 0.27, True),  # odds 0.22 to 0.37 against 0.25
            (0.112, 0.33, True),  # odds 0.126 to 0.493
            (0.11, 0.27, False),  # odds 0.124: less than half
            (0.18, 0.34, False),  # odds 0.515: more than twice
            (0.05, 0.9, False),
        ],
    )
    def test_a_film_that_tells_next_to_nothing_is_said_to(
        self, low: float, high: float, little: bool
    ) -> None:
        said = expected(
            replace(TYPICAL, covid=CovidRange(low, 0.2, high, 0.2)), "Hospital Uno", "en"
        )
        assert said.startswith("The film hardly changes") is little

    @pytest.mark.parametrize(("language", "said"), [("es", "2,5 de cada"), ("en", "2.5 of 100")])
    def test_a_prevalence_keeps_its_decimal_in_the_readers_way(
        self, language: Language, said: str
    ) -> None:
        fine = replace(TYPICAL, covid=CovidRange(0.1, 0.2, 0.3, 0.025))
        assert said in expected(fine, "Hospital Uno", language)

    @pytest.mark.parametrize(
        ("outcome", "high", "told"),
        [
            (Outcome.POSITIVE, 0.43, True),
            (Outcome.POSITIVE, 0.499, True),
            (Outcome.POSITIVE, 0.5, False),  # as likely as all others together
            (Outcome.POSITIVE, 0.85, False),
            (Outcome.INCONCLUSIVE, 0.43, True),
            (Outcome.INCONCLUSIVE, 0.6, False),
            (Outcome.INCONCLUSIVE, 0.09, False),  # the film made it less likely than before
            (Outcome.NEGATIVE, 0.08, False),  # nothing is seen that would have a cause
        ],
    )
    def test_a_headline_is_not_to_be_taken_for_the_odds(
        self, outcome: Outcome, high: float, told: bool
    ) -> None:
        answer = replace(TYPICAL, outcome=outcome, covid=CovidRange(0.04, 0.06, high, 0.1))
        spanish, english = (expected(answer, "Hospital Uno", lang) for lang in ("es", "en"))
        assert spanish.endswith(" Aun así, otra causa es más probable.") is told
        assert english.endswith(" Even so, another cause is more likely.") is told
        assert spanish.count("causa") == english.count("cause") == int(told)

    def test_without_a_range_nothing_is_expected(self) -> None:
        assert expected(replace(TYPICAL, covid=None), "Hospital Uno", "es") == ""


def test_what_a_demonstration_says_is_of_no_clinical_value() -> None:
    shown = replace(TYPICAL, verdict="demonstration", covid=None)
    assert _words(shown).outcome == (
        "Respuesta de prueba, sin valor clínico: aspecto típico de COVID-19"
    )
    assert _words(shown).action.startswith("Ni confirma ni descarta")
    assert _words(TYPICAL).outcome == "El modelo ve un aspecto típico de COVID-19"
