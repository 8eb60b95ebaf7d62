"""Attempts over HTTP: nothing is told too early, the clock is the server's, and an attempt ends once."""

import json
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select

from api.core.clock import now
from api.core.errors import Conflict
from api.learning.progress.models import ModuleProgress
from api.learning.quizzes import queries, service
from api.learning.quizzes.models import MCQAnswer, MCQAttempt
from api.learning.quizzes.rules import Answer, QuestionKind
from tests import factories
from tests.api.learning.world import World, actor

API = "/api/v1"


@pytest.fixture
def quiz(served: World):
    """A quiz in the served world's module, ten minutes long."""
    with served.database.transaction() as session:
        return factories.make_quiz(session, served.module, time_limit=10)


@pytest.fixture
def learner(served: World, headers_for):
    return headers_for(served.learner)


def begin(client, quiz, headers) -> dict:
    answer = client.post(f"{API}/quizzes/{quiz.id}/attempts", headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def save(client, attempt, question, headers, **body):
    return client.put(f"{API}/attempts/{attempt['id']}/answers/{question['id']}", json=body, headers=headers)


def finish(client, attempt, headers):
    return client.post(f"{API}/attempts/{attempt['id']}/finish", headers=headers)


def right_answers(database, attempt) -> dict[str, dict]:
    """What to send for each question, looked up behind the API's back."""
    with database.transaction() as session:
        details = queries.questions_of(session, session.get_one(MCQAttempt, UUID(attempt["id"])).quiz_id)
        found = {}
        for question, options in details:
            ids = [str(option.id) for option in options if option.is_correct]
            if question.kind == "ORDER":
                ids = [str(option.id) for option in options]
            text = {"NUMERIC": "0.305", "TEXT": "Canary Word"}.get(question.kind)
            found[str(question.id)] = {"text": text} if text else {"optionIds": ids}
        return found


def answer_all(client, database, attempt, headers, *, but: int = 0) -> None:
    answers = right_answers(database, attempt)
    for question in attempt["questions"][but:]:
        assert save(client, attempt, question, headers, **answers[question["id"]]).status_code == 200


def test_nothing_tells_what_is_right_before_the_end(client, quiz, learner, served, auth_headers):
    attempt = begin(client, quiz, learner)
    question = attempt["questions"][0]
    texts = [
        json.dumps(attempt),
        save(client, attempt, question, learner, text="wrong", optionIds=[]).text,
        client.get(f"{API}/attempts/{attempt['id']}", headers=learner).text,
        client.get(f"{API}/quizzes/{quiz.id}", headers=learner).text,
        client.get(f"{API}/modules/{served.module.id}/quizzes", headers=learner).text,
        client.get(f"{API}/me/attempts", headers=learner).text,
        client.get(f"{API}/quizzes/{quiz.id}/questions", headers=learner).text,
        client.put(f"{API}/quizzes/{quiz.id}/questions", json={"questions": []}, headers=learner).text,
    ]
    for text in texts:
        for word in ("isCorrect", "canary", "answerKey", "correctOptionIds", "pointsEarned", "0.3"):
            assert word not in text
    assert client.get(f"{API}/quizzes/{quiz.id}/questions", headers=learner).status_code == 403


def test_neither_ids_nor_places_tell_the_order_that_is_asked_for(served):
    """Ids are ordered by time: given out as the author wrote the options, they would be the answer."""
    with served.database.transaction() as session:
        in_order = []
        for _ in range(12):
            made = factories.make_quiz(session, served.module, [factories.QUESTIONS[4]], shuffle=False)
            ids = [option.id for option in queries.questions_of(session, made.id)[0].options]
            begun = service.begin_attempt(session, actor(served.learner), made.id)
            shown = begun.detail.attempt.layout[0]["optionIds"]
            in_order.append((sorted(ids) == ids, shown == [str(id_) for id_ in ids]))
    # One in 24 orders is the right one: that all twelve are, by chance, takes more than a lifetime.
    assert not all(by_id for by_id, _ in in_order)
    assert not all(by_place for _, by_place in in_order)


def test_a_whole_attempt_all_right(client, quiz, learner, served):
    attempt = begin(client, quiz, learner)
    assert {question["kind"] for question in attempt["questions"]} == set(QuestionKind)
    answer_all(client, served.database, attempt, learner)
    result = finish(client, attempt, learner).json()
    assert (result["score"], result["passed"], result["points"], result["maxPoints"]) == (100, True, 10, 10)
    assert all(answer["isCorrect"] for answer in result["answers"])
    assert "canary-explanation" in [answer["explanation"] for answer in result["answers"]]
    assert all(answer["correctOptionIds"] is not None for answer in result["answers"])
    progress = client.get(f"{API}/me/progress", headers=learner).json()["items"][0]["modules"][0]
    assert progress["items"]["quizzes"] == {"done": 1, "total": 1}
    feed = client.get(f"{API}/me/activity", headers=learner).json()["items"]
    assert [event["type"] for event in feed] == ["quiz_passed"]


def test_what_is_right_stays_untold_while_there_is_another_try(client, quiz, learner):
    attempt = begin(client, quiz, learner)
    result = finish(client, attempt, learner).json()
    assert (result["score"], result["passed"]) == (0, False)
    assert [a["explanation"] for a in result["answers"]] == [None] * 5
    assert {(a["isCorrect"], a["correctOptionIds"], a["answerKey"]) for a in result["answers"]} == {
        (False, None, None)
    }


def test_after_the_last_try_it_is_told(client, quiz, learner, served, headers_for):
    admin = headers_for(served.admin)
    assert client.patch(f"{API}/quizzes/{quiz.id}", json={"maxAttempts": 1}, headers=admin).status_code == 200
    result = finish(client, begin(client, quiz, learner), learner).json()
    assert all(answer["correctOptionIds"] is not None for answer in result["answers"])
    refused = client.post(f"{API}/quizzes/{quiz.id}/attempts", headers=learner)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_attempts_left")


def test_a_later_answer_replaces_an_earlier_one_until_the_end(client, quiz, learner, served):
    attempt = begin(client, quiz, learner)
    question = next(question for question in attempt["questions"] if question["kind"] == "TEXT")
    assert save(client, attempt, question, learner, text="first").json()["answer"]["text"] == "first"
    assert save(client, attempt, question, learner, text="canary word").status_code == 200
    again = begin(client, quiz, learner)
    assert again["id"] == attempt["id"]
    assert [q["answer"]["text"] for q in again["questions"] if q["answer"]] == ["canary word"]
    assert finish(client, attempt, learner).json()["points"] == 1
    late = save(client, attempt, question, learner, text="changed")
    assert (late.status_code, late.json()["code"]) == (409, "attempt_ended")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"optionIds": ["01a203f5-b4c6-7013-bad0-e72337b5117f"]},
        {"optionIds": "x"},
        {"text": "x", "isCorrect": True},
        {"text": "a\0b"},
        {"selectedOptionId": None},
    ],
)
def test_a_faulty_answer_is_refused_by_field(client, quiz, learner, body):
    attempt = begin(client, quiz, learner)
    question = next(question for question in attempt["questions"] if question["kind"] == "SINGLE")
    answer = save(client, attempt, question, learner, **body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"]


def test_a_strangers_attempt_is_not_there(client, quiz, learner, served, headers_for):
    attempt = begin(client, quiz, learner)
    for headers in (headers_for(served.other), headers_for(served.admin)):
        assert save(client, attempt, attempt["questions"][0], headers, text="x").status_code == 404
        assert finish(client, attempt, headers).status_code == 404
    path = f"{API}/attempts/{attempt['id']}"
    assert client.get(path, headers=headers_for(served.other)).status_code == 404
    assert client.get(path, headers=headers_for(served.admin)).status_code == 200


def test_who_is_not_enrolled_does_not_begin(client, quiz, headers_for, served):
    with served.database.transaction() as session:
        stranger = factories.make_user(session)
    answer = client.post(f"{API}/quizzes/{quiz.id}/attempts", headers=headers_for(stranger))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_enrolled")


def test_a_quiz_that_is_not_published_or_empty_is_not_begun(client, quiz, learner, served, headers_for):
    admin = headers_for(served.admin)
    empty = client.put(f"{API}/quizzes/{quiz.id}/questions", json={"questions": []}, headers=admin)
    assert (empty.status_code, empty.json()["code"]) == (409, "quiz_empty")
    client.patch(f"{API}/quizzes/{quiz.id}", json={"published": False}, headers=admin)
    assert client.post(f"{API}/quizzes/{quiz.id}/attempts", headers=learner).status_code == 404
    assert client.get(f"{API}/modules/{served.module.id}/quizzes", headers=learner).json()["total"] == 0
    assert client.get(f"{API}/modules/{served.module.id}/quizzes", headers=admin).json()["total"] == 1


def test_a_quiz_without_questions_is_not_published(client, served, headers_for):
    admin = headers_for(served.admin)
    made = client.post(
        f"{API}/modules/{served.module.id}/quizzes", json={"title": "Empty"}, headers=admin
    ).json()
    assert made["published"] is False
    refused = client.patch(f"{API}/quizzes/{made['id']}", json={"published": True}, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "quiz_empty")
    assert client.get(f"{API}/modules/{served.module.id}/quizzes").json()["total"] == 0


def test_the_deadline_is_the_servers(client, quiz, learner, served):
    with time_machine.travel(now(), tick=False) as traveller:
        attempt = begin(client, quiz, learner)
        answers = right_answers(served.database, attempt)
        first, second, third = attempt["questions"][:3]
        assert save(client, attempt, first, learner, **answers[first["id"]]).status_code == 200
        traveller.shift(timedelta(minutes=10, seconds=service.GRACE_SECONDS))
        assert save(client, attempt, second, learner, **answers[second["id"]]).status_code == 200
        traveller.shift(timedelta(seconds=1))
        late = save(client, attempt, third, learner, **answers[third["id"]])
        assert (late.status_code, late.json()["code"]) == (409, "time_over")
        result = finish(client, attempt, learner).json()
    assert [answer["isCorrect"] for answer in result["answers"]].count(True) == 2
    assert result["completedAt"] == attempt["deadlineAt"]


def test_an_attempt_that_nobody_ended_ends_by_itself(client, quiz, learner, served):
    with time_machine.travel(now(), tick=False) as traveller:
        attempt = begin(client, quiz, learner)
        answer_all(client, served.database, attempt, learner)
        traveller.shift(timedelta(minutes=11))
        shown = client.get(f"{API}/attempts/{attempt['id']}", headers=learner).json()
        assert (shown["state"], shown["score"], shown["completedAt"]) == ("ended", 100, attempt["deadlineAt"])
        following = begin(client, quiz, learner)
        assert following["number"] == 2
        traveller.shift(timedelta(minutes=11))
        assert begin(client, quiz, learner)["number"] == 3
    # The best attempt counts: the second, which ended empty, took nothing away.
    progress = client.get(f"{API}/me/progress", headers=learner).json()["items"][0]["modules"][0]
    assert progress["items"]["quizzes"]["done"] == 1


def test_a_removed_option_or_question_stays_what_it_was_in_an_open_attempt(
    client, quiz, learner, served, headers_for
):
    admin = headers_for(served.admin)
    attempt = begin(client, quiz, learner)
    kept = client.get(f"{API}/quizzes/{quiz.id}/questions", headers=admin).json()["items"][0]
    body = {
        "questions": [
            {
                "id": kept["id"],
                "question": "Which now?",
                "options": [
                    {"optionText": "new", "isCorrect": True},
                    {"optionText": "newer", "isCorrect": False},
                ],
            }
        ]
    }
    assert client.put(f"{API}/quizzes/{quiz.id}/questions", json=body, headers=admin).json()["total"] == 1
    shown = client.get(f"{API}/attempts/{attempt['id']}", headers=learner).json()
    assert len(shown["questions"]) == 5
    assert {o["optionText"] for q in shown["questions"] if q["id"] == kept["id"] for o in q["options"]} == {
        "this",
        "that",
    }
    question = next(question for question in shown["questions"] if question["id"] == kept["id"])
    this = next(option["id"] for option in question["options"] if option["optionText"] == "this")
    assert save(client, attempt, question, learner, optionIds=[this]).status_code == 200
    result = finish(client, attempt, learner).json()
    assert [answer["isCorrect"] for answer in result["answers"]].count(True) == 1
    assert len(begin(client, quiz, learner)["questions"]) == 1


def make(world: World) -> tuple[object, list]:
    with world.database.transaction() as session:
        quiz = factories.make_quiz(session, world.module)
    with world.database.transaction() as session:
        begun = service.begin_attempt(session, actor(world.learner), quiz.id)
        return begun.detail.attempt.id, list(begun.detail.questions.values())


def together(*work) -> list[object]:
    """Runs all at the same moment; what each gave or raised."""
    barrier, results = Barrier(len(work)), []

    def run(function) -> None:
        barrier.wait()
        try:
            results.append(function())
        except Exception as error:
            results.append(error)

    threads = [Thread(target=run, args=(function,)) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_requests_end_an_attempt_once_and_tell_the_same(world: World):
    attempt_id, _ = make(world)

    def end() -> tuple:
        with world.database.transaction() as session:
            row = service.finish_attempt(session, actor(world.learner), attempt_id).attempt
            return row.score, row.completed_at

    first, second = together(end, end)
    assert first == second
    assert not isinstance(first, Exception)


def test_two_requests_begin_one_attempt(world: World):
    with world.database.transaction() as session:
        quiz = factories.make_quiz(session, world.module)

    def start() -> object:
        with world.database.transaction() as session:
            return service.begin_attempt(session, actor(world.learner), quiz.id).detail.attempt.id

    results = together(start, start, start)
    begun = {result for result in results if not isinstance(result, Conflict)}
    assert len(begun) == 1, results
    with world.database.transaction() as session:
        assert len(session.scalars(select(MCQAttempt)).all()) == 1


def test_an_answer_at_the_moment_of_the_end_counts_or_is_refused_and_never_hangs_between(world: World):
    attempt_id, questions = make(world)
    question = next(detail for detail in questions if detail.question.kind == "TEXT")

    def save_it() -> object:
        with world.database.transaction() as session:
            answer = Answer(text="canary word")
            return service.save_answer(
                session, actor(world.learner), attempt_id, question.question.id, answer
            ).id

    def end() -> object:
        with world.database.transaction() as session:
            return service.finish_attempt(session, actor(world.learner), attempt_id).attempt.points

    results = together(save_it, end)
    with world.database.transaction() as session:
        saved = session.scalars(select(MCQAnswer)).all()
        attempt = session.get_one(MCQAttempt, attempt_id)
        # Saved and marked, or refused and not there: never saved and unmarked.
        assert [answer.is_correct for answer in saved] == ([True] if attempt.points else [])
        assert bool(attempt.points) != any(isinstance(result, Conflict) for result in results), results
        progress = session.scalars(select(ModuleProgress)).one()
        assert progress.status == "IN_PROGRESS"
