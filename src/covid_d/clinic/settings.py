"""The clinic's settings: those of the library, and what an installation adds to them."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator

from covid_d.settings import Settings


class ClinicSettings(Settings):
    """Settings of one installation, each read from the environment variable ``COVID_D_<NAME>``.

    Nothing in the clinic reads the environment later: what an installation was opened with holds
    until it is closed.
    """

    data: Path = Field(
        default=Path("~/covid-d-clinic"),
        description="Folder for the clinic's database, films, bundles and keys.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://user:password@host/name; else SQLite in the data folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the clinic listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that it listens on.")
    allowed_hosts: str = Field(
        default="",
        description="Names by which browsers may reach the clinic, with commas between, besides "
        "this machine's own; anything else is turned away.",
    )
    behind_https: bool = Field(
        default=False,
        description="Whether a proxy in front speaks HTTPS: cookies then travel over it alone.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks, with commas between, of proxies whose X-Forwarded-For "
        "is believed; by default this machine if COVID_D_BEHIND_HTTPS, else none.",
    )
    time_zone: str = Field(default="America/Guayaquil", description="Time zone of what is shown.")
    idle_minutes: int = Field(
        default=30, ge=1, description="Minutes without a request after which a session ends."
    )
    session_hours: int = Field(
        default=12, ge=1, description="Hours after which a session ends in any case."
    )
    max_upload_mb: int = Field(
        default=128, ge=1, le=1024, description="Largest request body in megabytes."
    )
    rate_limit_factor: float = Field(
        default=1,
        ge=0,
        description="Multiplies every limit on requests a minute; 0 switches them off.",
    )
    national_id: Literal["encrypted", "hashed", "off"] = Field(
        default="encrypted", description="How the cédula is kept; off does not ask for it."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for /metrics; without one only this machine may read them, and "
        "only where no proxy is in front.",
    )
    trail_anchor: str = Field(
        default="",
        description="Where each head of the audit trail is also told: a file that can only be "
        "added to (chattr +a), or syslog.",
    )
    collection_review: Literal["every", "marked"] = Field(
        default="every",
        description="Which films somebody of their unit must look at before they leave with the "
        "collection: every one, or only those in which marks were found (text can be missed).",
    )
    oidc_issuer: str | None = Field(
        default=None, description="OpenID Connect issuer; switches sign-in by it on."
    )
    oidc_client_id: str | None = Field(default=None, description="OpenID Connect client.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    oidc_claim: str = Field(
        default="email",
        description="Claim that must be the account's user name at the first sign-in; email "
        "counts only when verified. Name another one only if people cannot change it themselves.",
    )
    oidc_only: bool = Field(
        default=False,
        description="Whether nobody but administrators may sign in with a password here.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, named: str) -> str:
        for word in filter(None, (part.strip() for part in named.split(","))):
            try:
                ip_network(word, strict=False)
            except ValueError as error:
                raise ValueError(f"{word!r} is no address or network") from error
        return named

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone; try America/Guayaquil") from error
        return name
