"""A doctor's reading as a report: verified, of whoever read it, the same to the byte."""

from __future__ import annotations

import subprocess
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from highdicom.sr import MeasurementReport
from pydicom import Dataset, dcmread

from covid_d.detector import Outcome
from covid_d.pacs.results import is_ours
from covid_d.pacs.results.reading import person_name, reading_object, reading_report
from own_network import program
from pacs_factory import PATIENT, coded, comments, found, numeric, reading


def made(**changes: Any) -> Dataset:
    return dcmread(BytesIO(reading_object(reading(**changes)).content))


class TestWhoStandsBehindIt:
    def test_it_is_final_and_verified_by_whom_and_when(self) -> None:
        report = made()
        assert (report.VerificationFlag, report.CompletionFlag) == ("VERIFIED", "COMPLETE")
        assert report.PreliminaryFlag == "FINAL"
        (observer,) = report.VerifyingObserverSequence
        assert observer.VerifyingObserverName == "Ana Vera"
        assert observer.VerifyingOrganization == "Hospital Uno"
        assert observer.VerificationDateTime == "20260304050607+0000"

    def test_a_person_observed_and_no_device(self) -> None:
        report = made()
        codes = found(report, "CODE")
        assert [coded(item) for item in codes["121005"]] == [("DCM", "121006")]
        assert [str(item.PersonName) for item in found(report, "PNAME")["121008"]] == ["Ana Vera"]
        assert "111001" not in found(report, "TEXT"), "no algorithm read it"

    @pytest.mark.parametrize(
        ("full", "written"),
        [
            ("Ana Vera", "Ana Vera"),
            ("  Ana\tVera ", "AnaVera"),
            ("Ana^Vera=x\\y", "AnaVeraxy"),
            ("", "-"),
            ("Ñ" * 80, "Ñ" * 64),
        ],
    )
    def test_a_name_breaks_no_report(self, full: str, written: str) -> None:
        assert person_name(full) == written
        (observer,) = made(reader=full).VerifyingObserverSequence
        assert str(observer.VerifyingObserverName) == written


class TestWhatItSays:
    def test_patient_and_study_are_the_films(self) -> None:
        report = made()
        for keyword in ("PatientID", "PatientName", "PatientBirthDate", "AccessionNumber"):
            assert str(report[keyword].value) == PATIENT[keyword]
        (image,) = found(report, "IMAGE")["121112"]
        (named,) = image.ReferencedSOPSequence
        assert named.ReferencedSOPInstanceUID == reading().header.SOPInstanceUID

    @pytest.mark.parametrize(
        ("finding", "code"),
        [
            (Outcome.POSITIVE, "10828004"),
            (Outcome.NEGATIVE, "260385009"),
            (Outcome.INCONCLUSIVE, "82334004"),
        ],
    )
    def test_what_was_read_is_coded(self, finding: Outcome, code: str) -> None:
        codes = found(made(finding=finding), "CODE")
        assert [coded(item) for item in codes["reading"]] == [("SCT", code)]
        assert [coded(item) for item in codes["condition"]] == [("SCT", "840539006")]

    def test_category_signs_and_extent_are_said_in_codes_and_numbers(self) -> None:
        report = made()
        codes = found(report, "CODE")
        assert [coded(item) for item in codes["appearance"]] == [("99COVIDD", "typical")]
        assert [
            (item.ConceptCodeSequence[0].CodeValue, item.ConceptCodeSequence[0].CodeMeaning)
            for item in codes["sign"]
        ] == [
            ("ground_glass", "Ground-glass opacity: both sides, lower"),
            ("cardiomegaly", "Cardiomegaly"),
        ]
        assert numeric(report) == {
            **{
                f"brixia-{letter}": grade
                for letter, grade in zip("ABCDEF", [0, 1, 2, 0, 1, 3], strict=True)
            },
            "brixia": 7,
        }

    def test_what_was_not_said_is_not_there(self) -> None:
        report = made(appearance=None, signs=(), extent=(), sentences=())
        codes = found(report, "CODE")
        assert "appearance" not in codes
        assert "sign" not in codes
        assert numeric(report) == {}
        assert comments(report) == []

    def test_it_says_the_whole_in_words_too(self) -> None:
        assert comments(made()) == ["Compatible con COVID-19", "vidrio esmerilado bilateral"]


class TestItsNames:
    def test_made_again_it_is_the_same_to_the_byte(self) -> None:
        first = reading_object(reading()).content
        time.sleep(1.1)  # a clock that got into it would show
        assert reading_object(reading()).content == first

    @pytest.mark.parametrize("other", [{"number": 13}, {"fingerprint": "f" * 64}])
    def test_another_reading_or_film_is_another_report(self, other: dict[str, Any]) -> None:
        assert made(**other).SOPInstanceUID != made().SOPInstanceUID
        assert made(**other).SeriesInstanceUID != made().SeriesInstanceUID

    def test_sent_back_to_us_it_is_known_as_ours(self) -> None:
        assert is_ours(made())


def test_highdicom_reads_it_as_a_measurement_report() -> None:
    report = reading_report(reading())
    content = MeasurementReport.from_sequence([made()], is_root=True)
    (group,) = content.get_planar_roi_measurement_groups()
    assert [item.name.value for item in group.get_measurements()][-1] == "brixia"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"


@pytest.mark.slow
@pytest.mark.parametrize("full", [True, False])
def test_dciodvfy_finds_no_error(full: bool, tmp_path: Path) -> None:
    verifier = program("dciodvfy")
    left_out: dict[str, Any] = {"appearance": None, "signs": (), "extent": (), "sentences": ()}
    file = tmp_path / "reading.dcm"
    file.write_bytes(reading_object(reading(**({} if full else left_out))).content)
    ran = subprocess.run([verifier, str(file)], capture_output=True, text=True, check=False)
    faults = [line for line in ran.stderr.splitlines() if line.startswith("Error")]
    assert faults == []
    assert "Comprehensive3DSR" in ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize("full", [True, False])
def test_dsrdump_reads_it(full: bool, tmp_path: Path) -> None:
    reader = program("dsrdump")
    bare = {"appearance": None, "signs": (), "extent": (), "sentences": ()}
    file = tmp_path / "reading.dcm"
    file.write_bytes(reading_object(reading(**({} if full else bare))).content)
    ran = subprocess.run(
        [reader, "+Pl", "+U8", str(file)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = ran.stdout
    faults = [line for line in (told + ran.stderr).splitlines() if line.startswith(("E:", "W:"))]
    assert [
        line for line in faults if "does not support this Specific Character Set" not in line
    ] == []
    for words in ("Imaging Measurement Report", "COMPLETE", "VERIFIED", "Ana Vera"):
        assert words in told
    assert ("NUM" in told) == full
    assert ("vidrio esmerilado bilateral" in told) == full
