"""Tables: health units, people, their sessions and API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.sealed import SealedTable


class Unit(TableBase):
    """A health unit: a hospital, a centre, a ward.

    ``prevalence`` is the share of COVID-19 among those examined there, for predictive values;
    ``blind_mode`` asks doctors for their own reading before the model's is shown.
    """

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    province: Mapped[str] = mapped_column(String(40))
    prevalence: Mapped[float | None]
    blind_mode: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class User(SealedTable):
    """A person with an account. Never deleted, since cases and the audit trail name them.

    ``totp_encrypted`` is the secret of the second factor, ``totp_step`` the last of its codes that
    was used (none works twice), ``recovery_hashes`` the hashes of the codes that stand in for it.
    """

    __tablename__ = "user_account"
    unsealed: ClassVar[frozenset[str]] = frozenset({"failed_sign_ins", "locked_until", "language"})

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    full_name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    oidc_subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    language: Mapped[str | None] = mapped_column(String(2))
    active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    totp_encrypted: Mapped[str | None] = mapped_column(Text)
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int | None]
    recovery_hashes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

    unit: Mapped[Unit | None] = relationship()


class SignInSession(SealedTable):
    """A signed-in browser. The cookie's token is kept only as its hash.

    ``browser`` names it coarsely (``"Firefox · Ubuntu"``), so that its owner knows it again;
    ``None`` where it does not say. ``way`` is how its owner came in: ``"code"`` and
    ``"recovery"`` beside the password, ``"openid"``; ``None`` by the password alone.
    """

    __tablename__ = "sign_in_session"
    unsealed: ClassVar[frozenset[str]] = frozenset({"last_seen_at"})

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    browser: Mapped[str | None] = mapped_column(String(80))
    way: Mapped[str | None] = mapped_column(String(10))

    user: Mapped[User] = relationship()


class ApiToken(SealedTable):
    """A key for programs, acting for its owner; kept only as its hash."""

    __tablename__ = "api_token"
    unsealed: ClassVar[frozenset[str]] = frozenset({"last_used_at", "revoked_at"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class OneTimeLink(SealedTable):
    """A link that works once: the first administrator, or a password set anew."""

    __tablename__ = "one_time_link"
    unsealed: ClassVar[frozenset[str]] = frozenset({"used_at"})

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
