"""Accounts and their sessions.

An e-mail address is stored normalised (`api.auth.service.normalise_email`) and is unique among the accounts
that are not deleted: who deletes an account may come back with the same address, as a new user with a new id.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.actor import UserRole
from api.core.orm import Base, SoftDelete, Timestamps, UtcDateTime, enum_type

EMAIL_LENGTH = 254  # characters; the longest address that SMTP can carry (RFC 5321)
NAME_LENGTH = 200  # characters

_LIVE = text("deleted_at IS NULL")


class User(Base, Timestamps, SoftDelete):
    """An account. ``password`` is an argon2id hash, never the password; None means no login by password."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_live", "email", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        {"schema": "auth"},
    )

    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    password: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    role: Mapped[UserRole] = mapped_column(enum_type(UserRole), default=UserRole.USER)


class Session(Base, Timestamps):
    """One login. ``token`` is the SHA-256 of the bearer token in hex: who reads the table cannot sign in
    with it.
    """

    __tablename__ = "sessions"
    __table_args__ = ({"schema": "auth"},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
