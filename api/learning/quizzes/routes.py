"""Quizzes and attempts, over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from sqlalchemy.orm import Session

from api.core.actor import Actor
from api.http.paging import DEFAULT_LIMIT, Limit, Offset
from api.learning.quizzes import authoring, queries, service, views
from api.learning.quizzes.rules import Answer
from api.learning.quizzes.schemas import (
    AnswerBody,
    AttemptList,
    AttemptResultView,
    AuthorQuestionList,
    OpenAttemptView,
    QuestionsBody,
    QuizBody,
    QuizChanges,
    QuizList,
    QuizView,
    SavedAnswerView,
)

QuizFilter = Annotated[UUID | None, QueryParameter(name="quizId", description="only at this quiz")]
_RESUMED = {200: ResponseSpec(OpenAttemptView, description="an attempt was open already; this is it")}


class ModuleQuizController(Controller):
    """The quizzes of a module."""

    path = "/modules/{module_id:uuid}/quizzes"
    tags = ("quizzes",)

    @get(opt={"access": "public"}, summary="List a module's quizzes", sync_to_thread=True)
    def index(
        self,
        module_id: FromPath[UUID],
        session: NamedDependency[Session],
        visitor: NamedDependency[Actor | None],
    ) -> QuizList:
        """The quizzes, in their order; those that are not published for an ADMIN only."""
        rows = queries.list_quizzes(session, visitor, module_id)
        counts = queries.count_questions(session, [row.id for row in rows])
        return QuizList([views.quiz_line(row, counts.get(row.id, 0)) for row in rows], len(rows))

    @post(opt={"access": "admin", "problems": (409,)}, summary="Add a quiz", sync_to_thread=True)
    def create(
        self,
        module_id: FromPath[UUID],
        data: JSONBody[QuizBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> Response[QuizView]:
        """A new quiz with its questions; one without any is not published. A slug that the module has already answers
        409.
        """
        fields = msgspec.structs.asdict(data)
        questions = views.drafts(fields.pop("questions"))
        quiz = authoring.create_quiz(session, module_id, questions, **fields)
        return Response(
            _quiz_view(session, actor, quiz.id), headers={"Location": f"/api/v1/quizzes/{quiz.id}"}
        )


class QuizController(Controller):
    """Quizzes."""

    path = "/quizzes/{quiz_id:uuid}"
    tags = ("quizzes",)

    @get(opt={"access": "public"}, summary="Show a quiz", sync_to_thread=True)
    def show(
        self,
        quiz_id: FromPath[UUID],
        session: NamedDependency[Session],
        visitor: NamedDependency[Actor | None],
    ) -> QuizView:
        """A quiz, without its questions: an attempt shows them."""
        return _quiz_view(session, visitor, quiz_id)

    @patch(opt={"access": "admin", "problems": (409,)}, summary="Change a quiz", sync_to_thread=True)
    def update(
        self,
        quiz_id: FromPath[UUID],
        data: JSONBody[QuizChanges],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> QuizView:
        """Changes what the body names; the rest stays."""
        authoring.change_quiz(session, quiz_id, _named(data))
        return _quiz_view(session, actor, quiz_id)

    @delete(opt={"access": "admin"}, summary="Hide a quiz", sync_to_thread=True)
    def remove(self, quiz_id: FromPath[UUID], session: NamedDependency[Session]) -> None:
        """Hides the quiz; attempts at it stay."""
        authoring.delete_quiz(session, quiz_id)

    @post(
        "/restore", status_code=200, opt={"access": "admin"}, summary="Bring a quiz back", sync_to_thread=True
    )
    def restore(
        self, quiz_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> QuizView:
        """Brings a hidden quiz back."""
        authoring.restore_quiz(session, quiz_id)
        return _quiz_view(session, actor, quiz_id)

    @get("/questions", opt={"access": "admin"}, summary="List a quiz's questions", sync_to_thread=True)
    def questions(self, quiz_id: FromPath[UUID], session: NamedDependency[Session]) -> AuthorQuestionList:
        """All that the quiz asks, with what is right."""
        return _author_questions(session, quiz_id)

    @put(
        "/questions",
        opt={"access": "admin", "problems": (409,)},
        summary="Set a quiz's questions",
        sync_to_thread=True,
    )
    def set_questions(
        self, quiz_id: FromPath[UUID], data: JSONBody[QuestionsBody], session: NamedDependency[Session]
    ) -> AuthorQuestionList:
        """Makes the list what the quiz asks. A question with an `id` stays that question; what is left out goes."""
        authoring.replace_questions(session, quiz_id, views.drafts(data.questions))
        return _author_questions(session, quiz_id)

    @post(
        "/attempts",
        opt={"access": "user", "problems": (403, 409)},
        responses=_RESUMED,
        summary="Begin an attempt",
        sync_to_thread=True,
    )
    def begin(
        self, quiz_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> Response[OpenAttemptView]:
        """Questions and options, in an order of this attempt's own. 200 and the open attempt, if there is one."""
        begun = service.begin_attempt(session, actor, quiz_id)
        view = views.attempt(begun.detail, tells_right=False)
        assert isinstance(view, OpenAttemptView)
        return Response(
            view,
            status_code=201 if begun.is_new else 200,
            headers={"Location": f"/api/v1/attempts/{view.id}"},
        )


class AttemptController(Controller):
    """Attempts."""

    path = "/attempts/{attempt_id:uuid}"
    tags = ("quizzes",)

    @get(opt={"access": "user"}, summary="Show an attempt", sync_to_thread=True)
    def show(
        self, attempt_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> OpenAttemptView | AttemptResultView:
        """The caller's own attempt (an ADMIN's: anybody's): what it asks, or, once it has ended, what was right."""
        detail = service.look_at_attempt(session, actor, attempt_id)
        return views.attempt(detail, tells_right=service.tells_right(session, actor, detail))

    @put(
        "/answers/{question_id:uuid}",
        opt={"access": "user", "problems": (409,)},
        summary="Answer a question",
        sync_to_thread=True,
    )
    def answer(
        self,
        attempt_id: FromPath[UUID],
        question_id: FromPath[UUID],
        data: JSONBody[AnswerBody],
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
    ) -> SavedAnswerView:
        """Saves an answer; a later one replaces it. 409: the attempt has ended, or its time is over."""
        answer = Answer(tuple(data.option_ids), data.text)
        return views.saved_answer(service.save_answer(session, actor, attempt_id, question_id, answer))

    @post("/finish", status_code=200, opt={"access": "user"}, summary="End an attempt", sync_to_thread=True)
    def finish(
        self, attempt_id: FromPath[UUID], session: NamedDependency[Session], actor: NamedDependency[Actor]
    ) -> AttemptResultView:
        """Marks the attempt. Repeating it gives the same result."""
        detail = service.finish_attempt(session, actor, attempt_id)
        view = views.attempt(detail, tells_right=service.tells_right(session, actor, detail))
        assert isinstance(view, AttemptResultView)
        return view


class MyAttemptController(Controller):
    """The caller's own attempts."""

    path = "/me/attempts"
    tags = ("me",)

    @get(opt={"access": "user"}, summary="The own attempts", sync_to_thread=True)
    def index(
        self,
        session: NamedDependency[Session],
        actor: NamedDependency[Actor],
        quiz_id: QuizFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> AttemptList:
        """The caller's attempts, newest first."""
        rows, total = queries.list_attempts(session, actor, quiz_id=quiz_id, limit=limit, offset=offset)
        return AttemptList([views.attempt_line(row) for row in rows], total)


def _quiz_view(session: Session, actor: Actor | None, quiz_id: UUID) -> QuizView:
    detail = queries.get_quiz(session, actor, quiz_id)
    count = queries.count_questions(session, [quiz_id]).get(quiz_id, 0)
    attempts = queries.count_attempts(session, actor.user_id, quiz_id) if actor is not None else 0
    return views.quiz(detail, count, attempts)


def _author_questions(session: Session, quiz_id: UUID) -> AuthorQuestionList:
    authoring.require_quiz(session, quiz_id)
    items = [views.author_question(detail) for detail in queries.questions_of(session, quiz_id)]
    return AuthorQuestionList(items, len(items))


def _named(body: QuizChanges) -> dict[str, object]:
    fields = msgspec.structs.asdict(body)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}
