from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from covid_d.settings import Settings, settings


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"COVID_D_{name.upper()}", raising=False)
    monkeypatch.delenv("COVID_D_LANG", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_defaults() -> None:
    assert (settings().bundle, settings().language, settings().threads) == (None, "es", 0)


def test_the_environment_sets_each_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_D_BUNDLE", "/bundles/ours.zip")
    monkeypatch.setenv("COVID_D_LANGUAGE", "en")
    monkeypatch.setenv("COVID_D_THREADS", "2")
    assert settings() == Settings(bundle=Path("/bundles/ours.zip"), language="en", threads=2)


def test_the_language_has_a_short_name_that_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")  # of the locale; not ours
    assert Settings().language == "es"
    monkeypatch.setenv("COVID_D_LANG", "en")
    assert Settings().language == "en"
    monkeypatch.setenv("COVID_D_LANGUAGE", "es")
    assert Settings().language == "en"
    assert Settings(language="es").language == "es"


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings()
    monkeypatch.setenv("COVID_D_THREADS", "5")
    assert settings() is first


def test_other_variables_are_none_of_its_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_D_SOMETHING_ELSE", "1")
    monkeypatch.setenv("THREADS", "9")
    assert settings().threads == 0


@pytest.mark.parametrize(
    ("name", "value"), [("LANGUAGE", "fr"), ("THREADS", "-1"), ("THREADS", "x")]
)
def test_wrong_values_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"COVID_D_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        settings()


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())
