"""Bodies of the quiz routes. What a learner gets while an attempt is open has no field that could tell an answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from api.learning.curriculum.models import SLUG_LENGTH, SLUG_PATTERN
from api.learning.quizzes.rules import MAX_TEXT, QuestionKind

_NO_NUL = r"^[^\x00]*$"
_NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

Slug = Annotated[str, Meta(pattern=SLUG_PATTERN, max_length=SLUG_LENGTH, examples=["loops"])]
Title = Annotated[str, Meta(pattern=_NOT_BLANK, min_length=1, max_length=200, examples=["Loops"])]
LongText = Annotated[str, Meta(pattern=_NO_NUL, max_length=100_000, description="Markdown")]
Question = Annotated[
    str, Meta(pattern=_NOT_BLANK, max_length=100_000, description="Markdown", examples=["What ends a loop?"])
]
OptionText = Annotated[
    str, Meta(pattern=_NOT_BLANK, max_length=10_000, description="Markdown", examples=["`break`"])
]
Topic = Annotated[str, Meta(pattern=_NOT_BLANK, max_length=100, examples=["loops"])]
Percent = Annotated[int, Meta(ge=0, le=100, description="percent")]
Minutes = Annotated[int, Meta(ge=1, le=10_000, description="minutes; the server's clock counts")]
Attempts = Annotated[int, Meta(ge=1, le=1000, description="none: as many as the learner likes")]
Points = Annotated[int, Meta(ge=1, le=1000)]
Order = Annotated[int, Meta(ge=-1_000_000, le=1_000_000, description="smaller comes first; then by title")]
AnswerKey = Annotated[
    dict[str, Any],
    Meta(
        description="NUMERIC: `{value, tolerance}`; TEXT: `{accepted: [...], caseSensitive}`; none for the others",
        examples=[{"value": 3.14, "tolerance": 0.005}],
    ),
]
_OPTIONS_EXAMPLE = [
    {"optionText": "`break`", "isCorrect": True},
    {"optionText": "`pass`", "isCorrect": False},
]
_QUESTIONS_EXAMPLE = [{"question": "What ends a loop at once?", "options": _OPTIONS_EXAMPLE}]


class OptionBody(Struct, rename="camel", forbid_unknown_fields=True):
    """An option. For ORDER, the options are given in the right order. ``id`` keeps an option that is there."""

    option_text: OptionText
    is_correct: bool = False
    id: UUID | None = None


class QuestionBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A question. ``explanation`` is shown when an attempt has ended. ``id`` keeps a question that is there."""

    question: Question
    kind: QuestionKind = QuestionKind.SINGLE
    options: Annotated[list[OptionBody], Meta(max_length=50, examples=[_OPTIONS_EXAMPLE])] = field(
        default_factory=list
    )
    points: Points = 1
    explanation: LongText | None = None
    topic: Topic | None = None
    answer_key: AnswerKey | None = None
    id: UUID | None = None


Questions = Annotated[list[QuestionBody], Meta(max_length=200, examples=[_QUESTIONS_EXAMPLE])]


class QuizBody(Struct, rename="camel", forbid_unknown_fields=True):
    """A quiz. Without a ``slug`` one is made of the title."""

    title: Title
    slug: Slug | None = None
    description: LongText | None = None
    passing_score: Percent = 70
    time_limit: Minutes | None = None
    max_attempts: Attempts | None = None
    shuffle: bool = True
    published: bool = True
    order: Order = 0
    questions: Questions = field(default_factory=list)


class QuizChanges(Struct, rename="camel", forbid_unknown_fields=True):
    """What to change; what is left out stays."""

    title: Title | UnsetType = UNSET
    description: LongText | UnsetType | None = UNSET
    passing_score: Percent | UnsetType = UNSET
    time_limit: Minutes | UnsetType | None = UNSET
    max_attempts: Attempts | UnsetType | None = UNSET
    shuffle: bool | UnsetType = UNSET
    published: bool | UnsetType = UNSET
    order: Order | UnsetType = UNSET


class QuestionsBody(Struct, rename="camel", forbid_unknown_fields=True):
    """All that the quiz is to ask, in order."""

    questions: Questions


class AnswerBody(Struct, rename="camel", forbid_unknown_fields=True):
    """``optionIds`` for SINGLE (one), MULTIPLE (several) and ORDER (all, in order); ``text`` for NUMERIC and TEXT."""

    option_ids: Annotated[
        list[UUID], Meta(max_length=50, examples=[["01a203f5-b4c6-7013-bad0-e72337b5117f"]])
    ] = field(default_factory=list)
    text: Annotated[str, Meta(pattern=_NO_NUL, max_length=MAX_TEXT)] | None = None


class QuizLine(Struct, rename="camel"):
    """A quiz in a list."""

    id: UUID
    module_id: UUID
    title: str
    slug: str
    passing_score: int
    time_limit: int | None
    max_attempts: int | None
    question_count: int
    published: bool
    order: int


class QuizView(QuizLine, rename="camel"):
    """A quiz, without its questions: an attempt shows them. ``attempts`` is how many the caller has begun."""

    description: str | None
    shuffle: bool
    module_slug: str
    language_slug: str
    attempts: int
    created_at: datetime
    updated_at: datetime


class QuizList(Struct, rename="camel"):
    """The quizzes of a module, in their order."""

    items: list[QuizLine]
    total: int


class AuthorOption(Struct, rename="camel"):
    """An option, as its author sees it."""

    id: UUID
    option_text: str
    is_correct: bool
    order: int


class AuthorQuestion(Struct, rename="camel"):
    """A question, as its author sees it."""

    id: UUID
    kind: QuestionKind
    question: str
    explanation: str | None
    topic: str | None
    points: int
    order: int
    answer_key: dict[str, Any] | None
    options: list[AuthorOption]


class AuthorQuestionList(Struct, rename="camel"):
    """All that a quiz asks, with what is right."""

    items: list[AuthorQuestion]
    total: int


class AskedOption(Struct, rename="camel"):
    """An option to choose."""

    id: UUID
    option_text: str


class AskedQuestion(Struct, rename="camel"):
    """A question of an attempt, options in this attempt's order; ``answer`` is what was saved, None: nothing yet."""

    id: UUID
    kind: QuestionKind
    question: str
    points: int
    options: list[AskedOption]
    answer: AnswerBody | None


class MarkedQuestion(AskedQuestion, rename="camel"):
    """A question of an attempt that has ended. ``explanation``, ``correctOptionIds`` and ``answerKey`` are None as long
    as the learner may try again and has not passed: each of them gives the answer away.
    """

    is_correct: bool
    points_earned: int
    explanation: str | None
    correct_option_ids: list[UUID] | None
    answer_key: dict[str, Any] | None


class AttemptLine(Struct, rename="camel"):
    """An attempt in a list. ``score`` is whole percent; it and ``passed`` are None while the attempt is open."""

    id: UUID
    quiz_id: UUID
    number: int
    started_at: datetime
    deadline_at: datetime | None
    completed_at: datetime | None
    score: int | None
    passed: bool | None


class OpenAttemptView(AttemptLine, rename="camel", tag_field="state", tag="open"):
    """An attempt that is open: what it asks and what was answered so far."""

    questions: list[AskedQuestion]


class AttemptResultView(AttemptLine, rename="camel", tag_field="state", tag="ended"):
    """An attempt that has ended: what was right. ``points`` of ``maxPoints``."""

    user_id: UUID
    points: int
    max_points: int
    answers: list[MarkedQuestion]


class AttemptList(Struct, rename="camel"):
    """A page of the caller's attempts, newest first."""

    items: list[AttemptLine]
    total: int


class SavedAnswerView(Struct, rename="camel"):
    """What was saved; whether it is right is told when the attempt has ended."""

    question_id: UUID
    answered_at: datetime
    answer: AnswerBody
