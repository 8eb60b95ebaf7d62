"""Registering, logging in and out, and the own account."""

from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from sqlalchemy.orm import Session

from api.auth import service
from api.auth.models import User
from api.auth.queries import get_user
from api.auth.schemas import LoginBody, RegisterBody, SessionView, UpdateMeBody, UserView
from api.core.actor import Actor
from api.core.settings import Settings
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


def _user_view(user: User) -> UserView:
    return UserView(id=user.id, email=user.email, name=user.name, role=user.role)


def _session_view(signed_in: service.SignedIn) -> SessionView:
    return SessionView(
        user=_user_view(signed_in.user), token=signed_in.token, expires_at=signed_in.expires_at
    )
