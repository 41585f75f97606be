"""The library's settings: what may be changed without code. The clinic adds its own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from covid_d.language import Language


class Settings(BaseSettings):
    """Settings, each read from the environment variable ``COVID_D_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="COVID_D_", extra="ignore", populate_by_name=True, loc_by_alias=False
    )

    bundle: Path | None = Field(
        default=None,
        description="Bundle (folder, zip or builtin) used when none is named; else builtin.",
    )
    public_key: Path | None = Field(
        default=None, description="Public key (PEM) that must have signed every bundle."
    )
    trusted_key: Path | None = Field(
        default=None,
        description="Public key (PEM) whose signature makes a bundle's verdict believed; without "
        "one, only the program's own bundles can be more than a demonstration.",
    )
    likelihood: Path | None = Field(
        default=None,
        description="Table (CSV) of your own films counted by appearance, with COVID-19 and "
        "without, by which predict says how probable COVID-19 is; else published studies. The "
        "clinic fits its own.",
    )
    screen_salt: SecretStr | None = Field(
        default=None,
        description="Secret by which covid-d screen hashes patients and studies, so that jobs can "
        "be compared; else each job makes its own and keeps it in its file salt.",
    )
    language: Language = Field(
        default="es",
        validation_alias=AliasChoices("COVID_D_LANG", "COVID_D_LANGUAGE"),
        description="Language of sentences: es or en; COVID_D_LANG says the same and goes first.",
    )
    threads: int = Field(
        default=0, ge=0, description="Threads for inference; 0 lets the runtime use every core."
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once from the environment."""
    return Settings()
