"""Reads of accounts and sessions."""

from collections.abc import Collection
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from api.auth import models
from api.auth.tokens import MAX_LENGTH, hash_token
from api.core.actor import Actor
from api.core.clock import now
from api.core.errors import NotFound
from api.core.orm import UtcDateTime

# Built once, of the plain tables: it is asked at every request, and putting it together took longer than asking.
_USERS, _SESSIONS = cast(Table, models.User.__table__), cast(Table, models.Session.__table__)
_ACTOR = (
    select(_USERS.c.id, _USERS.c.role, _SESSIONS.c.id)
    .join(_SESSIONS, _SESSIONS.c.user_id == _USERS.c.id)
    .where(
        _SESSIONS.c.token == bindparam("hashed"),
        _SESSIONS.c.expires_at > bindparam("moment", type_=UtcDateTime()),
        _USERS.c.deleted_at.is_(None),
    )
)

CHUNK = 500  # ids in one statement


def find_actor(session: Session, token: str) -> Actor | None:
    """Whose ``token`` this is; None if it is unknown, expired or ended, or its account is deleted.

    The role is the account's of this moment: taking it away works at the next request, not at the next login.
    """
    if len(token) > MAX_LENGTH:
        return None
    row = session.execute(_ACTOR, {"hashed": hash_token(token), "moment": now()}).one_or_none()
    return Actor(*row) if row else None


def find_signed_in(session: Session, session_ids: Collection[UUID]) -> set[Actor]:
    """Of these sessions those that are still valid, each with the account's role of this moment."""
    found: set[Actor] = set()
    ids = sorted(session_ids)
    for start in range(0, len(ids), CHUNK):
        statement = (
            select(models.User.id, models.User.role, models.Session.id)
            .join(models.Session, models.Session.user_id == models.User.id)
            .where(
                models.Session.id.in_(ids[start : start + CHUNK]),
                models.Session.expires_at > now(),
                models.User.deleted_at.is_(None),
            )
        )
        found.update(Actor(*row) for row in session.execute(statement))
    return found


def find_user_by_email(session: Session, email: str) -> models.User | None:
    """The account of a *normalised* address; None if there is none that is not deleted."""
    statement = select(models.User).where(models.User.email == email, models.User.deleted_at.is_(None))
    return session.scalars(statement).one_or_none()


def get_user(session: Session, user_id: UUID) -> models.User:
    """The account with this id. Raises NotFound if there is none or it is deleted."""
    user = session.get(models.User, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("there is no such user")
    return user
