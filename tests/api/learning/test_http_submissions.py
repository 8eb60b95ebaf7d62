"""Submissions over HTTP: whose they are, what is never told, and what a poll costs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import event

from api.auth.models import User
from api.core.settings import Settings
from api.learning.submissions import backlog, queries
from api.learning.submissions.models import AssignmentSubmission
from tests.api.learning.world import (
    CANARY,
    World,
    claim,
    failed,
    grade_all,
    must_claim,
    passed,
    record,
    regrade,
    submit,
)
from tests.conftest import Headers, RecordingBell

Client = TestClient[Litestar]
SignIn = Callable[[User], Headers]
FIXED_ID = "01890000-0000-7000-8000-000000000000"


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """The SQL of the learning tables that runs inside the block."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "users" not in statement and "sessions" not in statement:
            seen.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(world.database.engine, "before_cursor_execute", note)


def post(client: Client, world: World, headers: Headers, **body: Any):
    body = {"code": "print(1)", "language": "python", **body}
    body = {name: value for name, value in body.items() if value is not ...}
    return client.post(f"/api/v1/assignments/{world.first.id}/submissions", json=body, headers=headers)


def test_a_submission_is_accepted_and_polled_to_its_end(
    client: Client, served: World, headers_for: SignIn, bell: RecordingBell
):
    headers = headers_for(served.learner)
    answer = post(client, served, headers)
    assert answer.status_code == 202
    body = answer.json()
    assert body["status"] == "PENDING"
    assert (body["score"], body["maxScore"], body["gradedAt"]) == (None, 100, None)
    assert body["submittedAt"].endswith("Z")
    assert answer.headers["location"] == f"/api/v1/submissions/{body['id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert bell.rung == 1

    poll = client.get(answer.headers["location"], headers=headers).json()
    assert (poll["status"], poll["run"], poll["results"]) == ("PENDING", None, [])
    task = must_claim(served.database)
    assert client.get(answer.headers["location"], headers=headers).json()["status"] == "RUNNING"
    record(served.database, task, passed())

    done = client.get(answer.headers["location"], headers=headers).json()
    assert (done["status"], done["reason"], done["score"], done["code"]) == ("PASSED", None, 100, "print(1)")
    assert done["feedback"] == "All cases passed."
    assert done["analysis"] == {"metrics": {"lines": 1}}
    assert done["regrading"] is False
    assert {k: done["run"][k] for k in ("number", "suiteVersion", "imageDigest", "attempt", "isolation")} == {
        "number": 1,
        "suiteVersion": 1,
        "imageDigest": "sha256:0123",
        "attempt": 1,
        "isolation": "local",
    }
    assert done["results"][0] == {
        "name": "one",
        "group": "samples",
        "visible": True,
        "verdict": "PASSED",
        "reason": None,
        "points": 20.0,
        "maxPoints": 20.0,
        "cpuMs": 13,
        "wallMs": 27,
        "memoryKib": 9001,
        "exitCode": 0,
        "signal": None,
        "message": "says shown",
        "stdin": "shown",
        "expected": "shown",
        "stdout": "shown",
        "stderr": "shown",
        "firstDifference": {"line": 1, "expected": "shown", "actual": "shown"},
    }
    assert done["results"][1] == {
        "name": "zero",
        "group": "hidden",
        "visible": False,
        "verdict": "PASSED",
        "reason": None,
        "points": 20.0,
        "maxPoints": 20.0,
        "cpuMs": 20,
        "wallMs": 30,
        "memoryKib": 9216,
        "exitCode": None,
        "signal": None,
        "message": None,
    }


def test_how_fast_the_machine_was_is_for_admins(client: Client, served: World, headers_for: SignIn):
    submission = submit(served).submission
    speedy = msgspec.structs.replace(passed(), machine_speed=1.25)
    record(served.database, must_claim(served.database), speedy)
    path = f"/api/v1/submissions/{submission.id}"
    assert "machineSpeed" not in client.get(path, headers=headers_for(served.learner)).json()["run"]
    assert client.get(path, headers=headers_for(served.admin)).json()["run"]["machineSpeed"] == 1.25
    regrade(served.database, submission.id)
    record(served.database, must_claim(served.database), passed())
    assert client.get(path, headers=headers_for(served.admin)).json()["run"]["machineSpeed"] is None


def test_nobody_else_can_read_list_or_regrade_a_submission(
    client: Client, served: World, headers_for: SignIn
):
    submission = submit(served).submission
    stranger, boss = headers_for(served.other), headers_for(served.admin)
    for path in (f"/api/v1/submissions/{submission.id}", f"/api/v1/submissions/{uuid4()}"):
        answer = client.get(path, headers=stranger)
        assert answer.status_code == 404
        problem = answer.json()
        assert (problem["code"], problem["detail"]) == ("not_found", "there is no such submission")
    for path in (
        "/api/v1/submissions",
        "/api/v1/me/submissions",
        f"/api/v1/submissions?assignmentId={served.first.id}",
        "/api/v1/submissions?status=PENDING",
    ):
        assert client.get(path, headers=stranger).json() == {"items": [], "total": 0}
    regrading = f"/api/v1/submissions/{submission.id}/regrade"
    assert client.post(regrading, headers=headers_for(served.learner)).status_code == 403
    assert client.get(f"/api/v1/submissions/{submission.id}", headers=boss).status_code == 200
    assert client.get("/api/v1/submissions", headers=boss).json()["total"] == 1
    assert client.get("/api/v1/me/submissions", headers=boss).json()["total"] == 0
    for path in (f"/api/v1/submissions/{submission.id}", "/api/v1/submissions", "/api/v1/me/submissions"):
        assert client.get(path).status_code == 401


def test_a_list_counts_only_so_far_and_says_so(
    client: Client, served: World, headers_for: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    monkeypatch.setattr(queries, "MOST_COUNTED_OWN", 3)
    own, boss = headers_for(served.learner), headers_for(served.admin)
    for _ in range(2):
        submit(served)
    for headers in (own, boss):
        assert client.get("/api/v1/submissions?limit=1", headers=headers).json().keys() == {"items", "total"}
    submit(served)
    everybodys = client.get("/api/v1/submissions?limit=1&offset=2", headers=boss).json()
    assert (everybodys["total"], everybodys["totalIsMinimum"], len(everybodys["items"])) == (2, True, 1)
    assert client.get("/api/v1/submissions", headers=own).json()["total"] == 3
    submit(served)
    assert client.get("/api/v1/submissions", headers=own).json()["totalIsMinimum"] is True
    assert client.get("/api/v1/me/submissions", headers=boss).json() == {"items": [], "total": 0}


def test_a_list_loads_no_source(client: Client, served: World, headers_for: SignIn):
    submit(served, code="print('a long source')")
    with statements(served) as seen:
        assert client.get("/api/v1/submissions", headers=headers_for(served.learner)).status_code == 200
    assert seen
    assert not [text for text in seen if "code" in text or "files" in text]


def test_a_poll_is_one_transaction_with_two_statements(
    client: Client, served: World, headers_for: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        backlog, "FRESH_SECONDS", 3600
    )  # the queue is looked at once a second, not at each poll
    submission = submit(served).submission
    headers, begun, sent = headers_for(served.learner), [], []
    client.get(f"/api/v1/submissions/{submission.id}", headers=headers)
    engine = served.database.engine
    begin, send = lambda *_: begun.append(1), lambda *arguments: sent.append(arguments[2])
    event.listen(engine, "begin", begin)
    event.listen(engine, "before_cursor_execute", send)
    assert client.get(f"/api/v1/submissions/{submission.id}", headers=headers).status_code == 200
    event.remove(engine, "begin", begin)
    event.remove(engine, "before_cursor_execute", send)
    assert (len(begun), len(sent)) == (1, 2)
    assert "sessions" in sent[0]  # who asks is read anew at each poll


def test_lists_are_filtered_newest_first_and_in_pages(client: Client, served: World, headers_for: SignIn):
    headers = headers_for(served.learner)
    ids = [str(submit(served).submission.id) for _ in range(3)]
    record(served.database, must_claim(served.database), failed())
    submit(served, assignment=served.second)
    page = client.get(f"/api/v1/submissions?assignmentId={served.first.id}&limit=2", headers=headers).json()
    assert page["total"] == 3
    assert [item["id"] for item in page["items"]] == ids[:0:-1]
    assert "code" not in page["items"][0]
    done = client.get("/api/v1/me/submissions?status=FAILED", headers=headers).json()
    assert [item["id"] for item in done["items"]] == ids[:1]
    assert client.get("/api/v1/submissions?status=LOST", headers=headers).status_code == 400
    assert client.get("/api/v1/submissions?limit=0", headers=headers).status_code == 400
    assert client.get("/api/v1/submissions?limit=201", headers=headers).status_code == 400
    assert client.get("/api/v1/submissions?offset=-1", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"code": ...}, 400, "code"),
        ({"code": None}, 400, "code"),
        ({"code": ""}, 400, "code"),
        ({"code": "a\0"}, 400, "code"),
        ({"code": 3}, 400, "code"),
        ({"code": ["print(1)"]}, 400, "code"),
        ({"language": ...}, 400, "language"),
        ({"language": None}, 400, "language"),
        ({"language": "cobol"}, 400, "language"),
        ({"language": "cpp"}, 400, "language"),
        ({"language": "x" * 65}, 400, "language"),
        ({"files": {"a.py": "x"}}, 400, "code"),
        ({"code": ..., "files": {"a/b.py": "x"}}, 400, "files"),
        ({"code": ..., "files": {"a.py": 1}}, 400, "files"),
        ({"code": ..., "files": ["a.py"]}, 400, "files"),
        ({"status": "PASSED"}, 400, "status"),
        ({"score": 100}, 400, "score"),
        ({"userId": FIXED_ID}, 400, "userId"),
        ({"runs": []}, 400, "runs"),
    ],
)
def test_a_body_with_faults_is_refused_by_field_and_nothing_is_stored(
    client: Client, served: World, headers_for: SignIn, change: dict[str, Any], status: int, field: str
):
    headers = headers_for(served.learner)
    answer = post(client, served, headers, **change)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["errors"][0]["field"].split(".")[0].split("[")[0] == field
    assert client.get("/api/v1/submissions", headers=headers).json()["total"] == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b'{"code": "\xff"}', b'{"code": "\\ud800"}']
)
def test_what_is_no_json_object_is_refused(client: Client, served: World, headers_for: SignIn, body: bytes):
    answer = client.post(
        f"/api/v1/assignments/{served.first.id}/submissions",
        content=body,
        headers={**headers_for(served.learner), "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["code"]


def test_a_source_over_the_limit_answers_413(
    client: Client, served: World, headers_for: SignIn, settings: Settings
):
    headers = headers_for(served.learner)
    answer = post(client, served, headers, code="x" * (settings.max_source_bytes + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "source_too_large")
    assert post(client, served, headers, code="x" * settings.max_source_bytes).status_code == 202
    many = {f"f{n}": "x" for n in range(settings.max_source_files + 1)}
    assert post(client, served, headers, code=..., files=many).status_code == 413


def test_unknown_assignments_and_strangers_are_refused(
    client: Client, served: World, headers_for: SignIn, user: User
):
    body = {"code": "x", "language": "python"}
    headers = headers_for(served.learner)
    for unknown in (uuid4(), served.module.id, served.learner.id):
        path = f"/api/v1/assignments/{unknown}/submissions"
        assert client.post(path, json=body, headers=headers).status_code == 404
    assert client.post("/api/v1/assignments/7/submissions", json=body, headers=headers).status_code == 404
    refused = post(client, served, headers_for(user))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_enrolled")
    assert post(client, served, {}).status_code == 401


def test_an_idempotency_key_makes_a_retry_safe(client: Client, served: World, headers_for: SignIn):
    headers = {**headers_for(served.learner), "Idempotency-Key": "a-1"}
    first, again = post(client, served, headers), post(client, served, headers)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    other = post(client, served, headers, code="print(2)")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    for bad in ("", "x" * 256, "a b", "\t"):
        answer = post(client, served, {**headers, "Idempotency-Key": bad})
        assert answer.status_code == 400, bad
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_poll_of_an_ungraded_submission_reads_one_row(
    client: Client, served: World, headers_for: SignIn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 3600)
    headers = headers_for(served.learner)
    path = f"/api/v1/submissions/{submit(served).submission.id}"
    client.get(path, headers=headers)  # counts what waits, for Retry-After; a second long nobody else does
    for status in ("PENDING", "RUNNING"):
        with statements(served) as seen:
            assert client.get(path, headers=headers).json()["status"] == status
        assert len(seen) == 1, seen
        claim(served.database)


def test_a_graded_submission_costs_four_statements_whatever_its_cases(
    client: Client, served: World, headers_for: SignIn
):
    headers = headers_for(served.learner)
    submission = submit(served).submission
    grade_all(served.database, passed())
    with statements(served) as seen:
        assert client.get(f"/api/v1/submissions/{submission.id}", headers=headers).status_code == 200
    assert len(seen) == 4, seen


def test_a_regrade_is_announced_and_switches_when_it_is_done(
    client: Client, served: World, headers_for: SignIn, bell: RecordingBell
):
    learner, boss = headers_for(served.learner), headers_for(served.admin)
    path = f"/api/v1/submissions/{submit(served).submission.id}"
    grade_all(served.database, passed())
    answer = client.post(f"{path}/regrade", headers=boss)
    assert (answer.status_code, answer.json()["run"], answer.headers["location"]) == (202, 2, path)
    assert bell.rung == 1
    task = must_claim(served.database)
    shown = client.get(path, headers=learner).json()
    assert (shown["status"], shown["score"], shown["run"]["number"]) == ("PASSED", 100, 1)
    assert shown["regrading"] is True
    record(served.database, task, failed())
    shown = client.get(path, headers=learner).json()
    assert (shown["status"], shown["score"], shown["run"]["number"]) == ("FAILED", 20, 2)
    assert shown["regrading"] is False
    unknown = client.post(f"/api/v1/submissions/{uuid4()}/regrade", headers=boss)
    assert unknown.status_code == 404


def test_files_are_shown_as_they_were_sent(client: Client, served: World, headers_for: SignIn):
    headers = headers_for(served.learner)
    files = {"main.py": "import a\n", "a.py": "x = 1\n"}
    answer = post(client, served, headers, code=..., files=files)
    shown = client.get(answer.headers["location"], headers=headers).json()
    assert (shown["code"], shown["files"]) == (None, files)


def test_the_own_progress_follows_the_results(client: Client, served: World, headers_for: SignIn):
    headers = headers_for(served.learner)
    fresh = client.get("/api/v1/me/progress", headers=headers).json()
    assert fresh["total"] == 1
    language = fresh["items"][0]
    assert (language["slug"], language["status"], language["progressPercent"]) == ("python", "NOT_STARTED", 0)
    submission = submit(served).submission
    grade_all(served.database, passed())
    language = client.get("/api/v1/me/progress", headers=headers).json()["items"][0]
    assert (language["status"], language["progressPercent"]) == ("IN_PROGRESS", 50)
    assert language["modules"][0]["items"] == {"assignments": {"done": 1, "total": 2}}
    assert language["modules"][0]["startedAt"].endswith("Z")
    regrade(served.database, submission.id)
    grade_all(served.database, failed())
    language = client.get("/api/v1/me/progress", headers=headers).json()["items"][0]
    assert (language["status"], language["progressPercent"]) == ("IN_PROGRESS", 0)
    others = client.get("/api/v1/me/progress", headers=headers_for(served.other)).json()
    assert others["items"][0]["progressPercent"] == 0
    assert client.get("/api/v1/me/progress").status_code == 401


def test_no_answer_to_a_learner_carries_anything_of_a_hidden_case(
    client: Client, served: World, headers_for: SignIn
):
    """A3: canaries in every text of hidden cases, in the suite and in the grades; then everything is read."""
    suite = {
        "format": 1,
        "kind": "stdio",
        "languages": ["python"],
        "groups": [
            {"name": "samples", "points": 1, "cases": [{"name": "a", "stdin": "seen", "stdout": "seen"}]},
            {
                "name": "secret",
                "visible": False,
                "points": 1,
                "cases": [
                    {"name": f"{CANARY}-name", "stdin": CANARY, "stdout": CANARY},
                    {"name": "b", "stdin": CANARY, "stdout": f"{CANARY}.*", "checker": {"kind": "regex"}},
                ],
            },
        ],
    }
    boss, learner = headers_for(served.admin), headers_for(served.learner)
    put = client.put(f"/api/v1/assignments/{served.first.id}/test-cases", json=suite, headers=boss)
    assert (put.status_code, put.json()["suiteVersion"]) == (200, 2)
    submission = post(client, served, learner).json()["id"]
    grade_all(served.database, passed())
    client.post(f"/api/v1/submissions/{submission}/regrade", headers=boss)
    paths = [
        "/api/v1/languages",
        "/api/v1/languages/python",
        "/api/v1/languages/python/modules",
        f"/api/v1/modules/{served.module.id}",
        "/api/v1/assignments",
        "/api/v1/assignments?slug=first&languageSlug=python",
        f"/api/v1/assignments/{served.first.id}",
        f"/api/v1/submissions/{submission}",
        "/api/v1/submissions",
        "/api/v1/me/submissions",
        "/api/v1/me/progress",
        "/schema/openapi.json",
    ]
    for path in paths:
        answer = client.get(path, headers=learner)
        assert answer.status_code == 200, path
        assert CANARY not in answer.text, path
    for refused in (
        client.put(f"/api/v1/assignments/{served.first.id}/test-cases", json=suite, headers=learner),
        client.get(f"/api/v1/assignments/{served.first.id}/test-cases", headers=learner),
        client.post(f"/api/v1/submissions/{submission}/regrade", headers=learner),
        post(client, served, learner, language="javascript"),
    ):
        assert 400 <= refused.status_code < 500
        assert CANARY not in refused.text


def test_what_is_stored_about_a_submission_never_changes(client: Client, served: World, headers_for: SignIn):
    submission = submit(served).submission
    grade_all(served.database, passed())
    regrade(served.database, submission.id)
    grade_all(served.database, failed())
    with served.database.transaction() as session:
        after = session.get_one(AssignmentSubmission, submission.id)
        for column in ("code", "files", "language", "user_id", "assignment_id", "submitted_at"):
            assert getattr(after, column) == getattr(submission, column), column
    for method in ("put", "patch", "delete"):
        answer = client.request(
            method, f"/api/v1/submissions/{submission.id}", headers=headers_for(served.learner)
        )
        assert answer.status_code == 405
