"""A doctor's confirmed reading as a structured report: TID 1500, complete, final and verified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code

from covid_d import __version__
from covid_d.language import Language, Message
from covid_d.pacs.results import codes
from covid_d.pacs.results.document import report_shell, state_equipment
from covid_d.pacs.results.identity import uid
from covid_d.pacs.results.make import Made, written
from covid_d.pacs.results.sr import (
    code_item,
    container_item,
    image_item,
    name_item,
    number_item,
    state_content,
    text_item,
    uid_item,
)
from covid_d.pacs.results.viewers import GROUP_TEMPLATE, library_item, whole_film
from covid_d.pacs.ward import ConfirmedReading, NamedSign

SERIES_NUMBER: Final = 9903
_DESCRIPTION: Final = Message("COVID-D: lectura del médico", "COVID-D: the doctor's reading")
_LONGEST: Final = 1024
_MODEL: Final = "COVID-D clinic"


def reading_object(reading: ConfirmedReading, language: Language = "es") -> Made:
    """Return a reading as a file; made twice, it is the same to the byte.

    It names patient and reader: it is for the hospital itself.

    Parameters
    ----------
    reading
        The reading.
    language
        Of the description.
    """
    return Made("report", *written(reading_report(reading, language)))


def reading_report(reading: ConfirmedReading, language: Language = "es") -> FileDataset:
    """As :func:`reading_object`, not yet written."""
    key = (reading.fingerprint, reading.what)
    made = report_shell(
        reading.header,
        uid=uid("reading", *key),
        series=uid("series-reading", *key),
        number=SERIES_NUMBER,
        description=_DESCRIPTION.in_language(language),
        moment=reading.at,
    )
    state_equipment(
        made,
        {
            "Manufacturer": codes.MANUFACTURER,
            "ManufacturerModelName": _MODEL,
            "SoftwareVersions": __version__,
            "DeviceSerialNumber": "0",
        },
    )
    made.VerificationFlag, made.PreliminaryFlag = "VERIFIED", "FINAL"
    made.VerifyingObserverSequence = Sequence([_observer(reading)])
    content = _content(reading, key, language)
    state_content(made, codes.MEASUREMENT_REPORT, "1500", content)
    return made


def _observer(reading: ConfirmedReading) -> Dataset:
    """Return who stands behind it (PS3.3 C.17.2)."""
    observer = Dataset()
    observer.VerifyingObserverName = person_name(reading.reader)
    observer.VerifyingObserverIdentificationCodeSequence = Sequence()
    observer.VerifyingOrganization = reading.organization[:64]
    observer.VerificationDateTime = reading.at.strftime("%Y%m%d%H%M%S%z")
    return observer


def person_name(full_name: str) -> str:
    """Return a name as DICOM writes one: the clinic knows no family names apart."""
    plain = "".join(sign for sign in full_name if sign.isprintable() and sign not in "\\^=")
    return " ".join(plain.split())[:64] or "-"


def _content(
    reading: ConfirmedReading, key: tuple[str, str], language: Language
) -> Iterator[bytes]:
    spoken = codes.SPANISH if language == "es" else codes.ENGLISH
    yield code_item("HAS CONCEPT MOD", codes.LANGUAGE, spoken)
    yield code_item("HAS OBS CONTEXT", codes.OBSERVER_TYPE, codes.PERSON)
    yield name_item("HAS OBS CONTEXT", codes.PERSON_NAME, person_name(reading.reader))
    yield text_item("HAS OBS CONTEXT", codes.PERSON_ORGANIZATION, reading.organization)
    yield code_item("HAS CONCEPT MOD", codes.PROCEDURE, codes.RADIOGRAPHY)
    yield library_item(reading.header)
    group = container_item("CONTAINS", codes.GROUP, _group(reading, key), template=GROUP_TEMPLATE)
    yield container_item("CONTAINS", codes.MEASUREMENTS, [group])


def _group(reading: ConfirmedReading, key: tuple[str, str]) -> Iterator[bytes]:
    header = reading.header
    yield text_item("HAS OBS CONTEXT", codes.TRACKING, reading.what)
    yield uid_item("HAS OBS CONTEXT", codes.TRACKING_UID, uid("reading", *key, "group"))
    yield from whole_film(header)
    yield code_item("HAS CONCEPT MOD", codes.SITE, codes.LUNG)
    for zone, grade in zip(codes.EXTENT_ZONES, reading.extent, strict=bool(reading.extent)):
        yield number_item(zone, grade, codes.SCORE)
    if reading.extent:
        yield number_item(codes.EXTENT, sum(reading.extent), codes.SCORE)
    # Not as a finding: as in the model's report, the disease stands as what was read for.
    yield code_item("CONTAINS", codes.CONDITION, codes.COVID)
    yield code_item("CONTAINS", codes.READ, codes.ANSWER[reading.finding])
    if reading.appearance is not None:
        yield code_item("CONTAINS", codes.APPEARANCE, codes.CATEGORY[reading.appearance])
    for sign in reading.signs:
        yield code_item("CONTAINS", codes.SIGN, _sign(sign))
    yield image_item(codes.SOURCE, str(header.SOPClassUID), str(header.SOPInstanceUID))
    for sentence in reading.sentences:
        yield text_item("CONTAINS", codes.COMMENT, sentence[:_LONGEST])


def _sign(sign: NamedSign) -> Code:
    meaning = f"{sign.meaning}: {sign.place}" if sign.place else sign.meaning
    return Code(sign.code[:16], codes.SCHEME, meaning[:64])
