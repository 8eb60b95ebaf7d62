"""What an author does with a quiz: make it, change it, hide it and bring it back.

Questions are given as a whole list. One that names an ``id`` stays that question, whose old answers keep their
meaning; one that is left out is hidden, since attempts may point at it.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.core.clock import now
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.core.ids import new_id
from api.learning.curriculum.service import require_module
from api.learning.quizzes import queries
from api.learning.quizzes.models import MCQOption, MCQQuestion, MCQQuiz
from api.learning.quizzes.rules import QuestionKind, fault_of_question


class OptionDraft(NamedTuple):
    """An option as an author gives it; ``id`` None: a new one."""

    option_text: str
    is_correct: bool
    id: UUID | None = None


class QuestionDraft(NamedTuple):
    """A question as an author gives it; ``id`` None: a new one."""

    question: str
    kind: QuestionKind
    options: Sequence[OptionDraft]
    points: int = 1
    explanation: str | None = None
    topic: str | None = None
    answer_key: Mapping[str, Any] | None = None
    id: UUID | None = None


def create_quiz(
    session: Session, module_id: UUID, questions: Sequence[QuestionDraft], *, slug: str | None, **fields: Any
) -> MCQQuiz:
    """Adds a quiz; ``fields`` are columns of `MCQQuiz`. ``slug`` None: made of the title.

    Raises:
        NotFound: no such module.
        Conflict: the module has a quiz with this slug.
        Invalid: questions have faults; all are listed.
    """
    require_module(session, module_id)
    slug = slug or _slug(fields["title"])
    taken = select(func.count()).where(MCQQuiz.module_id == module_id, MCQQuiz.slug == slug)
    if session.scalar(taken):
        raise Conflict("the module has a quiz with this slug already", code="slug_taken")
    _check(questions)
    # What asks nothing can be passed by nobody, and would keep its module from being completed.
    fields["published"] = fields.get("published", True) and bool(questions)
    quiz = MCQQuiz(module_id=module_id, slug=slug, **fields)
    session.add(quiz)
    session.flush()
    _set_questions(session, quiz, questions)
    return quiz


def change_quiz(session: Session, quiz_id: UUID, changes: Mapping[str, Any]) -> MCQQuiz:
    """Changes columns of a quiz that is not hidden.

    Raises:
        NotFound: no such quiz.
        Conflict: it is to be published and asks nothing (``quiz_empty``).
    """
    quiz = require_quiz(session, quiz_id)
    if changes.get("published") and not queries.count_questions(session, [quiz_id]):
        raise _empty()
    for column, value in changes.items():
        setattr(quiz, column, value)
    session.flush()
    return quiz


def replace_questions(session: Session, quiz_id: UUID, questions: Sequence[QuestionDraft]) -> MCQQuiz:
    """Makes ``questions`` what the quiz asks. Attempts that are open go on with the questions and options they began
    with; a text, a key or what is right that is changed in a question that stays, is changed for them, too.

    Raises:
        NotFound: no such quiz.
        Invalid: questions have faults, or name an id that is not of this quiz; all are listed.
        Conflict: nothing is left to ask, and the quiz is published (``quiz_empty``).
    """
    quiz = require_quiz(session, quiz_id)
    if quiz.published and not questions:
        raise _empty()
    _check(questions)
    _set_questions(session, quiz, questions)
    return quiz


def delete_quiz(session: Session, quiz_id: UUID) -> None:
    """Hides a quiz; attempts at it stay. Raises NotFound."""
    require_quiz(session, quiz_id).deleted_at = now()
    session.flush()


def restore_quiz(session: Session, quiz_id: UUID) -> MCQQuiz:
    """Brings a hidden quiz back; one that is not hidden stays as it is. Raises NotFound."""
    quiz = session.get(MCQQuiz, quiz_id)
    if quiz is None:
        raise NotFound("there is no such quiz")
    quiz.deleted_at = None
    session.flush()
    return quiz


def require_quiz(session: Session, quiz_id: UUID) -> MCQQuiz:
    """The quiz, published or not. Raises NotFound: there is none, or it is hidden."""
    quiz = session.scalar(select(MCQQuiz).where(MCQQuiz.id == quiz_id, MCQQuiz.deleted_at.is_(None)))
    if quiz is None:
        raise NotFound("there is no such quiz")
    return quiz


def _empty() -> Conflict:
    return Conflict("a quiz that asks nothing cannot be published", code="quiz_empty")


def _check(questions: Sequence[QuestionDraft]) -> None:
    faults = []
    for number, draft in enumerate(questions):
        right = [option.is_correct for option in draft.options]
        if fault := fault_of_question(draft.kind, right, draft.answer_key):
            faults.append(FieldError(f"questions[{number}]", fault))
    if faults:
        raise Invalid("the questions have faults", tuple(faults), code="invalid_questions")


def _set_questions(session: Session, quiz: MCQQuiz, drafts: Sequence[QuestionDraft]) -> None:
    there = {
        question.id: question
        for question in session.scalars(
            select(MCQQuestion).where(MCQQuestion.quiz_id == quiz.id, MCQQuestion.deleted_at.is_(None))
        )
    }
    faults = [
        FieldError(f"questions[{number}].id", "is not a question of this quiz, or stands twice")
        for number, draft in enumerate(drafts)
        if draft.id is not None
        and (draft.id not in there or draft.id in [earlier.id for earlier in drafts[:number]])
    ]
    if faults:
        raise Invalid("the questions have faults", tuple(faults), code="invalid_questions")
    for order, draft in enumerate(drafts):
        row = there.pop(draft.id) if draft.id is not None else MCQQuestion(id=new_id(), quiz_id=quiz.id)
        for column in ("question", "kind", "points", "explanation", "topic"):
            setattr(row, column, getattr(draft, column))
        row.order, row.answer_key = order, dict(draft.answer_key) if draft.answer_key is not None else None
        session.add(row)
        session.flush()
        _set_options(session, row, draft.options, f"questions[{order}]")
    for row in there.values():
        row.deleted_at = now()
    session.flush()


def _set_options(session: Session, question: MCQQuestion, drafts: Sequence[OptionDraft], path: str) -> None:
    there = {
        option.id: option
        for option in session.scalars(
            select(MCQOption).where(MCQOption.question_id == question.id, MCQOption.deleted_at.is_(None))
        )
    }
    # Ids are ordered by time: given out in the author's order, they would tell the answer of an ORDER question.
    fresh = [new_id() for _ in drafts]
    random.SystemRandom().shuffle(fresh)
    for order, draft in enumerate(drafts):
        row = (
            MCQOption(id=fresh[order], question_id=question.id)
            if draft.id is None
            else there.pop(draft.id, None)
        )
        if row is None:
            fault = FieldError(
                f"{path}.options[{order}].id", "is not an option of this question, or stands twice"
            )
            raise Invalid("the questions have faults", (fault,), code="invalid_questions")
        row.option_text, row.is_correct, row.order = draft.option_text, draft.is_correct, order
        session.add(row)
    for row in there.values():
        row.deleted_at = now()
    session.flush()


def _slug(title: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:64].strip("-")
    return words or f"quiz-{new_id().hex[-8:]}"
