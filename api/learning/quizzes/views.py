"""From rows to response bodies. Every field is named: what is right shows nowhere by itself (A3)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.learning.quizzes.authoring import OptionDraft, QuestionDraft
from api.learning.quizzes.models import MCQAnswer, MCQAttempt, MCQQuiz
from api.learning.quizzes.queries import AttemptDetail, QuestionDetail, QuizDetail
from api.learning.quizzes.rules import QuestionKind
from api.learning.quizzes.schemas import (
    AnswerBody,
    AskedOption,
    AskedQuestion,
    AttemptLine,
    AttemptResultView,
    AuthorOption,
    AuthorQuestion,
    MarkedQuestion,
    OpenAttemptView,
    QuestionBody,
    QuizLine,
    QuizView,
    SavedAnswerView,
)
from api.learning.quizzes.service import given_answer


def drafts(questions: Sequence[QuestionBody]) -> list[QuestionDraft]:
    """Bodies as the values that authoring takes."""
    return [
        QuestionDraft(
            question=body.question,
            kind=body.kind,
            options=[
                OptionDraft(option.option_text, option.is_correct, option.id) for option in body.options
            ],
            points=body.points,
            explanation=body.explanation,
            topic=body.topic,
            answer_key=body.answer_key,
            id=body.id,
        )
        for body in questions
    ]


def quiz_line(row: MCQQuiz, question_count: int) -> QuizLine:
    """A quiz in a list."""
    return QuizLine(**_quiz(row, question_count))


def quiz(detail: QuizDetail, question_count: int, attempts: int) -> QuizView:
    """A quiz; ``attempts`` of the caller."""
    row = detail.quiz
    return QuizView(
        **_quiz(row, question_count),
        description=row.description,
        shuffle=row.shuffle,
        module_slug=detail.module.slug,
        language_slug=detail.language.slug,
        attempts=attempts,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def author_question(detail: QuestionDetail) -> AuthorQuestion:
    """A question with what is right: for ADMINs."""
    row = detail.question
    kept = [option for option in detail.options if option.deleted_at is None]
    return AuthorQuestion(
        id=row.id,
        kind=row.kind,
        question=row.question,
        explanation=row.explanation,
        topic=row.topic,
        points=row.points,
        order=row.order,
        answer_key=row.answer_key,
        options=[
            AuthorOption(option.id, option.option_text, option.is_correct, option.order) for option in kept
        ],
    )


def attempt_line(row: MCQAttempt) -> AttemptLine:
    """An attempt in a list."""
    return AttemptLine(**_attempt(row))


def attempt(detail: AttemptDetail, *, tells_right: bool) -> OpenAttemptView | AttemptResultView:
    """An attempt, open or ended. ``tells_right``: once ended, which options would have been right, too."""
    row = detail.attempt
    if row.completed_at is None:
        return OpenAttemptView(
            **_attempt(row), questions=[AskedQuestion(**fields) for fields in _asked(detail)]
        )
    return AttemptResultView(
        **_attempt(row),
        user_id=row.user_id,
        points=int(row.points or 0),
        max_points=int(row.max_points or 0),
        answers=[
            MarkedQuestion(**fields, **_marked(detail, fields["id"], tells_right))
            for fields in _asked(detail)
        ],
    )


def saved_answer(row: MCQAnswer) -> SavedAnswerView:
    """An answer that was just saved."""
    answer = _answer(row)
    assert answer is not None
    return SavedAnswerView(row.question_id, row.answered_at, answer)


def _quiz(row: MCQQuiz, question_count: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "module_id": row.module_id,
        "title": row.title,
        "slug": row.slug,
        "passing_score": row.passing_score,
        "time_limit": row.time_limit,
        "max_attempts": row.max_attempts,
        "question_count": question_count,
        "published": row.published,
        "order": row.order,
    }


def _attempt(row: MCQAttempt) -> dict[str, Any]:
    return {
        "id": row.id,
        "quiz_id": row.quiz_id,
        "number": row.number,
        "started_at": row.started_at,
        "deadline_at": row.deadline_at,
        "completed_at": row.completed_at,
        "score": row.score,
        "passed": row.passed,
    }


def _asked(detail: AttemptDetail) -> list[dict[str, Any]]:
    found = []
    for item in detail.attempt.layout:
        question = detail.questions[UUID(item["questionId"])]
        texts = {str(option.id): option.option_text for option in question.options}
        options = [AskedOption(UUID(key), texts[key]) for key in item["optionIds"]]
        row = question.question
        found.append(
            {
                "id": row.id,
                "kind": row.kind,
                "question": row.question,
                "points": row.points,
                "options": [] if row.kind in (QuestionKind.NUMERIC, QuestionKind.TEXT) else options,
                "answer": _answer(detail.answers.get(row.id)),
            }
        )
    return found


def _marked(detail: AttemptDetail, question_id: UUID, tells_right: bool) -> dict[str, Any]:
    question, answer = detail.questions[question_id], detail.answers.get(question_id)
    asked = detail.asked(question_id)
    right = [choice.id for choice in asked.choices if choice.is_correct]
    if asked.kind is QuestionKind.ORDER:
        right = [choice.id for choice in sorted(asked.choices, key=lambda choice: choice.order)]
    return {
        "is_correct": bool(answer and answer.is_correct),
        "points_earned": int(answer.points or 0) if answer else 0,
        "explanation": question.question.explanation if tells_right else None,
        "correct_option_ids": right if tells_right else None,
        "answer_key": question.question.answer_key if tells_right else None,
    }


def _answer(row: MCQAnswer | None) -> AnswerBody | None:
    given = given_answer(row)
    return AnswerBody(list(given.option_ids), given.text) if given is not None else None
