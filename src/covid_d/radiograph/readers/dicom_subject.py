"""Whether a DICOM film is one of a person: no phantom, no quality control, no animal.

Words are looked for as they lie in the file, byte by byte, so that no character set hides one.
Whole words alone count, and those that people bear or stations use of patients' films count only
where nothing else can be meant: `QC` are also somebody's initials, `phantom limb` is a diagnosis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydicom import Dataset

from covid_d.radiograph.readers.element import items_of, named, plain
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# Elements that say it in so many words (PS3.3 C.7.6.1.1, C.8.13.2.1.1) -> the word.
_STATED: Final = {"QualityControlImage": "YES", "ContentQualification": "SERVICE"}
# What stations and people write what the film is of in.
_DESCRIPTIONS: Final = (
    *("ImageType", "BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName"),
    *("AcquisitionProtocolName", "PerformedProcedureStepDescription"),
    "RequestedProcedureDescription",
)
# Sequences that describe it too, item by item and in each other.
_DESCRIBING: Final = (
    *("RequestAttributesSequence", "ProcedureCodeSequence", "RequestedProcedureCodeSequence"),
    *("PerformedProtocolCodeSequence", "ScheduledProtocolCodeSequence"),
)
_OF_ITEMS: Final = ("CodeMeaning", "ScheduledProcedureStepDescription", *_DESCRIPTIONS[2:])
_NESTED: Final = 2  # sequences in sequences
# Where people remark on patients' films too.
_COMMENTS: Final = (
    *("ImageComments", "PatientComments", "StudyComments", "RequestedProcedureComments"),
    *("CommentsOnThePerformedProcedureStep", "AcquisitionDeviceProcessingDescription"),
    "AcquisitionDeviceProcessingCode",
)
_NAMES: Final = ("PatientName", "PatientID")


def _not_behind(*words: str) -> str:
    return "".join(rf"(?<!\b{word} )" for word in words)


# What no patient's film is called, wherever it stands. A phantom limb is one, a phantom tumour is
# seen on chest films, and a hospital may be called so.
_SURE: Final = re.compile(
    rf"(?<![A-Z?]){_not_behind('NO', 'NOT', 'SIN', 'WITHOUT')}"
    r"(?:(?:CHEST|THORAX|TORAX)?PHANTOMS?(?! ?(?:LIMB|PAIN|TUMO|SENSATION|HOSPITAL|CLINIC))"
    r"|FANTOM(?:AS?|E)?|FANT\?ME|MANIKIN|MANNEQUIN|MANIQU[I?]"
    r"|QUALITY ?(?:CONTROL|ASSURANCE)|CONTROLE? (?:DE )?(?:LA )?(?:CALIDAD|QUALIDADE|QUALIT[E?])"
    r"|TEST ?PATTERN|PATR[O?]N DE PRUEBA|SMPTE)(?![A-Z?])",
    re.ASCII,
)
# In a remark: that something was done with a phantom, or that quality was looked at, is none.
_REMARKED: Final = re.compile(
    rf"(?<![A-Z?]){_not_behind('NO', 'NOT', 'NOT A', 'NO ES', 'NO ES UN', 'SIN', 'WITHOUT')}"
    rf"{_not_behind('WITH', 'WITH A', 'CON', 'CON UN', 'BY', 'VS', 'LIKE', 'PER')}"
    r"(?:(?:CHEST|THORAX|TORAX)?PHANTOMS?"
    r"(?! ?(?:LIMB|PAIN|TUMO|SENSATION|HOSPITAL|CLINIC|CALIBRAT|NO(?![A-Z])|FREE|ABSENT))"
    r"|FANTOMAS?|MANIKIN|MANNEQUIN|MANIQU[I?]|TEST ?PATTERN|PATR[O?]N DE PRUEBA|SMPTE"
    r"|(?:QUALITY ?(?:CONTROL|ASSURANCE)|Q[CA]) (?:TEST|IMAGE|FILM)"
    r"|(?:IMAGEN|PRUEBA) DE CONTROL DE CALIDAD)(?![A-Z?])"
    r"|^(?:QUALITY (?:CONTROL|ASSURANCE)|CONTROL DE CALIDAD)$",
    re.ASCII,
)
# What it is called too, but what may also be said of a patient's film.
_LIKELY: Final = re.compile(
    r"(?<![A-Z?])(?:Q[CA](?! ?(?:OK|PASS|DONE|APPROV|CHECK|COMPLET|D(?![A-Z])))"
    r"|CALIBRA(?:TION|CI[O?]N)(?! ?(?:BALL|MARKER|OBJECT|SPHERE|DIS[CK]))"
    r"|FLAT ?FIELD(?! ?CORR)|STEP ?WEDGE|TG ?18)(?![A-Z?])",
    re.ASCII,
)
_CHEST: Final = re.compile(r"CHEST|THORA|T[O?]RA[XC]|LUNG|PULM|CXR", re.ASCII)
# As a name or number of a patient: initials alone are somebody's.
_LIKELY_NAME: Final = re.compile(
    r"(?<![A-Z?])(?:CALIBRA(?:TION|CI[O?]N)"
    r"|Q[CA] (?:TEST|DAILY|WEEKLY|MONTHLY|DETECTOR|PATIENT|DIARIO|SEMANAL|MENSUAL|PRUEBA)"
    r"|(?:TEST|DAILY|WEEKLY|MONTHLY|DETECTOR|PATIENT|DIARIO|SEMANAL|MENSUAL|PRUEBA) Q[CA])"
    r"(?![A-Z?])",
    re.ASCII,
)
_LIKELY_NUMBERS: Final = ("QC", "QA")

# Patient Species Code Sequence: people in SNOMED CT, as coded before, and in NCBI's taxonomy.
_PEOPLE_CODES: Final = frozenset({"337915000", "L-85B00", "9606", "C0086418"})
_PEOPLE: Final = re.compile(r"HUMAN|HOMO|SAPIENS|HUMAIN|MENSCH|PERSON|PATIENT|PACIENTE", re.ASCII)
# What stands there for nothing, also where somebody took it out, and what is no species.
_UNSTATED: Final = frozenset(
    {"", "X", "XX", "XXX", "XXXX", "NA", "N A", "NO", "NONE", "UNKNOWN", "OTHER", "UNSPECIFIED"}
    | {"DEFAULT", "DESCONOCIDO", "NOT APPLICABLE", "NO APLICA", "REMOVED", "REDACTED", "ANON"}
    | {"ANONYMIZED", "ANONYMISED", "ANONYMOUS", "DEIDENTIFIED", "DE IDENTIFIED"}
    | {"ADULT", "ADULTO", "ADULTA", "MALE", "FEMALE", "M", "F"}
)
# What is said of animals alone (PS3.3 C.7.6.1.1.1, C.7.1.1): people have no owner.
_OF_ANIMALS: Final = {"AnatomicalOrientationType": "QUADRUPED", "ResponsiblePersonRole": "OWNER"}
_TEXT: Final = 32  # characters of a file's own words that are quoted


def require_patient(dataset: Dataset) -> None:
    """Refuse what the file says is no film of a person.

    Of names and numbers nothing is quoted but the word that tells.

    Raises
    ------
    RadiographError
        ``QUALITY_CONTROL`` for tests and phantoms, ``ANIMAL`` for animals.
    """
    for keyword, word in _STATED.items():
        if plain(dataset, keyword) == word:
            raise _refused(RefusalCode.QUALITY_CONTROL, word, keyword)
    for words, keyword in _said(dataset):
        word = _word_of_tests(words, keyword)
        if word:
            raise _refused(RefusalCode.QUALITY_CONTROL, word, keyword)
    for keyword, word in _species(dataset):
        if word not in _UNSTATED and not _PEOPLE.search(word):
            raise _refused(RefusalCode.ANIMAL, word[:_TEXT], keyword)
    for keyword, word in _OF_ANIMALS.items():
        if plain(dataset, keyword) == word:
            raise _refused(RefusalCode.ANIMAL, word, keyword)


def _said(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Yield the words in which the film is told of, each with the element that holds them."""
    for keyword in (*_DESCRIPTIONS, *_NAMES, *_COMMENTS):
        yield plain(dataset, keyword), keyword
    for keyword in _DESCRIBING:
        for words in _of_items(dataset, keyword):
            yield words, keyword


def _of_items(dataset: Dataset, sequence: str, depth: int = 1) -> Iterator[str]:
    for item in items_of(dataset, sequence):
        for keyword in _OF_ITEMS:
            yield plain(item, keyword)
        for inner in _DESCRIBING if depth < _NESTED else ():
            yield from _of_items(item, inner, depth + 1)


def _word_of_tests(words: str, keyword: str) -> str:
    """Return the word that tells a test or a phantom; empty where none does."""
    if keyword in _COMMENTS:
        remarked = _REMARKED.search(words)
        return remarked.group() if remarked else ""
    found = _SURE.search(words)
    if found is None and keyword in _NAMES:
        found = _LIKELY_NAME.search(words)
        if found is None and keyword == "PatientID" and words in _LIKELY_NUMBERS:
            return words
    elif found is None and not _CHEST.search(words):
        found = _LIKELY.search(words)
    return found.group() if found else ""


def _species(dataset: Dataset) -> list[tuple[str, str]]:
    """Return what is said of the species, with the element that says it; nothing of a person."""
    said = [("PatientSpeciesDescription", plain(dataset, "PatientSpeciesDescription"))]
    for item in items_of(dataset, "PatientSpeciesCodeSequence")[:1]:
        code, meaning = (plain(item, keyword) for keyword in ("CodeValue", "CodeMeaning"))
        if code.replace(" ", "-") not in _PEOPLE_CODES:
            said.append(("PatientSpeciesCodeSequence", meaning or code))
    return said


def _refused(code: RefusalCode, word: str, keyword: str) -> RadiographError:
    return RadiographError.of(code, f"{word}, {named(keyword)}")
