"""Change the installation's secret key: all that it protects goes under the new one, or nothing.

Encrypted entries, hashes of cédulas, seals, signed records and the whole chain of the audit trail
are made anew in one transaction. A row that was altered gets no sound seal by it. Names that must
last go on under the first key (``keys``).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Table, select, update

from covid_d.clinic import key_change, shared_notes
from covid_d.clinic.calibration.record import signature_of, signed_by
from covid_d.clinic.cases.national_id import hash_of
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.figures import LocalCalibration
from covid_d.clinic.database.sealed import is_altered, seal_of, table_of, tables
from covid_d.clinic.database.tables import TableBase
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import NEXT, Keys
from covid_d.clinic.seals import rows
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.act import acting
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.files import write_atomically
from covid_d.language import N_

_ENCRYPTED: Final = "_encrypted"


def rotate(installation: Installation, actor: Actor) -> Keys:
    """Put the installation under a new key and return it; whoever is at work is refused from then.

    Parameters
    ----------
    installation
        Opened with the old key; to be opened anew afterwards.
    actor
        Who does it.

    Raises
    ------
    CovidDError
        If the audit trail is not whole: under a new key it would pass for whole.
    """
    old, folder, outside = (
        installation.keys,
        installation.folder,
        installation.settings.trail_anchor,
    )
    found = installation.verify_trail()
    if not found.sound:
        raise CovidDError(
            N_("The audit trail is not whole, so the key is not changed."),
            N_("Find out what happened first: `covid-d audit-log verify`."),
        )
    with installation.engine.connect() as connection:
        hashed = connection.execute(
            select(Case.id).where(
                Case.national_id_hash.is_not(None), Case.national_id_encrypted.is_(None)
            )
        ).first()
    new = old.changed(keep_hashes=hashed is not None)
    write_atomically(folder / NEXT, new.text, mode=0o600)
    with acting(installation.engine, new, actor) as act:
        # A server on another machine may be at work: what it entered before is among the rows that
        # are read here, what it enters later is refused, for the key is another one by then.
        audit_trail.take_turn(act.session)
        connection = act.session.connection()
        sealed = {table_of(table).name for table in tables()}
        for table in tables():
            for values in rows(connection, table):
                fits = not is_altered(old.seal, table, values)
                changed = _changed(table_of(table), values, old, new)
                if fits:
                    changed["seal"] = seal_of(new.seal, table, {**values, **changed})
                if changed:
                    _write(connection, table_of(table), values, changed)
        for plain in TableBase.metadata.sorted_tables:
            if plain.name not in sealed and _encrypted(plain):
                for row in connection.execute(select(plain)).all():
                    values = dict(row._mapping)
                    if changed := _changed(plain, values, old, new):
                        _write(connection, plain, values, changed)
        _sign_records(connection, old, new)
        audit_trail.chain_anew(act.session, new)
        shared_notes.make_anew(act.session, old, new)
        act.record("key.rotate", "installation", head=found.head)
    key_change.finish(folder, installation.engine, new, outside)
    return new


def _encrypted(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.key.endswith(_ENCRYPTED)]


def _changed(table: Table, values: dict[str, Any], old: Keys, new: Keys) -> dict[str, Any]:
    """Return what the new key makes of a row's encrypted entries and of what is hashed of them."""
    changed: dict[str, Any] = {}
    for column in _encrypted(table):
        token = values[column.key]
        if token is None:
            continue
        try:
            text = old.decrypt(token)
        except CovidDError:
            continue  # it could not be read before either
        changed[column.key] = new.encrypt(text)
        if table is table_of(Case) and not new.keeps_hashes:
            changed["national_id_hash"] = hash_of(new, text)
    return changed


def _write(
    connection: Connection, table: Table, values: dict[str, Any], changed: dict[str, Any]
) -> None:
    key = [column == values[column.key] for column in table.primary_key]
    connection.execute(update(table).where(*key).values(changed))


def _sign_records(connection: Connection, old: Keys, new: Keys) -> None:
    table = table_of(LocalCalibration)
    for row in connection.execute(select(table)).all():
        if signed_by(row.record, row.signature, old):
            connection.execute(
                update(table)
                .where(table.c.id == row.id)
                .values(signature=signature_of(row.record, new))
            )
