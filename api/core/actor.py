"""Who asks: the identity that routes hand to services and queries."""

from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID


class UserRole(StrEnum):
    """The two roles of the platform; ADMIN may do everything a USER may."""

    USER = "USER"
    ADMIN = "ADMIN"


class HasRole(Protocol):
    """Anything that carries a role: a User row or an Actor."""

    @property
    def role(self) -> UserRole: ...


class Actor(NamedTuple):
    """The signed-in caller of one request, read from the database at that request (never from a token's
    content).
    """

    user_id: UUID
    role: UserRole
    session_id: UUID


def is_admin(who: HasRole) -> bool:
    """Whether ``who`` has the ADMIN role."""
    return who.role == UserRole.ADMIN


def is_user(who: HasRole) -> bool:
    """Whether ``who`` has the plain USER role."""
    return who.role == UserRole.USER
