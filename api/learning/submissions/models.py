"""What learners sent, every numbered grading of it, what each case came to, and what graders can run.

A submission carries the source, which never changes, and a copy of the result that is shown, so that a poll
reads one row. ``current_run`` numbers the run this result comes from (None until one is done). One column, so
one valid run and never two; and a key, so that it is a run of this very submission. The two tables point at
each other, so that key is looked at when a transaction ends. A re-grade adds a run; the copy is replaced in
one step when the new run is done, and the runs before it stay as they were.

A run of a re-grade set (`regrades`) is a preview: it is graded like any other, and shown only once the set is
applied. ``regrade_set_id`` is no foreign key: that table stands to the right of this slice.

A run is also the unit of work. ``attempt`` is its fencing number: it goes up by one with every claim, never
down, and a grade is recorded only if it carries the current one. ``failures`` counts the attempts the
platform spoiled, which is what the limit of attempts is about; a worker that hands a run back in good order
spoils nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.core.clock import now
from api.core.orm import Base, Json, Timestamps, UtcDateTime, enum_type
from api.learning.analysis import AnalysisType
from api.learning.submissions.grade import Reason, RunStatus, SubmissionStatus, Verdict

SCHEMA = "learning"
PRIORITY_LIVE = 0
PRIORITY_REGRADE = 1


def _of_status(name: str, status: RunStatus, *columns: str) -> Index:
    # The few runs that wait or are at work, apart from the many that are done and are never looked for by status.
    # The status leads all the same: otherwise SQLite would rather read through an index over all runs that has it.
    where = text(f"status = '{status}'")
    return Index(name, "status", *columns, sqlite_where=where, postgresql_where=where)


class AssignmentSubmission(Base):
    """One source a learner sent for one assignment, in one language.

    ``files`` maps names to texts where several files were sent, and ``code`` is empty then; otherwise
    ``files`` is None. ``score`` is whole points out of ``max_score``, None until graded. ``idempotency_key``
    and ``body_digest`` are the client's key of the request and the digest of its body, for 24 hours; None
    where it sent no key.
    """

    __tablename__ = "assignment_submissions"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        ForeignKeyConstraint(
            ("id", "current_run"),
            ("learning.grading_runs.submission_id", "learning.grading_runs.number"),
            use_alter=True,
            deferrable=True,
            initially="DEFERRED",
        ),
        Index(None, "user_id", "assignment_id", "status"),
        Index(None, "assignment_id", "status"),
        Index(None, "user_id", "submitted_at", "id"),
        Index(None, "assignment_id", "submitted_at", "id"),
        Index(None, "status", "submitted_at", "id"),
        Index(None, "submitted_at", "id"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("learning.assignments.id"))
    code: Mapped[str] = mapped_column(Text)
    files: Mapped[dict[str, str] | None] = mapped_column(Json, default=None)
    language: Mapped[str] = mapped_column(String(64))
    status: Mapped[SubmissionStatus] = mapped_column(
        enum_type(SubmissionStatus), default=SubmissionStatus.PENDING
    )
    reason: Mapped[Reason | None] = mapped_column(enum_type(Reason), default=None)
    score: Mapped[int | None] = mapped_column(default=None)
    max_score: Mapped[int] = mapped_column(default=100)
    feedback: Mapped[str | None] = mapped_column(Text, default=None)
    current_run: Mapped[int | None] = mapped_column(default=None)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    graded_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    idempotency_key: Mapped[str | None] = mapped_column(String(255), default=None)
    body_digest: Mapped[str | None] = mapped_column(String(80), default=None)

    runs: Mapped[list["GradingRun"]] = relationship(
        back_populates="submission", foreign_keys="GradingRun.submission_id", lazy="raise"
    )


class GradingRun(Base):
    """One numbered grading of a submission: work to be done while PENDING and RUNNING, a record once DONE.

    ``number`` counts from 1 within the submission. ``priority``: 0 live, 1 re-grade; smaller goes first.
    ``user_id`` and ``language`` are copies, for claiming. Nobody claims it before ``ready_at``.
    ``lease_until`` and ``worker`` are set while RUNNING. ``regrade_set_id`` is the re-grade set this run is a
    preview of, None for every other. ``only_cases`` are the positions of the cases to run, None for all; the
    others' results are taken over from the run numbered ``base_run``. The columns from ``result_status`` on
    are None until DONE.
    """

    __tablename__ = "grading_runs"
    __table_args__ = (
        UniqueConstraint("submission_id", "number"),
        _of_status("ix_grading_runs_pending", RunStatus.PENDING, "priority", "queued_at", "id"),
        _of_status("ix_grading_runs_running", RunStatus.RUNNING, "user_id", "lease_until"),
        Index(None, "user_id", "status"),
        Index(None, "finished_at"),
        Index(None, "regrade_set_id", "status"),
        {"schema": SCHEMA},
    )

    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("learning.assignment_submissions.id", ondelete="CASCADE")
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    suite_id: Mapped[UUID] = mapped_column(ForeignKey("learning.test_suites.id"), index=True)
    number: Mapped[int]
    status: Mapped[RunStatus] = mapped_column(enum_type(RunStatus, in_text=True), default=RunStatus.PENDING)
    priority: Mapped[int] = mapped_column(default=PRIORITY_LIVE)
    language: Mapped[str] = mapped_column(String(64))
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    ready_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    worker: Mapped[str | None] = mapped_column(String(200), default=None)
    last_fault: Mapped[str | None] = mapped_column(Text, default=None)
    regrade_set_id: Mapped[UUID | None] = mapped_column(default=None)
    base_run: Mapped[int | None] = mapped_column(default=None)
    only_cases: Mapped[list[int] | None] = mapped_column(Json, default=None)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)

    result_status: Mapped[SubmissionStatus | None] = mapped_column(enum_type(SubmissionStatus), default=None)
    reason: Mapped[Reason | None] = mapped_column(enum_type(Reason), default=None)
    score: Mapped[int | None] = mapped_column(default=None)
    max_score: Mapped[int | None] = mapped_column(default=None)
    feedback: Mapped[str | None] = mapped_column(Text, default=None)
    compile_output: Mapped[str | None] = mapped_column(Text, default=None)
    analysis: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    image_digest: Mapped[str | None] = mapped_column(String(200), default=None)
    grader_version: Mapped[str | None] = mapped_column(String(64), default=None)
    isolation: Mapped[str | None] = mapped_column(String(32), default=None)
    machine_speed: Mapped[float | None] = mapped_column(default=None)

    submission: Mapped[AssignmentSubmission] = relationship(
        back_populates="runs", foreign_keys=submission_id, lazy="raise"
    )
    results: Mapped[list["CaseResult"]] = relationship(
        back_populates="run", lazy="raise", order_by="CaseResult.position"
    )


class CaseResult(Base):
    """One case of one run, judged; the fields of `grade.CaseGrade`. ``position`` counts from 0 in suite
    order.

    ``stdin``, ``expected``, ``stdout``, ``stderr`` and ``first_difference`` are None for a hidden case.
    """

    __tablename__ = "case_results"
    __table_args__ = (UniqueConstraint("run_id", "position"), {"schema": SCHEMA})

    run_id: Mapped[UUID] = mapped_column(ForeignKey("learning.grading_runs.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    group: Mapped[str] = mapped_column(Text)
    visible: Mapped[bool]
    verdict: Mapped[Verdict] = mapped_column(enum_type(Verdict))
    reason: Mapped[Reason | None] = mapped_column(enum_type(Reason), default=None)
    points: Mapped[float] = mapped_column(default=0.0)
    max_points: Mapped[float] = mapped_column(default=0.0)
    cpu_ms: Mapped[int | None] = mapped_column(default=None)
    wall_ms: Mapped[int | None] = mapped_column(default=None)
    memory_kib: Mapped[int | None] = mapped_column(default=None)
    exit_code: Mapped[int | None] = mapped_column(default=None)
    signal: Mapped[int | None] = mapped_column(default=None)
    message: Mapped[str | None] = mapped_column(Text, default=None)
    stdin: Mapped[str | None] = mapped_column(Text, default=None)
    expected: Mapped[str | None] = mapped_column(Text, default=None)
    stdout: Mapped[str | None] = mapped_column(Text, default=None)
    stderr: Mapped[str | None] = mapped_column(Text, default=None)
    first_difference: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)

    run: Mapped[GradingRun] = relationship(back_populates="results", lazy="raise")


class AssignmentAnalysis(Timestamps, Base):
    """What is said about a submission beyond its verdict, by a model or a person. ``overall_score`` is 0 to 100.

    ``code_quality`` maps names (``readability``, ``efficiency``, ``bestPractices``) to 0 to 10. ``analyzed_by`` is the
    person, None for AI alone.
    """

    __tablename__ = "assignment_analyses"
    __table_args__ = ({"schema": SCHEMA},)

    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("learning.assignment_submissions.id", ondelete="CASCADE"), unique=True
    )
    analysis_type: Mapped[AnalysisType] = mapped_column(enum_type(AnalysisType), default=AnalysisType.AI)
    overall_score: Mapped[int | None] = mapped_column(default=None)
    strengths: Mapped[list[str]] = mapped_column(Json, default=list)
    weaknesses: Mapped[list[str]] = mapped_column(Json, default=list)
    suggestions: Mapped[list[str]] = mapped_column(Json, default=list)
    code_quality: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    detailed_feedback: Mapped[str | None] = mapped_column(Text, default=None)
    ai_model: Mapped[str | None] = mapped_column(String(200), default=None)
    ai_prompt: Mapped[str | None] = mapped_column(Text, default=None)
    analyzed_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth.users.id", ondelete="SET NULL"), default=None, index=True
    )


class Runtime(Base):
    """One language in one image on one grader host, as that host reported it; the fields of `grade.RuntimeFacts`.

    For people to read: nothing that is graded depends on it. ``last_seen`` is when the report came in.
    """

    __tablename__ = "runtimes"
    __table_args__ = (UniqueConstraint("host", "language", "image_digest"), {"schema": SCHEMA})

    host: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(64))
    image_digest: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(100))
    version: Mapped[str | None] = mapped_column(String(200), default=None)
    isolation: Mapped[str] = mapped_column(String(32))
    compile: Mapped[list[list[str]]] = mapped_column(Json)
    run: Mapped[list[str]] = mapped_column(Json)
    functions: Mapped[bool]
    sources: Mapped[list[str]] = mapped_column(Json)
    cpu_factor: Mapped[float]
    wall_factor: Mapped[float]
    memory_extra_mib: Mapped[int]
    processes_extra: Mapped[int]
    last_seen: Mapped[datetime] = mapped_column(UtcDateTime())
