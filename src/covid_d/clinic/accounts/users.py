"""Users: what administrators do with other people's accounts. Nobody ever knows a password."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from covid_d.clinic.accounts import links, second_factor, sessions
from covid_d.clinic.accounts.links import Purpose
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.user_details import UserDetails, changes
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.sealed import accept
from covid_d.clinic.errors import ConflictError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it: no password, no hash.

    Parameters
    ----------
    person
        Whose it is.
    active
        Whether they may sign in.
    ready
        Whether they ever proved who they are: a password set, or an identity provider's subject.
    locked_until
        Until when it rests after wrong tries, if it does.
    created_at
        When it was made.
    altered
        Whether it was changed in the database: nobody signs in with it until it is saved anew.
    second_factor
        Since when it has a second factor; ``None`` without.
    """

    person: Person
    active: bool
    ready: bool
    locked_until: datetime | None
    created_at: datetime
    altered: bool = False
    second_factor: datetime | None = None

    @classmethod
    def of(cls, user: User) -> Account:
        """Return the account of a row."""
        rests = user.locked_until is not None and user.locked_until > now()
        return cls(
            person=Person.of(user),
            active=user.active,
            ready=user.password_hash is not None or user.oidc_subject is not None,
            locked_until=user.locked_until if rests else None,
            created_at=user.created_at,
            altered=user.altered,
            second_factor=user.totp_since,
        )


def every(installation: Installation) -> Sequence[Account]:
    """Return all accounts, by name; those switched off last."""
    with installation.reading() as session:
        found = session.scalars(
            select(User)
            .options(joinedload(User.unit))
            .order_by(User.active.desc(), func.lower(User.full_name), User.id)
        )
        return [Account.of(user) for user in found]


def named(installation: Installation, username: str) -> Person | None:
    """Return the active person of a user name, for the command line; ``None`` if there is none."""
    with installation.reading() as session:
        user = session.scalar(
            select(User).where(func.lower(User.username) == username.strip().lower(), User.active)
        )
        return Person.of(user) if user is not None else None


def one(installation: Installation, user_id: int) -> Account:
    """Return an account.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    with installation.reading() as session:
        user = session.get(User, user_id)
        if user is None:
            raise NotFoundError
        return Account.of(user)


def create(installation: Installation, actor: Actor, details: UserDetails) -> tuple[int, str]:
    """Create an account and return its id and the path of the link to set its password.

    Raises
    ------
    InvalidInputError
        If the details cannot be accepted.
    """
    with installation.act(actor) as act:
        details.check(act.session)
        user = User(
            username=details.username,
            full_name=details.full_name,
            role=details.role.value,
            unit_id=details.unit_id,
            created_at=act.now,
        )
        act.session.add(user)
        act.record("user.create", user, role=details.role.value, unit=details.unit_id)
        return user.id, _password_link(act.session, user)


def edit(installation: Installation, actor: Actor, user_id: int, details: UserDetails) -> None:
    """Change a person's details; a new role or unit ends their sessions at once.

    An account that was changed in the database holds again once it is saved here; what proves who
    somebody is (password, second factor, provider's subject) is taken from it.

    Raises
    ------
    InvalidInputError
        If the details cannot be accepted.
    ConflictError
        If it would leave nobody to administer the installation.
    """
    with _changing(installation, actor, user_id, beside_administrators=True) as (act, user):
        details.check(act.session, but=user_id)
        if details.role is not Role.ADMINISTRATOR:
            _keep_an_administrator(act.session, user)
        before = _facts(user.username, user.full_name, user.role, user.unit_id)
        after = _facts(details.username, details.full_name, details.role.value, details.unit_id)
        changed: dict[str, Any] = {**changes(before, after)}
        if user.altered:
            _take_back(act, user)
            changed["altered"] = True
        if not changed:
            return
        user.username, user.full_name = details.username, details.full_name
        user.role, user.unit_id = details.role.value, details.unit_id
        if changed.keys() & {"role", "unit", "altered"}:
            sessions.end_all(act.session, user_id)
        act.record("user.edit", user, **changed)


def set_active(installation: Installation, actor: Actor, user_id: int, active: bool) -> None:
    """Switch an account on or off; off ends its sessions and open links at once.

    Raises
    ------
    ConflictError
        If it would leave nobody to administer the installation.
    """
    with _changing(installation, actor, user_id, beside_administrators=True) as (act, user):
        if user.active == active:
            return
        if not active:
            _keep_an_administrator(act.session, user)
            sessions.end_all(act.session, user_id)
            links.void(act.session, Purpose.PASSWORD, user_id)
        user.active = active
        act.record("user.on" if active else "user.off", user)


def reset_password(
    installation: Installation, actor: Actor, user_id: int, *, trusted: bool = False
) -> str:
    """Take a person's password away and return the path of the link to set a new one.

    Their sessions end at once and their API tokens rest until the new password is set. A second
    factor stays: a forgotten password is no lost phone.

    Parameters
    ----------
    installation, actor
        Where, and who does it.
    user_id
        Whose.
    trusted
        Take name, role and unit as they are, though they were changed in the database: for the
        machine's owner, where no administrator can sign in any more.

    Raises
    ------
    ConflictError
        For one's own account, which would lock one out, for one that is switched off, and for
        one that was changed in the database.
    """
    with _changing(installation, actor, user_id) as (act, user):
        if actor.user_id == user_id:
            raise ConflictError(
                N_("Your own password is changed on your account page."), code="own_account"
            )
        if not user.active:
            raise ConflictError(
                N_("This account is switched off."), N_("Switch it on first."), code="switched_off"
            )
        if user.altered and not trusted:
            raise _altered()
        taken_as_is = {"altered": True, "role": user.role, "unit": user.unit_id}
        detail = taken_as_is if user.altered else {}
        _take_back(act, user)
        sessions.end_all(act.session, user_id)
        act.record("user.reset_password", user, **detail)
        return _password_link(act.session, user)


def reset_second_factor(installation: Installation, actor: Actor, user_id: int) -> None:
    """Take the second factor off the account of somebody who lost phone and recovery codes.

    Their sessions end at once: whoever has the phone now may be signed in.

    Raises
    ------
    ConflictError
        For one's own account, where the codes are asked for, for one without a second factor, and
        for one that was changed in the database.
    """
    with _changing(installation, actor, user_id) as (act, user):
        if actor.user_id == user_id:
            raise ConflictError(
                N_("Your own second factor is switched off on your account page."),
                code="own_account",
            )
        if user.altered:
            raise _altered()
        if user.totp_encrypted is None:
            raise ConflictError(N_("This account has no second factor."), code="no_second_factor")
        second_factor.take_off(user)
        user.failed_sign_ins, user.locked_until = 0, None
        sessions.end_all(act.session, user_id)
        act.record("user.reset_second_factor", user)


def unlock(installation: Installation, actor: Actor, user_id: int) -> None:
    """Let a person try again who gave too many wrong passwords."""
    with _changing(installation, actor, user_id) as (act, user):
        user.failed_sign_ins, user.locked_until = 0, None
        act.record("user.unlock", user)


@contextmanager
def _changing(
    installation: Installation, actor: Actor, user_id: int, *, beside_administrators: bool = False
) -> Iterator[tuple[Act, User]]:
    """Lock an account; where administrators may become fewer, all of theirs too.

    In one order and before anything else is locked, so that two who remove each other wait for
    one another in turn, and not in a ring.
    """
    with installation.act(actor) as act:
        if beside_administrators:
            chiefs = or_(User.id == user_id, User.role == Role.ADMINISTRATOR.value)
            act.session.execute(select(User.id).where(chiefs).order_by(User.id).with_for_update())
        user = act.session.get(User, user_id, with_for_update=True)
        if user is None:
            raise NotFoundError
        yield act, user


def _take_back(act: Act, user: User) -> None:
    """Take what somebody signs in with; a row that was altered is sealed anew."""
    if user.altered:
        accept(act.session, user)
        user.oidc_subject = None
        second_factor.take_off(user)
    user.password_hash, user.must_change_password = None, True
    user.failed_sign_ins, user.locked_until = 0, None


def _altered() -> ConflictError:
    return ConflictError(
        N_("This account was changed in the database, not by COVID-D."),
        N_("Check its name, role and unit and save them first."),
        code="account_altered",
    )


def _keep_an_administrator(session: Session, user: User) -> None:
    """Refuse when nobody else could administer: active, and able to sign in."""
    if user.role != Role.ADMINISTRATOR.value or not user.active:
        return
    # All are locked by now: two administrators cannot remove each other at the same moment.
    able = session.scalars(
        select(User.id).where(
            User.role == Role.ADMINISTRATOR.value,
            User.active.is_(True),
            or_(User.password_hash.is_not(None), User.oidc_subject.is_not(None)),
        )
    ).all()
    if set(able) <= {user.id}:
        raise ConflictError(
            N_("This is the last administrator who can sign in."),
            N_("Create another administrator first and let them set their password."),
            code="last_administrator",
        )


def _password_link(session: Session, user: User) -> str:
    return f"/password/{links.issue(session, Purpose.PASSWORD, user.id)}"


def _facts(username: str, full_name: str, role: str, unit: int | None) -> dict[str, object]:
    return {"username": username, "full_name": full_name, "role": role, "unit": unit}
