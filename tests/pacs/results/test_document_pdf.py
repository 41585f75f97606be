"""The answer as a page: the same words, nobody named outside, the same to the byte."""

from __future__ import annotations

import subprocess
import time
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pypdf import PdfReader

from covid_d.detector import Outcome
from covid_d.language import INTENDED_USE
from covid_d.pacs.results import is_ours
from covid_d.pacs.results.answered import Answered
from covid_d.pacs.results.document_pdf import page
from covid_d.pacs.results.header import deidentified
from covid_d.pacs.results.make import make
from covid_d.pacs.results.report import sentences
from own_network import program
from pacs_factory import PATIENT, answered


def made(shown: Answered) -> Dataset:
    content = {each.name: each.content for each in make(shown, pdf=True)}["document"]
    return dcmread(BytesIO(content))


def words(content: bytes) -> str:
    """What a page says, spaces apart: lines break where they must."""
    text = "".join(sheet.extract_text() for sheet in PdfReader(BytesIO(content)).pages)
    return "".join(text.split())


def test_nobody_gets_a_page_who_did_not_ask_for_one() -> None:
    assert [each.name for each in make(answered())] == ["report", "picture"]
    assert [each.name for each in make(answered(), pdf=True)] == ["report", "picture", "document"]


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_it_says_what_the_report_says(outcome: Outcome, language: str) -> None:
    shown = answered(outcome, language=language)
    said = words(page(shown))
    for sentence in sentences(shown):
        assert "".join(sentence.split()) in said
    assert "".join(INTENDED_USE.in_language(shown.language).split()) in said
    assert "".join(PATIENT["PatientName"].replace("^", "").split()) in said
    assert PATIENT["PatientID"] in said


def test_it_lies_in_the_films_study_under_a_name_of_its_own() -> None:
    shown = answered()
    document = made(shown)
    assert document.StudyInstanceUID == shown.header.StudyInstanceUID
    assert document.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"  # Encapsulated PDF
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"
    length = document.EncapsulatedDocumentLength
    assert document.EncapsulatedDocument[:length] == page(shown)
    (source,) = document.SourceInstanceSequence
    assert source.ReferencedSOPInstanceUID == shown.header.SOPInstanceUID
    names = {each.sop_instance for each in make(shown, pdf=True)}
    assert len(names) == 3
    assert is_ours(document)


@pytest.mark.parametrize("outcome", [Outcome.POSITIVE, Outcome.REFUSED])
def test_made_again_it_is_the_same_to_the_byte(outcome: Outcome) -> None:
    first = make(answered(outcome), pdf=True)[-1].content
    time.sleep(1.1)  # a clock that got into it would show
    assert make(answered(outcome), pdf=True)[-1].content == first


def test_a_refused_film_has_no_number_and_no_map() -> None:
    content = page(answered(Outcome.REFUSED))
    assert b"/DCTDecode" not in content
    assert b"/DCTDecode" in page(answered())
    assert "%" not in words(content)


def test_outside_the_hospital_it_names_nobody() -> None:
    shown = answered()
    hidden = shown.with_header(deidentified(shown.header, bytes(32)))
    said = words(page(hidden))
    for keyword in ("PatientID", "PatientBirthDate", "AccessionNumber", "StudyDate"):
        assert PATIENT[keyword] not in said
    assert "Quishpe" not in said
    assert made(hidden).PatientIdentityRemoved == "YES"


@pytest.mark.parametrize("name", ["<b>X</b>&amp;^<para>", "Иванов^Пётр", "", "x" * 64])
def test_no_name_breaks_the_page(name: str) -> None:
    shown = answered()
    shown.header.PatientName = name
    assert page(shown).startswith(b"%PDF-")
    if name.startswith("<b>"):
        assert "<b>X</b>&amp;" in words(page(shown))


@pytest.mark.slow
@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("outcome", [Outcome.POSITIVE, Outcome.REFUSED])
def test_dciodvfy_finds_no_error(outcome: Outcome, outside: bool, tmp_path: Path) -> None:
    verifier = program("dciodvfy")
    shown = answered(outcome)
    if outside:
        shown = shown.with_header(deidentified(shown.header, b"secret"))
    file = tmp_path / "document.dcm"
    file.write_bytes(make(shown, pdf=True)[-1].content)
    ran = subprocess.run([verifier, str(file)], capture_output=True, text=True, check=False)
    told = (ran.stdout + ran.stderr).splitlines()
    assert "EncapsulatedPDF" in told
    assert [line for line in told if line.startswith("Error")] == []
