"""All that an answer becomes for a PACS, as files: made twice, they are the same to the byte."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import FileDataset

from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.document_pdf import pdf_document
from covid_d.pacs.results.encode import file_of
from covid_d.pacs.results.picture import picture
from covid_d.pacs.results.report import report

__all__ = ["Answered", "Made", "make"]


@dataclass(frozen=True, slots=True)
class Made:
    """One object, ready to be sent.

    Parameters
    ----------
    name
        ``report``, ``picture`` or ``document``.
    sop_class, sop_instance
        What it is, and its UID.
    content
        The file's bytes (PS3.10).
    """

    name: str
    sop_class: str
    sop_instance: str
    content: bytes


def make(answered: Answered, *, pdf: bool = False) -> list[Made]:
    """Return the objects of an answer: its report, and its picture where there is a map.

    With ``pdf`` the report as a page too.
    """
    found = [Made("report", *written(report(answered)))]
    shown = picture(answered)
    if shown is not None:
        found.append(Made("picture", *written(shown)))
    if pdf:
        found.append(Made("document", *written(pdf_document(answered))))
    return found


def written(made: FileDataset) -> tuple[str, str, bytes]:
    """Return class, UID and file of an object."""
    return str(made.SOPClassUID), str(made.SOPInstanceUID), file_of(made)
