"""The structured report: what it says, and what it never says."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread

from covid_d.detector import Outcome
from covid_d.detector.appearance import Appearance
from covid_d.pacs.results.header import deidentified
from covid_d.pacs.results.make import make
from covid_d.pacs.results.report import report, values
from covid_d.radiograph import Refusal, RefusalCode
from pacs_factory import (
    BUNDLE,
    PATIENT,
    answered,
    assessment,
    coded,
    comments,
    found,
    numeric,
)


class TestAnAnswer:
    def test_it_is_preliminary_and_nobody_has_verified_it(self) -> None:
        made = report(answered())
        assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"  # Comprehensive 3D SR
        assert (made.Modality, made.PreliminaryFlag) == ("SR", "PRELIMINARY")
        assert (made.CompletionFlag, made.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
        assert "VerifyingObserverSequence" not in made

    def test_it_lies_in_the_films_own_study(self) -> None:
        film = answered()
        made = report(film)
        assert made.StudyInstanceUID == film.header.StudyInstanceUID
        assert made.SeriesInstanceUID != film.header.SeriesInstanceUID
        for keyword in ("PatientID", "PatientName", "PatientBirthDate", "AccessionNumber"):
            assert str(made[keyword].value) == PATIENT[keyword]
        (evidence,) = made.CurrentRequestedProcedureEvidenceSequence
        (series,) = evidence.ReferencedSeriesSequence
        (named,) = series.ReferencedSOPSequence
        assert named.ReferencedSOPInstanceUID == film.header.SOPInstanceUID

    def test_its_numbers_are_the_answers_numbers_in_no_units(self) -> None:
        made = report(answered())
        assert numeric(made) == {
            "p-negative": 0.05,
            "p-atypical": 0.1,
            "p-indeterminate": 0.15,
            "p-typical": 0.7,
            "opacity": 0.95,
            "prevalence": 0.1,
            "covid-low": 0.2,
            "covid-value": 0.3,
            "covid-high": 0.45,
        }
        for each in found(made, "NUM").values():
            unit = each[0].MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
            assert (unit.CodingSchemeDesignator, unit.CodeValue) == ("UCUM", "1")

    @pytest.mark.parametrize(
        ("outcome", "code"),
        [
            (Outcome.POSITIVE, "10828004"),
            (Outcome.NEGATIVE, "260385009"),
            (Outcome.INCONCLUSIVE, "82334004"),
        ],
    )
    def test_the_outcome_is_coded(self, outcome: Outcome, code: str) -> None:
        made = report(answered(outcome))
        coded_items = found(made, "CODE")
        assert [coded(item) for item in coded_items["outcome"]] == [("SCT", code)]
        assert [coded(item) for item in coded_items["111004"]] == [("DCM", "111222")]  # succeeded
        assert [coded(item) for item in coded_items["appearance"]] == [("99COVIDD", "typical")]
        assert [coded(item) for item in coded_items["not-ruled-out"]] == [
            ("99COVIDD", "typical"),
            ("99COVIDD", "indeterminate"),
        ]

    def test_the_disease_is_what_was_read_for_and_never_a_finding(self) -> None:
        """Who skims a report for its findings must not find the disease among them."""
        made = report(answered(Outcome.NEGATIVE))
        coded_items = found(made, "CODE")
        assert [coded(item) for item in coded_items["condition"]] == [("SCT", "840539006")]
        for code, each in coded_items.items():
            if code != "condition":
                assert ("SCT", "840539006") not in [coded(item) for item in each], code
        assert "121071" not in coded_items  # Finding

    def test_it_says_who_answered(self) -> None:
        made = report(answered())
        texts = {
            code: [str(item.TextValue) for item in each]
            for code, each in found(made, "TEXT").items()
        }
        assert texts["111001"] == [BUNDLE.name]
        assert texts["111003"] == [BUNDLE.version]
        assert f"bundle sha256 {BUNDLE.sha256}" in texts["111002"]
        assert made.Manufacturer == "COVID-D"
        assert made.ManufacturerModelName == BUNDLE.name

    @pytest.mark.parametrize(
        ("language", "words", "limits"),
        [
            ("es", "aspecto típico de COVID-19", "no es un diagnóstico"),
            ("en", "typical appearance of COVID-19", "not a diagnosis"),
        ],
    )
    def test_it_says_the_answer_and_its_limits_in_words(
        self, language: Any, words: str, limits: str
    ) -> None:
        said = comments(report(answered(language=language)))
        assert said[0] == words
        assert limits in said[-1]
        assert any("10 %" in text for text in said), "the prevalence stands beside the range"
        code = found(report(answered(language=language)), "CODE")["121049"]
        assert coded(code[0]) == ("RFC5646", language)

    def test_cautions_are_in_it(self) -> None:
        from covid_d.detector.assessment import Caution
        from covid_d.language import Message

        caution = Caution("age-unknown", Message("Edad desconocida.", "Age unknown."))
        made = report(answered(assessment=assessment(warnings=(caution,))))
        assert "Edad desconocida." in comments(made)


class TestADemonstration:
    def test_it_gives_no_range_and_names_its_verdict(self) -> None:
        shown = assessment(Outcome.INCONCLUSIVE, verdict="demonstration", covid=None)
        made = report(answered(assessment=shown))
        assert not {"covid-low", "covid-value", "covid-high", "prevalence"} & set(numeric(made))
        parameters = [str(item.TextValue) for item in found(made, "TEXT")["111002"]]
        assert "verdict demonstration" in parameters

    def test_a_score_of_the_old_kind_is_no_probability_of_disease(self) -> None:
        old = assessment(
            Outcome.POSITIVE,
            verdict="demonstration",
            appearance=None,
            probability=0.81,
            conformal_set=("covid",),
            covid=None,
        )
        made = report(answered(assessment=old))
        assert numeric(made) == {"probability": 0.81}
        name = found(made, "NUM")["probability"][0].ConceptNameCodeSequence[0]
        assert name.CodeMeaning == "Score of COVID-19 by the model"
        assert any("no es una probabilidad de enfermedad" in text for text in comments(made))


class TestARefusal:
    def test_it_holds_the_reason_and_no_number(self) -> None:
        made = report(answered(Outcome.REFUSED))
        assert numeric(made) == {}
        coded_items = found(made, "CODE")
        assert [coded(item) for item in coded_items["111004"]] == [("DCM", "111225")]
        assert [coded(item) for item in coded_items["refusal"]] == [("99COVIDD", "not_frontal")]
        assert "outcome" not in coded_items
        assert "appearance" not in coded_items

    @pytest.mark.parametrize("code", list(RefusalCode))
    def test_every_reason_has_a_code_that_the_standard_takes(self, code: RefusalCode) -> None:
        shown = answered(assessment=_refused(Refusal.of(code, "x")))
        made = dcmread(BytesIO(make(shown)[0].content))
        (item,) = found(made, "CODE")["refusal"]
        value = item.ConceptCodeSequence[0]
        assert len(value.CodeValue) <= 16  # SH
        assert len(value.CodeMeaning) <= 64  # LO
        assert code.value.startswith(value.CodeValue)

    def test_no_two_reasons_share_a_code(self) -> None:
        assert len({code.value[:16] for code in RefusalCode}) == len(RefusalCode)

    def test_outside_the_hospital_the_files_own_words_stay_behind(self) -> None:
        secret_words = "RODILLA DE JUAN PILCO"
        inside = answered(assessment=_refused(Refusal.of(RefusalCode.NOT_CHEST, secret_words)))
        outside = inside.with_header(deidentified(inside.header, b"secret"))
        assert any(secret_words in text for text in comments(report(inside)))
        assert secret_words.encode() not in make(outside)[0].content
        assert comments(report(outside)), "it still says what to do"


def _refused(reason: Refusal) -> Any:
    from covid_d.detector import Assessment

    return Assessment("film", Outcome.REFUSED, BUNDLE, "audit-passed", refusal=reason)


def test_values_of_a_refusal_are_none() -> None:
    assert values(assessment(Outcome.REFUSED)) == []


def test_numbers_keep_six_digits() -> None:
    third = 1 / 3
    shown = assessment(
        appearance={
            Appearance.NEGATIVE: third,
            Appearance.ATYPICAL: third,
            Appearance.INDETERMINATE: third,
            Appearance.TYPICAL: 0.0,
        }
    )
    assert {value for code, value in values(shown) if code.value.startswith("p-")} == {
        0.333333,
        0.0,
    }
