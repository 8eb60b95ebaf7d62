"""Registering, logging in and out, what mails' links do, and the own account."""

from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy.orm import Session

from api.auth import profiles, recovery, service
from api.auth.models import User, UserProfile
from api.auth.queries import get_user
from api.auth.schemas import (
    ChangeEmailBody,
    ChangePasswordBody,
    EmailBody,
    LoginBody,
    OpenSessionList,
    OpenSessionView,
    ProfileBody,
    ProfileView,
    RegisterBody,
    ResetBody,
    SessionView,
    UpdateMeBody,
    UserView,
    VerifyBody,
)
from api.core.actor import Actor
from api.core.rates import RateLimit
from api.core.settings import Settings
from api.http.client_address import network_of
from api.http.throttle import LoginThrottle


class AuthController(Controller):
    """Accounts and their sessions."""

    path = "/auth"
    tags = ("auth",)

    @post("/register", opt={"access": "public", "lane": "password"}, summary="Register", sync_to_thread=True)
    def register(
        self,
        data: JSONBody[RegisterBody],
        session: NamedDependency[Session],
        settings: NamedDependency[Settings],
    ) -> SessionView:
        """A new account, signed in. A taken address answers 409 `email_taken`."""
        return _session_view(
            service.register(
                session, email=data.email, password=data.password, name=data.name, days=settings.session_days
            )
        )

    @post(
        "/login",
        status_code=200,
        opt={"access": "public", "lane": "password", "problems": (401, 429)},
        summary="Log in",
        sync_to_thread=True,
    )
    def login(
        self,
        data: JSONBody[LoginBody],
        session: NamedDependency[Session],
        settings: NamedDependency[Settings],
        login_throttle: NamedDependency[LoginThrottle],
        client_address: NamedDependency[str],
    ) -> SessionView:
        """A new session. After too many failures for one account or from one network: 429, `Retry-After`."""
        with login_throttle.attempt(account=service.normalise_email(data.email), address=client_address):
            return _session_view(
                service.login(session, email=data.email, password=data.password, days=settings.session_days)
            )

    @post("/logout", status_code=204, opt={"access": "user"}, summary="Log out", sync_to_thread=True)
    def logout(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> None:
        """Ends the session of the token that was sent."""
        service.logout(session, actor)

    @post(
        "/password-reset",
        status_code=204,
        opt={"access": "public", "problems": (429,)},
        summary="Ask for a new password",
        sync_to_thread=True,
    )
    def ask_reset(
        self,
        data: JSONBody[EmailBody],
        session: NamedDependency[Session],
        settings: NamedDependency[Settings],
        mail_rate: NamedDependency[RateLimit],
        client_address: NamedDependency[str],
    ) -> None:
        """Sends a mail with a link, if there is such an account. The answer is the same if there is none."""
        mail_rate.take(network_of(client_address))
        recovery.ask_reset(session, data.email, public_url=settings.public_url)

    @post(
        "/password-reset/confirm",
        status_code=204,
        opt={"access": "public", "lane": "password"},
        summary="Set a new password",
        sync_to_thread=True,
    )
    def reset(self, data: JSONBody[ResetBody], session: NamedDependency[Session]) -> None:
        """Sets a new password by the token from the mail, and ends every session of the account."""
        recovery.reset_password(session, data.token, data.password)

    @post(
        "/verify-email",
        status_code=204,
        opt={"access": "public", "problems": (409,)},
        summary="Prove an address",
        sync_to_thread=True,
    )
    def verify_email(self, data: JSONBody[VerifyBody], session: NamedDependency[Session]) -> None:
        """Proves an address by the token from the mail; a new one becomes the account's."""
        recovery.verify_email(session, data.token)


class MeController(Controller):
    """The own account."""

    path = "/me"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own account", sync_to_thread=True)
    def show(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> UserView:
        """Who the token belongs to."""
        return _user_view(get_user(session, actor.user_id))

    @patch(opt={"access": "user"}, summary="Change the own account", sync_to_thread=True)
    def update(
        self, data: JSONBody[UpdateMeBody], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> UserView:
        """Changes the name; the role and the address cannot be changed here."""
        return _user_view(service.update_name(session, actor, data.name))

    @post(
        "/password",
        status_code=200,
        opt={"access": "user", "lane": "password", "problems": (429,)},
        summary="Change the own password",
        sync_to_thread=True,
    )
    def change_password(
        self,
        data: JSONBody[ChangePasswordBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        settings: NamedDependency[Settings],
        login_throttle: NamedDependency[LoginThrottle],
        client_address: NamedDependency[str],
    ) -> SessionView:
        """Ends every session of the account and begins a new one for the caller."""
        with login_throttle.attempt(account=f"password of {actor.user_id}", address=client_address):
            signed_in = recovery.change_password(
                session,
                actor,
                current=data.current_password,
                new=data.new_password,
                days=settings.session_days,
            )
        return _session_view(signed_in)

    @post(
        "/email",
        status_code=204,
        opt={"access": "user", "lane": "password", "problems": (429,)},
        summary="Change the own address",
        sync_to_thread=True,
    )
    def change_email(
        self,
        data: JSONBody[ChangeEmailBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        settings: NamedDependency[Settings],
        login_throttle: NamedDependency[LoginThrottle],
        client_address: NamedDependency[str],
        mail_rate: NamedDependency[RateLimit],
    ) -> None:
        """Sends a mail to the new address, which becomes the account's when its link is used."""
        mail_rate.take(network_of(client_address))
        with login_throttle.attempt(account=f"password of {actor.user_id}", address=client_address):
            recovery.ask_verification(
                session, actor, public_url=settings.public_url, email=data.email, password=data.password
            )

    @post(
        "/email-verification",
        status_code=204,
        opt={"access": "user"},
        summary="Prove the own address",
        sync_to_thread=True,
    )
    def ask_verification(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        settings: NamedDependency[Settings],
    ) -> None:
        """Sends a mail with a link; none if the address is proved already."""
        recovery.ask_verification(session, actor, public_url=settings.public_url)

    @get("/profile", opt={"access": "user"}, summary="The own profile", sync_to_thread=True)
    def profile(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> ProfileView:
        """What the caller tells of themselves."""
        return _profile_view(profiles.find_profile(session, actor.user_id))

    @patch("/profile", opt={"access": "user"}, summary="Change the own profile", sync_to_thread=True)
    def update_profile(
        self, data: JSONBody[ProfileBody], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> ProfileView:
        """Changes what the body names; the rest stays."""
        changes = {
            name: value for name, value in msgspec.structs.asdict(data).items() if value is not msgspec.UNSET
        }
        return _profile_view(profiles.change_profile(session, actor, changes))

    @get("/sessions", opt={"access": "user"}, summary="The own sessions", sync_to_thread=True)
    def sessions(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> OpenSessionList:
        """Where the caller is signed in."""
        items = [
            OpenSessionView(row.id, row.created_at, row.expires_at, row.id == actor.session_id)
            for row in profiles.list_sessions(session, actor)
        ]
        return OpenSessionList(items, len(items))

    @delete("/sessions", opt={"access": "user"}, summary="End the other sessions", sync_to_thread=True)
    def end_other_sessions(self, session: NamedDependency[Session], actor: NamedDependency[Actor]) -> None:
        """Ends every session of the caller but the one that asks."""
        profiles.end_other_sessions(session, actor)

    @delete(
        "/sessions/{session_id:uuid}", opt={"access": "user"}, summary="End a session", sync_to_thread=True
    )
    def end_session(
        self, session_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> None:
        """Ends one of the caller's sessions."""
        profiles.end_session(session, actor, session_id)


def _profile_view(row: UserProfile) -> ProfileView:
    return ProfileView(**{name: getattr(row, name) for name in ProfileView.__struct_fields__})


def _user_view(user: User) -> UserView:
    return UserView(id=user.id, email=user.email, name=user.name, role=user.role)


def _session_view(signed_in: service.SignedIn) -> SessionView:
    return SessionView(
        user=_user_view(signed_in.user), token=signed_in.token, expires_at=signed_in.expires_at
    )
