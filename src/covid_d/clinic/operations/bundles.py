"""Bundles of an installation: put in by the administrator, checked, switched on and off."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from covid_d.clinic.bundle_files import BundleFiles
from covid_d.clinic.database.operations import InstalledBundle
from covid_d.clinic.errors import InvalidInputError, NotFoundError, UnavailableError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Bundle, Detector
from covid_d.detector.bundle.contents import pack
from covid_d.errors import BundleError, CovidDError
from covid_d.language import N_


@dataclass(frozen=True, slots=True)
class BundleChoice:
    """A bundle that can answer films here.

    Parameters
    ----------
    sha256
        Of the bundle; ``None`` for the one that comes with the software or its settings.
    name, version
        What it says of itself.
    verdict
        As far as it is believed here.
    unsigned
        Whether it claims a better one, which nobody signed whom this clinic trusts.
    active
        Whether it answers now.
    installed_at
        When it was put in.
    problem
        Why it cannot be used; ``None`` when it can.
    appearance
        Whether it answers in the four appearances; ``None`` when it cannot be used.
    """

    sha256: str | None
    name: str
    version: str
    verdict: str
    active: bool
    installed_at: datetime | None = None
    problem: str | None = None
    unsigned: bool = False
    appearance: bool | None = None


def choices(installation: Installation) -> list[BundleChoice]:
    """Return the default bundle and every installed one, newest first."""
    with installation.reading() as session:
        rows = session.scalars(
            select(InstalledBundle).order_by(InstalledBundle.installed_at.desc())
        ).all()
    installed = [_choice(installation.active_detector.files, row) for row in rows]
    return [_default(any(row.active for row in rows) is False), *installed]


def _choice(files: BundleFiles, row: InstalledBundle) -> BundleChoice:
    """Return an installed bundle as it is on the disk; what the database says of it is a copy."""
    known = BundleChoice(row.sha256, row.name, row.version, "", row.active, row.installed_at)
    try:
        return replace(known, **_told(files.load(row.sha256)))
    except BundleError as error:
        return replace(known, problem=error.message)


def _told(bundle: Bundle) -> dict[str, Any]:
    verdict = bundle.spec.verdict
    return {
        "verdict": verdict.status,
        "unsigned": verdict.is_unsigned,
        "appearance": bundle.spec.has_appearance,
    }


def install(installation: Installation, actor: Actor, content: bytes) -> str:
    """Check an uploaded bundle (zip), keep it, and return its SHA-256; it is not switched on.

    Raises
    ------
    InvalidInputError
        If it is no sound bundle, or not signed by the demanded key.
    UnavailableError
        If it cannot be stored.
    """
    files = installation.active_detector.files
    folder = files.folder
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(suffix=".zip", prefix=".incoming-", dir=folder)
    except OSError as error:
        raise _no_room() from error
    incoming = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        bundle = Bundle.load(incoming)
        Detector.load(bundle)  # the network too must be one that can answer
        pack(incoming, files.path(bundle.id.sha256))
        files.share(bundle.id.sha256)
    except BundleError as error:
        raise InvalidInputError(
            {"bundle": N_("This is not a bundle that can be used: %(why)s", why=error.message)}
        ) from error
    except (OSError, CovidDError) as error:
        raise _no_room() from error
    finally:
        incoming.unlink(missing_ok=True)
    with installation.act(actor) as act:
        if act.session.get(InstalledBundle, bundle.id.sha256) is None:
            act.session.add(
                InstalledBundle(
                    sha256=bundle.id.sha256,
                    name=bundle.spec.name,
                    version=bundle.spec.version,
                    verdict=bundle.spec.verdict.status,
                    installed_at=act.now,
                    installed_by_id=actor.user_id,
                )
            )
        act.record("bundle.install", f"bundle:{bundle.id.sha256}")
    return bundle.id.sha256


def switch(installation: Installation, actor: Actor, sha256: str | None) -> None:
    """Have another bundle answer from now on; earlier answers keep theirs.

    Parameters
    ----------
    installation
        Whose active detector changes.
    actor
        Who does it.
    sha256
        An installed bundle; ``None`` for the default one.

    Raises
    ------
    NotFoundError
        If no such bundle is installed.
    UnavailableError
        If it cannot be used (any more): the one before stays.
    """
    if sha256 is not None:
        with installation.reading() as session:
            if session.get(InstalledBundle, sha256) is None:
                raise NotFoundError
    try:
        Detector.load(_loaded(installation, sha256))
    except BundleError as error:
        raise UnavailableError(
            N_("The bundle cannot be used: %(why)s", why=error.message),
            N_("Install it again from its source; the one before stays switched on."),
            code="bundle_unusable",
        ) from error
    with installation.act(actor) as act:
        act.session.execute(update(InstalledBundle).values(active=False))
        if sha256 is not None:
            act.session.execute(
                update(InstalledBundle).where(InstalledBundle.sha256 == sha256).values(active=True)
            )
        act.record("bundle.switch", f"bundle:{sha256 or 'default'}")
    installation.active_detector.reload()


def card(installation: Installation, sha256: str | None) -> str:
    """Return a bundle's model card, Markdown.

    Raises
    ------
    NotFoundError
        If there is no such bundle, or it cannot be read.
    """
    try:
        return _loaded(installation, sha256).card
    except BundleError as error:
        raise NotFoundError from error


def _default(active: bool) -> BundleChoice:
    try:
        bundle = Bundle.load()
    except BundleError as error:
        return BundleChoice(None, "?", "", "", active, problem=error.message)
    named = BundleChoice(None, bundle.spec.name, bundle.spec.version, "", active)
    return replace(named, **_told(bundle))


def _loaded(installation: Installation, sha256: str | None) -> Bundle:
    return Bundle.load() if sha256 is None else installation.active_detector.files.load(sha256)


def _no_room() -> UnavailableError:
    return UnavailableError(
        N_("The bundle could not be stored: the server's disk is full or read-only."),
        N_("Free some space and try again."),
        code="storage_full",
    )
