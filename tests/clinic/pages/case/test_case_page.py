"""The case page: words first, nothing before one's own reading, nothing of other units."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from case_rows import AUDITED_TYPICAL, set_answer
from clinic_factory import PASSWORD, add_case, add_unit, add_user, csrf_of, phantom_png, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import AnswerShown, Case, Film, Reading, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.detector import CATEGORIES, Outcome
from films import dicom

People = dict[Role, Person]
SignIn = Callable[[Role], TestClient]
UNREAD = "Esta imagen no se leyó como radiografía de tórax frontal"
ANOTHER = "Registrar otra radiografía (use el mismo código de paciente)"
BRIGHT, DARK = 1, 2  # seeds of phantoms with and without opacities


@pytest.fixture
def blind(installation: Installation) -> None:
    """The unit reads blind."""
    read_blind(installation)


def _answer(place: Installation, case_id: int) -> StoredAssessment:
    with place.reading() as session:
        return session.scalars(
            select(StoredAssessment).join(Film).where(Film.case_id == case_id)
        ).one()


def _set_answer(place: Installation, case_id: int, **changes: object) -> None:
    with place.writing() as session:
        stored = select(StoredAssessment).join(Film).where(Film.case_id == case_id)
        set_answer(session.scalars(stored).one(), **changes)


def _post_reading(place: Installation, browser: TestClient, case_id: int, **fields: str) -> int:
    data = {"csrf_token": csrf_of(place, browser), **fields}
    return browser.post(f"/cases/{case_id}/readings", data=data).status_code


def test_words_then_numbers_then_their_base(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    _set_answer(
        installation,
        case_id,
        **AUDITED_TYPICAL,
    )
    text = signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    in_order = [
        "El modelo ve un aspecto típico de COVID-19",
        "Modelo de demostración",
        "tienen COVID-19 entre unos 12 y unos 85",
        "10 de cada 100 (prevalencia en Hospital Uno, fijada por el administrador)",
        "No confirma COVID-19; haga RT-PCR o antígeno.",
        "Aún no hay resultado de laboratorio registrado.",
        "<details",
        "62 %",
        "92 %",
        "12 % – 85 %",
        "phantom 1.0",
    ]
    body = text[text.index('class="outcome positive"') :]
    places = [body.find(words) for words in in_order]
    assert -1 not in places, dict(zip(in_order, places, strict=True))
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("share", "words"), [(0.004, "menos de 1 es"), (0.997, "más de 99 son"), (0.996, "&gt; 99 %")]
)
def test_no_number_is_a_certainty(
    installation: Installation, people: People, signed_in: SignIn, share: float, words: str
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    _set_answer(installation, case_id, probability=share, verdict="audit-passed")
    assert words in signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text


@pytest.mark.parametrize(
    ("language", "legend"),
    [
        ("es", "Peso de cada lugar en «aspecto indeterminado»:"),
        ("en", "Weight of each place for “indeterminate appearance”:"),
    ],
)
def test_the_map_is_of_the_category_that_is_named(
    language: str, legend: str, installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    _set_answer(
        installation,
        case_id,
        outcome=Outcome.INCONCLUSIVE,
        verdict="audit-passed",
        probability=None,
        appearance=dict(zip(CATEGORIES, (0.2, 0.1, 0.6, 0.1), strict=True)),
        conformal_set=("indeterminate",),
    )
    browser = signed_in(Role.DOCTOR)
    fields = {"csrf_token": csrf_of(installation, browser), "language": language}
    browser.post("/language", data=fields)
    assert legend in browser.get(f"/cases/{case_id}").text


def test_the_map_of_an_old_bundle_is_of_covid(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    _set_answer(installation, case_id, verdict="audit-passed")
    text = signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    assert "Peso de cada lugar en «COVID-19»:" in text


def test_without_a_prevalence_there_is_no_predictive_value(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    with installation.writing() as session:
        session.execute(update(Unit).values(prevalence=None))
    case_id = add_case(installation, people[Role.DOCTOR])
    _set_answer(
        installation,
        case_id,
        verdict="audit-passed",
        probability=None,
        appearance=dict.fromkeys(CATEGORIES, 0.25),
        conformal_set=tuple(CATEGORIES),
    )
    text = signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    assert "Su unidad no tenía una prevalencia fijada" in text
    assert "a la prevalencia de su unidad" not in text


def test_a_demonstration_shows_no_predictive_value_and_no_percentage_of_disease(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    text = signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    answer = text[text.index('class="outcome') : text.index('id="patient-title"')]
    assert "no es una probabilidad de enfermedad" in answer
    assert "Probabilidad de COVID-19" not in text
    assert "a la prevalencia de su unidad" not in text
    assert "Un modelo de demostración no tiene valor predictivo" in text


def test_a_demonstrations_map_is_offered_neither_on_the_page_nor_on_paper(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    for verdict, offered in (("demonstration", False), ("audit-passed", True)):
        if offered:
            _set_answer(installation, case_id, **AUDITED_TYPICAL)
        assert _answer(installation, case_id).bundle_verdict == verdict
        page = browser.get(f"/cases/{case_id}").text
        for part in ("data-evidence", 'id="viewer-cover"', "viewer-legend", "<kbd>E</kbd>"):
            assert (part in page) == offered, part
        report = browser.get(f"/cases/{case_id}/report").text
        assert ("under-evidence.png" in report) == offered


def test_a_refusal_says_why_and_what_to_do(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], age_years=9)
    text = signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    assert "Imagen no analizada" in text
    assert "No use COVID-D en menores de 18 años. Lea la radiografía sin el modelo." in text
    assert ANOTHER not in text, "it would invite a false age"
    assert 'class="figures"' not in text
    assert "data-evidence" not in text
    assert UNREAD not in text, "a child's film may be a frontal one"


@pytest.mark.parametrize(
    ("known", "es", "en"),
    [
        ({"age_years": 54}, "54 años", "54 years"),
        ({"age_years": None, "adult": True}, "adulto", "adult"),
        ({"age_years": None, "adult": False}, "menor de 18 años", "under 18"),
        ({"age_years": None, "adult": None}, "edad sin registrar", "age not recorded"),
    ],
)
def test_that_no_age_is_recorded_is_said_where_the_age_would_be(
    known: dict[str, Any],
    es: str,
    en: str,
    installation: Installation,
    people: People,
    signed_in: SignIn,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], **known)
    browser = signed_in(Role.DOCTOR)
    for language, said in (("es", es), ("en", en)):
        browser.cookies.set("covid_d_language", language)
        text = browser.get(f"/cases/{case_id}").text
        line = text[text.index('class="patient-line"') :].partition("</p>")[0]
        assert f"· {said} ·" in line


def test_before_reading_a_film_refused_as_not_frontal_one_is_warned(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], films=[dicom(ViewPosition="LL")])
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{case_id}").text
    assert page.index('id="reading"') < page.index(UNREAD) < page.index('id="finding-positive"')
    answered = add_case(installation, people[Role.DOCTOR])
    assert UNREAD not in browser.get(f"/cases/{answered}").text
    assert ANOTHER in page
    assert ANOTHER not in browser.get(f"/cases/{answered}").text


def test_a_blind_reader_is_not_told_that_the_film_was_refused(
    installation: Installation, people: People, signed_in: SignIn, blind: None
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], films=[dicom(ViewPosition="LL")])
    browser = signed_in(Role.DOCTOR)
    assert UNREAD not in browser.get(f"/cases/{case_id}").text
    assert _post_reading(installation, browser, case_id, finding="inconclusive") == 303
    assert UNREAD in browser.get(f"/cases/{case_id}").text


def test_in_blind_mode_no_output_tells_the_answer(
    installation: Installation, people: People, signed_in: SignIn, blind: None
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    _set_answer(installation, case_id, probability=0.6217, outcome=Outcome.INCONCLUSIVE)
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{case_id}").text
    # The form offers the findings in the same words; elsewhere they must not stand.
    outside = re.sub(r"<fieldset.*?</fieldset>", "", page, flags=re.DOTALL)
    told = (
        "62 %",
        "0,62",
        "0.62",
        "inconclusive",
        "no concluyente",
        "compatible",
        "evidence",
        "figures",
    )
    assert [words for words in told if words in outside.lower()] == []
    assert "/report" not in page
    film = _answer(installation, case_id).film_id
    for path in ("report", "report.pdf", f"films/{film}/evidence.png"):
        refused = browser.get(f"/cases/{case_id}/{path}")
        assert refused.status_code == 409, path
        assert "inconcl" not in refused.text
    assert browser.get(f"/cases/{case_id}/films/{film}/under-evidence.png").status_code == 409
    with installation.reading() as session:
        assert session.scalars(select(AnswerShown)).all() == []
        views = session.scalars(select(AuditEntry).where(AuditEntry.action == "case.view")).all()
    assert [view.detail for view in views] == [{"answer_shown": False}]


def test_after_the_own_reading_everything_opens_and_the_order_is_kept(
    installation: Installation, people: People, signed_in: SignIn, blind: None
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    browser.get(f"/cases/{case_id}")
    assert _post_reading(installation, browser, case_id, finding="negative", notes="limpia") == 303
    page = browser.get(f"/cases/{case_id}").text
    assert 'class="outcome ' in page
    assert "antes de ver la respuesta del modelo" in page
    film = _answer(installation, case_id).film_id
    address = f"/cases/{case_id}/films/{film}/evidence.png"
    assert browser.get(address).status_code == 503, "a demonstration's map is nobody's"
    _set_answer(installation, case_id, verdict="audit-passed")
    assert browser.get(address).status_code == 200
    assert browser.get(f"/cases/{case_id}/report").status_code == 200
    with installation.reading() as session:
        reading = session.scalars(select(Reading)).one()
        shown = session.scalars(select(AnswerShown)).one()
    assert reading.kind == "blind"
    assert reading.created_at < shown.shown_at


def test_one_persons_reading_does_not_open_the_case_for_another(
    installation: Installation, people: People, signed_in: SignIn, blind: None
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    doctor, radiologist = signed_in(Role.DOCTOR), signed_in(Role.RADIOLOGIST)
    _post_reading(installation, doctor, case_id, finding="positive", notes="vidrio esmerilado")
    page = radiologist.get(f"/cases/{case_id}").text
    assert "vidrio esmerilado" not in page
    assert 'class="outcome ' not in page
    assert "segundo lector" in page
    _post_reading(installation, radiologist, case_id, finding="negative")
    assert "vidrio esmerilado" in radiologist.get(f"/cases/{case_id}").text


def test_a_reading_that_cannot_be_accepted_keeps_what_was_typed(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    data = {"csrf_token": csrf_of(installation, browser), "notes": "opacidad <basal>"}
    answer = browser.post(f"/cases/{case_id}/readings", data=data)
    assert answer.status_code == 422
    assert "Elija lo que lee en la radiografía." in answer.text
    assert "opacidad &lt;basal&gt;" in answer.text


def test_readings_need_the_form_token(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    answer = signed_in(Role.DOCTOR).post(f"/cases/{case_id}/readings", data={"finding": "positive"})
    assert answer.status_code == 403
    with installation.reading() as session:
        assert session.scalars(select(Reading)).all() == []


def test_other_units_find_nothing(
    installation: Installation, people: People, client: TestClient
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    film = _answer(installation, case_id).film_id
    add_unit(installation, "Hospital Dos")
    add_user(installation, "stranger", Role.DOCTOR, unit="Hospital Dos")
    client.post("/sign-in", data={"username": "stranger", "password": PASSWORD})
    paths = ["", "/report", "/report.pdf"]
    paths += [f"/films/{film}/{name}" for name in ("values", "picture.png", "evidence.png")]
    paths += [f"/films/{film}/under-evidence.png"]
    answers = {path: client.get(f"/cases/{case_id}{path}").status_code for path in paths}
    assert set(answers.values()) == {404}, answers
    data = {"csrf_token": csrf_of(installation, client), "finding": "positive"}
    assert client.post(f"/cases/{case_id}/readings", data=data).status_code == 404
    with installation.reading() as session:
        assert session.scalars(select(Reading)).all() == []


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMINISTRATOR])
def test_who_sees_no_patients_sees_no_case(
    installation: Installation, people: People, signed_in: SignIn, role: Role
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    film = _answer(installation, case_id).film_id
    browser = signed_in(role)
    for path in ("", "/report", "/report.pdf", f"/films/{film}/values"):
        assert browser.get(f"/cases/{case_id}{path}").status_code == 403


@pytest.mark.parametrize("change", ["removed", "altered"])
def test_a_film_that_is_gone_leaves_the_rest_of_the_page(
    installation: Installation, people: People, signed_in: SignIn, change: str
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with installation.reading() as session:
        film = session.get_one(Case, case_id).films[0]
    path = (installation.folder / "films") / film.sha256[:2] / film.sha256
    if change == "removed":
        path.unlink()
    else:
        path.write_bytes(b"another film")
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{case_id}")
    assert page.status_code == 200
    assert ("ya no está en la carpeta" if change == "removed" else "fue alterada") in page.text
    assert "data-viewer" not in page.text
    assert 'class="outcome ' in page.text
    report = browser.get(f"/cases/{case_id}/report")
    assert report.status_code == 200
    picture = browser.get(f"/cases/{case_id}/films/{film.id}/picture.png")
    assert picture.status_code == 503
    assert "Traceback" not in picture.text


def test_several_films_each_with_its_answer(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    films = [phantom_png(BRIGHT), phantom_png(DARK)]
    case_id = add_case(installation, people[Role.DOCTOR], films=films)
    browser = signed_in(Role.DOCTOR)
    first = browser.get(f"/cases/{case_id}").text
    with installation.reading() as session:
        ids = [film.id for film in session.get_one(Case, case_id).films]
    assert f"/films/{ids[0]}/values" in first
    second = browser.get(f"/cases/{case_id}?film={ids[1]}").text
    assert f"/films/{ids[1]}/values" in second
    assert second.count("badge") >= 2
    assert browser.get(f"/cases/{case_id}?film=999").status_code == 404


def test_what_people_typed_is_shown_and_never_obeyed(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    evil = "<script>alert(1)</script>"
    case_id = add_case(installation, people[Role.DOCTOR], patient_code='"><img src=x>', notes=evil)
    browser = signed_in(Role.DOCTOR)
    _post_reading(installation, browser, case_id, finding="positive", notes=evil)
    for path in ("", "/report"):
        page = browser.get(f"/cases/{case_id}{path}").text
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert page.count("&lt;script&gt;alert(1)") >= 2


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999"])
def test_addresses_that_are_no_case(signed_in: SignIn, number: str) -> None:
    assert signed_in(Role.DOCTOR).get(f"/cases/{number}").status_code in {404, 422}
