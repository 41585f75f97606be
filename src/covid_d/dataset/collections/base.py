"""What a collection is: a protocol, one row a film, and the registry of plug-ins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar, Final, Protocol, runtime_checkable
from urllib.parse import urlsplit

from covid_d.appearance import Appearance
from covid_d.dataset.manifest import Label
from covid_d.errors import DatasetError
from covid_d.language import N_
from covid_d.radiograph.film import Projection, Sex

ENTRY_POINTS: Final = "covid_d.collections"


class Modality(StrEnum):
    """What made the picture, as far as a data set cares."""

    XRAY = "X-ray"
    CT = "CT"


class Reason(StrEnum):
    """Why a film is left out of a data set.

    A film that cannot be read is left out with the code of its refusal instead
    (:class:`covid_d.radiograph.RefusalCode`).
    """

    MISSING = "missing_file"
    UNSAFE = "unsafe_path"
    VOLUME = "volume"
    MODALITY = "other_modality"
    UNLABELLED = "unlabelled"
    LISTED_TWICE = "listed_twice"
    CONTRADICTORY = "contradictory"
    AGE = "unreadable_age"
    LICENSE = "license"
    CHILD = "child"
    LATERAL = "not_frontal"
    PROJECTION = "unknown_projection"
    COPY = "exact_copy"
    CONFLICTING_COPIES = "conflicting_copies"
    CONFLICTING_PATIENT = "conflicting_patient"
    NOT_DRAWN = "not_drawn"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why one film is left out.

    Parameters
    ----------
    reason
        A :class:`Reason`, or the code of a refusal.
    detail
        The offending value, for a person.
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRow:
    """One row of a collection's metadata: a film, or the reason why it is none.

    Parameters
    ----------
    source
        Collection the film came from (``cohen``, ``kermany``, ``nih``...).
    original
        Path inside the collection with forward slashes; ``None`` when the row names none.
    file
        The film on this machine; ``None`` exactly when ``exclusion`` is given.
    label
        The article's class; ``None`` when the finding tells none.
    appearance
        How radiologists graded the film; ``None`` when they did not. It is not the label: a film
        of a patient with COVID-19 may look like any of them.
    exclusion
        Why the row cannot be used at all.
    finding
        As the collection words it.
    patient
        Unique across collections; empty when unknown.
    projection
        ``None`` when the collection does not record it.
    projection_text
        The projection as the collection words it.
    modality
        Radiograph, or computed tomography (to be set aside).
    age
        Years; ``None`` when unknown.
    child
        Whether the patient is known to be under 18, by age or because the collection says so.
    sex, license, url
        As recorded; empty when unknown.
    not_understood
        (column, value) of what the row says and nobody understood.

    Raises
    ------
    ValueError
        If a usable row has no file, or needs a class and has neither label nor appearance.
    """

    source: str
    original: str | None
    file: Path | None = None
    label: Label | None = None
    appearance: Appearance | None = None
    exclusion: Exclusion | None = None
    finding: str = ""
    patient: str = ""
    projection: Projection | None = None
    projection_text: str = ""
    modality: Modality = Modality.XRAY
    age: float | None = None
    child: bool = False
    sex: Sex | None = None
    license: str = ""
    url: str = ""
    not_understood: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if (self.file is None) != (self.exclusion is not None):
            raise ValueError("a row has either a file or a reason for having none")
        if (
            self.exclusion is None
            and not self.has_class
            and needs_label(self.modality, self.projection)
        ):
            raise ValueError("a usable radiograph needs a label or an appearance")

    @property
    def has_class(self) -> bool:
        """Whether there is anything to learn from the film: a label, an appearance or both."""
        return self.label is not None or self.appearance is not None

    @property
    def unread_age(self) -> str:
        """The age as the collection words it, where it was not understood; empty otherwise."""
        return dict(self.not_understood).get("age", "")

    @property
    def subsource(self) -> str:
        """Host name of :attr:`url` without ``www.``; empty when there is none."""
        return host_of(self.url)


def needs_label(modality: Modality, projection: Projection | None) -> bool:
    """Return whether a film is of use with a class only; slices and lateral films need none."""
    return modality is Modality.XRAY and projection is not Projection.LATERAL


@runtime_checkable
class Collection(Protocol):
    """One published source of films.

    A plug-in is a class taking the collection's path, named in the entry-point group
    ``covid_d.collections``.

    Attributes
    ----------
    name
        Short name of this collection in reports.
    citation
        How to cite it, with its address and its terms; one Markdown paragraph.
    children_only
        Whether every patient is a child, as in the collection the article took healthy films from.
    """

    name: str
    citation: ClassVar[str]
    children_only: ClassVar[bool]

    def rows(self) -> Iterator[FilmRow]:
        """Yield every row of the collection's metadata, usable or not, in a fixed order.

        Raises
        ------
        DatasetError
            If the metadata is missing or is not what this collection should have.
        """
        ...


def available_collections() -> dict[str, EntryPoint]:
    """Return the installed collection plug-ins by name."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def open_collection(kind: str, path: Path) -> Collection:
    """Open the collection at ``path`` with the plug-in ``kind``.

    Raises
    ------
    DatasetError
        If there is no such plug-in, or what it names is not a collection.
    """
    known = available_collections()
    if kind not in known:
        raise DatasetError(
            N_("Unknown collection kind %(kind)r.", kind=kind),
            N_("Choose one of: %(known)s.", known=", ".join(sorted(known))),
        )
    collection = known[kind].load()(path)
    if not isinstance(collection, Collection):
        raise DatasetError(
            N_("The plug-in %(kind)r is not a collection.", kind=kind),
            N_("It must have name, citation, children_only and rows()."),
        )
    return collection


def host_of(url: str) -> str:
    """Return the lower-case host name of an address, without ``www.``; empty when none."""
    try:
        host = urlsplit(url.strip()).hostname or ""
    except ValueError:  # a malformed address is no address
        return ""
    return host.removeprefix("www.")
