"""The report on paper: it opens, says what the page says, numbers its pages, obeys no markup."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlalchemy import select

import films
from case_rows import AUDITED_TYPICAL, set_answer
from clinic_clock import today
from clinic_factory import add_case, csrf_of, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.cautions import OUTSIDE_LUNGS

People = dict[Role, Person]
SignIn = Callable[[Role], TestClient]
CEDULA = "1710034065"


def _read(place: Installation, browser: TestClient, case_id: int, finding: str, notes: str) -> None:
    data = {"csrf_token": csrf_of(place, browser), "finding": finding, "notes": notes}
    assert browser.post(f"/cases/{case_id}/readings", data=data).status_code == 303


def _pdf(browser: TestClient, case_id: int, query: str = "") -> PdfReader:
    answer = browser.get(f"/cases/{case_id}/report.pdf{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"] == f'inline; filename="covid-d-{case_id}.pdf"'
    return PdfReader(io.BytesIO(answer.content))


def _words(pdf: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pdf.pages))


def test_one_film_makes_one_page_with_everything_on_it(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor, patient_code="HC-77", national_id=CEDULA)
    with installation.writing() as session:
        set_answer(
            session.scalars(select(StoredAssessment)).one(),
            **AUDITED_TYPICAL,
        )
    add(
        installation,
        doctor,
        Actor(doctor.id),
        case_id,
        Entry(EntryKind.RT_PCR, "positive", today()),
    )
    browser = signed_in(Role.DOCTOR)
    browser.post(
        f"/cases/{case_id}/readings",
        data={
            "csrf_token": csrf_of(installation, browser),
            "finding": "negative",
            "notes": "ñandú",
        },
    )
    pdf = _pdf(browser, case_id)
    assert len(pdf.pages) == 1
    words = _words(pdf)
    for part in (
        "Hospital Uno",
        "HC-77",
        "54 años",
        "El modelo ve un aspecto típico de COVID-19",
        "62 %",
        "92 %",
        "12 % – 85 %",
        "El resultado de laboratorio es el que decide: siga el protocolo de su unidad",
        "La radiografía sirve para ver la gravedad.",
        "Modelo de demostración",
        "phantom 1.0",
        "superó la auditoría contra pistas ajenas a los pulmones",
        "No compatible con COVID-19",
        "ñandú",
        "COVID-19, RT-PCR: positiva",
        "Firma y sello del médico responsable",
        "Página 1 de 1",
    ):
        assert part in words, part
    with installation.reading() as session:
        stored = session.scalars(select(StoredAssessment)).one()
    assert stored.bundle_sha256[:12] in words
    assert CEDULA not in words
    assert len(pdf.pages[0].images) == 3, "the QR code, the film, the film under the evidence"
    in_order = (
        f"Caso {case_id} · Hospital Uno",
        "phantom 1.0",
        "Modelo de demostración",
        "HC-77",
        "Lectura del médico",
        "ñandú",
        "Firma y sello",
        "RT-PCR: positiva",
        "Como ayuda: la respuesta del modelo",
        "COVID-19, RT-PCR: positiva",
        "El resultado de laboratorio es el que decide",
        "El modelo ve un aspecto típico de COVID-19",
        "62 %",
    )
    places = [words.index(part) for part in in_order]
    assert places == sorted(places), dict(zip(in_order, places, strict=True))


def test_the_cedula_stands_there_only_when_asked_for(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], national_id=CEDULA)
    browser = signed_in(Role.DOCTOR)
    assert f"Cédula: {CEDULA}" in _words(_pdf(browser, case_id, "?national_id=yes"))
    assert CEDULA in browser.get(f"/cases/{case_id}/report?national_id=yes").text
    assert CEDULA not in browser.get(f"/cases/{case_id}/report").text


def test_in_english(installation: Installation, people: People, signed_in: SignIn) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    browser.cookies.set("covid_d_language", "en")
    words = _words(_pdf(browser, case_id))
    assert "proves nor rules out COVID-19: do an RT-PCR or antigen test." in words
    assert "Page 1 of 1" in words


def test_many_films_are_numbered_over_their_pages(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    films = [phantom_png(seed) for seed in range(1, 6)]
    case_id = add_case(installation, people[Role.DOCTOR], films=films)
    pdf = _pdf(signed_in(Role.DOCTOR), case_id)
    count = len(pdf.pages)
    assert count > 1
    for number, page in enumerate(pdf.pages, start=1):
        assert f"Página {number} de {count}" in page.extract_text()
    words = _words(pdf)
    assert all(f"Radiografía {number}" in words for number in range(1, 6))
    assert words.count("Firma y sello") == 1


@pytest.mark.parametrize("evil", ["<b>&amp;</b><img src='file:///etc/passwd'/>", "</para><para>"])
def test_what_people_typed_is_printed_as_they_typed_it(
    installation: Installation, people: People, signed_in: SignIn, evil: str
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], patient_code=evil[:40])
    browser = signed_in(Role.DOCTOR)
    _read(installation, browser, case_id, "positive", evil)
    words = _words(_pdf(browser, case_id))
    assert evil in words
    assert evil[:40] in words


def test_a_long_note_flows_onto_the_next_page(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    notes = "x" * 900 + "\n" * 60 + "palabra " * 100 + "fin de la nota"
    _read(installation, browser, case_id, "positive", notes)
    pdf = _pdf(browser, case_id)
    assert len(pdf.pages) == 2
    assert "fin de la nota" in _words(pdf)


def test_a_missing_film_is_said_in_its_place(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    for path in (installation.folder / "films").rglob("*"):
        if path.is_file():
            path.unlink()
    pdf = _pdf(signed_in(Role.DOCTOR), case_id)
    assert "No hay imagen de esta radiografía" in _words(pdf)
    assert len(pdf.pages[0].images) == 1, "the QR code"


def test_a_refused_film_is_one_line_without_pictures(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    lateral = films.dicom(ViewPosition="LL", PatientAge="054Y", PatientSex="F")
    case_id = add_case(installation, people[Role.DOCTOR], films=[phantom_png(1), lateral])
    browser = signed_in(Role.DOCTOR)
    pdf = _pdf(browser, case_id)
    assert "Radiografía 2: Imagen no analizada." in re.sub(r" · \w+:", ":", _words(pdf))
    assert len(pdf.pages[0].images) == 2, "the QR code and the answered film"
    page = browser.get(f"/cases/{case_id}/report").text
    assert page.count("/picture.png") == 1
    assert "Imagen no analizada." in page


@pytest.mark.parametrize(
    ("language", "said", "praise"),
    [
        (
            "es",
            (
                "Respuesta descartada",
                "El modelo se basó sobre todo en zonas fuera de los pulmones.",
                "Lea la radiografía sin el modelo y haga RT-PCR o antígeno.",
            ),
            "superó",
        ),
        (
            "en",
            (
                "Answer discarded",
                "The model relied mostly on areas outside the lungs.",
                "Read the film without the model, and do an RT-PCR or antigen test.",
            ),
            "passed the audit",
        ),
    ],
)
def test_an_answer_to_be_disregarded_shows_no_percentage_anywhere(
    language: str,
    said: tuple[str, ...],
    praise: str,
    installation: Installation,
    people: People,
    signed_in: SignIn,
) -> None:
    """In the block, in its fold, on the printed page and in the PDF."""
    case_id = add_case(installation, people[Role.DOCTOR], spo2=None)
    with installation.writing() as session:
        stored = session.scalars(select(StoredAssessment)).one()
        set_answer(stored, **{**AUDITED_TYPICAL, "warnings": (OUTSIDE_LUNGS,)})
    browser = signed_in(Role.DOCTOR)
    fields = {"csrf_token": csrf_of(installation, browser), "language": language}
    browser.post("/language", data=fields)
    page, report = (browser.get(f"/cases/{case_id}{face}").text for face in ("", "/report"))
    parts = [
        page[page.index('class="outcome void"') :].partition("</section>")[0],
        page[page.index('class="numbers"') :].partition("</details>")[0],
        report[report.index('class="aid"') :],
        _words(_pdf(browser, case_id)),
    ]
    for part in parts:
        assert "típico de" not in part, part
        assert "typical of" not in part, part
        assert not re.search(r"\d\s*%", part), part
        assert praise not in part, part
    for part in (parts[0], *parts[2:]):
        for sentence in said:
            assert re.sub(r"\s+", " ", part).count(sentence) == 1, "each thing is said once"
    heading = re.search(r"<h2>(.*?)</h2>", parts[0])
    assert heading is not None
    assert heading[1] == said[0], "that it is to be disregarded is what one reads first"
    assert "viewer-cover" not in page, "no map is offered"
    assert "viewer-legend" not in page
    assert "under-evidence" not in report
    assert len(_pdf(browser, case_id).pages[0].images) == 2, "the QR code and the film alone"


@pytest.mark.parametrize(
    ("spo2", "low"), [(89, True), (90, False), (93, False), (94, False), (None, False)]
)
def test_a_low_saturation_stands_out(
    spo2: int | None, low: bool, installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], spo2=spo2)
    browser = signed_in(Role.DOCTOR)
    page, report = (browser.get(f"/cases/{case_id}{face}").text for face in ("", "/report"))
    line = page[page.index('class="patient-line"') :].partition("</p>")[0]
    said = "89 % · baja (menos de 90 %): primero, oxígeno y valoración urgente"
    mark = f'<strong class="badge danger">SpO₂ {said}</strong>'
    assert (mark in line, "danger" in line) == (low, low)
    assert (f'<strong class="low">{said}</strong>' in report) == low
    pdf = re.sub(r"\s+", " ", _words(_pdf(browser, case_id)))
    assert (f"SpO2: {said.upper()}" in pdf) == low
    plain = {90: "90 % (menos de 94 %)", 93: "93 % (menos de 94 %)", 94: "94 %"}.get(spo2 or 0)
    for face, name in ((line, "SpO₂ "), (report, "<dd>"), (pdf, "SpO2: ")):
        assert ("menos de 94 %" in face) == (spo2 in (90, 93)), face
        assert plain is None or name + plain in face, face


def test_a_film_that_may_be_anothers_is_named_beside_its_answer(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    other = films.dicom(PatientAge="061Y", PatientSex="M", ViewPosition="PA")
    case_id = add_case(
        installation, people[Role.DOCTOR], films=[phantom_png(1), other], age_years=34, sex="F"
    )
    text = _words(_pdf(signed_in(Role.DOCTOR), case_id))
    assert text.count("La radiografía dice 61 años; la ficha dice 34: compruebe") == 2
    assert text.index("Radiografía 1") > text.index("La radiografía dice sexo masculino")
    assert text.index("Radiografía 2") < text.rindex("La radiografía dice sexo masculino")


def test_a_patient_of_one_year_is_no_plural(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    film = films.dicom(PatientAge="001Y", ViewPosition="PA")
    case_id = add_case(installation, people[Role.DOCTOR], films=[film], age_years=1)
    browser = signed_in(Role.DOCTOR)
    pages = [_words(_pdf(browser, case_id))]
    pages += [browser.get(f"/cases/{case_id}{page}").text for page in ("", "/report")]
    for page in pages:
        assert "1 año" in page
        assert "La edad del paciente (1) es menor de 18 años" in page
        assert "1 años" not in page
