"""What a mail's link does: set a new password, prove an address. And what ends when a password changes.

A token is 256 random bits, stored as its hash, good once and for a short time, for one account and one purpose. It is
used by a conditional update: of two requests with the same token one works. A changed password or address kills every
token that is still out and, for a password, every session: whoever had stolen one has it no longer.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.auth import models, passwords
from api.auth.models import EmailVerification, PasswordReset, User
from api.auth.queries import find_user_by_email, get_user
from api.auth.service import SignedIn, fault_of_email, normalise_email, sign_in, still_has
from api.auth.tokens import MAX_LENGTH, hash_token, new_token
from api.core.actor import Actor
from api.core.clock import now
from api.core.errors import Conflict, FieldError, Invalid, Unauthenticated
from api.notifications.service import Mail, queue_mail

RESET_MINUTES = 30
VERIFICATION_MINUTES = 60


def ask_reset(session: Session, email: str, *, public_url: str) -> None:
    """Sends a link to set a new password, if there is such an account. The caller learns nothing of that.

    ``public_url`` is the configured origin of links, never a header's (A9).
    """
    email = normalise_email(email)
    token = new_token()
    user = find_user_by_email(session, email)
    if user is None:
        return
    expires = now() + timedelta(minutes=RESET_MINUTES)
    text = (
        f"Somebody, probably you, asked for a new password for {user.email}.\n\n"
        f"Set it within {RESET_MINUTES} minutes:\n{public_url}/reset-password?token={token}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )
    if queue_mail(session, user.email, Mail("password_reset", "Set a new password", text), user_id=user.id):
        session.add(PasswordReset(user_id=user.id, token=hash_token(token), expires_at=expires))
        session.flush()


def reset_password(session: Session, token: str, password: str) -> None:
    """Sets a new password and ends every session of the account. It proves the address, too.

    Raises:
        Invalid: the token is unknown, used or too old (``token_invalid``), or the password is not accepted.
    """
    owner = session.scalar(
        select(PasswordReset.user_id).where(PasswordReset.token == hash_token(token[:MAX_LENGTH]))
    )
    if owner is not None:  # the account first and its tokens after it, as where a password is changed
        session.execute(update(User).where(User.id == owner).values(updated_at=User.updated_at))
    user = get_user(session, _use(session, PasswordReset, token))
    _set_password(session, user, password, "password")
    if user.email_verified_at is None:
        user.email_verified_at = now()
    session.flush()


def change_password(session: Session, actor: Actor, *, current: str, new: str, days: int) -> SignedIn:
    """Sets a new password, ends every session of the account and begins a new one for the caller.

    Raises:
        Unauthenticated: ``current`` is wrong (``bad_credentials``).
        Invalid: the new password is not accepted.
    """
    user = get_user(session, actor.user_id)
    require_password(session, user, current)
    _set_password(session, user, new, "newPassword")
    return sign_in(session, user, days)


def ask_verification(
    session: Session, actor: Actor, *, public_url: str, email: str | None = None, password: str = ""
) -> None:
    """Sends a link that proves the own address, or with ``email`` a new one, which becomes the account's by that.

    A new address takes the account's password, so that a session left open somewhere cannot take the account.

    Raises:
        Unauthenticated: the password is wrong.
        Invalid: ``email`` is no address.
    """
    user = get_user(session, actor.user_id)
    address = user.email if email is None else normalise_email(email)
    if email is None and user.email_verified_at is not None:
        return
    if email is not None:
        require_password(session, user, password)
        if fault := fault_of_email(address):
            raise Invalid("the body has faults", (FieldError("email", fault),))
    token = new_token()
    text = (
        f"Confirm that {address} is your address, within {VERIFICATION_MINUTES} minutes:\n"
        f"{public_url}/verify-email?token={token}\n\nIf you do not know what this is about, do nothing.\n"
    )
    if queue_mail(
        session, address, Mail("email_verification", "Confirm your address", text), user_id=user.id
    ):
        expires = now() + timedelta(minutes=VERIFICATION_MINUTES)
        values = {"user_id": user.id, "email": address, "token": hash_token(token), "expires_at": expires}
        session.add(EmailVerification(**values))
        session.flush()


def verify_email(session: Session, token: str) -> None:
    """Proves an address; a new one becomes the account's.

    Raises:
        Invalid: the token is unknown, used or too old (``token_invalid``).
        Conflict: somebody else has the address meanwhile (``email_taken``).
    """
    user_id = _use(session, EmailVerification, token)
    row = session.query(EmailVerification).filter_by(token=hash_token(token)).one()
    user = get_user(session, user_id)
    if user.email != row.email:
        if find_user_by_email(session, row.email) is not None:
            raise Conflict("an account with this e-mail address exists", code="email_taken")
        user.email = row.email
        _kill_tokens(session, user.id)
    user.email_verified_at = now()
    session.flush()


def require_password(session: Session, user: User, password: str) -> None:
    """Raises Unauthenticated (``bad_credentials``) unless ``password`` is the account's; it stays so until the
    transaction ends.
    """
    seen = user.password
    if not passwords.verify_password(password, seen) or not still_has(session, user, seen):
        raise Unauthenticated("the password is wrong", code="bad_credentials")


def _use(session: Session, kind: type[PasswordReset] | type[EmailVerification], token: str) -> UUID:
    done = PasswordReset.used if kind is PasswordReset else EmailVerification.verified
    user_id = None
    if len(token) <= MAX_LENGTH:
        user_id = session.scalar(
            update(kind)
            .where(kind.token == hash_token(token), done.is_(False), kind.expires_at > now())
            .values({done.key: True})
            .returning(kind.user_id)
            .execution_options(synchronize_session=False)
        )
    if user_id is None:
        raise Invalid("the link is not valid any more; ask for a new one", code="token_invalid")
    return user_id


def _set_password(session: Session, user: User, password: str, field: str) -> None:
    if fault := passwords.fault_of(password, user.email):
        raise Invalid("the body has faults", (FieldError(field, fault),))
    user.password = passwords.hash_password(password)
    session.execute(delete(models.Session).where(models.Session.user_id == user.id))
    _kill_tokens(session, user.id)
    text = f"The password of {user.email} was changed. If it was not you, ask for a new one at once.\n"
    queue_mail(
        session, user.email, Mail("password_changed", "Your password was changed", text), user_id=user.id
    )
    session.flush()


def _kill_tokens(session: Session, user_id: UUID) -> None:
    for kind, done in ((PasswordReset, PasswordReset.used), (EmailVerification, EmailVerification.verified)):
        session.execute(delete(kind).where(kind.user_id == user_id, done.is_(False)))
