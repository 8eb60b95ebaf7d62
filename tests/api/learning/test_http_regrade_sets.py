"""Re-grade sets over HTTP: for administrators alone, and what a body may say."""

from typing import Any

import pytest

from api.core.ids import new_id
from tests.api.learning.sets import advance, graded, preview
from tests.api.learning.world import World, failed, grade_all, passed, submit

BASE = "/api/v1/regrade-sets"


@pytest.fixture
def headers(served: World, headers_for) -> dict[str, str]:
    return headers_for(served.admin)


def body(world: World, **selection: Any) -> dict[str, Any]:
    return {"why": "case 7 was wrong", "selection": selection or {"assignmentId": str(world.first.id)}}


def test_nobody_but_an_administrator_comes_near_a_set(client, served: World, headers_for):
    graded(served, passed())
    set_id = preview(served, failed())
    learner = headers_for(served.learner)
    calls = [("GET", BASE), ("POST", BASE)]
    calls += [("GET", f"{BASE}/{set_id}{part}") for part in ("", "/changes", "/learners")]
    calls += [("POST", f"{BASE}/{set_id}/{verb}") for verb in ("apply", "cancel", "undo")]
    for method, path in calls:
        sent = {"json": body(served)} if path == BASE and method == "POST" else {}
        assert client.request(method, path, **sent).status_code == 401, path
        answer = client.request(method, path, headers=learner, **sent)
        assert answer.status_code == 403, path
        assert "case 7" not in answer.text


def test_a_learner_sees_nothing_of_a_preview(client, served: World, headers_for):
    one = graded(served, passed())
    preview(served, failed())
    view = client.get(f"/api/v1/submissions/{one}", headers=headers_for(served.learner)).json()
    assert (view["status"], view["run"]["number"], view["regrading"]) == ("PASSED", 1, False)


def test_a_set_from_asking_to_undoing(client, served: World, headers):
    graded(served, passed())
    graded(served, failed(20), user=served.other)
    asked = client.post(BASE, json=body(served), headers=headers)
    assert asked.status_code == 202
    where = asked.headers["Location"]
    assert asked.json()["status"] == "PREPARING"
    advance(served.database)
    told = client.get(where, headers=headers).json()
    assert (told["status"], told["total"], told["runs"]["waiting"]) == ("RUNNING", 2, 2)
    assert told["selection"] == {"assignmentId": str(served.first.id)}
    assert told["askedBy"] == str(served.admin.id)
    assert client.post(f"{where}/apply", headers=headers).json()["code"] == "not_ready"
    grade_all(served.database, failed(20))
    told = client.get(where, headers=headers).json()
    assert (told["status"], told["outcome"]) == ("READY", None)
    assert told["changes"] == {
        "up": 0,
        "down": 1,
        "same": 1,
        "faults": 0,
        "newer": 0,
        "flips": [{"was": "PASSED", "becomes": "FAILED", "count": 1}],
    }
    page = client.get(f"{where}/changes", params={"kind": "down"}, headers=headers).json()
    assert page["total"] == 1
    assert page["items"][0]["before"] == {"run": 1, "status": "PASSED", "reason": None, "score": 100}
    assert page["items"][0]["after"] == {"run": 2, "status": "FAILED", "reason": "wrong_answer", "score": 20}
    learners = client.get(f"{where}/learners", headers=headers).json()
    assert [line["difference"] for line in learners["items"]] == [-80, 0]
    applied = client.post(f"{where}/apply", headers=headers)
    assert applied.status_code == 200
    assert applied.json()["outcome"] == {"applied": 2, "newer": 0, "faults": 0, "restored": 0, "kept": 0}
    assert client.post(f"{where}/apply", headers=headers).status_code == 409
    undone = client.post(f"{where}/undo", headers=headers).json()
    assert (undone["status"], undone["outcome"]["restored"]) == ("UNDONE", 2)


def test_a_set_that_is_cancelled(client, served: World, headers):
    graded(served, passed())
    where = client.post(BASE, json=body(served), headers=headers).headers["Location"]
    cancelled = client.post(f"{where}/cancel", headers=headers)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
    listed = client.get(BASE, params={"status": "CANCELLED"}, headers=headers).json()
    assert (listed["total"], listed["items"][0]["why"]) == (1, "case 7 was wrong")
    assert client.get(BASE, params={"status": "READY"}, headers=headers).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"why": ""}, "why"),
        ({"why": "x" * 2001}, "why"),
        ({"selection": {}}, "selection"),
        ({"selection": {"everything": True}}, "selection.everything"),
        ({"selection": {"status": "RUNNING"}}, "selection.status"),
        ({"selection": {"status": "DONE"}}, "selection.status"),
        ({"selection": {"suiteVersion": 0}}, "selection.suiteVersion"),
        ({"selection": {"submittedFrom": "2026-01-01T00:00:00"}}, "selection.submittedFrom"),
        ({"selection": {"submissionIds": []}}, "selection.submissionIds"),
        ({"selection": {"assignmentId": str(new_id())}}, "selection.assignmentId"),
        ({"selection": {"language": "\0"}}, "selection.language"),
        ({"selection": {"reason": "compile_error"}}, "selection"),
    ],
)
def test_a_faulty_body_is_refused_by_the_name_of_the_field(client, served: World, headers, change, field):
    graded(served, passed())
    answer = client.post(BASE, json={**body(served), **change}, headers=headers)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]], answer.text


@pytest.mark.parametrize("part", ["", "/changes", "/learners"])
def test_an_unknown_set_is_not_found(client, served: World, headers, part: str):
    assert client.get(f"{BASE}/{new_id()}{part}", headers=headers).status_code == 404


@pytest.mark.parametrize("verb", ["apply", "cancel", "undo"])
def test_nothing_is_done_to_an_unknown_set(client, served: World, headers, verb: str):
    submit(served)
    assert client.post(f"{BASE}/{new_id()}/{verb}", headers=headers).status_code == 404
