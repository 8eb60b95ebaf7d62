"""The HTTP surface on one page: every controller, by namespace, below ``/api/v1``."""

from litestar import Router

from api.auth.routes import AuthController, MeController
from api.http.health import HealthController, MetricsController
from api.learning.curriculum.routes import AssignmentController, LanguageController, ModuleController
from api.learning.progress.routes import ProgressController
from api.learning.regrades.routes import RegradeSetController
from api.learning.submissions.routes import (
    AssignmentSubmissionController,
    MySubmissionController,
    RuntimeController,
    SubmissionController,
)

BASE = "/api/v1"

AUTH = [AuthController, MeController]
LEARNING = [
    LanguageController,
    ModuleController,
    AssignmentController,
    ProgressController,
    AssignmentSubmissionController,
    SubmissionController,
    MySubmissionController,
    RuntimeController,
    RegradeSetController,
]
SERVICE = [HealthController, MetricsController]  # also at the root, see api/app.py


def api_router() -> Router:
    """All routes of the contract."""
    return Router(BASE, route_handlers=[*AUTH, *LEARNING, *SERVICE])
