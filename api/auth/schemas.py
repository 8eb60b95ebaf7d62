"""Bodies of the auth routes. Lengths and formats are the service's to check: it lists every fault at once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from api.core.actor import UserRole

Email = Annotated[str, Meta(description="at most 254 characters; upper and lower case are the same",
                            examples=["ada@example.com"])]  # fmt: skip
Name = Annotated[str, Meta(description="1 to 200 characters", examples=["Ada Lovelace"])]
Password = Annotated[str, Meta(description="8 to 128 characters, none of the most common ones",
                               examples=["correct horse battery"])]  # fmt: skip
Token = Annotated[str, Meta(description="opaque; send it as 'Authorization: Bearer <token>'",
                            examples=["cz_4fZb0mJ0V5o1r2Qw8u7tYx3nLkEdHs6aGcPiMvRbT9A"])]  # fmt: skip


class RegisterBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A new account. There is no way to ask for a role."""

    email: Email
    password: Password
    name: Name


class LoginBody(Struct, rename="camel", forbid_unknown_fields=True):
    """The credentials of an account."""

    email: Email
    password: Password


class UpdateMeBody(Struct, rename="camel", forbid_unknown_fields=True):
    """What somebody may change about the own account."""

    name: Name


class UserView(Struct, rename="camel"):
    """An account, as its owner sees it."""

    id: UUID
    email: Email
    name: Name
    role: UserRole


class SessionView(Struct, rename="camel"):
    """A new session. The token is shown this once; only its hash is kept."""

    user: UserView
    token: Token
    expires_at: datetime
