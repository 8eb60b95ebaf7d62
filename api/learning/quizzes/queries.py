"""Reads of quizzes and attempts. Whose an attempt is, is part of the query (A1)."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.core.actor import Actor, is_admin
from api.core.errors import NotFound
from api.core.pages import read_page
from api.learning.curriculum.models import Module, ProgrammingLanguage
from api.learning.curriculum.queries import items_for
from api.learning.progress.service import Facts, facts_of
from api.learning.quizzes.models import MCQAnswer, MCQAttempt, MCQOption, MCQQuestion, MCQQuiz
from api.learning.quizzes.rules import Asked, Choice


class QuizDetail(NamedTuple):
    """A quiz and where it stands."""

    quiz: MCQQuiz
    module: Module
    language: ProgrammingLanguage


class QuestionDetail(NamedTuple):
    """A question with all its options, hidden ones too, in the author's order."""

    question: MCQQuestion
    options: Sequence[MCQOption]

    def asked(self, shown: Collection[str]) -> Asked:
        """As marking needs it: the options that an attempt shows, by their ids; those removed since, too."""
        kept = [option for option in self.options if str(option.id) in shown]
        choices = [Choice(option.id, option.is_correct, option.order) for option in kept]
        return Asked(self.question.kind, self.question.points, choices, self.question.answer_key)


class AttemptDetail(NamedTuple):
    """An attempt with its quiz, and its questions and answers by the question's id."""

    attempt: MCQAttempt
    quiz: MCQQuiz
    questions: Mapping[UUID, QuestionDetail]
    answers: Mapping[UUID, MCQAnswer]

    def asked(self, question_id: UUID) -> Asked:
        """A question as this attempt asks it."""
        layout = {item["questionId"]: item["optionIds"] for item in self.attempt.layout}
        return self.questions[question_id].asked(layout[str(question_id)])


def get_quiz(session: Session, actor: Actor | None, quiz_id: UUID) -> QuizDetail:
    """The quiz with this id; one that is not published, or stands in something that is not, for an ADMIN only.

    Raises NotFound.
    """
    row = session.execute(items_for(actor, MCQQuiz).where(MCQQuiz.id == quiz_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such quiz")
    return QuizDetail(*row)


def list_quizzes(session: Session, actor: Actor | None, module_id: UUID) -> Sequence[MCQQuiz]:
    """The quizzes of a module, in their order."""
    statement = items_for(actor, MCQQuiz).where(MCQQuiz.module_id == module_id)
    return [row[0] for row in session.execute(statement.order_by(MCQQuiz.order, MCQQuiz.title))]


def questions_of(session: Session, quiz_id: UUID) -> list[QuestionDetail]:
    """What the quiz asks now, in the author's order."""
    statement = select(MCQQuestion).where(MCQQuestion.quiz_id == quiz_id, MCQQuestion.deleted_at.is_(None))
    rows = session.scalars(statement.order_by(MCQQuestion.order, MCQQuestion.id)).all()
    return _with_options(session, rows)


def count_questions(session: Session, quiz_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many questions each of these quizzes asks; one that asks none is left out."""
    statement = (
        select(MCQQuestion.quiz_id, func.count())
        .where(MCQQuestion.quiz_id.in_(quiz_ids), MCQQuestion.deleted_at.is_(None))
        .group_by(MCQQuestion.quiz_id)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def get_attempt(session: Session, actor: Actor, attempt_id: UUID) -> AttemptDetail:
    """An attempt of the actor (of anybody, for an ADMIN). Raises NotFound: none, or somebody else's."""
    statement = (
        select(MCQAttempt, MCQQuiz)
        .join(MCQQuiz, MCQAttempt.quiz_id == MCQQuiz.id)
        .where(MCQAttempt.id == attempt_id)
        .execution_options(populate_existing=True)
    )
    if not is_admin(actor):
        statement = statement.where(MCQAttempt.user_id == actor.user_id)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound("there is no such attempt")
    attempt, quiz = row
    ids = [UUID(item["questionId"]) for item in attempt.layout]
    rows = session.scalars(select(MCQQuestion).where(MCQQuestion.id.in_(ids))).all()
    questions = {detail.question.id: detail for detail in _with_options(session, rows)}
    answers = session.scalars(
        select(MCQAnswer).where(MCQAnswer.attempt_id == attempt_id).execution_options(populate_existing=True)
    )
    return AttemptDetail(attempt, quiz, questions, {answer.question_id: answer for answer in answers})


def list_attempts(
    session: Session, actor: Actor, *, quiz_id: UUID | None, limit: int, offset: int
) -> tuple[Sequence[MCQAttempt], int]:
    """A page of the actor's own attempts, newest first, and how many there are."""
    statement = select(MCQAttempt).where(MCQAttempt.user_id == actor.user_id)
    if quiz_id is not None:
        statement = statement.where(MCQAttempt.quiz_id == quiz_id)
    newest = MCQAttempt.started_at.desc(), MCQAttempt.id.desc()
    return read_page(session, statement, *newest, limit=limit, offset=offset)


def open_attempt(session: Session, user_id: UUID, quiz_id: UUID) -> MCQAttempt | None:
    """The attempt that has not ended, or None."""
    return session.scalar(
        select(MCQAttempt).where(
            MCQAttempt.user_id == user_id, MCQAttempt.quiz_id == quiz_id, MCQAttempt.completed_at.is_(None)
        )
    )


def count_attempts(session: Session, user_id: UUID, quiz_id: UUID) -> int:
    """How many attempts a learner has begun."""
    statement = select(func.count()).where(MCQAttempt.user_id == user_id, MCQAttempt.quiz_id == quiz_id)
    return session.scalar(statement) or 0


def quiz_facts(
    session: Session, user_ids: Collection[UUID], module_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[UUID, Facts]]:
    """Of each learner and module: how many quizzes are passed, of how many. The best attempt counts."""
    there = MCQQuiz.module_id.in_(module_ids), MCQQuiz.deleted_at.is_(None), MCQQuiz.published.is_(True)
    totals = session.execute(
        select(MCQQuiz.module_id, func.count()).where(*there).group_by(MCQQuiz.module_id)
    ).all()
    passed = case((MCQAttempt.passed.is_(True), MCQAttempt.quiz_id))
    counted = session.execute(
        select(MCQAttempt.user_id, MCQQuiz.module_id, func.count(passed.distinct()))
        .join(MCQQuiz, MCQAttempt.quiz_id == MCQQuiz.id)
        .where(MCQAttempt.user_id.in_(user_ids), *there)
        .group_by(MCQAttempt.user_id, MCQQuiz.module_id)
    )
    return facts_of(user_ids, totals, counted)


def _with_options(session: Session, questions: Sequence[MCQQuestion]) -> list[QuestionDetail]:
    ids = [question.id for question in questions]
    options: dict[UUID, list[MCQOption]] = {question_id: [] for question_id in ids}
    statement = (
        select(MCQOption).where(MCQOption.question_id.in_(ids)).order_by(MCQOption.order, MCQOption.id)
    )
    for option in session.scalars(statement):
        options[option.question_id].append(option)
    return [QuestionDetail(question, options[question.id]) for question in questions]
