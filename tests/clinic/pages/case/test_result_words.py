"""The sentences of a result: honest at the ends, in both languages, each thing said once."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bundle_factory import appearance_fields, spec_dict
from clinic_clock import CLOCK
from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import now
from covid_d.clinic.pages.case.result_words import base_of, words_of
from covid_d.detector import (
    CATEGORIES,
    Appearance,
    Assessment,
    BundleId,
    BundleSpec,
    CovidRange,
    Outcome,
)
from covid_d.detector.assessment import Caution, VerdictStatus
from covid_d.detector.cautions import AGE_UNKNOWN, DEMONSTRATION, OUTSIDE_LUNGS, sex_differs
from covid_d.language import Language, Message
from covid_d.radiograph import Refusal, RefusalCode, Sex

BUNDLE = BundleId("phantom", "1.0", "abcdef0123456789" * 4)
NOTE = Caution("supine", Message("aviso", "warning"))
OLD_SPEC = BundleSpec.model_validate(spec_dict())
SPEC = BundleSpec.model_validate(spec_dict(**appearance_fields()))
OLD = Assessment(
    path="",
    outcome=Outcome.NEGATIVE,
    bundle=BUNDLE,
    verdict="audit-passed",
    probability=0.25,
    conformal_set=("nocovid",),
    warnings=(NOTE,),
)
SEEN = Assessment(
    path="",
    outcome=Outcome.POSITIVE,
    bundle=BUNDLE,
    verdict="audit-passed",
    appearance=dict(zip(CATEGORIES, (0.05, 0.1, 0.15, 0.7), strict=True)),
    conformal_set=("typical",),
    covid=CovidRange(0.1, 0.27, 0.96, 0.05),
    warnings=(NOTE,),
)
REFUSED = Assessment(
    path="",
    outcome=Outcome.REFUSED,
    bundle=BUNDLE,
    refusal=Refusal.of(RefusalCode.NOT_FRONTAL, "L"),
    warnings=(NOTE,),
)


def _result(
    assessment: Assessment, spec: BundleSpec | None = OLD_SPEC, prevalence: float | None = 0.05
) -> Result:
    return Result(assessment, spec, prevalence, now())


class TestAppearance:
    def test_headline_categories_and_the_range(self) -> None:
        words = words_of(_result(SEEN, SPEC), "es", CLOCK, unit="Hospital Uno")
        assert (words.outcome, words.kind, words.sign) == (
            "El modelo ve un aspecto típico de COVID-19",
            "positive",
            "!",
        )
        assert [value for _, value in words.figures] == [
            "70 %",
            "15 %",
            "10 %",
            "5 %",
            "95 %",
            "10 % – 96 %",
        ]
        assert words.figures[0][0] == "Aspecto típico de COVID-19"
        assert words.figures[-1][0] == "COVID-19, a la prevalencia de su unidad"
        assert (
            "5 de cada 100 (prevalencia en Hospital Uno, fijada por el administrador)"
            in words.meaning
        )
        assert "entre cerca de" not in words.meaning
        assert "entre unos 10 y unos 96; antes" in words.meaning
        assert "estudios publicados" in words.notes[0]
        assert "deja como posible: aspecto típico de COVID-19." in words.why
        assert "10 % por categoría" in words.why

    def test_a_clinics_own_table_is_named(self) -> None:
        own = replace(SEEN, covid=CovidRange(0.1, 0.2, 0.3, 0.05, table="local 0123456789ab"))
        es, en = (
            words_of(_result(own, SPEC), language, CLOCK, unit="Hospital Uno").notes[0]
            for language in ("es", "en")
        )
        assert "local 0123456789ab" in es
        assert "casos anteriores de esta clínica" in es
        assert "estudios publicados" not in es
        assert 'table "local 0123456789ab"' in en

    @pytest.mark.parametrize("category", list(Appearance))
    def test_nothing_ever_rules_covid_out(self, category: Appearance) -> None:
        appearance = {c: 0.97 if c is category else 0.01 for c in CATEGORIES}
        outcome = Outcome.NEGATIVE if category is Appearance.NEGATIVE else Outcome.INCONCLUSIVE
        answer = replace(SEEN, appearance=appearance, outcome=outcome)
        words = words_of(_result(answer, SPEC), "es", CLOCK, unit="Hospital Uno")
        assert "compatible" not in words.outcome.lower()
        assert re.search(
            r"descarta COVID-19(;| ni otra enfermedad\. Para COVID-19) haga RT-PCR o antígeno\.$",
            words.action,
        )

    def test_a_demonstration_shows_no_predictive_value(self) -> None:
        shown = replace(SEEN, verdict="demonstration", covid=None)
        words = words_of(_result(shown, SPEC), "es", CLOCK, unit="Hospital Uno")
        assert len(words.figures) == 5
        assert "no tiene valor predictivo" in words.meaning
        assert "%" not in words.meaning
        assert words.notes == ()

    def test_without_a_prevalence_there_is_none_either(self) -> None:
        words = words_of(
            _result(replace(SEEN, covid=None), SPEC, None), "en", CLOCK, unit="Hospital Uno"
        )
        assert "no prevalence set" in words.meaning
        assert words.notes == ()

    def test_like_none_of_them(self) -> None:
        lost = replace(SEEN, outcome=Outcome.INCONCLUSIVE, conformal_set=())
        assert (
            "like none of the appearances"
            in words_of(_result(lost, SPEC), "en", CLOCK, unit="Hospital Uno").why
        )

    def test_the_error_of_a_bundle_that_is_not_here_is_not_made_up(self) -> None:
        assert "10 %" not in words_of(_result(SEEN, None), "en", CLOCK, unit="Hospital Uno").why


class TestOldKind:
    @pytest.mark.parametrize(
        ("share", "figure", "about"),
        [
            (0.0, "< 1 %", "fewer than 1 is of a patient"),
            (0.0099, "< 1 %", "fewer than 1 is of a patient"),
            (0.01, "1 %", "roughly 1 is of a patient"),
            (0.02, "2 %", "roughly 2 are of patients"),
            (0.5, "50 %", "roughly 50 are of patients"),
            (0.99, "99 %", "roughly 99 are of patients"),
            (0.9901, "> 99 %", "more than 99 are of patients"),
            (1.0, "> 99 %", "more than 99 are of patients"),
        ],
    )
    def test_no_figure_promises_certainty(self, share: float, figure: str, about: str) -> None:
        words = words_of(_result(replace(OLD, probability=share)), "en", CLOCK, unit="Hospital Uno")
        assert words.figures == (("Probability of COVID-19 by the model", figure),)
        assert f"this number, {about} with COVID-19." in words.notes[0]

    def test_one_of_a_hundred_is_said_in_the_singular(self) -> None:
        words = words_of(_result(replace(OLD, probability=0.01)), "es", CLOCK, unit="Hospital Uno")
        assert "cerca de 1 es de un paciente con COVID-19" in words.notes[0]

    def test_films_are_feminine_and_patients_are_not(self) -> None:
        """In Spanish: *unos 30 pacientes*, but of films a word that fits both."""
        films = words_of(_result(replace(OLD, probability=0.3)), "es", CLOCK, unit="Hospital Uno")
        assert "cerca de 30 son de pacientes con COVID-19" in films.notes[0]

    def test_a_demonstrations_number_is_no_probability(self) -> None:
        words = words_of(
            _result(replace(OLD, verdict="demonstration", probability=0.625)),
            "es",
            CLOCK,
            unit="Hospital Uno",
        )
        ((name, value),) = words.figures
        assert "no es una probabilidad de enfermedad" in name
        assert value in ("0,62", "0,63")
        assert words.notes == ()
        assert "%" not in value + words.meaning

    def test_there_is_no_predictive_value(self) -> None:
        words = words_of(_result(OLD), "es", CLOCK, unit="Hospital Uno")
        assert "no hay valor predictivo" in words.meaning
        assert len(words.figures) == len(words.notes) == 1

    def test_what_is_not_known_is_not_said(self) -> None:
        words = words_of(_result(OLD, None), "en", CLOCK, unit="Hospital Uno")
        assert len(words.figures) == len(words.notes) == 1
        assert "were.)" not in words.notes[0]

    @pytest.mark.parametrize(
        ("remaining", "said"),
        [
            (("covid",), "unlike those without COVID-19"),
            (("nocovid",), "the patient may have it all the same"),
            (("covid", "nocovid"), "neither COVID-19 nor its absence"),
            ((), "like neither of the two classes"),
        ],
    )
    def test_the_conformal_set_is_said_with_its_error(
        self, remaining: tuple[str, ...], said: str
    ) -> None:
        answer = replace(OLD, conformal_set=remaining)
        why = words_of(_result(answer), "en", CLOCK, unit="Hospital Uno").why
        assert said in why
        assert "(10 % a class)" in why
        assert "10 %" not in words_of(_result(answer, None), "en", CLOCK, unit="Hospital Uno").why

    def test_a_bundle_without_thresholds_says_so(self) -> None:
        spec = BundleSpec.model_validate(spec_dict(conformal=None))
        answer = replace(OLD, conformal_set=("covid", "nocovid"))
        assert (
            "no decision thresholds"
            in words_of(_result(answer, spec), "en", CLOCK, unit="Hospital Uno").why
        )


def test_that_a_film_may_be_anothers_is_told_apart() -> None:
    other = sex_differs(Sex.MALE)
    assert other is not None
    words = words_of(
        _result(replace(SEEN, warnings=(other, NOTE)), SPEC), "en", CLOCK, unit="Hospital Uno"
    )
    assert words.deciding == (other.message.en,)
    assert words.warnings == ("warning",)


def test_a_refusal_has_a_reason_and_no_figure() -> None:
    words = words_of(_result(REFUSED), "es", CLOCK, unit="Hospital Uno")
    assert (words.outcome, words.sign) == ("Imagen no analizada", "×")
    assert "Use una radiografía de frente (PA o AP)." in words.action
    assert words.meaning
    assert (words.figures, words.notes, words.why, words.deciding) == ((), (), "", ())


@pytest.mark.parametrize(
    ("code", "another"),
    [
        (RefusalCode.CHILD, False),
        (RefusalCode.LOOKS_CHILD, False),
        (RefusalCode.AGE_UNREAD, True),
        (RefusalCode.NOT_FRONTAL, True),
        (RefusalCode.BLURRED, True),
    ],
)
def test_nobody_is_invited_to_enter_a_child_again(code: RefusalCode, another: bool) -> None:
    """A new case of the same film would want another age, and nothing else."""
    result = _result(replace(REFUSED, refusal=Refusal.of(code, "x")))
    assert words_of(result, "es", CLOCK, unit="Hospital Uno").another is another
    assert not words_of(_result(SEEN, SPEC), "es", CLOCK, unit="Hospital Uno").another


@pytest.mark.parametrize(
    ("code", "warned"),
    [
        (RefusalCode.COLOUR, True),
        (RefusalCode.ASPECT, True),
        (RefusalCode.NOT_RADIOGRAPHY, True),
        (RefusalCode.NOT_CHEST, True),
        (RefusalCode.NOT_FRONTAL, True),
        (RefusalCode.UNLIKE_CHEST, True),
        (RefusalCode.LOOKS_CT, True),
        (RefusalCode.LOOKS_LATERAL, True),
        (RefusalCode.NO_LUNGS, True),
        (RefusalCode.CHILD, False),
        (RefusalCode.BLURRED, False),
        (RefusalCode.ALTERED, False),
    ],
)
def test_what_was_not_read_as_frontal_is_to_be_looked_at(code: RefusalCode, warned: bool) -> None:
    """A child's film is a frontal one; of an altered answer nobody knows what it said."""
    result = _result(replace(REFUSED, refusal=Refusal.of(code, "x")))
    said = {
        "es": "Esta imagen no se leyó como radiografía de tórax frontal: compruebe que lo es "
        "antes de registrar su lectura.",
        "en": "This film was not read as a frontal chest film: make sure that it is one before "
        "you record a reading.",
    }
    for language, sentence in said.items():
        words = words_of(result, "es" if language == "es" else "en", CLOCK, unit="Hospital Uno")
        assert words.unread == (sentence if warned else "")
    assert words_of(_result(SEEN, SPEC), "es", CLOCK, unit="Hospital Uno").unread == ""


def test_every_outcome_has_a_sign_of_its_own() -> None:
    signs = {
        words_of(_result(replace(OLD, outcome=outcome)), "es", CLOCK, unit="Hospital Uno").sign
        for outcome in list(Outcome)[:3]
    }
    assert len(signs | {words_of(_result(REFUSED), "es", CLOCK, unit="Hospital Uno").sign}) == 4


def test_a_report_says_common_things_once() -> None:
    several = [
        words_of(_result(answer), "es", CLOCK, unit="Hospital Uno")
        for answer in (OLD, OLD, REFUSED)
    ]
    base = base_of(several)
    assert base.warnings == ("aviso",)
    assert len(base.meanings) == 1
    assert base.actions == ("Ni confirma ni descarta COVID-19; haga RT-PCR o antígeno.",)


class TestDeciding:
    """What an answer stands or falls by is in the block that is read first, and only there."""

    def test_a_demonstration_looks_like_no_finding(self) -> None:
        shown = replace(SEEN, verdict="demonstration", covid=None, warnings=(DEMONSTRATION, NOTE))
        words = words_of(_result(shown, SPEC), "es", CLOCK, unit="Hospital Uno")
        assert (words.kind, words.tone) == ("positive", "demonstration")
        assert words.deciding == (DEMONSTRATION.message.es,)
        assert words.warnings == ("aviso",)

    def test_without_an_age_the_headline_is_a_condition(self) -> None:
        words = words_of(
            _result(replace(SEEN, warnings=(AGE_UNKNOWN,)), SPEC), "es", CLOCK, unit="Hospital Uno"
        )
        assert words.outcome == "Si es adulto: el modelo ve un aspecto típico de COVID-19"
        assert words.deciding == (AGE_UNKNOWN.message.es,)
        known = words_of(_result(SEEN, SPEC), "en", CLOCK, unit="Hospital Uno")
        assert known.outcome == "The model sees an appearance typical of COVID-19"

    @pytest.mark.parametrize(
        ("category", "es", "en"),
        [
            ("typical", "aspecto típico de COVID-19.", "an appearance typical of COVID-19."),
            (
                "indeterminate",
                "opacidades que COVID-19 u otra enfermedad pueden causar.",
                "opacities that COVID-19 or another disease may cause.",
            ),
            ("atypical", "aspecto atípico para COVID-19.", "an appearance atypical for"),
            ("negative", "sin signos de neumonía.", "a film without signs of"),
        ],
    )
    def test_an_inconclusive_headline_is_one_message(self, category: str, es: str, en: str) -> None:
        looks = {one: 0.7 if one.value == category else 0.1 for one in CATEGORIES}
        answer = replace(SEEN, outcome=Outcome.INCONCLUSIVE, appearance=looks)
        words = words_of(_result(answer, SPEC), "es", CLOCK, unit="Hospital Uno")
        assert words.outcome == "No concluyente"
        assert words.leaning == f"El modelo no llega a decidir; la categoría más cercana es: {es}"
        said = words_of(_result(answer, SPEC), "en", CLOCK, unit="Hospital Uno")
        assert said.outcome == "Inconclusive"
        assert said.leaning.startswith(f"The model cannot decide; the closest category is {en}")

    def test_no_other_answer_leans_to_anything(self) -> None:
        for answer in (SEEN, OLD, REFUSED, replace(SEEN, verdict="demonstration", covid=None)):
            words = words_of(_result(answer, SPEC), "es", CLOCK, unit="Hospital Uno")
            assert words.leaning == ""

    def test_the_headline_says_who_sees_it(self) -> None:
        negative = replace(
            SEEN,
            outcome=Outcome.NEGATIVE,
            appearance=dict(zip(CATEGORIES, (0.97, 0.01, 0.01, 0.01), strict=True)),
        )
        said = words_of(_result(negative, SPEC), "es", CLOCK, unit="Hospital Uno").outcome
        assert said == "El modelo no ve signos de neumonía"

    def test_anothers_film_is_said_before_all_else(self) -> None:
        other = sex_differs(Sex.MALE)
        assert other is not None
        answer = replace(SEEN, warnings=(AGE_UNKNOWN, OUTSIDE_LUNGS, other))
        words = words_of(_result(answer, SPEC), "en", CLOCK, unit="Hospital Uno")
        assert words.deciding[0] == other.message.en
        assert words.deciding[1:] == (), "a discarded answer has nothing else to doubt"
        assert words.warnings == (AGE_UNKNOWN.message.en,)
        sound = replace(answer, warnings=(AGE_UNKNOWN, other))
        words = words_of(_result(sound, SPEC), "en", CLOCK, unit="Hospital Uno")
        assert words.deciding == (other.message.en, AGE_UNKNOWN.message.en)

    @pytest.mark.parametrize("language", ["es", "en"])
    def test_an_answer_to_be_disregarded_leans_to_nothing_and_says_why(
        self, language: Language
    ) -> None:
        why = {
            "es": "El modelo se basó sobre todo en zonas fuera de los pulmones.",
            "en": "The model relied mostly on areas outside the lungs.",
        }[language]
        answer = replace(SEEN, outcome=Outcome.INCONCLUSIVE, warnings=(OUTSIDE_LUNGS,))
        words = words_of(_result(answer, SPEC), language, CLOCK, unit="Hospital Uno")
        assert (words.leaning, words.meaning) == ("", why)
        assert (words.deciding, words.warnings) == ((), ()), "each thing is said once"
        assert words.action
        sound = replace(answer, warnings=())
        words = words_of(_result(sound, SPEC), language, CLOCK, unit="Hospital Uno")
        assert words.leaning
        assert words.meaning

    @pytest.mark.parametrize(
        ("language", "headline", "note"),
        [
            (
                "es",
                "Respuesta descartada",
                "Los números de una respuesta descartada no se muestran.",
            ),
            (
                "en",
                "Answer discarded",
                "The numbers of a discarded answer are not shown.",
            ),
        ],
    )
    @pytest.mark.parametrize("warnings", [(OUTSIDE_LUNGS,), (AGE_UNKNOWN, OUTSIDE_LUNGS)])
    def test_an_answer_to_be_disregarded_shows_no_number(
        self, warnings: tuple[Caution, ...], language: Language, headline: str, note: str
    ) -> None:
        words = words_of(
            _result(replace(SEEN, warnings=warnings), SPEC), language, CLOCK, unit="Hospital Uno"
        )
        assert (words.outcome, words.kind, words.tone) == (headline, "positive", "void")
        assert (words.figures, words.why, words.notes) == ((), "", (note,))
        for said in (*words.notes, *words.deciding, words.meaning, words.action, words.model):
            assert "%" not in said
        alone = {"es": "Lea la radiografía sin el modelo", "en": "Read the film without the model"}
        assert words.action.startswith(alone[language])
        assert base_of([words]).actions == (words.action,), "what to do is still said"

    @pytest.mark.parametrize("verdict", ["audit-passed", "demonstration"])
    @pytest.mark.parametrize("language", ["es", "en"])
    def test_an_answer_to_be_disregarded_tells_no_finding(
        self, language: Language, verdict: VerdictStatus
    ) -> None:
        """A hurried reader keeps the finding: words and sign are the same whatever was found."""
        said = set()
        for category in Appearance:
            for outcome in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INCONCLUSIVE):
                looks = {c: 0.97 if c is category else 0.01 for c in CATEGORIES}
                answer = replace(
                    SEEN,
                    appearance=looks,
                    outcome=outcome,
                    verdict=verdict,
                    covid=None,
                    warnings=(OUTSIDE_LUNGS,),
                )
                words = words_of(_result(answer, SPEC), language, CLOCK, unit="Hospital Uno")
                said.add((words.sign, words.outcome, words.action))
        ((sign, headline, _),) = said
        assert sign == "×", "as of a film that has no answer"
        assert not re.search("neumon|pneumon|típic|typical|COVID|conclu", headline)

    @pytest.mark.parametrize("language", ["es", "en"])
    def test_no_praise_of_the_model_beside_a_doubt_of_its_answer(self, language: Language) -> None:
        praise = {"es": "superó la auditoría", "en": "passed the audit"}[language]

        def model(answer: Assessment, *, drifting: bool = False) -> str:
            result = _result(answer, SPEC)
            return words_of(result, language, CLOCK, unit="Hospital Uno", drifting=drifting).model

        assert praise in model(SEEN)
        assert praise in model(replace(SEEN, warnings=(AGE_UNKNOWN,)))
        doubted = (
            model(SEEN, drifting=True),
            model(replace(SEEN, warnings=(OUTSIDE_LUNGS,))),
            model(replace(SEEN, outcome=Outcome.INCONCLUSIVE, conformal_set=())),
        )
        for said in doubted:
            assert praise not in said
            assert said.startswith("phantom 1.0 (abcdef012345) · ")
        worse = model(replace(SEEN, verdict="demonstration", conformal_set=(), covid=None))
        assert {"es": "no superó", "en": "did not pass"}[language] in worse

    def test_a_film_unlike_all_that_was_learnt(self) -> None:
        lost = replace(SEEN, outcome=Outcome.INCONCLUSIVE, conformal_set=())
        (said,) = words_of(_result(lost, SPEC), "en", CLOCK, unit="Hospital Uno").deciding
        assert "unlike those that the model learnt from" in said

    def test_the_alarm_for_drift(self) -> None:
        assert words_of(_result(SEEN, SPEC), "es", CLOCK, unit="Hospital Uno").deciding == ()
        (said,) = words_of(
            _result(SEEN, SPEC), "es", CLOCK, unit="Hospital Uno", drifting=True
        ).deciding
        assert said.startswith("Alarma de deriva")

    def test_a_refused_film_has_no_answer_to_doubt(self) -> None:
        refused = replace(REFUSED, warnings=(AGE_UNKNOWN, DEMONSTRATION))
        words = words_of(_result(refused), "es", CLOCK, unit="Hospital Uno", drifting=True)
        assert (words.deciding, words.tone) == ((), "refused")
        assert words.outcome == "Imagen no analizada"
