"""Settings of a node: from the environment, with lists, and refused when they make no sense."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from covid_d.errors import CovidDError
from covid_d.pacs.peer import AllowedCaller, Destination
from covid_d.pacs.settings import PacsSettings


def test_by_default_only_this_machine_can_reach_it() -> None:
    chosen = PacsSettings()
    assert (chosen.aet, chosen.host, chosen.port) == ("COVID-D", "127.0.0.1", 11112)
    assert chosen.is_loopback
    assert chosen.callers == ()
    assert chosen.destinations == ()


def test_everything_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "AET": "RAYOS",
        "ALLOW": "CT1, CT2@10.0.0.7,",
        "SEND_TO": "PACS@10.0.0.5:104",
        "STOW": "https://cloud.ec/studies",
        "FHIR": "https://fhir.ec",
        "OUTSIDE": "https://cloud.ec/studies",
        "STOW_TOKEN": "t0ken",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"COVID_D_PACS_{name}", value)
    chosen = PacsSettings()
    assert chosen.aet == "RAYOS"
    assert chosen.callers == (AllowedCaller("CT1"), AllowedCaller("CT2", "10.0.0.7"))
    assert chosen.destinations == (
        Destination("dicom", "PACS@10.0.0.5:104"),
        Destination("stow", "https://cloud.ec/studies", outside=True),
        Destination("fhir", "https://fhir.ec"),
    )
    assert "t0ken" not in repr(chosen)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("aet", "SEVENTEEN-LETTERS"),
        ("aet", ""),
        ("port", 70000),
        ("time_zone", "America/Nowhere"),
        ("prevalence", 0.0),
        ("prevalence", 1.0),
        ("max_associations", 0),
        ("timeout_s", 0),
        ("keep_days", -1),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        PacsSettings(**{field: value})


@pytest.mark.parametrize("wrong", ["PACS", "PACS@host"])
def test_a_destination_is_checked(wrong: str) -> None:
    with pytest.raises(CovidDError, match="no address"):
        _ = PacsSettings(send_to=(wrong,)).destinations


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("rx1", False)],
)
def test_whether_others_can_reach_it(host: str, loopback: bool) -> None:
    assert PacsSettings(host=host).is_loopback is loopback
