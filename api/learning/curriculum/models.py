"""What is taught, and who has enrolled.

A language has modules, a module has materials and assignments, an assignment has a growing list of suites. A suite row
never changes: new test cases are a new version, and `Assignment.suite_version` says which one is current. It
is a number and no foreign key on purpose: a key both ways would make the two tables a cycle, which SQLite
cannot create afterwards.

Languages, modules, materials and assignments are hidden (`deleted_at`), never removed: submissions point at
them. So the keys between them do not cascade.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.core.clock import now
from api.core.orm import Base, Json, SoftDelete, Timestamps, UtcDateTime, enum_type

SCHEMA = "learning"
SLUG_LENGTH = 64
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$(?!\n)"
"""A name in URLs and folder names: small letters, digits, single hyphens between them; at most SLUG_LENGTH.
(The last part is for searches: by itself ``$`` also matches before a newline at the end.)"""


class Difficulty(StrEnum):
    """How much a language or an assignment asks of the learner."""

    BEGINNER = "BEGINNER"
    INTERMEDIATE = "INTERMEDIATE"
    ADVANCED = "ADVANCED"


class EnrollmentStatus(StrEnum):
    """A learner's standing in a language. Only ACTIVE and COMPLETED may submit."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    DROPPED = "DROPPED"


class MaterialType(StrEnum):
    """What a material's ``content`` is: a URL for VIDEO and INTERACTIVE, Markdown for ARTICLE, a program for
    CODE_EXAMPLE.
    """

    VIDEO = "VIDEO"
    ARTICLE = "ARTICLE"
    CODE_EXAMPLE = "CODE_EXAMPLE"
    INTERACTIVE = "INTERACTIVE"


class ProgrammingLanguage(Timestamps, SoftDelete, Base):
    """A language of the curriculum. ``slug`` is its name in URLs and in ``testcases/``; ``icon`` a URL or an
    emoji. One that is not ``is_active`` is for ADMINs only. ``sequential``: a module opens when the one before it is
    completed.
    """

    __tablename__ = "programming_languages"
    __table_args__ = ({"schema": SCHEMA},)

    name: Mapped[str] = mapped_column(String(100), unique=True)
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), unique=True)
    description: Mapped[str | None] = mapped_column(Text, default=None)
    icon: Mapped[str | None] = mapped_column(String(500), default=None)
    difficulty: Mapped[Difficulty] = mapped_column(enum_type(Difficulty), default=Difficulty.BEGINNER)
    is_active: Mapped[bool] = mapped_column(default=True)
    sequential: Mapped[bool] = mapped_column(default=False)

    modules: Mapped[list["Module"]] = relationship(back_populates="language", lazy="raise")
    enrollments: Mapped[list["LanguageEnrollment"]] = relationship(back_populates="language", lazy="raise")


class Module(Timestamps, SoftDelete, Base):
    """A chapter of a language, shown in the order of ``order``, then title. ``prerequisites`` are slugs of modules of
    the same language that must be completed first; None: none. What is not ``published`` is for ADMINs only.
    """

    __tablename__ = "modules"
    __table_args__ = (UniqueConstraint("language_id", "slug"), {"schema": SCHEMA})

    language_id: Mapped[UUID] = mapped_column(ForeignKey("learning.programming_languages.id"))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH))
    description: Mapped[str | None] = mapped_column(Text, default=None)
    syllabus: Mapped[str | None] = mapped_column(Text, default=None)
    order: Mapped[int] = mapped_column(default=0)
    prerequisites: Mapped[list[str] | None] = mapped_column(Json, default=None)
    published: Mapped[bool] = mapped_column(default=True)

    language: Mapped[ProgrammingLanguage] = relationship(back_populates="modules", lazy="raise")
    materials: Mapped[list["Material"]] = relationship(back_populates="module", lazy="raise")
    assignments: Mapped[list["Assignment"]] = relationship(back_populates="module", lazy="raise")


class Material(Timestamps, SoftDelete, Base):
    """Something to read, watch or try. ``content`` as its `MaterialType` says; ``duration`` in minutes, None: unknown.

    ``language`` is the slug of a CODE_EXAMPLE's language, None for the others.
    """

    __tablename__ = "materials"
    __table_args__ = (UniqueConstraint("module_id", "slug"), {"schema": SCHEMA})

    module_id: Mapped[UUID] = mapped_column(ForeignKey("learning.modules.id"))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH))
    type: Mapped[MaterialType] = mapped_column(enum_type(MaterialType))
    content: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(64), default=None)
    duration: Mapped[int | None] = mapped_column(default=None)
    order: Mapped[int] = mapped_column(default=0)
    published: Mapped[bool] = mapped_column(default=True)

    module: Mapped[Module] = relationship(back_populates="materials", lazy="raise")


class Assignment(Timestamps, SoftDelete, Base):
    """A coding exercise. ``description`` is the statement, as Markdown.

    ``starter_code`` maps a language's slug to the text a learner starts from; the key ``*`` serves every
    language that has none of its own. ``hints`` is a list of texts. ``time_limit`` (minutes, or None) is
    advice to the learner: what a program may use stands in the suite. ``suite_version`` numbers the current
    suite. ``reveal`` says when a learner sees hidden cases (see `views`), None: never. ``hints_after`` are numbers of
    graded submissions, one for each hint, after which it is shown; None: all at once.
    """

    __tablename__ = "assignments"
    __table_args__ = (UniqueConstraint("module_id", "slug"), {"schema": SCHEMA})

    module_id: Mapped[UUID] = mapped_column(ForeignKey("learning.modules.id"))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(SLUG_LENGTH), index=True)
    description: Mapped[str] = mapped_column(Text)
    difficulty: Mapped[Difficulty] = mapped_column(enum_type(Difficulty), default=Difficulty.BEGINNER)
    starter_code: Mapped[dict[str, str] | None] = mapped_column(Json, default=None)
    hints: Mapped[list[str] | None] = mapped_column(Json, default=None)
    max_score: Mapped[int] = mapped_column(default=100)
    time_limit: Mapped[int | None] = mapped_column(default=None)
    order: Mapped[int] = mapped_column(default=0)
    suite_version: Mapped[int] = mapped_column(default=1)
    hints_after: Mapped[list[int] | None] = mapped_column(Json, default=None)
    reveal: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    published: Mapped[bool] = mapped_column(default=True)

    module: Mapped[Module] = relationship(back_populates="assignments", lazy="raise")
    suites: Mapped[list["TestSuite"]] = relationship(back_populates="assignment", lazy="raise")


class TestSuite(Base):
    """One immutable version of an assignment's test cases. ``version`` counts from 1 within the assignment.

    ``document`` is the canonical JSON with all files inlined and ``digest`` its digest. It can be 50 MB and
    is loaded only where somebody asks for it; what the API needs of it on every read stands beside it:
    ``languages`` (slugs) and ``shown``, the part a learner may see (never a hidden case).
    """

    __tablename__ = "test_suites"
    __table_args__ = (UniqueConstraint("assignment_id", "version"), {"schema": SCHEMA})
    __test__ = False  # the name would make pytest take it for a test class

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("learning.assignments.id"))
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(80))
    document: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    languages: Mapped[list[str]] = mapped_column(Json)
    shown: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)

    assignment: Mapped[Assignment] = relationship(back_populates="suites", lazy="raise")


class LanguageEnrollment(Base):
    """One learner in one language. Its row is the lock under which progress is folded (see
    `progress.service`).
    """

    __tablename__ = "language_enrollments"
    __table_args__ = (UniqueConstraint("user_id", "language_id"), {"schema": SCHEMA})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    language_id: Mapped[UUID] = mapped_column(ForeignKey("learning.programming_languages.id"), index=True)
    status: Mapped[EnrollmentStatus] = mapped_column(
        enum_type(EnrollmentStatus), default=EnrollmentStatus.ACTIVE
    )
    enrolled_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)

    language: Mapped[ProgrammingLanguage] = relationship(back_populates="enrollments", lazy="raise")
