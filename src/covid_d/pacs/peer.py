"""Who the node talks to: application entities by name, host and port, and web addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from covid_d.errors import CovidDError
from covid_d.language import N_

_PEER: Final = re.compile(r"(?P<aet>[^@]{1,16})@(?P<host>\[[^\]]+\]|[^:\[\]]+):(?P<port>\d{1,5})")
_CALLER: Final = re.compile(r"(?P<aet>[^@]{1,16})(@(?P<host>.+))?")
# PS3.8 7.1.1.4: letters, digits, spaces and signs of ISO 646, without the backslash.
_TITLE: Final = re.compile(r"[ !-\[\]-~]{1,16}")

_USER: Final = re.compile(r"//[^/@]*@")

DestinationKind = Literal["dicom", "stow", "fhir"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where answers go.

    Parameters
    ----------
    kind
        By C-STORE, STOW-RS or as FHIR resources.
    address
        ``AET@HOST:PORT``, or a web address.
    outside
        Whether it lies outside the hospital: what goes there names no patient.
    """

    kind: DestinationKind
    address: str
    outside: bool = False

    @property
    def name(self) -> str:
        """How the queue calls it; without a password that the address may hold."""
        return f"{self.kind}:{_USER.sub('//', self.address)}"


@dataclass(frozen=True, slots=True)
class Peer:
    """An application entity that can be called.

    Parameters
    ----------
    aet
        Its title.
    host, port
        Where it listens.
    """

    aet: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """Read ``AET@HOST:PORT``.

        Raises
        ------
        CovidDError
            If it is none.
        """
        found = _PEER.fullmatch(text.strip())
        if found is None or not 0 < int(found["port"]) < 65536 or not is_title(found["aet"]):
            raise CovidDError(
                N_("%(text)r is no address of a DICOM node.", text=text),
                N_("Write it as AET@HOST:PORT, for example PACS@10.0.0.5:104."),
            )
        return cls(found["aet"].strip(), found["host"].strip("[]"), int(found["port"]))


@dataclass(frozen=True, slots=True)
class AllowedCaller:
    """Who may send films: a title, and where it must come from.

    Parameters
    ----------
    aet
        The calling title.
    host
        Its address; ``None`` takes any.
    """

    aet: str
    host: str | None = None

    @classmethod
    def parse(cls, text: str) -> AllowedCaller:
        """Read ``AET`` or ``AET@HOST``.

        Raises
        ------
        CovidDError
            If it is none.
        """
        found = _CALLER.fullmatch(text.strip())
        if found is None or not is_title(found["aet"]):
            raise CovidDError(
                N_("%(text)r is no title of a DICOM node.", text=text),
                N_("Write AET, or AET@HOST to take it from that address alone."),
            )
        return cls(found["aet"].strip(), found["host"])

    def is_allowed(self, aet: str, host: str) -> bool:
        """Return whether this is who calls."""
        return self.aet == aet.strip() and self.host in (None, host)


def is_title(text: str) -> bool:
    """Return whether a text is an application entity's title (PS3.5 6.2, AE)."""
    return bool(text.strip()) and _TITLE.fullmatch(text) is not None
