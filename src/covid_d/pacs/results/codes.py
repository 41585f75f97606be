"""Every code that our objects use, in one table; the conformance statement is printed from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydicom import Dataset
from pydicom.sr.coding import Code

from covid_d.detector import CATEGORIES, Appearance, Outcome

MANUFACTURER: Final = "COVID-D"
SCHEME: Final = "99COVIDD"
"""Our own coding scheme: what no public one has a code for."""
SCHEME_NAME: Final = "COVID-D, appearance of chest radiographs"

COVID: Final = Code("840539006", "SCT", "Disease caused by SARS-CoV-2 (disorder)")
POSITIVE: Final = Code("10828004", "SCT", "Positive")
NEGATIVE: Final = Code("260385009", "SCT", "Negative")
INDETERMINATE: Final = Code("82334004", "SCT", "Indeterminate")
LUNG: Final = Code("39607008", "SCT", "Lung structure (body structure)")
RADIOGRAPHY: Final = Code("399208008", "SCT", "Plain chest X-ray (procedure)")
SPANISH: Final = Code("es", "RFC5646", "Spanish")
ENGLISH: Final = Code("en", "RFC5646", "English")
INTELLIGENCE: Final = Code("123110", "DCM", "Artificial Intelligence")
ANALYSIS: Final = Code("111004", "DCM", "Analysis Performed")
SUCCEEDED: Final = Code("111222", "DCM", "Succeeded")
NOT_ATTEMPTED: Final = Code("111225", "DCM", "Not Attempted")
COMMENT: Final = Code("121106", "DCM", "Comment")
RATIO: Final = Code("1", "UCUM", "no units")

# Names of the template's rows (PS3.16, TID 1500, 1501, 1002, 1003, 1004, 4019).
MEASUREMENT_REPORT: Final = Code("126000", "DCM", "Imaging Measurement Report")
MEASUREMENTS: Final = Code("126010", "DCM", "Imaging Measurements")
GROUP: Final = Code("125007", "DCM", "Measurement Group")
LANGUAGE: Final = Code("121049", "DCM", "Language of Content Item and Descendants")
PROCEDURE: Final = Code("121058", "DCM", "Procedure reported")
OBSERVER_TYPE: Final = Code("121005", "DCM", "Observer Type")
PERSON: Final = Code("121006", "DCM", "Person")
DEVICE: Final = Code("121007", "DCM", "Device")
PERSON_NAME: Final = Code("121008", "DCM", "Person Observer Name")
PERSON_ORGANIZATION: Final = Code("121009", "DCM", "Person Observer's Organization Name")
DEVICE_UID: Final = Code("121012", "DCM", "Device Observer UID")
DEVICE_NAME: Final = Code("121013", "DCM", "Device Observer Name")
DEVICE_MANUFACTURER: Final = Code("121014", "DCM", "Device Observer Manufacturer")
DEVICE_MODEL: Final = Code("121015", "DCM", "Device Observer Model Name")
DEVICE_SERIAL: Final = Code("121016", "DCM", "Device Observer Serial Number")
TRACKING: Final = Code("112039", "DCM", "Tracking Identifier")
TRACKING_UID: Final = Code("112040", "DCM", "Tracking Unique Identifier")
SITE: Final = Code("363698007", "SCT", "Finding Site")
SOURCE: Final = Code("121112", "DCM", "Source of Measurement")
REGION: Final = Code("111030", "DCM", "Image Region")
ORIGIN: Final = Code("260753009", "SCT", "Source")
LIBRARY: Final = Code("111028", "DCM", "Image Library")
LIBRARY_GROUP: Final = Code("126200", "DCM", "Image Library Group")
MODALITY: Final = Code("121139", "DCM", "Modality")
MODALITIES: Final = (
    Code("CR", "DCM", "Computed Radiography"),
    Code("DX", "DCM", "Digital Radiography"),
)
ALGORITHM_NAME: Final = Code("111001", "DCM", "Algorithm Name")
ALGORITHM_VERSION: Final = Code("111003", "DCM", "Algorithm Version")
ALGORITHM_MANUFACTURER: Final = Code("122405", "DCM", "Algorithm Manufacturer")
ALGORITHM_PARAMETERS: Final = Code("111002", "DCM", "Algorithm Parameters")
ALGORITHM_FAMILY: Final = Code("111000", "DCM", "Algorithm Family")

APPEARANCE: Final = Code("appearance", SCHEME, "Appearance of the lungs")
CONDITION: Final = Code("condition", SCHEME, "Condition that the film was read for")
OUTCOME: Final = Code("outcome", SCHEME, "Answer of the model")
READ: Final = Code("reading", SCHEME, "Reading of the film by a doctor")
SIGN: Final = Code("sign", SCHEME, "Sign seen in the film")
EXTENT: Final = Code("brixia", SCHEME, "Brixia score, 0 to 18")
EXTENT_ZONES: Final = tuple(
    Code(f"brixia-{letter}", SCHEME, f"Brixia score of a zone, 0 to 3: {lung} lung, {height}")
    for letter, (lung, height) in zip(
        "ABCDEF",
        [(lung, height) for lung in ("right", "left") for height in ("upper", "middle", "lower")],
        strict=True,
    )
)
SCORE: Final = Code("{score}", "UCUM", "score")
REFUSAL: Final = Code("refusal", SCHEME, "Reason for which there is no answer")
NOT_RULED_OUT: Final = Code("not-ruled-out", SCHEME, "Appearance that is not ruled out")
OPACITY: Final = Code("opacity", SCHEME, "Probability of any lung opacity")
PROBABILITY: Final = Code("probability", SCHEME, "Score of COVID-19 by the model")
PREVALENCE: Final = Code("prevalence", SCHEME, "Prevalence of COVID-19 that was stated")
COVID_LOW: Final = Code("covid-low", SCHEME, "Probability of COVID-19, lower end of its range")
COVID_VALUE: Final = Code("covid-value", SCHEME, "Probability of COVID-19, middle of its range")
COVID_HIGH: Final = Code("covid-high", SCHEME, "Probability of COVID-19, upper end of its range")
CATEGORY: Final = {
    Appearance.NEGATIVE: Code("negative", SCHEME, "Negative for pneumonia"),
    Appearance.ATYPICAL: Code("atypical", SCHEME, "Atypical appearance"),
    Appearance.INDETERMINATE: Code("indeterminate", SCHEME, "Indeterminate appearance"),
    Appearance.TYPICAL: Code("typical", SCHEME, "Typical appearance"),
}
PROBABILITY_OF: Final = {
    category: Code(f"p-{category.value}", SCHEME, f"Probability: {CATEGORY[category].meaning}")
    for category in CATEGORIES
}
ANSWER: Final = {
    Outcome.POSITIVE: POSITIVE,
    Outcome.NEGATIVE: NEGATIVE,
    Outcome.INCONCLUSIVE: INDETERMINATE,
}
"""What a refused film has is no answer: it has ``NOT_ATTEMPTED`` and a reason."""


def table() -> list[Code]:
    """Return every code, each once, by scheme and value."""
    found = {
        (code.scheme_designator, code.value): code
        for value in globals().values()
        for code in _codes(value)
        if isinstance(code, Code)
    }
    return [found[key] for key in sorted(found)]


def _codes(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    # A code is a tuple itself.
    return value if isinstance(value, tuple) and not isinstance(value, Code) else [value]


def is_ours(dataset: Dataset) -> bool:
    """Return whether an object was made by COVID-D, here or elsewhere.

    What comes back to us (a study forwarded again) must never be answered as a film: our own
    picture of a film would be.
    """
    return str(dataset.get("Manufacturer", "")).strip().upper() == MANUFACTURER
