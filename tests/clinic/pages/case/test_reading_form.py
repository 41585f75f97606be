"""The form of a reading: every field is read as it is meant, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from clinic_factory import add_case, add_user, csrf_of, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.film_terms import SIGNS, BodySide, Height
from covid_d.clinic.cases.structured import SeenSign, Structured
from covid_d.clinic.database.cases import Reading
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import fill
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.case.reading_form import BLANK, ZONES, ReadingForm, stated
from covid_d.clinic.roles import Role
from covid_d.detector import Appearance

People = dict[Role, Person]
SignIn = Callable[[Role], TestClient]
SCORED = dict(zip(ZONES, "012300", strict=True))
SENT = {
    "finding": "inconclusive",
    "appearance": "indeterminate",
    "sign_consolidation": "left",
    "sign_consolidation_lower": "yes",
    "sign_consolidation_upper": "yes",
    "sign_pneumothorax": "right",
    "sign_device": "yes",
    "notes": " cateter central ",
    **SCORED,
}
SEEN = Structured(
    Appearance.INDETERMINATE,
    (
        SeenSign("consolidation", BodySide.LEFT, (Height.UPPER, Height.LOWER)),
        SeenSign("pneumothorax", BodySide.RIGHT),
        SeenSign("device"),
    ),
    (0, 1, 2, 3, 0, 0),
)


def test_a_form_is_read_in_the_terms_of_the_field() -> None:
    given = stated(fill(ReadingForm, SENT))
    assert given == {"finding": "inconclusive", "notes": "cateter central", "seen": SEEN}


def test_a_form_with_the_conclusion_alone_says_no_more() -> None:
    given = stated(fill(ReadingForm, {"finding": "positive"}))
    assert given == {"finding": "positive", "notes": "", "seen": Structured()}


def test_a_blank_form_has_every_field_once() -> None:
    # 3 of one's own, 14 signs, 8 of them in thirds, 6 zones.
    assert len(BLANK) == 3 + len(SIGNS) + 3 * 8 + 6
    assert set(BLANK.values()) == {""}
    assert sum(term.zoned for term in SIGNS.values()) == 8


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"appearance": "classic"}, "appearance"),
        ({"sign_consolidation": "above"}, "signs"),
        ({"sign_consolidation": ""}, "signs"),  # zones without a side
        ({"zone_left_lower": "4"}, "extent"),
        ({"zone_left_lower": "-1"}, "extent"),
        ({"zone_left_lower": ""}, "extent"),  # five of six
        ({"appearance": "negative"}, "signs"),
        ({"notes": "x" * 2001}, "notes"),
    ],
)
def test_what_cannot_be_is_said_beside_its_part(changed: dict[str, str], part: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        stated(fill(ReadingForm, SENT | changed))
    assert part in caught.value.fields


def test_the_sentence_names_the_sign_without_a_side() -> None:
    with pytest.raises(InvalidInputError) as caught:
        stated(fill(ReadingForm, SENT | {"sign_consolidation": ""}))
    said = caught.value.fields["signs"].in_language("es")
    assert said == "Elija el lado de: Consolidación. O quite sus zonas."


# ---- the page ----


def _post(
    place: Installation, browser: TestClient, case_id: int, sent: dict[str, str], to: str = ""
) -> tuple[int, str, str]:
    data = {"csrf_token": csrf_of(place, browser), **sent}
    answer = browser.post(f"/cases/{case_id}/{to or 'readings'}", data=data)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def _readings(place: Installation) -> list[Reading]:
    with place.reading() as session:
        return list(session.scalars(select(Reading).order_by(Reading.id)))


def test_a_structured_reading_is_kept_and_shown(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    status, location, _ = _post(installation, browser, case_id, SENT | {"waiting": "unread"})
    assert (status, location) == (303, f"/cases/{case_id}?waiting=unread&notice=reading_saved")
    (reading,) = _readings(installation)
    assert (reading.finding, Structured.of(reading)) == ("inconclusive", SEEN)
    page = browser.get(f"/cases/{case_id}").text
    history = page[page.index('id="history"') :]
    assert "Indeterminado" in history
    assert "Consolidación: izquierdo, superior, inferior" in history
    assert "Brixia 6 de 18 (derecho 0-1-2; izquierdo 3-0-0)" in history


def test_what_was_typed_comes_back_with_the_fault(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    wrong = SENT | {"zone_left_lower": "", "waiting": "unread"}
    status, _, page = _post(installation, browser, case_id, wrong)
    assert status == 422
    assert _readings(installation) == []
    assert "Puntúe las seis zonas de 0 a 3, o ninguna." in page
    for name, value in (("zone_right_middle", "1"), ("zone_left_upper", "3")):
        assert re.search(f'id="{name}-{value}"[^>]* checked', page)
    assert re.search(r'id="appearance-indeterminate"[^>]* checked', page)
    assert re.search(r'id="sign_consolidation_lower"[^>]* checked', page)
    assert '<option value="left" selected>' in page
    assert re.search(r'id="sign_device"[^>]* checked', page)
    assert "cateter central" in page
    assert 'name="waiting" value="unread"' in page
    assert '<details class="structured" open>' in page


def test_radiologists_see_every_field_and_doctors_may_unfold_them(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    folded = '<details class="structured">'
    assert folded in signed_in(Role.DOCTOR).get(f"/cases/{case_id}").text
    assert folded not in signed_in(Role.RADIOLOGIST).get(f"/cases/{case_id}").text


def test_disagreement_and_consensus_on_the_page(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    third = add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")
    case_id = add_case(installation, people[Role.DOCTOR])
    doctor, radiologist = signed_in(Role.DOCTOR), signed_in(Role.RADIOLOGIST)
    _post(installation, doctor, case_id, {"finding": "positive"})
    _post(installation, radiologist, case_id, {"finding": "negative"})
    page = radiologist.get(f"/cases/{case_id}").text
    assert "Los lectores discrepan; falta resolverlo." in page
    assert "/consensus" not in page, "who disagrees does not settle it"
    assert _post(installation, doctor, case_id, SENT, "consensus")[0] == 403
    assert _post(installation, radiologist, case_id, SENT, "consensus")[0] == 409

    people[Role.RADIOLOGIST] = third
    eva = signed_in(Role.RADIOLOGIST)
    assert f'action="/cases/{case_id}/consensus"' in eva.get(f"/cases/{case_id}").text
    status, _, page = _post(installation, eva, case_id, {"finding": ""}, "consensus")
    assert (status, "Elija lo que lee" in page) == (422, True)
    status, location, _ = _post(installation, eva, case_id, SENT, "consensus")
    assert (status, location) == (303, f"/cases/{case_id}?notice=consensus_saved")
    for browser in (doctor, radiologist, eva):
        page = browser.get(f"/cases/{case_id}").text
        shown = page[page.index('id="consensus"') :]
        assert "No concluyente · Indeterminado" in shown
        assert "tercer lector, resuelve el desacuerdo: Eva" in shown
        assert "Los lectores discrepan" not in page
    report = doctor.get(f"/cases/{case_id}/report").text
    assert "Consenso: No concluyente · Indeterminado" in report
    assert "Brixia 6 de 18" in report


def test_a_report_says_that_readers_disagree(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    doctor, radiologist = signed_in(Role.DOCTOR), signed_in(Role.RADIOLOGIST)
    _post(installation, doctor, case_id, {"finding": "positive"})
    assert "discrepan" not in doctor.get(f"/cases/{case_id}/report").text
    _post(installation, radiologist, case_id, {"finding": "negative"})
    assert (
        "Los lectores discrepan; falta resolverlo." in doctor.get(f"/cases/{case_id}/report").text
    )


def test_before_the_own_reading_nothing_tells_of_a_disagreement(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    read_blind(installation)
    case_id = add_case(installation, people[Role.DOCTOR])
    untouched = add_case(installation, people[Role.DOCTOR], seed=3)
    other = add_user(installation, "luis", Role.RADIOLOGIST, unit="Hospital Uno")
    eva = signed_in(Role.RADIOLOGIST)
    _post(installation, signed_in(Role.DOCTOR), case_id, {"finding": "positive"})
    people[Role.RADIOLOGIST] = other
    _post(installation, signed_in(Role.RADIOLOGIST), case_id, SENT | {"finding": "negative"})

    def plain(number: int) -> str:
        page = eva.get(f"/cases/{number}?waiting=unread").text
        page = re.sub(r"<nav aria-label=\"Lista de lectura.*?</nav>", "", page, flags=re.DOTALL)
        page = re.sub(r'<section class="card film-card".*?</section>', "", page, flags=re.DOTALL)
        page = re.sub(r'<input type="hidden" name="(film|form_key)"[^>]*>', "", page)
        page = re.sub(r"<time.*?</time>|\d+ \w+ \d{4}, \d+:\d+", "", page)
        for words in (f"/cases/{number}", f'name="cases" value="{number}"', "HC-0001", "HC-0003"):
            page = page.replace(words, "")
        return page

    assert plain(case_id) == plain(untouched), "read by two who disagree, or by nobody"
    assert _post(installation, eva, case_id, SENT, "consensus")[0] == 409
    _post(installation, eva, case_id, {"finding": "negative"})
    page = eva.get(f"/cases/{case_id}").text
    assert "/consensus" in page, "now the third reader may settle it"


def test_a_form_that_is_sent_twice_is_recorded_once(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{case_id}").text
    key = re.search(r'name="form_key" value="([\w-]{20,})"', page)
    assert key is not None
    form = {"csrf_token": csrf_of(installation, browser), "form_key": key[1], "finding": "positive"}
    address = f"/cases/{case_id}/readings"
    first = browser.post(address, data=form)
    browser.get(first.headers["location"])  # the answer is shown: another kind of reading now
    again = browser.post(address, data=form | {"csrf_token": csrf_of(installation, browser)})
    assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
    changed = browser.post(address, data=form | {"finding": "negative"})
    assert changed.status_code == 303
    with installation.reading() as session:
        findings = session.scalars(select(Reading.finding).order_by(Reading.id)).all()
    assert findings == ["positive", "negative"], "what was changed in the same form is another one"


def test_every_page_gives_its_form_another_name(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    pages = [browser.get(f"/cases/{case_id}{part}").text for part in ("", "", "/follow-up")]
    keys = [re.findall(r'name="form_key" value="([^"]+)"', page) for page in pages]
    assert [len(found) for found in keys] == [1, 1, 1]
    assert len({found[0] for found in keys}) == 3
