"""Bodies of the progress routes."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from api.learning.curriculum.models import EnrollmentStatus
from api.learning.progress.rules import ProgressStatus


class DoneView(Struct, rename="camel"):
    """How many items of one kind are done, of how many there are."""

    done: int
    total: int


class ModuleProgressView(Struct, rename="camel"):
    """How far the caller has come in one module. ``progressPercent`` is rounded down: 100 means nothing is
    left.

    ``items`` counts by kind of item (``materials``, ``assignments``, ``quizzes``); kinds that
    there are none of are left out.
    """

    module_id: UUID
    slug: str
    title: str
    status: ProgressStatus
    progress_percent: int
    items: dict[str, DoneView]
    started_at: datetime | None
    completed_at: datetime | None
    last_accessed_at: datetime | None


class LanguageProgressView(Struct, rename="camel"):
    """How far the caller has come in one language: all items of all its modules together."""

    language_id: UUID
    slug: str
    name: str
    enrollment_status: EnrollmentStatus
    status: ProgressStatus
    progress_percent: int
    enrolled_at: datetime
    completed_at: datetime | None
    modules: list[ModuleProgressView]


class MaterialProgressView(Struct, rename="camel"):
    """How the caller stands with one material."""

    material_id: UUID
    completed: bool
    view_count: int
    last_viewed_at: datetime
    completed_at: datetime | None


class ProgressList(Struct, rename="camel"):
    """Every language the caller has enrolled in; not paged, since nobody enrolls in hundreds."""

    items: list[LanguageProgressView]
    total: int
