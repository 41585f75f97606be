"""The ministry's form as a file of settings: columns, their headings and their words."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from covid_d.clinic.notification.facts import FIELDS
from covid_d.errors import CovidDError
from covid_d.language import N_

BUILT_IN: Final = "sive_alerta.toml"


class NotificationColumn(BaseModel):
    """One column: ``field`` of the clinic, or the same ``value`` in every row.

    ``values`` says which word stands for a code of the field.
    """

    model_config = ConfigDict(extra="forbid")

    heading: str = Field(min_length=1, max_length=120)
    field: str | None = None
    value: str | None = None
    values: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one(self) -> NotificationColumn:
        if (self.field is None) == (self.value is None):
            raise ValueError(f"{self.heading}: give either field or value")
        if self.field is not None and self.field not in FIELDS:
            raise ValueError(f"{self.heading}: there is no field {self.field!r}")
        return self


class NotificationForm(BaseModel):
    """The whole form."""

    model_config = ConfigDict(extra="forbid")

    separator: Literal[";", ",", "\t"] = ";"
    encoding: Literal["utf-8-sig", "cp1252", "utf-8"] = "utf-8-sig"
    day: str = "%d/%m/%Y"
    yes: str = "SI"
    no: str = "NO"
    unknown: str = ""
    column: list[NotificationColumn] = Field(min_length=1)


def read_form(path: Path | None) -> NotificationForm:
    """Return the form of a file, or the one that comes with the program.

    Raises
    ------
    CovidDError
        If the file cannot be read, is no such form, or names a field that the clinic does not have.
    """
    try:
        if path is None:
            text = (
                resources.files("covid_d.clinic.notification").joinpath(BUILT_IN).read_text("utf-8")
            )
        else:
            text = path.expanduser().read_text(encoding="utf-8-sig")
        return NotificationForm.model_validate(tomllib.loads(text))
    except OSError as error:
        raise CovidDError(
            N_("Cannot read %(path)s: %(reason)s.", path=path, reason=error.strerror or error),
            N_("Check COVID_D_NOTIFICATION."),
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise CovidDError(
            N_(
                "%(path)s is no form of the notification: %(reason)s.",
                path=path,
                reason=_why(error),
            ),
            N_("Fields are: %(names)s.", names=", ".join(FIELDS)),
        ) from error


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
