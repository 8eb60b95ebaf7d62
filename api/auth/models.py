"""Accounts: who somebody is, how they sign in, and the single-use tokens that mails carry.

An e-mail address is stored normalised (`api.auth.service.normalise_email`) and is unique among the accounts
that are not deleted: who deletes an account may come back with the same address, as a new user with a new id.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.actor import UserRole
from api.core.orm import Base, Json, SoftDelete, Timestamps, UtcDateTime, enum_type

EMAIL_LENGTH = 254  # characters; the longest address that SMTP can carry (RFC 5321)
NAME_LENGTH = 200  # characters

SCHEMA = "auth"
_LIVE = text("deleted_at IS NULL")
_USER = "auth.users.id"


class OAuthProvider(StrEnum):
    """Whose word is taken for who somebody is."""

    GOOGLE = "GOOGLE"
    GITHUB = "GITHUB"


class User(Base, Timestamps, SoftDelete):
    """An account. ``password`` is an argon2id hash, never the password; None means no login by password.

    ``email_verified_at`` is None until a mail's link, or a provider that vouches for the address, has proved it.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_live", "email", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        CheckConstraint("role IN ('USER', 'ADMIN')", name="user_role"),
        {"schema": SCHEMA},
    )

    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    password: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    role: Mapped[UserRole] = mapped_column(enum_type(UserRole), default=UserRole.USER)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)


class Session(Base, Timestamps):
    """One login. ``token`` is the SHA-256 of the bearer token in hex: who reads the table cannot sign in
    with it.
    """

    __tablename__ = "sessions"
    __table_args__ = ({"schema": SCHEMA},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)


class UserProfile(Base, Timestamps):
    """What somebody tells of themselves; one row per account, made at the first change. All of it is optional.

    ``avatar`` is a URL. ``preferences`` and ``socials`` (name of a network to a name or URL there) are JSON objects.
    """

    __tablename__ = "user_profiles"
    __table_args__ = ({"schema": SCHEMA},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), unique=True)
    bio: Mapped[str | None] = mapped_column(Text, default=None)
    avatar: Mapped[str | None] = mapped_column(String(2000), default=None)
    location: Mapped[str | None] = mapped_column(String(200), default=None)
    website: Mapped[str | None] = mapped_column(String(2000), default=None)
    github_url: Mapped[str | None] = mapped_column(String(2000), default=None)
    linkedin_url: Mapped[str | None] = mapped_column(String(2000), default=None)
    twitter_url: Mapped[str | None] = mapped_column(String(2000), default=None)
    occupation: Mapped[str | None] = mapped_column(String(200), default=None)
    company: Mapped[str | None] = mapped_column(String(200), default=None)
    phone: Mapped[str | None] = mapped_column(String(40), default=None)
    address: Mapped[str | None] = mapped_column(String(500), default=None)
    socials: Mapped[dict[str, str] | None] = mapped_column(Json, default=None)
    preferences: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)


class OAuthAccount(Base, Timestamps):
    """An account elsewhere that signs in to one here. ``provider_id`` is the provider's id of it, never an address."""

    __tablename__ = "oauth_accounts"
    __table_args__ = (UniqueConstraint("provider", "provider_id"), {"schema": SCHEMA})

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), index=True)
    provider: Mapped[OAuthProvider] = mapped_column(enum_type(OAuthProvider))
    provider_id: Mapped[str] = mapped_column(String(255))


class PasswordReset(Base, Timestamps):
    """A wish to set a new password. ``token`` is the SHA-256 of what the mail carries, in hex."""

    __tablename__ = "password_resets"
    __table_args__ = ({"schema": SCHEMA},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    used: Mapped[bool] = mapped_column(default=False)


class EmailVerification(Base, Timestamps):
    """A wish to prove an address, ``email``; of a change of address, the new one. ``token`` as in `PasswordReset`."""

    __tablename__ = "email_verifications"
    __table_args__ = ({"schema": SCHEMA},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey(_USER, ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    token: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
    verified: Mapped[bool] = mapped_column(default=False)
