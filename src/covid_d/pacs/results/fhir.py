"""The answer as FHIR R4 resources, in one transaction bundle.

What an answer is (https://hl7.org/fhir/R4/diagnosticreport.html): a preliminary report, since no
doctor has signed it. An observation holds a value or says why it has none, never both (obs-6).
"""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydicom.sr.coding import Code

from covid_d.pacs.results import codes
from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.identity import uid
from covid_d.pacs.results.report import sentences, values

SYSTEMS: Final = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "UCUM": "http://unitsofmeasure.org",
    codes.SCHEME: "urn:covid-d:appearance",
}
_UNIT: Final = {"system": SYSTEMS["UCUM"], "code": "1"}
_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_LOINC_REPORT: Final = {
    "system": "http://loinc.org",
    "code": "30745-4",
    "display": "Radiology Study observation (narrative)",
}


def bundle_file(answered: Answered) -> bytes:
    """Return :func:`bundle_of` as a file."""
    return json.dumps(bundle_of(answered), ensure_ascii=False, indent=1).encode()


def bundle_of(answered: Answered) -> dict[str, Any]:
    """Return an answer as a FHIR transaction: report, observations, study and device.

    Sent twice it is one: every resource is put under an identifier of its own.
    """
    device, study = _device(answered), _study(answered)
    observations = _observations(answered)
    report = _report(answered, observations)
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": answered.received.isoformat(),
        "entry": [_entry(resource) for resource in (device, study, *observations, report)],
    }


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    kind, number = resource["resourceType"], resource["id"]
    return {
        "fullUrl": f"urn:uuid:{number}",
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}/{number}"},
    }


def _id(answered: Answered, what: str) -> str:
    return str(uuid5(NAMESPACE_URL, "|".join(("covid-d", what, *answered.key))))


def _reference(kind: str, number: str) -> dict[str, str]:
    return {"reference": f"{kind}/{number}"}


def _subject(answered: Answered) -> dict[str, Any]:
    """Return who it is about, by the hospital's own number; no name leaves with it."""
    return {"identifier": {"value": str(answered.header.PatientID) or "unknown"}}


def _coded(code: Code) -> dict[str, Any]:
    coding = {
        "system": SYSTEMS[code.scheme_designator],
        "code": code.value,
        "display": code.meaning,
    }
    return {"coding": [coding]}


def _device(answered: Answered) -> dict[str, Any]:
    bundle = answered.assessment.bundle
    return {
        "resourceType": "Device",
        "id": str(uuid5(NAMESPACE_URL, f"covid-d|device|{bundle.sha256}")),
        "identifier": [
            {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{uid('device', bundle.sha256)}"}
        ],
        "manufacturer": codes.MANUFACTURER,
        "deviceName": [{"name": bundle.name, "type": "model-name"}],
        "version": [{"value": bundle.version}, {"value": f"sha256:{bundle.sha256}"}],
    }


def _study(answered: Answered) -> dict[str, Any]:
    header = answered.header
    return {
        "resourceType": "ImagingStudy",
        "id": _id(answered, "study"),
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{header.StudyInstanceUID}"}],
        "status": "available",
        "subject": _subject(answered),
        "series": [
            {
                "uid": str(header.SeriesInstanceUID),
                "modality": {
                    "system": SYSTEMS["DCM"],
                    "code": str(header.get("Modality", "")) or "CR",
                },
                "instance": [
                    {
                        "uid": str(header.SOPInstanceUID),
                        "sopClass": {
                            "system": "urn:ietf:rfc:3986",
                            "code": f"urn:oid:{header.SOPClassUID}",
                        },
                    }
                ],
            }
        ],
    }


def _observations(answered: Answered) -> list[dict[str, Any]]:
    found = [_outcome(answered)]
    for code, value in values(answered.assessment):
        found.append(
            _observation(answered, code) | {"valueQuantity": {"value": value, "unit": "1", **_UNIT}}
        )
    return found


def _outcome(answered: Answered) -> dict[str, Any]:
    assessment = answered.assessment
    made = _observation(answered, codes.OUTCOME)
    if assessment.refusal is not None:
        reason = {"coding": [{"system": _ABSENT, "code": "not-performed"}]}
        return made | {"dataAbsentReason": {**reason, "text": assessment.refusal.code.value}}
    return made | {"valueCodeableConcept": _coded(codes.ANSWER[assessment.outcome])}


def _observation(answered: Answered, code: Code) -> dict[str, Any]:
    device = str(uuid5(NAMESPACE_URL, f"covid-d|device|{answered.assessment.bundle.sha256}"))
    return {
        "resourceType": "Observation",
        "id": _id(answered, code.value),
        "status": "preliminary",
        "code": _coded(code),
        "subject": _subject(answered),
        "effectiveDateTime": answered.received.isoformat(),
        "device": _reference("Device", device),
        "derivedFrom": [_reference("ImagingStudy", _id(answered, "study"))],
    }


def _report(answered: Answered, observations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": _id(answered, "report"),
        "status": "preliminary",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}
        ],
        "code": {"coding": [_LOINC_REPORT]},
        "subject": _subject(answered),
        "effectiveDateTime": answered.received.isoformat(),
        "issued": answered.received.isoformat(),
        "imagingStudy": [_reference("ImagingStudy", _id(answered, "study"))],
        "result": [_reference("Observation", each["id"]) for each in observations],
        "conclusion": " ".join(
            text if text.endswith(".") else f"{text}." for text in sentences(answered)
        ),
    }
