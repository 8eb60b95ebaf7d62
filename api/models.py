"""Every table of the platform, imported so that the metadata is complete: for migrations, tests and the grader."""

from api.auth import models as auth
from api.core.orm import Base

__all__ = ["Base", "auth"]
