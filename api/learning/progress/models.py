"""How far a learner has come in a module: one row per learner and module, set from facts, never added to. And what
they have read: one row per learner and material, which is such a fact."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import now
from api.core.orm import Base, UtcDateTime, enum_type
from api.learning.progress.rules import ProgressStatus


class ModuleProgress(Base):
    """``progress_percent`` is whole percent, 0 to 100. ``completed_at`` is None while work is left."""

    __tablename__ = "module_progress"
    __table_args__ = (UniqueConstraint("user_id", "module_id"), {"schema": "learning"})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    module_id: Mapped[UUID] = mapped_column(ForeignKey("learning.modules.id"), index=True)
    status: Mapped[ProgressStatus] = mapped_column(
        enum_type(ProgressStatus), default=ProgressStatus.NOT_STARTED
    )
    progress_percent: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    last_accessed_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)


class MaterialProgress(Base):
    """A learner and a material. ``view_count`` counts views, also after ``completed``."""

    __tablename__ = "material_progress"
    __table_args__ = (UniqueConstraint("user_id", "material_id"), {"schema": "learning"})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    material_id: Mapped[UUID] = mapped_column(ForeignKey("learning.materials.id"), index=True)
    completed: Mapped[bool] = mapped_column(default=False)
    view_count: Mapped[int] = mapped_column(default=0)
    last_viewed_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
