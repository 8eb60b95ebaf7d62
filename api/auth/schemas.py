"""Bodies of the auth routes. Lengths and formats are the service's to check: it lists every fault at once."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from api.core.actor import UserRole

Email = Annotated[str, Meta(description="at most 254 characters; upper and lower case are the same",
                            examples=["ada@example.com"])]  # fmt: skip
Name = Annotated[str, Meta(description="1 to 200 characters", examples=["Ada Lovelace"])]
Password = Annotated[str, Meta(description="8 to 128 characters, none of the most common ones",
                               examples=["correct horse battery"])]  # fmt: skip
Token = Annotated[str, Meta(description="opaque; send it as 'Authorization: Bearer <token>'",
                            examples=["cz_4fZb0mJ0V5o1r2Qw8u7tYx3nLkEdHs6aGcPiMvRbT9A"])]  # fmt: skip


_NO_NUL = r"^[^\x00]*$"
MailToken = Annotated[str, Meta(max_length=128, description="from the mail's link",
                                examples=["cz_4fZb0mJ0V5o1r2Qw8u7tYx3nLkEdHs6aGcPiMvRbT9A"])]  # fmt: skip
Line = Annotated[str, Meta(max_length=200, pattern=_NO_NUL, examples=["London"])]
LongText = Annotated[str, Meta(max_length=10_000, pattern=_NO_NUL)]
Link = Annotated[str, Meta(max_length=2000, pattern=_NO_NUL, description="http or https",
                           examples=["//example.com/ada"])]  # fmt: skip


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


class EmailBody(Struct, rename="camel", forbid_unknown_fields=True):
    """An address that may be an account's, or not: the answer is the same."""

    email: Email


class ResetBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A new password, and the token from the mail."""

    token: MailToken
    password: Password


class VerifyBody(Struct, rename="camel", forbid_unknown_fields=True):
    """The token from the mail."""

    token: MailToken


class ChangePasswordBody(Struct, rename="camel", forbid_unknown_fields=True):
    """The password of today and the one from now on."""

    current_password: Password
    new_password: Password


class ChangeEmailBody(Struct, rename="camel", forbid_unknown_fields=True):
    """The address that is to be the account's once a mail there has been answered."""

    email: Email
    password: Password


class ProfileBody(Struct, rename="camel", forbid_unknown_fields=True):
    """What to change; what is left out stays, and null empties a field."""

    bio: LongText | UnsetType | None = UNSET
    avatar: Link | UnsetType | None = UNSET
    location: Line | UnsetType | None = UNSET
    website: Link | UnsetType | None = UNSET
    github_url: Link | UnsetType | None = UNSET
    linkedin_url: Link | UnsetType | None = UNSET
    twitter_url: Link | UnsetType | None = UNSET
    occupation: Line | UnsetType | None = UNSET
    company: Line | UnsetType | None = UNSET
    phone: (
        Annotated[str, Meta(max_length=40, pattern=_NO_NUL, examples=["+49 30 123456"])] | UnsetType | None
    ) = UNSET
    address: Annotated[str, Meta(max_length=500, pattern=_NO_NUL)] | UnsetType | None = UNSET
    socials: Annotated[dict[str, Line], Meta(examples=[{"github": "ada"}])] | UnsetType | None = UNSET
    preferences: Annotated[dict[str, Any], Meta(examples=[{"theme": "dark"}])] | UnsetType | None = UNSET


class ProfileView(Struct, rename="camel"):
    """What somebody tells of themselves."""

    bio: str | None
    avatar: str | None
    location: str | None
    website: str | None
    github_url: str | None
    linkedin_url: str | None
    twitter_url: str | None
    occupation: str | None
    company: str | None
    phone: str | None
    address: str | None
    socials: dict[str, str] | None
    preferences: dict[str, Any] | None


class OpenSessionView(Struct, rename="camel"):
    """A session that is open; ``current`` is the one that asks."""

    id: UUID
    created_at: datetime
    expires_at: datetime
    current: bool


class OpenSessionList(Struct, rename="camel"):
    """The caller's open sessions, newest first."""

    items: list[OpenSessionView]
    total: int


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
