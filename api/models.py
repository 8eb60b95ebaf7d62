"""Every table of the platform, imported so that the metadata is complete: for migrations, tests, the
grader. And what slices add to others when they are imported: sources of facts about progress, what a new account gets.
"""

from api.activity import models as activity
from api.auth import models as auth
from api.core.orm import Base
from api.learning.curriculum import models as curriculum
from api.learning.progress import models as progress
from api.learning.quizzes import models as quizzes
from api.learning.quizzes import service as _quiz_facts  # noqa: F401  adds its source of facts
from api.learning.regrades import models as regrades
from api.learning.submissions import models as submissions
from api.notifications import models as notifications
from api.payments import models as payments
from api.payments import service as _free_plans  # noqa: F401  gives every new account its plan
from api.webhooks import models as webhooks

__all__ = [
    "Base",
    "activity",
    "auth",
    "curriculum",
    "notifications",
    "payments",
    "progress",
    "quizzes",
    "regrades",
    "submissions",
    "webhooks",
]
