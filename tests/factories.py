"""Plain functions that make rows. Each flushes and returns the row; what is not said is made up and valid.

They write straight into the tables: a test of one thing must not fail because another is broken.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from api.auth.models import Session as UserSession
from api.auth.models import User
from api.auth.passwords import hash_password
from api.auth.tokens import hash_token, new_token
from api.core.actor import Actor, UserRole
from api.core.clock import now
from api.core.orm import Base
from api.learning.curriculum.models import (
    Assignment,
    LanguageEnrollment,
    Material,
    MaterialType,
    Module,
    ProgrammingLanguage,
    TestSuite,
)
from api.learning.curriculum.shown import shown_part
from api.learning.curriculum.suite import canonical_json, digest, parse_suite
from api.learning.quizzes.authoring import OptionDraft, QuestionDraft, create_quiz
from api.learning.quizzes.models import MCQQuiz
from api.learning.quizzes.rules import QuestionKind
from api.learning.submissions.models import AssignmentSubmission, GradingRun

Row = TypeVar("Row", bound=Base)
_numbers = count(1)

#: Two visible cases worth 20 points, two hidden ones worth 80; the program doubles the number it reads.
DOUBLING: dict[str, Any] = {
    "format": 1,
    "kind": "stdio",
    "languages": ["python", "javascript"],
    "checker": {"kind": "tokens"},
    "groups": [
        {
            "name": "samples",
            "visible": True,
            "points": 20,
            "scoring": "each",
            "cases": [
                {"name": "one", "stdin": "1\n", "stdout": "2\n"},
                {"name": "two", "stdin": "2\n", "stdout": "4\n"},
            ],
        },
        {
            "name": "hidden",
            "visible": False,
            "points": 80,
            "scoring": "all",
            "cases": [
                {"name": "zero", "stdin": "0\n", "stdout": "0\n"},
                {"name": "large", "stdin": "7007\n", "stdout": "14014\n"},
            ],
        },
    ],
}


def make_user(
    session: Session,
    *,
    email: str | None = None,
    name: str = "Ada Lovelace",
    role: UserRole = UserRole.USER,
    password: str | None = None,
    **columns: Any,
) -> User:
    """An account. Without ``password`` nobody can log in to it, and no time is spent on a hash."""
    hashed = hash_password(password) if password is not None else None
    email = email or f"user{next(_numbers)}@example.com"
    return _add(session, User(email=email, name=name, role=role, password=hashed, **columns))


def make_token(session: Session, user: User, *, days: float = 1) -> str:
    """A bearer token of a new session of ``user``; with negative ``days`` one that has expired."""
    token = new_token()
    _add(
        session,
        UserSession(user_id=user.id, token=hash_token(token), expires_at=now() + timedelta(days=days)),
    )
    return token


def make_actor(session: Session, user: User) -> Actor:
    """Who ``user`` is to a service."""
    row = UserSession(user_id=user.id, token=hash_token(new_token()), expires_at=now() + timedelta(days=1))
    return Actor(user.id, user.role, _add(session, row).id)


def make_language(session: Session, *, slug: str | None = None, **columns: Any) -> ProgrammingLanguage:
    """A language of the curriculum, named after its slug."""
    slug = slug or f"language-{next(_numbers)}"
    return _add(session, ProgrammingLanguage(slug=slug, **{"name": slug.title(), **columns}))


def make_module(
    session: Session, language: ProgrammingLanguage | None = None, *, slug: str | None = None, **columns: Any
) -> Module:
    """A module, of a language of its own unless one is given."""
    language = language or make_language(session)
    slug = slug or f"module-{next(_numbers)}"
    return _add(session, Module(language_id=language.id, slug=slug, **{"title": slug.title(), **columns}))


def make_assignment(
    session: Session,
    module: Module | None = None,
    *,
    slug: str | None = None,
    suite: dict[str, Any] | None = None,
    **columns: Any,
) -> Assignment:
    """An assignment with version 1 of ``suite`` (or `DOUBLING`), in a module of its own unless one is given."""
    module = module or make_module(session)
    slug = slug or f"assignment-{next(_numbers)}"
    defaults = {"title": slug.title(), "description": "Print twice the number that you read."}
    row = _add(session, Assignment(module_id=module.id, slug=slug, **{**defaults, **columns}))
    make_suite(session, row, suite=suite, version=row.suite_version)
    return row


def make_suite(
    session: Session, assignment: Assignment, *, suite: dict[str, Any] | None = None, version: int = 2
) -> TestSuite:
    """A further suite version; it is current only if ``assignment.suite_version`` says so."""
    parsed = parse_suite(suite or DOUBLING)
    document = canonical_json(parsed)
    return _add(
        session,
        TestSuite(
            assignment_id=assignment.id,
            version=version,
            document=document,
            digest=digest(document),
            languages=list(parsed.languages),
            shown=shown_part(parsed),
        ),
    )


def make_material(session: Session, module: Module | None = None, **columns: Any) -> Material:
    """An article, in a module of its own unless one is given."""
    module = module or make_module(session)
    number = next(_numbers)
    defaults = {"title": f"Article {number}", "slug": f"article-{number}", "content": "# Read me"}
    return _add(
        session, Material(module_id=module.id, **{**defaults, "type": MaterialType.ARTICLE, **columns})
    )


#: One question of each kind, the first option being right where one is.
QUESTIONS = (
    QuestionDraft(
        "Which?", QuestionKind.SINGLE, (OptionDraft("this", True), OptionDraft("that", False)), points=2
    ),
    QuestionDraft(
        "Which ones?",
        QuestionKind.MULTIPLE,
        (OptionDraft("a", True), OptionDraft("b", True), OptionDraft("c", False)),
        points=3,
        explanation="canary-explanation",
    ),
    QuestionDraft(
        "How much?", QuestionKind.NUMERIC, (), answer_key={"value": 0.3, "tolerance": 0.01}, points=2
    ),
    QuestionDraft("What word?", QuestionKind.TEXT, (), answer_key={"accepted": ["canary word"]}, points=1),
    QuestionDraft(
        "In which order?",
        QuestionKind.ORDER,
        tuple(OptionDraft(text, False) for text in ("one", "two", "three", "four")),
        points=2,
    ),
)


def make_quiz(
    session: Session,
    module: Module | None = None,
    questions: Sequence[QuestionDraft] = QUESTIONS,
    **columns: Any,
) -> MCQQuiz:
    """A quiz of `QUESTIONS`, worth 10 points, in a module of its own unless one is given."""
    module = module or make_module(session)
    return create_quiz(
        session, module.id, questions, slug=None, **{"title": f"Quiz {next(_numbers)}", **columns}
    )


def make_enrollment(
    session: Session, user: User, language: ProgrammingLanguage, **columns: Any
) -> LanguageEnrollment:
    """``user`` learns ``language``."""
    return _add(session, LanguageEnrollment(user_id=user.id, language_id=language.id, **columns))


def make_submission(
    session: Session,
    user: User,
    assignment: Assignment,
    *,
    code: str = "print(2 * int(input()))",
    **columns: Any,
) -> AssignmentSubmission:
    """A submission in Python, without a run; see `make_run`."""
    row = AssignmentSubmission(
        user_id=user.id,
        assignment_id=assignment.id,
        code=code,
        **{"language": "python", "max_score": assignment.max_score, **columns},
    )
    return _add(session, row)


def make_run(
    session: Session, submission: AssignmentSubmission, suite: TestSuite, *, number: int = 1, **columns: Any
) -> GradingRun:
    """A PENDING run of ``submission`` against ``suite``."""
    row = GradingRun(
        submission_id=submission.id,
        user_id=submission.user_id,
        language=submission.language,
        suite_id=suite.id,
        number=number,
        **columns,
    )
    return _add(session, row)


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row
