"""Quizzes, attempts at them, and what is said about an attempt.

A question of the kinds SINGLE and MULTIPLE has options, of which one or several are right. The other kinds mark
themselves by ``answer_key``, whose form is the kind's (see `rules`). What a question asks is copied nowhere: a question
that was ever answered is hidden (``deleted_at``) and not removed, so that old attempts can still be read.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from api.core.clock import now
from api.core.orm import Base, Json, SoftDelete, Timestamps, UtcDateTime, enum_type
from api.learning.analysis import AnalysisType
from api.learning.quizzes.rules import QuestionKind

SCHEMA = "learning"
_OPEN = text("completed_at IS NULL")


class MCQQuiz(Timestamps, SoftDelete, Base):
    """A quiz of a module. ``passing_score`` is in percent; ``time_limit`` in minutes, None: none.

    ``max_attempts`` None: as many as the learner likes. A quiz that is not ``published`` is for ADMINs only.
    """

    __tablename__ = "mcq_quizzes"
    __table_args__ = (UniqueConstraint("module_id", "slug"), {"schema": SCHEMA})

    module_id: Mapped[UUID] = mapped_column(ForeignKey("learning.modules.id"))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(Text, default=None)
    passing_score: Mapped[int] = mapped_column(default=70)
    time_limit: Mapped[int | None] = mapped_column(default=None)
    max_attempts: Mapped[int | None] = mapped_column(default=None)
    shuffle: Mapped[bool] = mapped_column(default=True)
    published: Mapped[bool] = mapped_column(default=True)
    order: Mapped[int] = mapped_column(default=0)

    questions: Mapped[list["MCQQuestion"]] = relationship(
        back_populates="quiz", lazy="raise", order_by="MCQQuestion.order"
    )
    attempts: Mapped[list["MCQAttempt"]] = relationship(back_populates="quiz", lazy="raise")


class MCQQuestion(Timestamps, SoftDelete, Base):
    """One question, as Markdown. ``explanation`` gives the answer away: it is shown when there is nothing left
    to gain by it.

    ``topic`` is what `QuizAnalysis` counts by; None: the quiz's title. ``answer_key`` is None for SINGLE and MULTIPLE.
    """

    __tablename__ = "mcq_questions"
    __table_args__ = (Index(None, "quiz_id", "order"), {"schema": SCHEMA})

    quiz_id: Mapped[UUID] = mapped_column(ForeignKey("learning.mcq_quizzes.id", ondelete="CASCADE"))
    kind: Mapped[QuestionKind] = mapped_column(enum_type(QuestionKind), default=QuestionKind.SINGLE)
    question: Mapped[str] = mapped_column(Text)
    explanation: Mapped[str | None] = mapped_column(Text, default=None)
    topic: Mapped[str | None] = mapped_column(String(100), default=None)
    order: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(default=1)
    answer_key: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)

    quiz: Mapped[MCQQuiz] = relationship(back_populates="questions", lazy="raise")
    options: Mapped[list["MCQOption"]] = relationship(
        back_populates="question", lazy="raise", order_by="MCQOption.order"
    )
    answers: Mapped[list["MCQAnswer"]] = relationship(back_populates="question", lazy="raise")


class MCQOption(SoftDelete, Base):
    """One option of a question. For ORDER, ``order`` is the right place."""

    __tablename__ = "mcq_options"
    __table_args__ = (Index(None, "question_id", "order"), {"schema": SCHEMA})

    question_id: Mapped[UUID] = mapped_column(ForeignKey("learning.mcq_questions.id", ondelete="CASCADE"))
    option_text: Mapped[str] = mapped_column(Text)
    is_correct: Mapped[bool] = mapped_column(default=False)
    order: Mapped[int] = mapped_column(default=0)

    question: Mapped[MCQQuestion] = relationship(back_populates="options", lazy="raise")
    selected_by: Mapped[list["MCQAnswer"]] = relationship(back_populates="selected_option", lazy="raise")


class MCQAttempt(Base):
    """One try of one learner, numbered from 1. Of a learner and quiz at most one is open (``completed_at`` None).

    ``layout`` is what this attempt asks, fixed when it began: question ids in their order, each with its options'
    ids in theirs. ``deadline_at`` None: no limit. ``score`` is whole percent, None while open; ``points`` are out of
    ``max_points``.
    """

    __tablename__ = "mcq_attempts"
    __table_args__ = (
        UniqueConstraint("user_id", "quiz_id", "number"),
        Index(
            "uq_mcq_attempts_open",
            "user_id",
            "quiz_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("auth.users.id", ondelete="CASCADE"))
    quiz_id: Mapped[UUID] = mapped_column(ForeignKey("learning.mcq_quizzes.id"), index=True)
    number: Mapped[int]
    layout: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    score: Mapped[int | None] = mapped_column(default=None)
    points: Mapped[float | None] = mapped_column(default=None)
    max_points: Mapped[float | None] = mapped_column(default=None)
    passed: Mapped[bool | None] = mapped_column(default=None)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    deadline_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)

    quiz: Mapped[MCQQuiz] = relationship(back_populates="attempts", lazy="raise")
    answers: Mapped[list["MCQAnswer"]] = relationship(back_populates="attempt", lazy="raise")


class MCQAnswer(Base):
    """What was answered to one question of an attempt. ``is_correct`` and ``points`` are None until the attempt ends.

    ``selected_option_id`` is the option of a SINGLE question; of every other kind the answer stands in ``response``.
    """

    __tablename__ = "mcq_answers"
    __table_args__ = (UniqueConstraint("attempt_id", "question_id"), {"schema": SCHEMA})

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("learning.mcq_attempts.id", ondelete="CASCADE"))
    question_id: Mapped[UUID] = mapped_column(ForeignKey("learning.mcq_questions.id"), index=True)
    selected_option_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("learning.mcq_options.id"), default=None, index=True
    )
    response: Mapped[dict[str, Any] | None] = mapped_column(Json, default=None)
    is_correct: Mapped[bool | None] = mapped_column(default=None)
    points: Mapped[float | None] = mapped_column(default=None)
    answered_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)

    attempt: Mapped[MCQAttempt] = relationship(back_populates="answers", lazy="raise")
    question: Mapped[MCQQuestion] = relationship(back_populates="answers", lazy="raise")
    selected_option: Mapped[MCQOption | None] = relationship(back_populates="selected_by", lazy="raise")


class QuizAnalysis(Timestamps, Base):
    """What is said about an attempt, by a model or a person. ``performance_breakdown`` maps topics to whole percent.

    ``avg_time_per_question`` is in whole seconds. ``analyzed_by`` is the person, None for AI alone.
    """

    __tablename__ = "quiz_analyses"
    __table_args__ = ({"schema": SCHEMA},)

    attempt_id: Mapped[UUID] = mapped_column(
        ForeignKey("learning.mcq_attempts.id", ondelete="CASCADE"), unique=True
    )
    analysis_type: Mapped[AnalysisType] = mapped_column(enum_type(AnalysisType), default=AnalysisType.AI)
    performance_breakdown: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    strong_topics: Mapped[list[str]] = mapped_column(Json, default=list)
    weak_topics: Mapped[list[str]] = mapped_column(Json, default=list)
    recommendations: Mapped[list[str]] = mapped_column(Json, default=list)
    insights: Mapped[str | None] = mapped_column(Text, default=None)
    avg_time_per_question: Mapped[int | None] = mapped_column(default=None)
    time_management: Mapped[str | None] = mapped_column(String(200), default=None)
    ai_model: Mapped[str | None] = mapped_column(String(200), default=None)
    analyzed_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth.users.id", ondelete="SET NULL"), default=None, index=True
    )
