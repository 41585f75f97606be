"""Bundles of an installation: what is put in, what answers, and what can never answer."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bundle_factory import AUDITED, brightness_network, make_bundle
from clinic_factory import csrf_of
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError, NotFoundError, UnavailableError
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import bundles
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Outcome
from covid_d.detector.bundle.contents import pack
from covid_d.errors import BundleError


@pytest.fixture
def actor(people: dict[Role, object]) -> Actor:
    return Actor(people[Role.ADMINISTRATOR].id, "127.0.0.1")  # type: ignore[attr-defined]


@pytest.fixture
def other(tmp_path: Path) -> bytes:
    """A packed bundle of another name that calls every film positive."""
    model = brightness_network(gain=0.0, bias=9.0)
    folder = make_bundle(tmp_path / "other", model=model, name="other", version="2.0")
    pack(folder, tmp_path / "other.zip")
    return (tmp_path / "other.zip").read_bytes()


def _active(installation: Installation) -> str:
    return next(choice.name for choice in bundles.choices(installation) if choice.active)


def test_the_default_one_answers_at_first(installation: Installation) -> None:
    (choice,) = bundles.choices(installation)
    assert (choice.sha256, choice.name, choice.active) == (None, "phantom", True)
    assert installation.active_detector.detector.bundle.spec.name == "phantom"


def test_an_installed_bundle_waits_until_it_is_switched_on(
    installation: Installation, actor: Actor, other: bytes, film_bytes: Callable[[int], bytes]
) -> None:
    sha256 = bundles.install(installation, actor, other)
    assert _active(installation) == "phantom"
    bundles.switch(installation, actor, sha256)
    assert _active(installation) == "other"
    found = installation.active_detector.examine(film_bytes(1)).examination
    assert installation.active_detector.detector.judge(found).outcome is Outcome.POSITIVE
    assert found.bundle.sha256 == sha256
    bundles.switch(installation, actor, None)
    assert installation.active_detector.detector.bundle.spec.name == "phantom"


def test_the_choice_outlives_a_restart(
    installation: Installation, actor: Actor, other: bytes
) -> None:
    bundles.switch(installation, actor, bundles.install(installation, actor, other))
    again = Installation.open(installation.settings)
    assert again.active_detector.detector.bundle.spec.name == "other"
    again.close()


def test_the_same_bundle_twice_is_one(
    installation: Installation, actor: Actor, other: bytes
) -> None:
    assert bundles.install(installation, actor, other) == bundles.install(
        installation, actor, other
    )
    assert len(bundles.choices(installation)) == 2


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_what_is_no_bundle_is_refused(
    installation: Installation, actor: Actor, content: bytes
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        bundles.install(installation, actor, content)
    assert set(caught.value.fields) == {"bundle"}
    assert not list(installation.active_detector.files.folder.glob("*"))


def test_a_bundle_with_a_flipped_byte_is_refused(
    installation: Installation, actor: Actor, other: bytes
) -> None:
    middle = len(other) // 2
    flipped = other[:middle] + bytes([other[middle] ^ 1]) + other[middle + 1 :]
    with pytest.raises(InvalidInputError):
        bundles.install(installation, actor, flipped)


def test_a_network_that_cannot_answer_is_refused(
    installation: Installation, actor: Actor, tmp_path: Path
) -> None:
    pack(make_bundle(tmp_path / "broken", model=b"no network"), tmp_path / "broken.zip")
    with pytest.raises(InvalidInputError):
        bundles.install(installation, actor, (tmp_path / "broken.zip").read_bytes())


def test_an_altered_bundle_never_answers_and_no_other_takes_its_place(
    installation: Installation, actor: Actor, other: bytes
) -> None:
    sha256 = bundles.install(installation, actor, other)
    bundles.switch(installation, actor, sha256)
    (installation.active_detector.files.folder / f"{sha256}.zip").write_bytes(other[:-30])
    installation.active_detector.reload()
    with pytest.raises(BundleError):
        installation.active_detector.examine(b"any film")
    shown = {choice.sha256: choice for choice in bundles.choices(installation)}
    assert shown[sha256].problem
    with pytest.raises(UnavailableError):
        bundles.switch(installation, actor, sha256)
    bundles.switch(installation, actor, None)
    assert installation.active_detector.detector.bundle.spec.name == "phantom"


def test_only_installed_bundles_can_be_switched_on(
    installation: Installation, actor: Actor
) -> None:
    with pytest.raises(NotFoundError):
        bundles.switch(installation, actor, "0" * 64)
    with pytest.raises(NotFoundError):
        bundles.card(installation, "0" * 64)


def test_the_pages(
    installation: Installation, signed_in: Callable[[Role], TestClient], other: bytes
) -> None:
    browser = signed_in(Role.ADMINISTRATOR)
    token = csrf_of(installation, browser)
    assert "phantom 1.0" in browser.get("/bundles").text
    sent = browser.post(
        "/bundles", data={"csrf_token": token}, files={"bundle": ("../x.zip", other)}
    )
    assert sent.headers["location"] == "/bundles?notice=bundle_installed"
    sha256 = bundles.choices(installation)[1].sha256
    unasked = browser.post("/bundles/switch", data={"csrf_token": token, "sha256": sha256})
    asks = unasked.headers["location"]
    assert asks == f"/bundles/switch?sha256={sha256}"
    told = unescape(browser.get(asks).text)
    for words in ("phantom 1.0", "other 2.0", "demostración", "ningún valor predictivo"):
        assert words in told
    assert "Responde ahora</strong>" not in told
    assert not bundles.choices(installation)[1].active, "asked, not switched"
    browser.post(
        "/bundles/switch", data={"csrf_token": token, "sha256": sha256, "confirmed": "yes"}
    )
    assert bundles.choices(installation)[1].active
    assert "other 2.0" in browser.get("/bundles").text
    assert "Answers by brightness." in browser.get(f"/bundles/card?sha256={sha256}").text
    with installation.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)).all()
    assert actions[-2:] == ["bundle.install", "bundle.switch"]


def test_an_unsigned_bundle_says_so_on_every_page(
    installation: Installation,
    actor: Actor,
    signed_in: Callable[[Role], TestClient],
    tmp_path: Path,
) -> None:
    forged = make_bundle(tmp_path / "forged", name="forged", verdict=AUDITED)
    (forged / "SIGNATURE").unlink()
    pack(forged, tmp_path / "forged.zip")
    sha256 = bundles.install(installation, actor, (tmp_path / "forged.zip").read_bytes())
    bundles.switch(installation, actor, sha256)
    found = bundles.choices(installation)[1]
    assert (found.verdict, found.unsigned) == ("demonstration", True)
    browser = signed_in(Role.ADMINISTRATOR)
    assert "cuenta como demostración" in browser.get("/bundles").text
    for page in ("/bundles", "/dashboard"):
        assert "Modelo sin firmar" in browser.get(page).text


def test_a_wrong_file_is_named_beside_its_field(
    installation: Installation, signed_in: Callable[[Role], TestClient]
) -> None:
    browser = signed_in(Role.ADMINISTRATOR)
    data = {"csrf_token": csrf_of(installation, browser)}
    answer = browser.post("/bundles", data=data, files={"bundle": ("x.zip", b"nonsense")})
    assert answer.status_code == 422
    assert "No es un paquete de modelo que se pueda usar" in answer.text
    answer = browser.post("/bundles", data=data)
    assert "Elija un paquete de modelo" in answer.text
