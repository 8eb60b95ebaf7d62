"""Every table of the platform, imported so that the metadata is complete: for migrations, tests, the
grader.
"""

from api.auth import models as auth
from api.core.orm import Base
from api.learning.curriculum import models as curriculum
from api.learning.progress import models as progress
from api.learning.regrades import models as regrades
from api.learning.submissions import models as submissions

__all__ = ["Base", "auth", "curriculum", "progress", "regrades", "submissions"]
