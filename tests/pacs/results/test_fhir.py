"""FHIR resources: invariants of R4, references that lead somewhere, and no number in a refusal."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from covid_d.detector import Outcome
from covid_d.pacs.results.fhir import bundle_of
from covid_d.pacs.results.header import deidentified
from pacs_factory import BUNDLE, PATIENT, answered, assessment

OUTCOMES = list(Outcome)


def resources(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("outcome", OUTCOMES)
class TestEveryAnswer:
    def test_it_is_json_and_the_same_each_time(self, outcome: Outcome) -> None:
        assert json.dumps(bundle_of(answered(outcome))) == json.dumps(bundle_of(answered(outcome)))

    def test_it_has_one_report_device_and_study(self, outcome: Outcome) -> None:
        made = bundle_of(answered(outcome))
        assert made["resourceType"] == "Bundle"
        for kind in ("DiagnosticReport", "Device", "ImagingStudy"):
            assert len(resources(made, kind)) == 1

    def test_a_value_and_the_reason_for_none_are_never_together(self, outcome: Outcome) -> None:
        """Obs-6 of R4; and one of the two is always there."""
        for each in resources(bundle_of(answered(outcome)), "Observation"):
            values = [key for key in each if key.startswith("value")]
            assert len(values) + ("dataAbsentReason" in each) == 1

    def test_nothing_is_final(self, outcome: Outcome) -> None:
        made = bundle_of(answered(outcome))
        for kind in ("DiagnosticReport", "Observation"):
            assert {each["status"] for each in resources(made, kind)} == {"preliminary"}

    def test_every_reference_leads_to_an_entry(self, outcome: Outcome) -> None:
        made = bundle_of(answered(outcome))
        there = {entry["request"]["url"] for entry in made["entry"]}
        named = set(re.findall(r'"reference": "([^"]+)"', json.dumps(made)))
        assert named
        assert named <= there

    def test_every_resource_is_put_under_its_own_name(self, outcome: Outcome) -> None:
        made = bundle_of(answered(outcome))
        urls = [entry["request"]["url"] for entry in made["entry"]]
        assert len(urls) == len(set(urls))
        for entry in made["entry"]:
            resource = entry["resource"]
            assert entry["request"] == {
                "method": "PUT",
                "url": f"{resource['resourceType']}/{resource['id']}",
            }
            assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", resource["id"])  # type id of R4

    def test_the_report_lists_every_observation(self, outcome: Outcome) -> None:
        made = bundle_of(answered(outcome))
        (report,) = resources(made, "DiagnosticReport")
        listed = {each["reference"].removeprefix("Observation/") for each in report["result"]}
        assert listed == {each["id"] for each in resources(made, "Observation")}

    def test_the_conclusion_is_in_words_with_the_limits(self, outcome: Outcome) -> None:
        (report,) = resources(bundle_of(answered(outcome)), "DiagnosticReport")
        assert "no es un diagnóstico" in report["conclusion"]
        assert ".." not in report["conclusion"]

    def test_no_name_is_in_it(self, outcome: Outcome) -> None:
        text = json.dumps(bundle_of(answered(outcome)), ensure_ascii=False)
        for keyword in ("PatientName", "PatientBirthDate", "ReferringPhysicianName"):
            assert PATIENT[keyword] not in text


def numbers(made: dict[str, Any]) -> dict[str, float]:
    return {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in resources(made, "Observation")
        if "valueQuantity" in each
    }


def test_a_refusal_has_no_number_and_says_why() -> None:
    made = bundle_of(answered(Outcome.REFUSED))
    assert numbers(made) == {}
    (only,) = resources(made, "Observation")
    assert only["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert only["dataAbsentReason"]["text"] == "not_frontal"


def test_a_range_stands_beside_its_prevalence_or_is_not_there() -> None:
    assert numbers(bundle_of(answered()))["prevalence"] == 0.1
    bare = numbers(bundle_of(answered(assessment=assessment(covid=None))))
    assert not {"covid-low", "covid-value", "covid-high", "prevalence"} & set(bare)


def test_the_device_is_the_bundle() -> None:
    (device,) = resources(bundle_of(answered()), "Device")
    assert device["deviceName"] == [{"name": BUNDLE.name, "type": "model-name"}]
    assert {each["value"] for each in device["version"]} == {
        BUNDLE.version,
        f"sha256:{BUNDLE.sha256}",
    }


def test_the_study_is_the_films() -> None:
    shown = answered()
    (study,) = resources(bundle_of(shown), "ImagingStudy")
    assert study["identifier"][0]["value"] == f"urn:oid:{shown.header.StudyInstanceUID}"
    assert study["series"][0]["instance"][0]["uid"] == str(shown.header.SOPInstanceUID)


def test_outside_the_hospital_the_number_is_a_code() -> None:
    shown = answered()
    outside = bundle_of(shown.with_header(deidentified(shown.header, b"secret")))
    assert PATIENT["PatientID"] not in json.dumps(outside)
    assert str(shown.header.StudyInstanceUID) not in json.dumps(outside)
    assert PATIENT["PatientID"] in json.dumps(bundle_of(shown))


def test_a_film_without_a_number_still_has_a_subject() -> None:
    shown = answered()
    shown.header.PatientID = ""
    (report,) = resources(bundle_of(shown), "DiagnosticReport")
    assert report["subject"]["identifier"]["value"] == "unknown"
