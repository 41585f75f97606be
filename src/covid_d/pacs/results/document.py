"""What every structured report of ours states around its content: whose, when, by which device."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, Comprehensive3DSRStorage, ExplicitVRLittleEndian

from covid_d.pacs.results import codes
from covid_d.pacs.results.header import COPIED, PATIENT, STUDY

_HIDDEN = ("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence")


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
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = Comprehensive3DSRStorage
    meta.MediaStorageSOPInstanceUID = UID(uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    state_owner(made, header)
    made.SOPClassUID, made.SOPInstanceUID = Comprehensive3DSRStorage, uid
    made.SeriesInstanceUID, made.SeriesNumber, made.InstanceNumber = series, number, 1
    made.Modality, made.SeriesDescription = "SR", description
    made.ReferencedPerformedProcedureStepSequence = Sequence()
    made.PerformedProcedureCodeSequence = Sequence()
    made.CurrentRequestedProcedureEvidenceSequence = Sequence([_evidence(header)])
    made.CompletionFlag = "COMPLETE"
    made.CodingSchemeIdentificationSequence = Sequence([_own_scheme()])
    state_moment(made, moment)
    return made


def state_owner(made: Dataset, header: Dataset) -> None:
    """State whose an object is, as its film does."""
    made.SpecificCharacterSet = "ISO_IR 192"
    made.StudyInstanceUID = header.StudyInstanceUID
    for keyword in (*PATIENT, *STUDY, *COPIED, *_HIDDEN):
        if keyword in header:
            setattr(made, keyword, header[keyword].value)


def state_moment(made: Dataset, moment: datetime) -> None:
    """State the one moment of an object, so that made again it is the same to the byte."""
    made.ContentDate = made.InstanceCreationDate = moment.strftime("%Y%m%d")
    made.ContentTime = made.InstanceCreationTime = moment.strftime("%H%M%S")
    made.TimezoneOffsetFromUTC = moment.strftime("%z")


def state_equipment(made: Dataset, equipment: Mapping[str, str]) -> None:
    """State which device made an object (PS3.3 C.7.5.1)."""
    for keyword, value in equipment.items():
        setattr(made, keyword, value)


def _evidence(header: Dataset) -> Dataset:
    referred, series, study = Dataset(), Dataset(), Dataset()
    referred.ReferencedSOPClassUID = header.SOPClassUID
    referred.ReferencedSOPInstanceUID = header.SOPInstanceUID
    series.ReferencedSOPSequence = Sequence([referred])
    series.SeriesInstanceUID = header.SeriesInstanceUID
    study.ReferencedSeriesSequence = Sequence([series])
    study.StudyInstanceUID = header.StudyInstanceUID
    return study


def _own_scheme() -> Dataset:
    scheme = Dataset()
    scheme.CodingSchemeDesignator = codes.SCHEME
    scheme.CodingSchemeName = codes.SCHEME_NAME
    scheme.CodingSchemeResponsibleOrganization = "COVID-D"
    return scheme
