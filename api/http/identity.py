"""Who asks, and whether they may: the bearer token, the ``actor`` dependency and the guard of every route.

Each handler says who may call it by ``opt={"access": "public" | "user" | "admin"}``. A handler that says
nothing is for signed-in users: forgetting the word closes a door and never opens one. The token's row is read
at every request, so logging out, deleting an account and taking a role away work at once.

A route that also says ``opt={"identify": "late"}`` has its token's row read, and its access checked, in the thread that
reads for it (`reading`); without that reader it has no caller, no session, and no way to anything.

A token that is not valid is the same as none here. Only the guard answers 401: a client that still carries an
expired token must be able to log in.
"""

from typing import Any

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from api.auth.queries import find_actor
from api.core.actor import Actor, is_admin
from api.core.database import Database
from api.core.errors import Forbidden, Unauthenticated

ACCESS = ("public", "user", "admin")
LATE = "late"


class Identify(ASGIMiddleware):
    """Puts the Actor of the bearer token, or None, into ``scope["user"]``."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["user"] = None
        if not is_late(scope["route_handler"]):
            token = bearer_token(Headers.from_scope(scope).get("authorization"))
            database: Database = scope["litestar_app"].state.database
            scope["user"] = await sync_to_thread(_look_up, database, token) if token else None
        await next_app(scope, receive, send)


def is_late(handler: Any) -> bool:
    """Whether the caller of this route is looked up by its reader."""
    return handler.opt.get("identify") == LATE


def bearer_token(header: str | None) -> str | None:
    """The token of an ``Authorization`` header; None for no header or another scheme."""
    scheme, _, token = (header or "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def _look_up(database: Database, token: str) -> Actor | None:
    with database.transaction() as session:
        return find_actor(session, token)


async def require_access(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of all routes. (Not a plain function: Litestar would send that to a thread.)

    Raises:
        Unauthenticated: nobody is signed in and the route is not public.
        Forbidden: a USER called a route for admins.
    """
    if connection.scope.get("method") == "OPTIONS":
        return  # answered by the framework with the list of methods, which is public
    if not is_late(handler):
        if handler.opt.get("access", "user") != "public":
            check_access(connection.scope.get("user"), handler)
    elif bearer_token(connection.headers.get("authorization")) is None:
        raise _nobody()


def check_access(actor: Actor | None, handler: BaseRouteHandler) -> Actor:
    """``actor``, who may call this route, which is not public. Raises as `require_access` does."""
    if actor is None:
        raise _nobody()
    if handler.opt.get("access", "user") != "user" and not is_admin(actor):
        raise Forbidden("this is for administrators")
    return actor


def _nobody() -> Unauthenticated:
    return Unauthenticated("sign in and send 'Authorization: Bearer <token>'")


def provide_actor(request: Request) -> Actor:
    """The signed-in caller. Raises Unauthenticated if there is none (a public route should ask for
    ``visitor``).
    """
    if request.scope.get("user") is None:
        raise _nobody()
    return request.scope["user"]


def provide_visitor(request: Request) -> Actor | None:
    """The caller of a public route: an Actor if somebody is signed in, else None."""
    return request.scope.get("user")
