"""What somebody tells of themselves, and the sessions that are open."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.auth import models
from api.auth.models import UserProfile
from api.core.actor import Actor
from api.core.clock import now
from api.core.errors import FieldError, Invalid, NotFound
from api.core.upsert import insert_once

MAX_PREFERENCES_BYTES = 16 * 1024
MAX_SOCIALS = 20
MAX_NAME = 40  # characters of a network's name
_URLS = ("avatar", "website", "github_url", "linkedin_url", "twitter_url")
_PHONE = re.compile(r"\+?[0-9 ()./-]{3,40}")
_CAMEL = {"github_url": "githubUrl", "linkedin_url": "linkedinUrl", "twitter_url": "twitterUrl"}


def find_profile(session: Session, user_id: UUID) -> UserProfile:
    """The profile; an empty one, which is not stored, for who never said anything."""
    row = session.scalar(select(UserProfile).where(UserProfile.user_id == user_id))
    return row or UserProfile(user_id=user_id)


def change_profile(session: Session, actor: Actor, changes: Mapping[str, Any]) -> UserProfile:
    """Changes the named columns of the own profile; the others stay.

    Raises Invalid: with every fault. Links are http or https, for a page that shows them must not run them.
    """
    faults = tuple(FieldError(_CAMEL.get(name, name), fault) for name, fault in _faults(changes))
    if faults:
        raise Invalid("the body has faults", faults)
    insert_once(session, UserProfile, ("user_id",), {"user_id": actor.user_id})
    row = session.scalars(select(UserProfile).where(UserProfile.user_id == actor.user_id)).one()
    for column, value in changes.items():
        setattr(row, column, value)
    session.flush()
    return row


def list_sessions(session: Session, actor: Actor) -> Sequence[models.Session]:
    """The own sessions that are open, newest first."""
    statement = select(models.Session).where(
        models.Session.user_id == actor.user_id, models.Session.expires_at > now()
    )
    return session.scalars(statement.order_by(models.Session.created_at.desc())).all()


def end_session(session: Session, actor: Actor, session_id: UUID) -> None:
    """Ends one of the own sessions. Raises NotFound: there is none, or it is somebody else's."""
    ended = session.scalar(
        delete(models.Session)
        .where(models.Session.id == session_id, models.Session.user_id == actor.user_id)
        .returning(models.Session.id)
    )
    if ended is None:
        raise NotFound("there is no such session")


def end_other_sessions(session: Session, actor: Actor) -> None:
    """Ends all own sessions but the one that asks."""
    session.execute(
        delete(models.Session).where(
            models.Session.user_id == actor.user_id, models.Session.id != actor.session_id
        )
    )


def _faults(changes: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(name, "must be an http or https address") for name in _URLS if not _is_link(changes.get(name))]
    phone = changes.get("phone")
    if phone is not None and not _PHONE.fullmatch(phone):
        found.append(("phone", "must be a telephone number, such as +49 30 123456"))
    socials = changes.get("socials")
    if socials is not None:
        if len(socials) > MAX_SOCIALS or any(len(name) > MAX_NAME for name in socials):
            found.append(
                ("socials", f"must be at most {MAX_SOCIALS}, with names of at most {MAX_NAME} characters")
            )
        if not all(_is_link(value) for value in socials.values() if ":" in value):
            found.append(("socials", "must be names, or http or https addresses"))
    preferences = changes.get("preferences")
    if preferences is not None and len(msgspec.json.encode(preferences)) > MAX_PREFERENCES_BYTES:
        found.append(("preferences", f"must be at most {MAX_PREFERENCES_BYTES // 1024} KiB of JSON"))
    return found


def _is_link(value: str | None) -> bool:
    if value is None:
        return True
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", value)
    )
