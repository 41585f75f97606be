"""The new-case page: nothing typed or sent is lost, with a script and without one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

import films
from clinic_clock import today
from clinic_factory import add_case, add_user, csrf_of, phantom_png, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession, Unit
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry, InstalledBundle, StagedFilm
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.radiograph.sample import sample_bytes

SignIn = Callable[[Role], TestClient]
SCRIPT = {"x-requested-with": "fetch"}


class Form:
    """A doctor's browser at the form."""

    def __init__(self, installation: Installation, browser: TestClient) -> None:
        self.browser = browser
        self.token = csrf_of(installation, browser)

    def stage(self, content: bytes) -> Any:
        headers = {"x-csrf-token": self.token, **SCRIPT}
        return self.browser.post("/films/staged", content=content, headers=headers)

    def staged(self, content: bytes) -> str:
        answer = self.stage(content)
        assert answer.status_code == 201, answer.text
        return _tokens(answer.text)[0]

    def send(self, *uploads: bytes, script: bool = False, **fields: Any) -> Any:
        data = {"csrf_token": self.token, "patient_code": "HC-77", "province": "Manabí"} | fields
        files = [("films", ("film.png", content)) for content in uploads]
        # A browser sends an empty part for a file field that was left empty.
        files = files or [("films", ("", b""))]
        headers = SCRIPT if script else {}
        return self.browser.post("/cases/new", data=data, files=files, headers=headers)


@pytest.fixture
def form(installation: Installation, signed_in: SignIn) -> Form:
    return Form(installation, signed_in(Role.DOCTOR))


def _tokens(html: str) -> list[str]:
    return re.findall(r'data-token="([^"]+)"', html)


def _value(html: str, name: str) -> str:
    found = re.search(rf'<input id="{name}"[^>]*? value="([^"]*)"', html)
    assert found, name
    return unescape(found[1])


def _cases(installation: Installation) -> list[Case]:
    with installation.reading() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def test_the_empty_form_says_what_may_be_entered(form: Form) -> None:
    html = form.browser.get("/cases/new").text
    assert f'max="{today().isoformat()}"' in html
    assert 'min="40" max="100"' in html
    assert html.count('<option value="') > 24
    assert '<option value="Guayas" selected>' in html, "the unit's province is the likeliest"
    assert 'enctype="multipart/form-data"' in html
    assert re.search(r'type="file" multiple', html)
    assert 'capture="environment"' in html
    assert '<input type="checkbox" id="research_consent" name="research_consent" value="yes">' in (
        re.sub(r' aria-describedby="[^"]*"', "", html)
    ), "consent is never ticked beforehand"


def test_a_plain_form_with_its_film_makes_a_case(installation: Installation, form: Form) -> None:
    answer = form.send(
        phantom_png(1),
        age_years="54",
        sex="F",
        symptoms=["cough", "fever"],
        symptom_onset=(today() - timedelta(days=3)).isoformat(),
        spo2="91",
        on_oxygen="yes",
        vaccine_doses="0",
        research_consent="yes",
        national_id="171003406-5",
        notes="  ",
    )
    (case,) = _cases(installation)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{case.id}?notice=case_saved"
    assert (case.patient_code, case.province, case.age_years) == ("HC-77", "Manabí", 54)
    assert (case.symptoms, case.spo2, case.vaccine_doses) == (["cough", "fever"], 91, 0)
    assert case.on_oxygen is True
    assert (case.research_consent, case.notes) == (True, "")
    assert installation.keys.decrypt(case.national_id_encrypted or "") == "1710034065"


def test_a_script_is_told_where_the_case_is(installation: Installation, form: Form) -> None:
    answer = form.send(script=True, staged=form.staged(phantom_png(1)))
    assert answer.status_code == 201
    assert answer.json()["location"] == f"/cases/{_cases(installation)[0].id}?notice=case_saved"


def test_everything_typed_and_sent_stays_when_something_is_wrong(
    installation: Installation, form: Form
) -> None:
    token = form.staged(phantom_png(1))
    projection: dict[str, Any] = {f"projection-{token}": "AP"}
    wrong = form.send(
        phantom_png(2),
        staged=token,
        age_years="quince",
        spo2="101",
        symptom_onset="2019-11-30",
        symptoms=["cough"],
        comorbidities=["asthma"],
        research_consent="yes",
        notes="fiebre & <tos>",
        submission="one",
        national_id="1710034066",
        **projection,
    )
    html = wrong.text
    assert wrong.status_code == 422
    assert _cases(installation) == []
    assert _tokens(html)[0] == token
    assert len(_tokens(html)) == 2, "the film sent with the form is kept, too"
    assert [_value(html, name) for name in ("patient_code", "age_years", "spo2")] == [
        "HC-77",
        "quince",
        "101",
    ]
    assert _value(html, "national_id") == "1710034066"
    assert "fiebre &amp; &lt;tos&gt;</textarea>" in html
    assert '<option value="AP" selected>' in html
    assert '<option value="Manabí" selected>' in html
    for name in ("symptoms-cough", "comorbidities-asthma", "research_consent"):
        assert re.search(rf'id="{name}"[^>]*checked', html), name
    for name in ("age_years", "spo2", "symptom_onset", "national_id"):
        assert f'id="{name}-error"' in html
    assert 'name="submission" value="one"' in html
    saved = form.send(staged=_tokens(html), submission="one")
    assert saved.status_code == 303
    (case,) = _cases(installation)
    with installation.reading() as session:
        assert len(session.get_one(Case, case.id).films) == 2


def test_a_dicom_film_fills_in_what_was_left_empty(form: Form) -> None:
    content = films.dicom(PatientAge="061Y", PatientSex="M", PatientName="Pérez^Ana")
    seen = form.send(content, check="yes", sex="F")
    html = seen.text
    assert seen.status_code == 200
    assert _value(html, "age_years") == "61"
    assert '<option value="F" selected>' in html, "what the doctor entered stands"
    assert "Pérez" not in html


def test_a_films_card_tells_its_facts_and_never_a_name(form: Form) -> None:
    content = films.dicom(PatientAge="061Y", PatientSex="M", PatientName="Pérez^Ana")
    assert "1 año " in form.stage(films.dicom(PatientAge="001Y", PatientSex="M")).text
    card = form.stage(content).text
    assert 'data-age="61"' in card
    assert 'data-sex="M"' in card
    assert 'src="data:image/png;base64,' in card
    assert "Pérez" not in card
    assert not re.search("compatible|concluyente|%", card), "the answer may have to wait"


def test_a_film_of_somebody_else_is_said_on_its_card_and_beside_its_answer(
    installation: Installation, form: Form
) -> None:
    content = films.dicom(PatientAge="061Y", PatientSex="M", ViewPosition="PA")
    other: dict[str, Any] = {"age_years": "34", "sex": "F"}
    form.browser.post("/language", data={"language": "en"})
    sentences = (
        "The film says 61 years; the record says 34: check that it is this patient&#39;s.",
        "The film says male; the record says female: check that it is this patient&#39;s.",
    )
    shown = form.send(content, check="yes", **other)
    assert shown.text.count('class="notice warning contradiction"') == 2
    for sentence in sentences:
        assert f">{sentence}</p>" in shown.text
    same = form.send(staged=_tokens(shown.text), check="yes", age_years="60", sex="M").text
    assert len(re.findall(r"contradiction[^>]* hidden></p>", same)) == 2
    assert "hidden></p>" in form.stage(content).text, "what is entered is known to the browser only"
    saved = form.send(staged=_tokens(shown.text), **other)
    assert saved.status_code == 303
    (case,) = _cases(installation)
    for path in (f"/cases/{case.id}", f"/cases/{case.id}/report"):
        text = form.browser.get(path).text
        assert all(sentence in text for sentence in sentences), path


@pytest.mark.parametrize("age", ["", "x", "1e3", "99999"])
def test_an_age_that_cannot_be_read_contradicts_no_film(form: Form, age: str) -> None:
    content = films.dicom(PatientAge="061Y", ViewPosition="PA")
    card = form.send(staged=[form.staged(content)], check="yes", age_years=age, sex="?").text
    assert "hidden></p>" in card


def test_a_refused_film_says_why_at_once(form: Form) -> None:
    answer = form.stage(b"%PDF-1.7 a report")
    assert answer.status_code == 201
    assert "El archivo es un documento" in answer.text
    form.browser.post("/language", data={"language": "en"})
    assert "The file is a document" in form.stage(b"%PDF-1.7 a report").text


def test_a_film_can_be_removed_without_a_script(form: Form) -> None:
    tokens = [form.staged(phantom_png(seed)) for seed in (1, 2)]
    html = form.send(staged=tokens, remove=tokens[0]).text
    assert _tokens(html) == [tokens[1]]
    assert form.browser.get(f"/films/staged/{tokens[0]}/preview").status_code == 404
    assert form.browser.get(f"/films/staged/{tokens[1]}/preview").status_code == 200


def test_a_film_can_be_removed_by_the_script(form: Form) -> None:
    token = form.staged(phantom_png(1))
    path = f"/films/staged/{token}/remove"
    assert form.browser.post(path).status_code == 403, "without the form's token"
    assert form.browser.post(path, headers={"x-csrf-token": form.token}).status_code == 204
    assert form.browser.get(f"/films/staged/{token}/preview").status_code == 404


def test_a_preview_is_a_small_png_of_its_owner_alone(
    installation: Installation, form: Form, signed_in: SignIn
) -> None:
    token = form.staged(films.dicom(films.grey16(bits=12, size=1400)))
    picture = form.browser.get(f"/films/staged/{token}/preview")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert len(picture.content) < 400_000
    other = signed_in(Role.RADIOLOGIST)
    assert other.get(f"/films/staged/{token}/preview").status_code == 404


def test_a_form_sent_twice_is_one_case(installation: Installation, form: Form) -> None:
    token = form.staged(phantom_png(1))
    answers = [form.send(staged=token, submission="abc") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(_cases(installation)) == 1
    other = form.send(staged=token, submission="abc", patient_code="HC-78")
    assert other.status_code == 409, "another case never hides behind a used form"
    assert "ya se envió" in other.text


def test_every_blank_form_has_its_own_submission(form: Form) -> None:
    pages = [form.browser.get("/cases/new").text for _ in range(2)]
    found = {re.search(r'name="submission" value="([^"]+)"', html)[1] for html in pages}
    assert len(found) == 2


def test_a_film_that_is_gone_is_asked_for_again(installation: Installation, form: Form) -> None:
    token = form.staged(phantom_png(1))
    with installation.reading() as session:
        sha256 = session.get_one(StagedFilm, token).sha256
    installation.films.remove(sha256)
    missing = form.browser.get(f"/films/staged/{token}/preview")
    assert missing.status_code == 503
    assert "ya no está en la carpeta del servidor" in missing.text
    answer = form.send(staged=token)
    assert answer.status_code == 422
    assert "agréguela de nuevo" in answer.text
    assert _cases(installation) == []
    unknown = form.send(staged="never-sent")
    assert (unknown.status_code, _tokens(unknown.text)) == (422, [])


def test_the_sample_film_is_offered_until_there_is_a_case(
    installation: Installation, people: dict[Role, Person], form: Form
) -> None:
    assert "/cases/new?sample=1" in form.browser.get("/cases/new").text
    add_case(installation, people[Role.DOCTOR])
    assert "/cases/new?sample=1" not in form.browser.get("/cases/new").text


def test_the_sample_film_makes_a_case_that_says_what_it_is(
    installation: Installation, form: Form
) -> None:
    html = form.browser.get("/cases/new?sample=1").text
    assert "no es un paciente" in html
    assert "research_consent" not in html
    assert form.browser.get("/films/sample/preview").headers["content-type"] == "image/png"
    notes = re.search(r"<textarea[^>]*>\s*([^<]*)</textarea>", html)
    assert notes
    answer = form.send(sample="yes", patient_code="MUESTRA", notes=notes[1], research_consent="yes")
    assert answer.status_code == 303
    (case,) = _cases(installation)
    assert (case.sample, case.research_consent, case.notes) == (
        True,
        False,
        "Radiografía de muestra: no es un paciente.",
    )
    assert "Radiografía de muestra: no es un paciente." in form.browser.get("/cases/1").text
    with installation.reading() as session:
        film = session.scalar(select(Film))
        assert film is not None
        assert film.received_sha256 == hashlib.sha256(sample_bytes()).hexdigest()
        assert b"DICM" in installation.films.get(film.sha256)[:132]


def test_whoever_belongs_to_no_unit_is_told_so(
    installation: Installation, client: TestClient
) -> None:
    add_user(installation, "nomad", Role.DOCTOR)
    client.post("/sign-in", data={"username": "nomad", "password": "una frase larga de prueba"})
    page = client.get("/cases/new")
    assert page.status_code == 403
    assert "ninguna unidad de salud" in page.text
    headers = {"x-csrf-token": csrf_of(installation, client)}
    assert client.post("/films/staged", content=phantom_png(1), headers=headers).status_code == 403


def test_a_unit_switched_off_takes_no_case(installation: Installation, form: Form) -> None:
    with installation.writing() as session:
        session.execute(update(Unit).values(active=False))
    assert form.browser.get("/cases/new").status_code == 403
    assert form.send(phantom_png(1)).status_code == 403
    assert _cases(installation) == []


def test_the_unit_in_blind_mode_marks_its_cases(installation: Installation, form: Form) -> None:
    read_blind(installation)
    form.send(phantom_png(1))
    assert _cases(installation)[0].blind


def test_an_ended_session_tells_the_script_so(installation: Installation, form: Form) -> None:
    with installation.writing() as session:
        session.execute(update(SignInSession).values(last_seen_at=now() - timedelta(hours=1)))
    for answer in (form.stage(phantom_png(1)), form.send(script=True)):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "not_signed_in"


def test_a_bundle_that_cannot_be_used_loses_nothing(
    installation: Installation, people: dict[Role, Person], form: Form
) -> None:
    token = form.staged(phantom_png(1))
    with installation.writing() as session:
        bundle = InstalledBundle(
            sha256="0" * 64,
            name="gone",
            version="1",
            verdict="demonstration",
            active=True,
            installed_at=now(),
            installed_by_id=people[Role.ADMINISTRATOR].id,
        )
        session.add(bundle)
    installation.active_detector.reload()
    assert form.stage(phantom_png(2)).json()["error"]["code"] == "bundle_unusable"
    answer = form.send(staged=token, notes="queda escrito")
    assert answer.status_code == 503
    assert "queda escrito" in answer.text
    assert _tokens(answer.text) == [token]


def test_too_many_films_are_said_so(installation: Installation, form: Form) -> None:
    answer = form.send(*[phantom_png(seed) for seed in range(13)])
    assert answer.status_code == 422
    assert "como máximo 12" in answer.text
    assert len(_tokens(answer.text)) == 13, "none is thrown away unasked"


@pytest.mark.parametrize("part", [{}, {"files": {"film": ("film.png", b"bytes")}}])
def test_a_form_is_no_film(form: Form, part: dict[str, Any]) -> None:
    answer = form.browser.post(
        "/films/staged", data={"csrf_token": form.token}, headers=SCRIPT, **part
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_input"
    assert "Envíe la radiografía sola" in answer.text


def test_old_films_are_swept_when_another_one_comes(
    installation: Installation, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = form.staged(phantom_png(1))
    with installation.writing() as session:
        session.execute(update(StagedFilm).values(created_at=now() - 2 * staging.KEPT))
    form.staged(phantom_png(2))
    with installation.reading() as session:
        assert session.get(StagedFilm, old) is None
        assert session.scalar(select(func.count()).select_from(StagedFilm)) == 1


def test_the_trail_holds_no_identity(installation: Installation, form: Form) -> None:
    form.send(phantom_png(1), national_id="1710034065", notes="María")
    with installation.reading() as session:
        entries = session.scalars(select(AuditEntry)).all()
        assert session.scalar(select(func.count()).select_from(StoredAssessment)) == 1
    assert [entry.action for entry in entries][-2:] == ["film.stage", "case.create"]
    said = str([(entry.subject, entry.detail) for entry in entries])
    assert not re.search("HC-77|1710034065|María", said)
