"""What somebody can do with an account: register, log in and out, change the name.

Every function works in the caller's transaction and commits nothing.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.auth import models, passwords
from api.auth.models import EMAIL_LENGTH, NAME_LENGTH, User, UserProfile
from api.auth.queries import find_user_by_email, get_user
from api.auth.tokens import hash_token, new_token
from api.core.actor import Actor, UserRole
from api.core.clock import now
from api.core.errors import Conflict, FieldError, Invalid, Unauthenticated
from api.notifications.service import can_be_mailed

# Deliberately loose: one @, a dotted domain, nothing that could break out of a mail header. Only a mail
# proves more.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_CONTROL = {
    "Cc",
    "Cs",
    "Zl",
    "Zp",
}  # Unicode categories; Cf stays allowed, Persian and Indic names need joiners


_after_registration: list[Callable[[Session, User], None]] = []


class SignedIn(NamedTuple):
    """A fresh session: ``token`` is shown to its owner now and never again."""

    user: User
    token: str
    expires_at: datetime


def register(session: Session, *, email: str, password: str, name: str, days: int) -> SignedIn:
    """A new account with the role USER, signed in for ``days``.

    Raises:
        Invalid: with every fault of the three fields.
        Conflict: ``email_taken``. This does tell that an address is registered; as long as there is no mail
        to send
            the truth to the address' owner instead, the caller must be told plainly.
    """
    user = create_user(session, email=email, password=password, name=name)
    return sign_in(session, user, days)


def create_user(
    session: Session, *, email: str, password: str, name: str, role: UserRole = UserRole.USER
) -> User:
    """A new account; ``role`` is for the command line and never comes from a request. Raises as `register`
    does.
    """
    email, name = normalise_email(email), name.strip()
    _check(email, password, name)
    # Hashed before the look-up: the answer for a taken address takes as long as for a free one.
    hashed = passwords.hash_password(password)
    if find_user_by_email(session, email) is not None:
        raise _taken()
    user = User(email=email, password=hashed, name=name, role=role)
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:  # somebody else registered it between the look and the insert
        raise _taken() from error
    session.add(UserProfile(user_id=user.id))
    session.flush()
    for follow in _after_registration:
        follow(session, user)
    return user


def after_registration(follow: Callable[[Session, User], None]) -> Callable[[Session, User], None]:
    """Has ``follow`` called for every new account, in its transaction. For slices to the right of this one, which it
    cannot import: they add what they owe a new account when they are imported.
    """
    _after_registration.append(follow)
    return follow


def login(session: Session, *, email: str, password: str, days: int) -> SignedIn:
    """A new session of ``days``.

    Raises:
        Unauthenticated: ``bad_credentials``, the same answer after the same work whether the account is
            unknown, has no password, or the password is wrong.
    """
    user = find_user_by_email(session, normalise_email(email))
    seen = user.password if user else None
    is_right = passwords.verify_password(password, seen)
    if not is_right or user is None or not still_has(session, user, seen):
        raise Unauthenticated("the e-mail address or the password is wrong", code="bad_credentials")
    if user.password and passwords.is_outdated(user.password):
        user.password = passwords.hash_password(password)
    session.execute(
        delete(models.Session).where(models.Session.user_id == user.id, models.Session.expires_at <= now())
    )
    return sign_in(session, user, days)


def still_has(session: Session, user: User, hashed: str | None) -> bool:
    """Holds the account until the transaction ends; False if its password is not what it was when ``hashed`` was read.

    Looking at a password takes tens of milliseconds. A reset in between must win: who knew the old password may neither
    begin a session after it nor set another one over it.
    """
    held = session.scalar(
        update(User)
        .where(User.id == user.id, User.password == hashed, User.deleted_at.is_(None))
        .values(password=User.password, updated_at=User.updated_at)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    return held is not None


def logout(session: Session, actor: Actor) -> None:
    """Ends the session that the request came with; others of the same account stay."""
    session.execute(delete(models.Session).where(models.Session.id == actor.session_id))


def update_name(session: Session, actor: Actor, name: str) -> User:
    """Changes the own name. Raises Invalid."""
    name = name.strip()
    if fault := _fault_of_name(name):
        raise Invalid("the body has faults", (FieldError("name", fault),))
    user = get_user(session, actor.user_id)
    user.name = name
    session.flush()
    return user


def normalise_email(email: str) -> str:
    """The one form of an address that is stored and compared: NFC, lower case, no blanks around."""
    return unicodedata.normalize("NFC", email).strip().lower()


def sign_in(session: Session, user: User, days: int) -> SignedIn:
    """A new session of ``days`` for an account that has proved itself to the caller."""
    token, expires_at = new_token(), now() + timedelta(days=days)
    session.add(models.Session(user_id=user.id, token=hash_token(token), expires_at=expires_at))
    session.flush()
    return SignedIn(user, token, expires_at)


def _check(email: str, password: str, name: str) -> None:
    found = {
        "email": fault_of_email(email),
        "password": passwords.fault_of(password, email),
        "name": _fault_of_name(name),
    }
    faults = tuple(FieldError(field, fault) for field, fault in found.items() if fault)
    if faults:
        raise Invalid("the body has faults", faults)


def fault_of_email(email: str) -> str | None:
    """What is wrong with a normalised address, as a sentence; None: nothing."""
    is_one = _EMAIL.fullmatch(email) and can_be_mailed(email)
    if len(email) > EMAIL_LENGTH or not is_one or _has_control(email):
        return "is not an e-mail address"
    return None


def _fault_of_name(name: str) -> str | None:
    if not 1 <= len(name) <= NAME_LENGTH:
        return f"must have 1 to {NAME_LENGTH} characters"
    return "must not hold control characters" if _has_control(name) else None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(character) in _CONTROL for character in text)


def _taken() -> Conflict:
    return Conflict("an account with this e-mail address exists", code="email_taken")
