"""The node's settings: everything that its command line takes, for a service without one."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from covid_d.pacs.peer import AllowedCaller, Destination, Peer, is_title

Several = Annotated[tuple[str, ...], NoDecode]


class PacsSettings(BaseSettings):
    """Settings of a node, each read from the environment variable ``COVID_D_PACS_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="COVID_D_PACS_", extra="ignore")

    data: Path = Field(
        default=Path("~/covid-d-pacs"), description="Folder for the queue, films and answers."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://user:password@host/name for the queue; else SQLite in the "
        "folder.",
    )
    aet: str = Field(default="COVID-D", description="Title by which the node is called.")
    host: str = Field(default="127.0.0.1", description="Address that it listens on.")
    port: int = Field(default=11112, ge=0, le=65535, description="Port that it listens on.")
    allow: Several = Field(
        default=(),
        description="Who may send films: AET or AET@HOST, with commas between. Without any, only "
        "this machine may.",
    )
    send_to: Several = Field(
        default=(), description="Nodes that get the answers: AET@HOST:PORT, with commas between."
    )
    stow: Several = Field(
        default=(), description="Web addresses (STOW-RS) that get the answers, with commas between."
    )
    fhir: Several = Field(
        default=(), description="FHIR servers that get the answers, with commas between."
    )
    stow_token: SecretStr | None = Field(
        default=None, description="Bearer token for the STOW-RS addresses."
    )
    fhir_token: SecretStr | None = Field(
        default=None, description="Bearer token for the FHIR servers."
    )
    outside: Several = Field(
        default=(),
        description="Which of these destinations lie outside the hospital: what goes there names "
        "no patient.",
    )
    prevalence: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Share of COVID-19 among the patients: reports then say how probable it is.",
    )
    time_zone: str = Field(
        default="America/Guayaquil", description="Time zone of the times in reports."
    )
    certificate: Path | None = Field(
        default=None, description="The node's certificate (PEM): switches TLS on."
    )
    key: Path | None = Field(default=None, description="Its private key (PEM).")
    authorities: Path | None = Field(
        default=None,
        description="Certificates (PEM) of those who vouch for the other side; it must show one.",
    )
    max_associations: int = Field(default=20, ge=1, description="Connections held at once.")
    max_film_mb: int = Field(default=256, ge=1, description="Largest object in megabytes.")
    timeout_s: float = Field(
        default=30, gt=0, description="Seconds after which a silent other side is given up."
    )
    commitment: bool = Field(
        default=True,
        description="Whether nodes are asked to confirm that they keep what they were sent.",
    )
    alarm_minutes: int = Field(
        default=60, ge=1, description="Minutes after which a film that waits is an alarm."
    )
    pdf: bool = Field(
        default=False, description="Whether each answer goes as a page (encapsulated PDF) too."
    )
    clinic: Path | None = Field(
        default=None,
        description="Data folder of a clinic: films become cases there. Its folder then holds the "
        "node's (in pacs), its PostgreSQL the queue.",
    )
    unit: Several = Field(
        default=(),
        description="Health unit of the clinic that reads the films: UNIT, or AET=UNIT for those "
        "of one sender, with commas between.",
    )
    readings: Literal["asked", "always"] = Field(
        default="asked",
        description="Whether a doctor's reading goes back as a verified report when asked for in "
        "the case, or always.",
    )
    keep_days: int = Field(
        default=30,
        ge=0,
        description="Days for which films and answers stay in the folder once they are delivered.",
    )

    @field_validator("allow", "send_to", "stow", "fhir", "outside", "unit", mode="before")
    @classmethod
    def _parted(cls, given: Any) -> Any:
        if isinstance(given, str):
            return tuple(filter(None, (word.strip() for word in given.split(","))))
        return given

    @field_validator("aet")
    @classmethod
    def _is_title(cls, title: str) -> str:
        if not is_title(title):
            raise ValueError(f"{title!r} is no title of a DICOM node: 1 to 16 plain characters")
        return title.strip()

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone; try America/Guayaquil") from error
        return name

    @property
    def callers(self) -> tuple[AllowedCaller, ...]:
        """Who may send films."""
        return tuple(AllowedCaller.parse(word) for word in self.allow)

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where answers go; each address is checked.

        Raises
        ------
        CovidDError
            If one is no address.
        """
        for word in self.send_to:
            Peer.parse(word)
        named = [
            *(("dicom", word) for word in self.send_to),
            *(("stow", word) for word in self.stow),
            *(("fhir", word) for word in self.fhir),
        ]
        return tuple(
            Destination(kind, word, word in self.outside)  # type: ignore[arg-type]
            for kind, word in named
        )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the node."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
