"""Every table of the platform, imported so that the metadata is complete: for migrations, tests, the
grader. And every source of facts about progress, which has to be there before any is folded.
"""

from api.activity import models as activity
from api.auth import models as auth
from api.core.orm import Base
from api.learning.curriculum import models as curriculum
from api.learning.progress import models as progress
from api.learning.quizzes import models as quizzes
from api.learning.quizzes import service as _quiz_facts  # noqa: F401  adds its source of facts
from api.learning.submissions import models as submissions
from api.notifications import models as notifications
from api.payments import models as payments

__all__ = [
    "Base",
    "activity",
    "auth",
    "curriculum",
    "notifications",
    "payments",
    "progress",
    "quizzes",
    "submissions",
]
