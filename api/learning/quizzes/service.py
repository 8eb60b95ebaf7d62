"""What a learner does with a quiz: begin, answer, end. What an author does is in `authoring`.

The clock is ours: when an attempt began stands in its row, and an answer counts if it came before the deadline (and a
few seconds after it, for the way). An attempt that nobody ended ends by itself at its deadline; it is written down when
somebody looks next, since nothing depends on it before.

Ending is one conditional update: of two requests at the same moment one ends the attempt, and both answer with the
same result.
"""

import random
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.activity import service as activity
from api.core.actor import Actor, is_admin
from api.core.clock import now
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.core.ids import new_id
from api.core.upsert import insert_once
from api.learning.curriculum.service import require_enrollment
from api.learning.progress.service import add_source, apply_result
from api.learning.quizzes import queries
from api.learning.quizzes.models import MCQAnswer, MCQAttempt
from api.learning.quizzes.queries import AttemptDetail, QuestionDetail
from api.learning.quizzes.rules import Answer, QuestionKind, fault_of_answer, is_right, outcome

GRACE_SECONDS = 5
"""After the deadline, for an answer that was on its way."""

add_source("quizzes", queries.quiz_facts)


class Begun(NamedTuple):
    """An open attempt; ``is_new`` is False where one was open already."""

    detail: AttemptDetail
    is_new: bool


def begin_attempt(session: Session, actor: Actor, quiz_id: UUID) -> Begun:
    """Begins an attempt, or gives the one that is open.

    Raises:
        NotFound: no such quiz.
        Forbidden: not enrolled in its language, or paused.
        Conflict: it asks nothing (``quiz_empty``); all attempts are used up (``no_attempts_left``).
    """
    quiz, _, language = queries.get_quiz(session, actor, quiz_id)
    require_enrollment(session, actor.user_id, language.id)
    # Counted before looking for an open one: who begins at the same moment takes this number, and is found by it.
    number = queries.count_attempts(session, actor.user_id, quiz_id) + 1
    earlier = queries.open_attempt(session, actor.user_id, quiz_id)
    if earlier is not None and not _is_over(earlier):
        return Begun(queries.get_attempt(session, actor, earlier.id), False)
    if earlier is not None:
        _end(session, queries.get_attempt(session, actor, earlier.id), earlier.deadline_at or now())
    questions = queries.questions_of(session, quiz_id)
    if not questions:
        raise Conflict("the quiz has no questions yet", code="quiz_empty")
    if quiz.max_attempts is not None and number > quiz.max_attempts:
        raise Conflict(f"all {quiz.max_attempts} attempts are used up", code="no_attempts_left")
    moment = now()
    values = {
        "id": new_id(),
        "user_id": actor.user_id,
        "quiz_id": quiz_id,
        "number": number,
        "layout": _layout(questions, shuffle=quiz.shuffle),
        "started_at": moment,
        "deadline_at": moment + timedelta(minutes=quiz.time_limit) if quiz.time_limit else None,
    }
    is_new = insert_once(session, MCQAttempt, ("user_id", "quiz_id", "number"), values)
    if not is_new:  # the same learner began at the same moment
        earlier = queries.open_attempt(session, actor.user_id, quiz_id)
        if earlier is None:
            raise Conflict("the attempt that was begun at the same moment has ended", code="attempt_ended")
        return Begun(queries.get_attempt(session, actor, earlier.id), False)
    return Begun(queries.get_attempt(session, actor, values["id"]), True)


def save_answer(
    session: Session, actor: Actor, attempt_id: UUID, question_id: UUID, answer: Answer
) -> MCQAnswer:
    """Keeps what was answered; a later answer to the same question replaces it.

    Raises:
        NotFound: no such attempt of the actor's, or it does not ask this question.
        Conflict: it has ended (``attempt_ended``) or its time is over (``time_over``).
        Invalid: the answer is not of the question's form.
    """
    detail = _own(session, actor, attempt_id)
    question = detail.questions.get(question_id)
    if question is None:
        raise NotFound("the attempt does not ask this question")
    _hold_open(session, detail.attempt)
    if fault := fault_of_answer(detail.asked(question_id), answer):
        field = "optionIds" if answer.text is None else "text"
        raise Invalid("the answer is not of the question's form", (FieldError(field, fault),))
    values: dict[str, Any] = {"selected_option_id": None, "response": None, "answered_at": now()}
    if question.question.kind is QuestionKind.SINGLE:
        values["selected_option_id"] = answer.option_ids[0]
    elif answer.text is not None:
        values["response"] = {"text": answer.text}
    else:
        values["response"] = {"optionIds": [str(option_id) for option_id in answer.option_ids]}
    key = {"attempt_id": attempt_id, "question_id": question_id}
    if not insert_once(session, MCQAnswer, ("attempt_id", "question_id"), {**key, **values}):
        session.execute(
            update(MCQAnswer)
            .where(MCQAnswer.attempt_id == attempt_id, MCQAnswer.question_id == question_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    statement = select(MCQAnswer).filter_by(**key).execution_options(populate_existing=True)
    return session.scalars(statement).one()


def finish_attempt(session: Session, actor: Actor, attempt_id: UUID) -> AttemptDetail:
    """Ends the attempt and marks it; one that has ended is given as it is.

    After the deadline, what was saved in time is what counts. Raises NotFound.
    """
    detail = _own(session, actor, attempt_id)
    if detail.attempt.completed_at is None:
        moment = now()
        over = detail.attempt.deadline_at
        _end(session, detail, min(moment, over) if over is not None else moment)
        detail = queries.get_attempt(session, actor, attempt_id)
    return detail


def look_at_attempt(session: Session, actor: Actor, attempt_id: UUID) -> AttemptDetail:
    """The attempt, ended first if its time is over. Raises NotFound."""
    detail = queries.get_attempt(session, actor, attempt_id)
    if _is_over(detail.attempt):
        _end(session, detail, detail.attempt.deadline_at or now())
        detail = queries.get_attempt(session, actor, attempt_id)
    return detail


def tells_right(session: Session, actor: Actor, detail: AttemptDetail) -> bool:
    """Whether the answers that would have been right may be told: the learner has passed, or may not try again.

    Told earlier, the next attempt would be worth nothing. An ADMIN may always know.
    """
    attempt, quiz = detail.attempt, detail.quiz
    if attempt.passed or is_admin(actor):
        return True
    return quiz.max_attempts is not None and (
        queries.count_attempts(session, attempt.user_id, quiz.id) >= quiz.max_attempts
        and queries.open_attempt(session, attempt.user_id, quiz.id) is None
    )


def given_answer(answer: MCQAnswer | None) -> Answer | None:
    """A stored answer as a value; None: not answered."""
    if answer is None:
        return None
    if answer.selected_option_id is not None:
        return Answer((answer.selected_option_id,))
    response = answer.response or {}
    if "text" in response:
        return Answer(text=response["text"])
    return Answer(tuple(UUID(option_id) for option_id in response.get("optionIds", ())))


def _own(session: Session, actor: Actor, attempt_id: UUID) -> AttemptDetail:
    # An ADMIN reads everybody's attempts, and takes part in nobody's but the own ones.
    detail = queries.get_attempt(session, actor, attempt_id)
    if is_admin(actor) and detail.attempt.user_id != actor.user_id:
        raise NotFound("there is no such attempt")
    return detail


def _is_over(attempt: MCQAttempt) -> bool:
    late = attempt.deadline_at is not None and now() > attempt.deadline_at + timedelta(seconds=GRACE_SECONDS)
    return attempt.completed_at is None and late


def _hold_open(session: Session, attempt: MCQAttempt) -> None:
    # The write holds the row: an answer is saved before the attempt ends or not at all, never while it is marked.
    held = session.scalar(
        update(MCQAttempt)
        .where(MCQAttempt.id == attempt.id, MCQAttempt.completed_at.is_(None))
        .values(number=MCQAttempt.number)
        .returning(MCQAttempt.id)
        .execution_options(synchronize_session=False)
    )
    if held is None:
        raise Conflict("the attempt has ended", code="attempt_ended")
    if _is_over(attempt):
        raise Conflict("the time of this attempt is over; finish it", code="time_over")


def _end(session: Session, detail: AttemptDetail, moment: datetime) -> None:
    attempt, quiz = detail.attempt, detail.quiz
    ended = session.scalar(
        update(MCQAttempt)
        .where(MCQAttempt.id == attempt.id, MCQAttempt.completed_at.is_(None))
        .values(completed_at=moment)
        .returning(MCQAttempt.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        return  # somebody else ended it at the same moment
    # Read again under the lock: an answer may have been saved since.
    answers = session.scalars(
        select(MCQAnswer).where(MCQAnswer.attempt_id == attempt.id).execution_options(populate_existing=True)
    ).all()
    given = {answer.question_id: answer for answer in answers}
    marked: list[tuple[int, bool]] = []
    for question_id in detail.questions:
        asked, answer = detail.asked(question_id), given.get(question_id)
        right = is_right(asked, given_answer(answer))
        marked.append((asked.points, right))
        if answer is not None:
            answer.is_correct, answer.points = right, float(asked.points if right else 0)
    result = outcome(marked, passing_score=quiz.passing_score)
    session.execute(
        update(MCQAttempt)
        .where(MCQAttempt.id == attempt.id)
        .values(score=result.score, points=result.points, max_points=result.max_points, passed=result.passed)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    apply_result(session, attempt.user_id, quiz.module_id)
    if result.passed:
        details = {"score": result.score, "attemptId": str(attempt.id)}
        activity.record(
            session, attempt.user_id, "quiz_passed", quiz.id, f"Passed the quiz {quiz.title}", details
        )


def _layout(questions: list[QuestionDetail], *, shuffle: bool) -> list[dict[str, Any]]:
    """The order of questions and options of one attempt. ORDER is always shuffled: the author's order is the answer."""
    dice = random.SystemRandom()
    order = dice.sample(questions, len(questions)) if shuffle else questions
    layout = []
    for detail in order:
        options = [str(option.id) for option in detail.options if option.deleted_at is None]
        if shuffle or detail.question.kind is QuestionKind.ORDER:
            dice.shuffle(options)
        layout.append({"questionId": str(detail.question.id), "optionIds": options})
    return layout
