"""The stream over HTTP: who may open it, what it looks like, and that an end on either side is noticed."""

import threading
from collections.abc import Callable, Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import delete

from api.app import create_app
from api.auth.models import Session as UserSession
from api.auth.models import User
from api.core.database import Database
from api.core.settings import Settings
from api.http import sse
from api.learning.submissions import routes
from tests.api.learning.world import CANARY, World, failed, grade_all, must_claim, passed, record, submit
from tests.conftest import Headers, RecordingBell

Client = TestClient[Litestar]
SignIn = Callable[[User], Headers]


def frames(text: str) -> list[dict[str, str]]:
    """The events of a stream; comments and ``retry`` are left out."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block]
    found = [dict(line.split(": ", 1) for line in lines) for lines in blocks if not lines[0].startswith(":")]
    return [one for one in found if "event" in one]


def test_a_graded_submission_answers_done_at_once(client: Client, served: World, headers_for: SignIn):
    submission = submit(served).submission
    grade_all(served.database, failed())
    path, headers = f"/api/v1/submissions/{submission.id}/events", headers_for(served.learner)
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-length" not in answer.headers
    assert answer.text.startswith("retry: 2000\n\n")
    assert frames(answer.text) == [
        {
            "id": "1.1.2000000000",
            "event": "done",
            "data": '{"status":"FAILED","reason":"wrong_answer","score":20,"maxScore":100}',
        }
    ]


def test_a_client_that_comes_back_gets_the_rest_and_then_nothing(
    client: Client, served: World, headers_for: SignIn
):
    submission = submit(served).submission
    grade_all(served.database, passed())
    path, headers = f"/api/v1/submissions/{submission.id}/events", headers_for(served.learner)
    answer = client.get(path, headers={**headers, "Last-Event-ID": "1.1.1"})
    assert [one["id"] for one in frames(answer.text)] == ["1.1.2", "1.1.3", "1.1.2000000000"]
    assert CANARY not in answer.text
    answer = client.get(path, headers={**headers, "Last-Event-ID": "1.1.2000000000"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_last_event_id_that_is_none_of_ours_is_named(client: Client, served: World, headers_for: SignIn):
    submission = submit(served).submission
    path, headers = f"/api/v1/submissions/{submission.id}/events", headers_for(served.learner)
    answer = client.get(path, headers={**headers, "Last-Event-ID": "1; DROP"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Last-Event-ID"


def test_strangers_cannot_tell_a_foreign_submission_from_none(
    client: Client, served: World, headers_for: SignIn
):
    submission = submit(served).submission
    stranger = headers_for(served.other)
    foreign = client.get(f"/api/v1/submissions/{submission.id}/events", headers=stranger)
    none = client.get("/api/v1/submissions/01890000-0000-7000-8000-000000000000/events", headers=stranger)
    assert foreign.status_code == none.status_code == 404
    assert {**foreign.json(), "requestId": ""} == {**none.json(), "requestId": ""}
    assert client.get(f"/api/v1/submissions/{submission.id}/events").status_code == 401


@pytest.fixture
def one_stream(settings: Settings, database: Database, bell: RecordingBell) -> Iterator[Client]:
    settings = settings.model_copy(update={"max_watchers_per_user": 1})
    with TestClient(create_app(settings, database=database, bell=bell)) as client:
        yield client


def test_a_second_stream_is_refused_and_the_first_gives_its_place_back_at_its_end(
    one_stream: Client, served: World, headers_for: SignIn, monkeypatch: pytest.MonkeyPatch
):
    """The first stream is open when its frame is made; it ends when the run is graded."""
    open_, seen = threading.Event(), []
    real = sse.frame

    def noted(*arguments: object) -> bytes:
        open_.set()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(routes.sse, "frame", noted)
    submission = submit(served).submission
    path, headers = f"/api/v1/submissions/{submission.id}/events", headers_for(served.learner)
    first = threading.Thread(target=lambda: seen.append(one_stream.get(path, headers=headers)))
    first.start()
    assert open_.wait(30)
    refused = one_stream.get(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert refused.headers["retry-after"] == "5"
    assert record(served.database, must_claim(served.database), passed())
    first.join(60)
    told = [one["event"] for one in frames(seen[0].text)]
    assert told[0] == "queued"
    assert [kind for kind in told if kind not in ("queued", "running")] == [
        "compiled",
        "case",
        "case",
        "done",
    ]
    assert one_stream.get(path, headers=headers).status_code == 200


def test_a_stream_ends_when_its_user_has_logged_out(
    client: Client, served: World, headers_for: SignIn, monkeypatch: pytest.MonkeyPatch
):
    open_, seen = threading.Event(), []
    real = sse.frame
    monkeypatch.setattr(routes.sse, "frame", lambda *arguments: open_.set() or real(*arguments))
    submission = submit(served).submission
    path, headers = f"/api/v1/submissions/{submission.id}/events", headers_for(served.learner)
    stream = threading.Thread(target=lambda: seen.append(client.get(path, headers=headers)))
    stream.start()
    assert open_.wait(30)
    with served.database.transaction() as session:
        session.execute(delete(UserSession))
    stream.join(60)
    assert [one["event"] for one in frames(seen[0].text)] == ["queued"]


def test_while_nothing_happens_a_comment_keeps_the_connection_in_use(
    client: Client, served: World, headers_for: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(routes, "HEARTBEAT_SECONDS", 0.001)
    beat, seen = threading.Event(), []
    real = sse.comment
    monkeypatch.setattr(routes.sse, "comment", lambda text: beat.set() or real(text))
    submission = submit(served).submission
    path, headers = f"/api/v1/submissions/{submission.id}/events", headers_for(served.learner)
    stream = threading.Thread(target=lambda: seen.append(client.get(path, headers=headers)))
    stream.start()
    assert beat.wait(30)
    grade_all(served.database, passed())
    stream.join(60)
    assert ": still there\n\n" in seen[0].text
    assert frames(seen[0].text)[-1]["event"] == "done"
