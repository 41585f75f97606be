"""The answer as a page: an encapsulated PDF, for viewers that show no structured report."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from covid_d.language import Message
from covid_d.pacs.results import codes
from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.document import (
    new_object,
    state_equipment,
    state_moment,
    state_owner,
)
from covid_d.pacs.results.identity import uid
from covid_d.pacs.results.report import sentences

SERIES_NUMBER: Final = 9904
TITLE: Final = Message(
    "Informe del modelo: no es un diagnóstico", "Report of the model: no diagnosis"
)
_DESCRIPTION: Final = Message(
    "COVID-D: informe del modelo (PDF)", "COVID-D: report of the model (PDF)"
)
_FACTS: Final = (
    ("PatientName", Message("Paciente", "Patient")),
    ("PatientID", Message("Número", "Number")),
    ("PatientBirthDate", Message("Nacimiento", "Born")),
    ("StudyDate", Message("Fecha del estudio", "Date of the study")),
    ("AccessionNumber", Message("Número de acceso", "Accession number")),
)
_WIDTH: Final = 240.0  # of the picture, in points
_MODEL: Final = Message("Modelo", "Model")


def pdf_document(answered: Answered) -> FileDataset:
    """Return an answer as a page, in an object of the film's study; byte-equal when made again."""
    named = uid("document", *answered.key)
    made = new_object(EncapsulatedPDFStorage, named, ExplicitVRLittleEndian)
    header, language = answered.header, answered.language
    state_owner(made, header)
    state_moment(made, answered.received)
    state_equipment(made, answered.equipment)
    made.InstanceCreatorUID = uid("device", answered.assessment.bundle.sha256)
    made.SeriesInstanceUID = uid("series-document", *answered.key)
    made.SeriesNumber, made.InstanceNumber = SERIES_NUMBER, 1
    made.Modality, made.ConversionType = "DOC", "WSD"
    made.SeriesDescription = _DESCRIPTION.in_language(language)
    made.DocumentTitle = TITLE.in_language(language)
    made.BurnedInAnnotation = "YES"
    made.AcquisitionDateTime = ""
    made.ConceptNameCodeSequence = Sequence([_coded()])
    made.SourceInstanceSequence = Sequence([_source(header)])
    content = page(answered)
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(content)
    made.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return made


def page(answered: Answered) -> bytes:
    """Return an answer as a PDF: whose film, the answer in words, the map, which model."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    language = answered.language
    text = ParagraphStyle("text", fontName="Helvetica", fontSize=11, leading=15)
    small = ParagraphStyle("small", parent=text, fontSize=9, leading=12)
    strong = ParagraphStyle(
        "strong", parent=text, fontName="Helvetica-Bold", fontSize=14, leading=19
    )
    said = sentences(answered)
    story: list[Any] = [Paragraph(_shown(TITLE.in_language(language)), strong), Spacer(1, 8)]
    for keyword, name in _FACTS:
        value = str(answered.header.get(keyword) or "").replace("^", " ").strip()
        if value:
            story.append(Paragraph(_shown(f"{name.in_language(language)}: {value}"), small))
    story += [Spacer(1, 10), Paragraph(_shown(said[0]), strong), Spacer(1, 6)]
    story += [Paragraph(_shown(line), text) for line in said[1:]]
    if answered.overlay is not None:
        story += [Spacer(1, 10), _picture(answered)]
    bundle = answered.assessment.bundle
    model = f"{_MODEL.in_language(language)}: {bundle.name} {bundle.version} ({bundle.sha256[:16]})"
    received = answered.received.strftime("%Y-%m-%d %H:%M %z")
    story += [Spacer(1, 10), Paragraph(_shown(f"{model} · {received}"), small)]
    stream = BytesIO()
    SimpleDocTemplate(
        stream, pagesize=A4, invariant=1, title=TITLE.in_language(language), author="COVID-D",
        leftMargin=56, rightMargin=56, topMargin=56, bottomMargin=56,
    ).build(story)  # fmt: skip
    return stream.getvalue()


def _shown(text: str) -> str:
    # The built-in fonts of PDF write Latin-1 alone; what is beyond it stands as a question mark.
    return escape(text.encode("latin-1", "replace").decode("latin-1"))


def _picture(answered: Answered) -> Any:
    from reportlab.platypus import Image

    assert answered.overlay is not None  # noqa: S101 - asked before
    stream = BytesIO()
    answered.overlay.convert("RGB").save(stream, "JPEG", quality=85)
    stream.seek(0)
    height = _WIDTH * answered.overlay.height / answered.overlay.width
    return Image(stream, _WIDTH, min(height, 1.6 * _WIDTH))


def _coded() -> Dataset:
    name = Dataset()
    name.CodeValue = codes.MEASUREMENT_REPORT.value
    name.CodingSchemeDesignator = codes.MEASUREMENT_REPORT.scheme_designator
    name.CodeMeaning = codes.MEASUREMENT_REPORT.meaning
    return name


def _source(header: Dataset) -> Dataset:
    referred = Dataset()
    referred.ReferencedSOPClassUID = header.SOPClassUID
    referred.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return referred
