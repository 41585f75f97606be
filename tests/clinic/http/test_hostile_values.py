"""What no database takes (NUL, half a surrogate, a number beyond any column) is never a fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from clinic_factory import csrf_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres
HUGE = 10**30
VALUES = ["a%00b", "%00", "%ED%A0%80", "x" * 5000, str(HUGE), "-1"]


@pytest.mark.parametrize("value", VALUES)
def test_addresses(
    installation: Installation, signed_in: Callable[[Role], TestClient], value: str
) -> None:
    doctor, chief = signed_in(Role.DOCTOR), signed_in(Role.ADMINISTRATOR)
    for browser, path in [
        (doctor, f"/cases/{value}"),
        (doctor, f"/cases?q={value}"),
        (doctor, f"/cases?page={value}"),
        (doctor, f"/cases?search={value}&code={value}&province={value}"),
        (doctor, f"/films/staged/{value}/preview"),
        (doctor, f"/films/staged/{value}/photograph"),
        (doctor, f"/films/staged/{value}/corners"),
        (doctor, f"/api/v1/cases/{value}"),
        (doctor, f"/api/v1/cases?page={value}&patient_code={value}"),
        (chief, f"/password/{value}"),
        (chief, f"/first-start/{value}"),
        (chief, f"/bundles/card?sha256={value}"),
        (chief, f"/bundles/switch?sha256={value}"),
        (chief, f"/audit-trail?person={value}&action={value}&subject={value}"),
        (chief, f"/audit-trail?page={value}"),
        (chief, f"/users/{value}"),
        (chief, f"/units/{value}"),
    ]:
        status = browser.get(path).status_code
        assert status < 500, f"{path[:60]}: {status}"


@pytest.mark.parametrize("value", ["a\0b", "\0", "x" * 5000, str(HUGE)])
def test_forms(
    installation: Installation, signed_in: Callable[[Role], TestClient], value: str
) -> None:
    chief, doctor = signed_in(Role.ADMINISTRATOR), signed_in(Role.DOCTOR)
    token = csrf_of(installation, chief)
    for path, fields in [
        ("/sign-in", {"username": value, "password": value}),
        ("/users", {"username": value, "full_name": value, "role": "doctor", "unit_id": value}),
        ("/units", {"name": value, "province": value, "prevalence": value}),
        ("/bundles/switch", {"sha256": value, "confirmed": "yes"}),
    ]:
        status = chief.post(path, data={"csrf_token": token, **fields}).status_code
        assert status < 500, f"{path}: {status}"
    mine = csrf_of(installation, doctor)
    form = {"csrf_token": mine, "name": value, "days": value}
    assert doctor.post("/account/tokens", data=form).status_code < 500
    assert doctor.post("/films/staged/%00/remove", data={"csrf_token": mine}).status_code < 500
    case = {"csrf_token": mine, "patient_code": value, "age_years": value, "notes": value}
    assert doctor.post("/cases", data=case | {"submission": value}).status_code < 500


@pytest.mark.parametrize("value", ["covidd_\0", "x" * 5000, "ñ"])
def test_keys_of_programs(client: TestClient, value: str) -> None:
    headers = {b"authorization": b"Bearer " + value.encode()}
    assert client.get("/api/v1/cases", headers=headers).status_code == 401
    client.cookies.clear()
    sent = {b"cookie": b"covid_d_session=" + value.encode().replace(b"\0", b"%00")}
    assert client.get("/", headers=sent).status_code < 500
