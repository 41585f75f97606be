"""What is known when an object is made: the film's header, the answer to it, when it came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from PIL import Image
from pydicom import Dataset

from covid_d.detector import Assessment
from covid_d.language import Language
from covid_d.pacs.results.codes import MANUFACTURER


@dataclass(frozen=True, slots=True)
class Answered:
    """A film that was answered, with all that its objects state.

    Parameters
    ----------
    header
        By :func:`covid_d.pacs.results.header.header_of`.
    film
        Fingerprint of the film.
    assessment
        The answer.
    received
        When the film came, with its time zone: the only time that objects state, so that made
        again they are the same to the byte.
    overlay
        The film under its class activation; ``None`` for a refused film.
    language
        Of texts.
    """

    header: Dataset
    film: str
    assessment: Assessment
    received: datetime
    overlay: Image.Image | None = None
    language: Language = "es"

    def with_header(self, header: Dataset) -> Answered:
        """Return the same answer to a film that is named otherwise, under UIDs of its own."""
        return replace(self, header=header, film=f"{self.film}|{header.SOPInstanceUID}")

    @property
    def key(self) -> tuple[str, str]:
        """What every UID of its objects belongs to: the film, and the bundle that answered."""
        return self.film, self.assessment.bundle.sha256

    @property
    def equipment(self) -> dict[str, str]:
        """Who made the objects: the device of PS3.3 C.7.5.1, by keyword."""
        bundle = self.assessment.bundle
        return {
            "Manufacturer": MANUFACTURER,
            "ManufacturerModelName": bundle.name,
            "SoftwareVersions": f"{bundle.version} {bundle.sha256[:16]}",
            "DeviceSerialNumber": bundle.sha256[:16],
        }
