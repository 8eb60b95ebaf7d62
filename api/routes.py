"""The HTTP surface on one page: every controller, by namespace, below ``/api/v1``."""

from litestar import Router

from api.auth.routes import AuthController, MeController

BASE = "/api/v1"


def api_router() -> Router:
    """All routes of the contract."""
    return Router(BASE, route_handlers=[AuthController, MeController])
