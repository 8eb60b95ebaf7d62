"""The HTTP surface on one page: every controller, by namespace, below ``/api/v1``."""

from litestar import Router

from api.activity.routes import ActivityController, AnalyticsController
from api.auth.routes import AuthController, MeController
from api.http.health import HealthController, MetricsController
from api.learning.curriculum.routes import AssignmentController, LanguageController, ModuleController
from api.learning.progress.routes import MaterialProgressController, ProgressController
from api.learning.quizzes.routes import (
    AttemptController,
    ModuleQuizController,
    MyAttemptController,
    QuizController,
)
from api.learning.regrades.routes import RegradeSetController
from api.learning.submissions.routes import (
    AssignmentSubmissionController,
    MySubmissionController,
    RuntimeController,
    SubmissionController,
)
from api.notifications.routes import NotificationController, NotificationPreferenceController
from api.payments.routes import PaymentController
from api.webhooks.routes import AssignmentWebhookController, DeliveryController, MyWebhookController

BASE = "/api/v1"

AUTH = [AuthController, MeController]
LEARNING = [
    LanguageController,
    ModuleController,
    AssignmentController,
    ProgressController,
    MaterialProgressController,
    AssignmentSubmissionController,
    SubmissionController,
    MySubmissionController,
    RuntimeController,
    ModuleQuizController,
    QuizController,
    AttemptController,
    MyAttemptController,
    RegradeSetController,
]
NOTIFICATIONS = [NotificationController, NotificationPreferenceController]
PAYMENTS = [PaymentController]
ACTIVITY = [ActivityController, AnalyticsController]
WEBHOOKS = [MyWebhookController, AssignmentWebhookController, DeliveryController]
SERVICE = [HealthController, MetricsController]  # also at the root, see api/app.py


def api_router() -> Router:
    """All routes of the contract."""
    namespaces = [*AUTH, *LEARNING, *PAYMENTS, *NOTIFICATIONS, *WEBHOOKS, *ACTIVITY]
    return Router(BASE, route_handlers=[*namespaces, *SERVICE])
