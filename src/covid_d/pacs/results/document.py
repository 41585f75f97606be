"""What every structured report of ours states around its content: whose, when, by which device."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from pydicom import Dataset
from pydicom.charset import convert_encodings
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, Comprehensive3DSRStorage, ExplicitVRLittleEndian

from covid_d.pacs.results import codes
from covid_d.pacs.results.encode import element, items, state
from covid_d.pacs.results.header import COPIED, PATIENT, STUDY

_HIDDEN = ("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence")
_OWNER = ("StudyInstanceUID", *PATIENT, *STUDY, *COPIED, *_HIDDEN)
_UTF8 = "ISO_IR 192"


def report_shell(
    header: Dataset, *, uid: str, series: str, number: int, description: str, moment: datetime
) -> FileDataset:
    """Return a structured report without its content.

    Parameters
    ----------
    header
        Of the film that it is about (``results.header``).
    uid, series
        Its own UID, and its series'.
    number
        Of the series.
    description
        Of the series, in words.
    moment
        The one moment that it states.
    """
    made = new_object(Comprehensive3DSRStorage, uid, ExplicitVRLittleEndian)
    state_owner(made, header)
    state(
        made,
        SeriesInstanceUID=series,
        SeriesNumber=number,
        InstanceNumber=1,
        Modality="SR",
        SeriesDescription=description,
        ReferencedPerformedProcedureStepSequence=b"",
        PerformedProcedureCodeSequence=b"",
        CurrentRequestedProcedureEvidenceSequence=items(_evidence(header)),
        CompletionFlag="COMPLETE",
        CodingSchemeIdentificationSequence=_own_scheme(),
    )
    state_moment(made, moment)
    return made


def new_object(sop_class: UID, sop_instance: str, syntax: UID) -> FileDataset:
    """Return an object of ours that states no more than its class and its UID."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = sop_class, syntax
    meta.MediaStorageSOPInstanceUID = UID(sop_instance)
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    state(made, SOPClassUID=sop_class, SOPInstanceUID=sop_instance)
    return made


def state_owner(made: Dataset, header: Dataset) -> None:
    """State whose an object is, as its film does."""
    # What is encoded as the file will be is written as it is, without being parsed.
    made.set_original_encoding(False, True, _encodings())
    owner = (keyword for keyword in _OWNER if keyword in header)
    known = {keyword: header[keyword].value for keyword in owner}
    state(made, SpecificCharacterSet=_UTF8, **known)


def state_moment(made: Dataset, moment: datetime) -> None:
    """State the one moment of an object, so that made again it is the same to the byte."""
    day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    state(
        made,
        ContentDate=day,
        ContentTime=time,
        InstanceCreationDate=day,
        InstanceCreationTime=time,
        TimezoneOffsetFromUTC=moment.strftime("%z"),
    )


def state_equipment(made: Dataset, equipment: Mapping[str, str]) -> None:
    """State which device made an object (PS3.3 C.7.5.1)."""
    state(made, **equipment)


def _evidence(header: Dataset) -> bytes:
    film = element("ReferencedSOPClassUID", header.SOPClassUID)
    film += element("ReferencedSOPInstanceUID", header.SOPInstanceUID)
    series = element("ReferencedSOPSequence", items(film))
    series += element("SeriesInstanceUID", header.SeriesInstanceUID)
    study = element("ReferencedSeriesSequence", items(series))
    return study + element("StudyInstanceUID", header.StudyInstanceUID)


@cache
def _own_scheme() -> bytes:
    return items(
        element("CodingSchemeDesignator", codes.SCHEME)
        + element("CodingSchemeName", codes.SCHEME_NAME)
        + element("CodingSchemeResponsibleOrganization", "COVID-D")
    )


@cache
def _encodings() -> list[str]:
    return convert_encodings(_UTF8)
