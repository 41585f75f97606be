"""The export: images, ``metadata.csv`` in Cohen's layout, and the papers that belong to them.

Files are made one after another, so that a thousand films need the memory of one; the command
line writes them into a folder that appears whole or not at all, the page streams them as a zip.
Only when the last one is made are the export and its trace in the audit trail recorded.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from covid_d import __version__
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.users import named
from covid_d.clinic.clock import now
from covid_d.clinic.collection import documents, review
from covid_d.clinic.collection.documents import ExportTerms
from covid_d.clinic.collection.pixels import clean
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.collection.selection import ExportCandidate, NotExported, candidates
from covid_d.clinic.collection.suspects import find_suspects
from covid_d.clinic.database.operations import CollectionExport, ExportedFilm
from covid_d.clinic.errors import ClinicError, ForbiddenError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.radiograph import RadiographError
from covid_d.radiograph.film import Box

# Cohen's columns of mid 2020 that we can fill, his RT_PCR_positive of later, and two of our own.
COLUMNS: Final = (
    "patientid", "offset", "sex", "age", "finding", "RT_PCR_positive", "view", "modality",
    "location", "folder", "filename", "license", "site", "antigen_positive",
)  # fmt: skip
SUMS: Final = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was exported.

    Parameters
    ----------
    films, cases, patients
        How many.
    left_out
        Films by reason; with ``films`` they add up to every film of the clinic.
    findings
        Films by finding.
    sha256
        Of the list of checksums, so of everything.
    """

    films: int
    cases: int
    patients: int
    left_out: dict[NotExported, int]
    findings: dict[str, int]
    sha256: str


def exporter(installation: Installation, username: str) -> Person:
    """Return the person of a user name, for the command line.

    Raises
    ------
    CovidDError
        If nobody active has this name.
    """
    person = named(installation, username)
    if person is None:
        raise CovidDError(
            N_("Nobody with an active account is called %(username)r.", username=username),
            N_("Give the user name of a researcher of this clinic."),
        )
    return person


@dataclass(slots=True)
class Export:
    """One export, made once.

    Parameters
    ----------
    installation
        Where.
    person, actor
        Who exports, and as the audit trail names them.
    terms
        Licence and attribution.

    Raises
    ------
    ForbiddenError
        If the person may not export.
    ClinicError
        If there is nothing that may be exported.
    """

    installation: Installation
    person: Person
    actor: Actor
    terms: ExportTerms
    result: ExportResult | None = None
    _films: list[ExportCandidate] = field(init=False)
    _left_out: Counter[NotExported] = field(default_factory=Counter)
    _sums: dict[str, str] = field(default_factory=dict)
    _left: list[ExportCandidate] = field(default_factory=list)
    _reviews: dict[str, tuple[tuple[Box, ...], Decision | None]] = field(init=False)

    def __post_init__(self) -> None:
        if Permission.EXPORT_COLLECTION not in self.person.role.permissions:
            raise ForbiddenError
        with self.installation.reading() as session:
            every = candidates(session, self.installation.keys, self.installation.clock)
            self._reviews = review.decisions(session)
        self._films = [film for film in every if film.reason is None]
        self._left_out.update(film.reason for film in every if film.reason is not None)
        if not self._films:
            raise ClinicError(
                N_("No film may be exported yet."),
                N_("Films need research consent and a conclusive laboratory result."),
                code="nothing_to_export",
            )

    def __len__(self) -> int:
        return len(self._films)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield every file, path and content; the export is recorded after the last one.

        Raises
        ------
        ClinicError
            If every film must wait for review, or cannot be read.
        """
        rows: list[dict[str, str]] = []
        cases: set[int] = set()
        for film in self._films:
            picture = self._picture(film)
            if picture is None:
                continue
            cases.add(film.case_id)
            self._left.append(film)
            rows.append(self._row(film))
            yield self._summed(f"images/{film.cells['filename']}", picture)
        if not rows:
            raise ClinicError(
                N_(
                    "No film may be exported yet: %(pending)s.",
                    pending=review.pending(self._left_out[NotExported.UNREVIEWED]),
                ),
                N_("A doctor or radiologist of the unit can review them under Films to review."),
                code="all_wait_for_review",
            )
        yield self._summed("metadata.csv", _csv(rows).encode())
        card = self._card(rows, cases)
        for name, text in documents.papers(self.terms, card).items():
            yield self._summed(name, text.encode())
        yield self._summed("data_card.json", (json.dumps(card, indent=2) + "\n").encode())
        sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items()))
        self.result = ExportResult(
            len(rows),
            len(cases),
            card["patients"],
            dict(self._left_out),
            card["findings"],
            hashlib.sha256(sums.encode()).hexdigest(),
        )
        self._record(self.result)
        yield SUMS, sums.encode()

    def _picture(self, film: ExportCandidate) -> bytes | None:
        """Return the film as it may leave; ``None``, with its reason counted, if it may not."""
        try:
            cleaned = clean(self.installation.films.get(film.sha256))
        except (RadiographError, ClinicError):
            self._left_out[NotExported.UNREADABLE] += 1
            return None
        # Burned-in text can be missed, and a name that left cannot be called back.
        every = self.installation.settings.collection_review == "every"
        if not cleaned.inside and not every:
            return cleaned.to_png(mask_inside=False)
        boxes, decision = self._reviews.get(film.sha256, (None, None))
        if boxes != cleaned.inside:
            decision = None
            with self.installation.writing() as session:
                review.ask_for(
                    session,
                    {film.sha256: cleaned.inside},
                    {film.sha256: find_suspects(cleaned.film.pixels, cleaned.lines)},
                )
        if decision in (None, Decision.KEEP_BACK):
            reason = NotExported.UNREVIEWED if decision is None else NotExported.KEPT_BACK
            self._left_out[reason] += 1
            return None
        return cleaned.to_png(mask_inside=decision is Decision.MASK)

    def _row(self, film: ExportCandidate) -> dict[str, str]:
        fixed = {
            "modality": "X-ray",
            "location": "Ecuador",
            "folder": "images",
            "license": self.terms.license.label,
        }
        return fixed | film.cells

    def _card(self, rows: list[dict[str, str]], cases: set[int]) -> dict[str, Any]:
        def count(column: str) -> dict[str, int]:
            return dict(Counter(row[column] or "unknown" for row in rows).most_common())

        return {
            "created": now().strftime("%Y-%m"),
            "covid_d": __version__,
            "license": self.terms.license.label,
            "attribution": self.terms.attribution,
            "films": len(rows),
            "cases": len(cases),
            "patients": len({row["patientid"] for row in rows}),
            "sites": len({row["site"] for row in rows}),
            "findings": count("finding"),
            "views": count("view"),
            "sex": count("sex"),
            "left_out": {reason.value: n for reason, n in sorted(self._left_out.items())},
        }

    def _summed(self, name: str, content: bytes) -> tuple[str, bytes]:
        self._sums[name] = hashlib.sha256(content).hexdigest()
        return name, content

    def _record(self, result: ExportResult) -> None:
        with self.installation.act(self.actor) as act:
            row = CollectionExport(
                created_at=act.now,
                user_id=self.person.id,
                cases=result.cases,
                films=result.films,
                sha256=result.sha256,
            )
            act.session.add(row)
            act.session.flush()
            act.session.add_all(
                ExportedFilm(
                    export_id=row.id,
                    case_id=film.case_id,
                    filename=film.cells["filename"],
                    patient=film.cells["patientid"],
                )
                for film in self._left
            )
            act.record(
                "export.download",
                row,
                cases=result.cases,
                films=result.films,
                sha256=result.sha256,
                license=self.terms.license.value,
            )


def _csv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
