"""The clinic's settings: those of the library, and what an installation adds to them."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator

from covid_d.clinic.roles import Role
from covid_d.places import is_address
from covid_d.settings import Settings

_ALL: Final = "all"
_LINE: Final = r"^[^\r\n]*$"  # goes into the head of a letter


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
    film_store: str | None = Field(
        default=None,
        description="s3://bucket/folder for films and models, shared by several servers (extra s3; "
        "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID...); else the data folder.",
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
    second_factor: str = Field(
        default="",
        description="Roles that must have a second factor (code of an app), with commas between: "
        "doctor, radiologist, researcher, administrator, or all; anybody may have one.",
    )
    max_upload_mb: int = Field(
        default=128, ge=1, le=1024, description="Largest request body in megabytes."
    )
    film_processes: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="Processes that answer films beside the server, some 300 MB each; by default "
        "one fewer than cores, at least one. 0 has the server answer them itself: less memory, "
        "slower pages.",
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
    notification: Path | None = Field(
        default=None,
        description="File (TOML) with the columns of the epidemiological notification; by default "
        "columns in the manner of SIVE-Alerta.",
    )
    notice_name: str = Field(
        default="",
        max_length=80,
        pattern=_LINE,
        description="What notices call this clinic; by default the machine's name.",
    )
    notice_mail_to: str = Field(
        default="",
        pattern=_LINE,
        description="Addresses that get notices by e-mail, with commas between.",
    )
    notice_mail_from: str = Field(default="", pattern=_LINE, description="Sender of those e-mails.")
    notice_smtp_host: str = Field(default="", description="Mail server (SMTP).")
    notice_smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    notice_smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection to it is encrypted; none only inside a trusted network, "
        "and without a password.",
    )
    notice_smtp_user: str = Field(default="", description="User name at the mail server.")
    notice_smtp_password: SecretStr | None = Field(default=None, description="Password there.")
    notice_webhook: SecretStr | None = Field(
        default=None, description="HTTPS address that notices are posted to, as JSON."
    )
    notice_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret that signs what is posted (HMAC-SHA256, X-COVID-D-Signature).",
    )
    notice_ca: Path | None = Field(
        default=None,
        description="Certificates (PEM) of the authority that mail server and webhook show; by "
        "default the system's.",
    )
    notice_laboratory_days: int = Field(
        default=14, ge=1, description="Days after which a missing laboratory result is told."
    )
    notice_review_days: int = Field(
        default=7, ge=1, description="Days after which films waiting for review are told."
    )
    notice_backup_hours: int = Field(
        default=36, ge=1, description="Hours without a backup after which it is told."
    )
    notice_check_hours: int = Field(
        default=8 * 24, ge=1, description="Hours without a check after which it is told."
    )
    notice_free_gb: float = Field(
        default=5, ge=0, description="Free gigabytes of the data folder's disk, less is told."
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

    @property
    def on_postgresql(self) -> bool:
        """Whether the database is one that several servers can share."""
        url = self.database_url
        return url is not None and url.get_secret_value().startswith("postgresql")

    def needs_second_factor(self, role: str) -> bool:
        """Return whether a role's people must have a second factor."""
        return role in _roles(self.second_factor)

    @field_validator("film_store")
    @classmethod
    def _is_address(cls, named: str | None) -> str | None:
        if not named:
            return None
        if not is_address(named) or not named.partition("://")[2].partition("/")[0]:
            raise ValueError(f"{named!r} is no address such as s3://bucket/folder")
        return named

    @field_validator("second_factor")
    @classmethod
    def _are_roles(cls, named: str) -> str:
        if unknown := _roles(named) - {role.value for role in Role}:
            raise ValueError(f"{min(unknown)!r} is no role")
        return named

    @field_validator("notice_webhook")
    @classmethod
    def _is_https(cls, address: SecretStr | None) -> SecretStr | None:
        if address is not None and not address.get_secret_value().startswith("https://"):
            raise ValueError("a webhook is posted to by https:// alone")
        return address

    @model_validator(mode="after")
    def _password_is_encrypted(self) -> Self:
        if self.notice_smtp_security == "none" and self.notice_smtp_user:
            raise ValueError("a mail server's password is sent by starttls or tls alone")
        return self

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


def _roles(named: str) -> frozenset[str]:
    words = {word.strip().lower() for word in named.split(",")} - {""}
    return frozenset((words - {_ALL}) | (set(Role) if _ALL in words else set()))
