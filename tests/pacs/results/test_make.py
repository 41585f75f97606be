"""All objects of an answer: the same to the byte whoever makes them, and taken by readers."""

from __future__ import annotations

import logging
import subprocess
import time
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from covid_d.detector import Outcome
from covid_d.pacs.results import is_ours
from covid_d.pacs.results.header import deidentified
from covid_d.pacs.results.make import make
from own_network import program
from pacs_factory import answered, assessment

OUTCOMES = list(Outcome)
REPORTS = {
    ("positive", "es"): "4517bb62d81cbea9730dd0ed3db88040",
    ("positive", "en"): "d2bc80e0676bbe3414fb91546569d561",
    ("negative", "es"): "33910204ee4730b6ecdb2e56bd0bc27d",
    ("negative", "en"): "3893d156320d7b686de720f52b6fc96c",
    ("inconclusive", "es"): "375e7348bb6d5e04f8baef4128c0dd51",
    ("inconclusive", "en"): "c8a6120688151ce22d24c480cd4a6b04",
    ("refused", "es"): "5d0967ddd8c9de3673d6fdda21e20cfd",
    ("refused", "en"): "243d18f1b5c0347ad36fa1e875497cd9",
}
"""First half of the SHA-256 of the report inside the hospital and outside it.

A sentence that is changed on purpose changes them; another way of making reports must not.
"""


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_made_twice_they_are_the_same_to_the_byte(outcome: Outcome) -> None:
    first = make(answered(outcome))
    time.sleep(1.1)  # a clock that got into them would show
    assert [each.content for each in make(answered(outcome))] == [each.content for each in first]


@pytest.mark.parametrize(("outcome", "language"), REPORTS)
def test_a_later_version_makes_the_same_report_of_the_same_film(
    outcome: str, language: str
) -> None:
    """What was sent by an older version and is sent again is one, whatever makes it faster."""
    inside = answered(Outcome(outcome), language=language)
    outside = inside.with_header(deidentified(inside.header, b"of this test"))
    found = sha256(b"".join(make(each)[0].content for each in (inside, outside)))
    assert found.hexdigest()[:32] == REPORTS[outcome, language]


def test_another_film_or_bundle_gives_other_objects() -> None:
    from dataclasses import replace

    named = {each.sop_instance for each in make(answered())}
    assert not named & {each.sop_instance for each in make(answered(seed=2))}
    other = replace(assessment(), bundle=replace(assessment().bundle, sha256="cd" * 32))
    assert not named & {each.sop_instance for each in make(answered(assessment=other))}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_refused_film_has_a_report_and_no_picture(outcome: Outcome) -> None:
    names = [each.name for each in make(answered(outcome))]
    assert names == (["report"] if outcome is Outcome.REFUSED else ["report", "picture"])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_we_know_our_own_objects(outcome: Outcome) -> None:
    for each in make(answered(outcome)):
        assert is_ours(dcmread(BytesIO(each.content)))


def test_uids_are_of_the_form_that_needs_no_registration() -> None:
    for each in make(answered()):
        head, _, number = each.sop_instance.rpartition(".")
        assert head == "2.25"
        assert int(number) < 1 << 128
        assert len(each.sop_instance) <= 64


# What the film's own header makes them say, or our own coding scheme, is no error of ours.
EXPECTED = ("99COVIDD", "DICOMDIR")


@pytest.mark.slow
@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_dciodvfy_finds_no_error(outcome: Outcome, outside: bool, tmp_path: Path) -> None:
    verifier = program("dciodvfy")
    shown = answered(outcome)
    if outside:
        shown = shown.with_header(deidentified(shown.header, b"secret"))
    for each in make(shown):
        file = tmp_path / f"{each.name}.dcm"
        file.write_bytes(each.content)
        ran = subprocess.run([verifier, str(file)], capture_output=True, text=True, check=False)
        told = (ran.stdout + ran.stderr).splitlines()
        assert {"report": "Comprehensive3DSR", "picture": "SCImage"}[each.name] in told
        assert [line for line in told if line.startswith("Error")] == []
        warned = [line for line in told if line.startswith("Warning")]
        left = [line for line in warned if not any(word in line for word in EXPECTED)]
        assert [line for line in left if "Retired Person Name form" not in line] == []


@pytest.mark.slow
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_dsrdump_reads_the_report(outcome: Outcome, tmp_path: Path) -> None:
    reader = program("dsrdump")
    file = tmp_path / "report.dcm"
    file.write_bytes(make(answered(outcome))[0].content)
    ran = subprocess.run(
        [reader, "+Pl", "+U8", str(file)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Imaging Measurement Report" in ran.stdout
    assert "PRELIMINARY" in ran.stdout
    assert ("NUM" in ran.stdout) == (outcome is not Outcome.REFUSED)


def test_the_words_are_utf_8_with_their_accents() -> None:
    content = make(answered())[0].content
    assert "aspecto típico de COVID-19".encode() in content
    assert "Quishpe^María José".encode() in content
    assert dcmread(BytesIO(content)).SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.filterwarnings("error")
def test_a_name_of_one_word_is_written_into_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = answered()
    shown.header.PatientName = "PILCO"
    for each in make(shown):
        assert str(dcmread(BytesIO(each.content)).PatientName) == "PILCO"
    assert "PILCO" not in caplog.text
