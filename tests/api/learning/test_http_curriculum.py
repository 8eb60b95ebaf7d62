"""The curriculum over HTTP: who may write it, what is refused, and what a learner sees of it."""

import copy
import json
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import func, select

from api.auth.models import User
from api.core.clock import now
from api.core.orm import Base
from api.learning.curriculum import service
from api.learning.curriculum.models import (
    Assignment,
    EnrollmentStatus,
    LanguageEnrollment,
    Module,
    ProgrammingLanguage,
    TestSuite,
)
from api.learning.curriculum.suite import parse_suite
from tests import factories
from tests.api.learning.world import World, grade_all, passed, submit
from tests.conftest import Headers

Client = TestClient[Litestar]
SignIn = Callable[[User], Headers]
FIXED_ID = "01890000-0000-7000-8000-000000000000"
LANGUAGE = {"name": "Rust", "slug": "rust", "description": "Safe", "icon": "🦀", "difficulty": "ADVANCED"}
MODULE = {"title": "Ownership", "slug": "ownership", "description": "d", "syllabus": "s", "order": 3}
ASSIGNMENT = {
    "title": "Doubling",
    "slug": "doubling",
    "description": "# Double it",
    "difficulty": "INTERMEDIATE",
    "starterCode": "n = int(input())\n",
    "testCases": factories.DOUBLING,
    "hints": ["Read it first."],
    "maxScore": 50,
    "timeLimit": 20,
}


def count(world: World, model: type[Base]) -> int:
    with world.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def fields(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


@pytest.fixture
def boss(served: World, headers_for: SignIn) -> Headers:
    return headers_for(served.admin)


@pytest.fixture
def learner(served: World, headers_for: SignIn) -> Headers:
    return headers_for(served.learner)


def test_an_admin_builds_a_course_and_a_learner_reads_it(client: Client, boss: Headers, learner: Headers):
    made = client.post("/api/v1/languages", json=LANGUAGE, headers=boss)
    assert made.status_code == 201
    assert made.headers["location"] == "/api/v1/languages/rust"
    assert {k: made.json()[k] for k in LANGUAGE} == LANGUAGE
    assert made.json()["createdAt"].endswith("Z")
    module = client.post("/api/v1/languages/rust/modules", json=MODULE, headers=boss)
    assert module.status_code == 201
    path = module.headers["location"]
    assignment = client.post(f"{path}/assignments", json=ASSIGNMENT, headers=boss)
    assert assignment.status_code == 201

    assert client.get("/api/v1/languages").json()["total"] == 2
    assert client.get("/api/v1/languages/rust").json() == made.json()
    assert client.get("/api/v1/languages/rust/modules").json() == {"items": [module.json()], "total": 1}
    detail = client.get(path).json()
    assert (detail["languageSlug"], [a["slug"] for a in detail["assignments"]]) == ("rust", ["doubling"])
    (found,) = client.get("/api/v1/assignments?slug=doubling&languageSlug=rust", headers=learner).json()[
        "items"
    ]
    shown = client.get(f"/api/v1/assignments/{found['id']}", headers=learner).json()
    assert shown == assignment.json()
    assert {
        k: shown[k]
        for k in (
            "statement",
            "starterCode",
            "languages",
            "maxScore",
            "hints",
            "timeLimit",
            "kind",
            "function",
        )
    } == {
        "statement": "# Double it",
        "starterCode": {"*": "n = int(input())\n"},
        "languages": ["python", "javascript"],
        "maxScore": 50,
        "hints": ["Read it first."],
        "timeLimit": 20,
        "kind": "stdio",
        "function": None,
    }
    assert shown["limits"] == {"cpuMs": 2000, "memoryMib": 256, "outputKib": 64, "processes": 32}
    assert shown["cases"] == [
        {"name": "one", "group": "samples", "stdin": "1\n", "stdout": "2\n", "truncated": False},
        {"name": "two", "group": "samples", "stdin": "2\n", "stdout": "4\n", "truncated": False},
    ]


def test_only_an_admin_writes_the_curriculum(client: Client, served: World, learner: Headers):
    writes = [
        ("post", "/api/v1/languages", LANGUAGE),
        ("post", "/api/v1/languages/python/modules", MODULE),
        ("post", f"/api/v1/modules/{served.module.id}/assignments", ASSIGNMENT),
        ("put", f"/api/v1/assignments/{served.first.id}/test-cases", factories.DOUBLING),
    ]
    for method, path, body in writes:
        assert client.request(method, path, json=body, headers=learner).status_code == 403, path
        assert client.request(method, path, json=body).status_code == 401, path
    assert (count(served, ProgrammingLanguage), count(served, Module), count(served, TestSuite)) == (1, 1, 2)


def test_languages_and_modules_are_open_and_assignments_for_who_is_signed_in(client: Client, served: World):
    assert client.get("/api/v1/languages/python").status_code == 200
    assert client.get(f"/api/v1/modules/{served.module.id}").status_code == 200
    assert client.get("/api/v1/assignments").status_code == 401
    assert client.get(f"/api/v1/assignments/{served.first.id}").status_code == 401


@pytest.mark.parametrize(
    "slug",
    ["nope", "Python", "%00", "a%00b", "..%2f", "py thon", "x" * 500, "%F0%9F%90%8D", "-", "python%0A"],
)
def test_a_slug_that_is_not_there_answers_404(client: Client, served: World, learner: Headers, slug: str):
    assert client.get(f"/api/v1/languages/{slug}").status_code == 404
    assert client.get(f"/api/v1/languages/{slug}/modules").status_code == 404
    assert client.post(f"/api/v1/languages/{slug}/enrollment", headers=learner).status_code == 404
    for query in (f"slug={slug}", f"languageSlug={slug}"):
        assert client.get(f"/api/v1/assignments?{query}", headers=learner).json()["total"] == 0


def test_an_id_that_is_not_there_answers_404(client: Client, served: World, boss: Headers):
    for unknown in (uuid4(), served.learner.id, "7", "%00"):
        assert client.get(f"/api/v1/modules/{unknown}").status_code == 404
        assert client.get(f"/api/v1/assignments/{unknown}", headers=boss).status_code == 404
        path = f"/api/v1/modules/{unknown}/assignments"
        assert client.post(path, json=ASSIGNMENT, headers=boss).status_code == 404
        path = f"/api/v1/assignments/{unknown}/test-cases"
        assert client.put(path, json=factories.DOUBLING, headers=boss).status_code == 404


def test_what_is_hidden_is_not_there(client: Client, served: World, learner: Headers):
    with served.database.transaction() as session:
        session.merge(served.first).deleted_at = now()
    assert client.get(f"/api/v1/assignments/{served.first.id}", headers=learner).status_code == 404
    assert client.get("/api/v1/assignments?slug=first", headers=learner).json()["total"] == 0
    detail = client.get(f"/api/v1/modules/{served.module.id}").json()
    assert [a["slug"] for a in detail["assignments"]] == ["second"]
    with served.database.transaction() as session:
        session.merge(served.language).is_active = False
    assert client.get("/api/v1/languages").json()["total"] == 0
    assert client.get("/api/v1/languages/python").status_code == 404
    assert client.get(f"/api/v1/modules/{served.module.id}").status_code == 404
    assert client.get(f"/api/v1/assignments/{served.second.id}", headers=learner).status_code == 404
    assert client.post("/api/v1/languages/python/enrollment", headers=learner).status_code == 404


def test_a_taken_slug_or_name_answers_409(client: Client, served: World, boss: Headers):
    taken = client.post("/api/v1/languages", json={**LANGUAGE, "slug": "python"}, headers=boss)
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")
    taken = client.post("/api/v1/languages", json={**LANGUAGE, "name": "Python"}, headers=boss)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    path = "/api/v1/languages/python/modules"
    assert client.post(path, json={**MODULE, "slug": "basics"}, headers=boss).status_code == 409
    path = f"/api/v1/modules/{served.module.id}/assignments"
    assert client.post(path, json={**ASSIGNMENT, "slug": "first"}, headers=boss).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 101),
        ("name", "a\0"),
        ("name", 7),
        ("slug", "Rust"),
        ("slug", "a--b"),
        ("slug", "-a"),
        ("slug", "a/b"),
        ("slug", "a\n"),
        ("slug", "x" * 65),
        ("slug", ["rust"]),
        ("description", "a\0b"),
        ("icon", "x" * 501),
        ("difficulty", "HARD"),
        ("difficulty", "beginner"),
        ("isActive", False),
        ("id", FIXED_ID),
        ("deletedAt", None),
    ],
)
def test_a_language_with_a_fault_is_refused_by_field(
    client: Client, served: World, boss: Headers, field: str, value: Any
):
    answer = client.post("/api/v1/languages", json={**LANGUAGE, field: value}, headers=boss)
    assert answer.status_code == 400, answer.text
    assert fields(answer) == [field]
    assert count(served, ProgrammingLanguage) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "\t"),
        ("order", 1.5),
        ("order", True),
        ("order", 2**40),
        ("order", "1"),
        ("syllabus", {"a": 1}),
        ("languageId", FIXED_ID),
    ],
)
def test_a_module_with_a_fault_is_refused_by_field(
    client: Client, served: World, boss: Headers, field: str, value: Any
):
    answer = client.post("/api/v1/languages/python/modules", json={**MODULE, field: value}, headers=boss)
    assert answer.status_code == 400, answer.text
    assert fields(answer) == [field]
    assert count(served, Module) == 1


def spoiled(*path: str | int, value: Any = ...) -> dict[str, Any]:
    suite: Any = copy.deepcopy(factories.DOUBLING)
    place = suite
    for part in path[:-1]:
        place = place[part]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return suite


BAD_SUITES = [
    (spoiled("groups", value=[]), "groups"),
    (spoiled("groups"), "groups"),
    (spoiled("groups", 0, "cases", value=[]), "groups[0].cases"),
    (spoiled("groups", 0, "points", value=0), "groups[0].points"),
    (spoiled("groups", 0, "points", value="20"), "groups[0].points"),
    (spoiled("groups", 1, "name", value="samples"), "groups[1].name"),
    (spoiled("groups", 0, "cases", 1, "name", value="one"), "groups[0].cases[1].name"),
    (spoiled("groups", 0, "cases", 1, "stdinFile", value="/etc/passwd"), "groups[0].cases[1].stdinFile"),
    (spoiled("limits", value={"cpuMs": -1}), "limits.cpuMs"),
    (spoiled("languages", value=[]), "languages"),
    (spoiled("kind", value="magic"), "kind"),
    (spoiled("format", value=2), "format"),
    (spoiled("checker", value={"kind": "guess"}), "checker"),
    (spoiled("surprise", value=1), "surprise"),
]


@pytest.mark.parametrize(("suite", "path"), BAD_SUITES)
def test_a_suite_with_a_fault_is_refused_by_its_json_path(
    client: Client, served: World, boss: Headers, suite: dict[str, Any], path: str
):
    body = {**ASSIGNMENT, "testCases": suite}
    answer = client.post(f"/api/v1/modules/{served.module.id}/assignments", json=body, headers=boss)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "invalid_suite"
    assert f"testCases.{path}" in fields(answer)
    answer = client.put(f"/api/v1/assignments/{served.first.id}/test-cases", json=suite, headers=boss)
    assert answer.status_code == 400
    assert path in fields(answer)
    assert (count(served, Assignment), count(served, TestSuite)) == (2, 2)


def test_every_fault_of_a_suite_is_told_at_once(client: Client, served: World, boss: Headers):
    suite = spoiled("groups", 0, "points", value=0)
    suite["limits"] = {"cpuMs": -1}
    del suite["groups"][1]["cases"][0]["stdout"]
    answer = client.put(f"/api/v1/assignments/{served.first.id}/test-cases", json=suite, headers=boss)
    assert {"limits.cpuMs", "groups[0].points", "groups[1].cases[0].stdout"} <= set(fields(answer))


@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_a_suite_that_is_no_object_is_refused(client: Client, served: World, boss: Headers, body: Any):
    answer = client.put(f"/api/v1/assignments/{served.first.id}/test-cases", json=body, headers=boss)
    assert answer.status_code == 400, answer.text
    answer = client.post(
        f"/api/v1/modules/{served.module.id}/assignments",
        json={**ASSIGNMENT, "testCases": body},
        headers=boss,
    )
    assert answer.status_code == 400
    assert fields(answer) == ["testCases"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("maxScore", 0),
        ("maxScore", -1),
        ("maxScore", 2**31),
        ("maxScore", "100"),
        ("timeLimit", 0),
        ("hints", "one"),
        ("starterCode", 7),
        ("starterCode", "a\0"),
        ("description", None),
        ("suiteVersion", 3),
        ("moduleId", FIXED_ID),
    ],
)
def test_an_assignment_with_a_fault_is_refused_by_field(
    client: Client, served: World, boss: Headers, field: str, value: Any
):
    body = {**ASSIGNMENT, field: value}
    answer = client.post(f"/api/v1/modules/{served.module.id}/assignments", json=body, headers=boss)
    assert answer.status_code == 400, answer.text
    assert fields(answer) == [field]
    assert count(served, Assignment) == 2


def test_starter_code_may_be_given_per_language(client: Client, served: World, boss: Headers):
    body = {**ASSIGNMENT, "starterCode": {"python": "p", "*": "x"}}
    answer = client.post(f"/api/v1/modules/{served.module.id}/assignments", json=body, headers=boss)
    assert answer.json()["starterCode"] == {"python": "p", "*": "x"}


def test_the_same_suite_again_is_the_same_version_and_another_one_the_next(
    client: Client, served: World, boss: Headers
):
    path = f"/api/v1/assignments/{served.first.id}/test-cases"
    first = client.put(path, json=factories.DOUBLING, headers=boss)
    assert (first.status_code, first.json()["suiteVersion"], len(first.json()["digest"])) == (200, 1, 64)
    reordered = dict(reversed(factories.DOUBLING.items()))
    assert client.put(path, json=reordered, headers=boss).json() == first.json()
    other = client.put(path, json={**factories.DOUBLING, "languages": ["python"]}, headers=boss).json()
    assert other["suiteVersion"] == 2
    assert other["digest"] != first.json()["digest"]
    back = client.put(path, json=factories.DOUBLING, headers=boss).json()
    assert (back["suiteVersion"], back["digest"]) == (3, first.json()["digest"])
    assert client.get(f"/api/v1/assignments/{served.first.id}", headers=boss).json()["suiteVersion"] == 3


def test_two_authors_at_once_get_two_versions(world: World):
    barrier, versions = Barrier(2), []
    suites = [{**factories.DOUBLING, "languages": [name]} for name in ("python", "javascript")]

    def work(suite: dict[str, Any]) -> None:
        barrier.wait()
        with world.database.transaction() as session:
            versions.append(service.replace_suite(session, world.first.id, suite)[0].version)

    threads = [Thread(target=work, args=(suite,)) for suite in suites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(versions) == [2, 3]
    with world.database.transaction() as session:
        assert session.get_one(Assignment, world.first.id).suite_version == 3


def test_function_suites_show_the_signature_and_values_as_they_were_written(
    client: Client, served: World, boss: Headers
):
    suite = {
        "format": 1,
        "kind": "function",
        "languages": ["python"],
        "function": {"name": "f", "parameters": [{"name": "a", "type": "any"}], "returns": "any"},
        "groups": [
            {
                "name": "g",
                "points": 1,
                "cases": [
                    {"name": "big", "args": [10**30], "returns": None},
                    {"name": "long", "args": ["x" * 20_000], "returns": [1.5, True, {"k": "é"}]},
                ],
            }
        ],
    }
    path = f"/api/v1/assignments/{served.first.id}"
    assert client.put(f"{path}/test-cases", json=suite, headers=boss).status_code == 200
    shown = client.get(path, headers=boss).json()
    assert shown["function"] == {"name": "f", "parameters": [{"name": "a", "type": "any"}], "returns": "any"}
    assert shown["cases"] == [
        {"name": "big", "group": "g", "args": [10**30], "returns": None, "truncated": False},
        {
            "name": "long",
            "group": "g",
            "args": None,
            "returns": [1.5, True, {"k": "é"}],
            "truncated": True,
        },
    ]


def test_long_texts_of_shown_cases_are_cut(client: Client, served: World, boss: Headers):
    suite = spoiled("groups", 0, "cases", 0, "stdin", value="9" * 100_000)
    path = f"/api/v1/assignments/{served.first.id}"
    assert client.put(f"{path}/test-cases", json=suite, headers=boss).status_code == 200
    case = client.get(path, headers=boss).json()["cases"][0]
    assert (len(case["stdin"]), case["stdout"], case["truncated"]) == (16_384, "2\n", True)


def test_the_stored_suite_is_the_whole_one(client: Client, served: World, boss: Headers):
    with served.database.transaction() as session:
        document = session.scalars(select(TestSuite.document)).first()
    assert document is not None
    assert parse_suite(json.loads(document)) == parse_suite(factories.DOUBLING)


def test_enrolling_twice_is_once(client: Client, served: World, user: User, headers_for: SignIn):
    headers = headers_for(user)
    first = client.post("/api/v1/languages/python/enrollment", headers=headers)
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["userId"]) == ("ACTIVE", str(user.id))
    assert client.post("/api/v1/languages/python/enrollment", headers=headers).json() == first.json()
    assert count(served, LanguageEnrollment) == 3


def test_an_enrollment_is_paused_dropped_and_taken_up(client: Client, served: World, learner: Headers):
    path = "/api/v1/languages/python/enrollment"
    for status in ("PAUSED", "ACTIVE", "DROPPED"):
        answer = client.patch(path, json={"status": status}, headers=learner)
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert client.post(path, headers=learner).json()["status"] == "ACTIVE"


@pytest.mark.parametrize("status", ["COMPLETED", "active", "", None, 1])
def test_a_learner_cannot_declare_a_language_completed(
    client: Client, served: World, learner: Headers, status: Any
):
    answer = client.patch("/api/v1/languages/python/enrollment", json={"status": status}, headers=learner)
    assert answer.status_code == 400
    assert fields(answer) == ["status"]


def test_who_is_not_enrolled_has_nothing_to_change(
    client: Client, served: World, user: User, headers_for: SignIn
):
    path = "/api/v1/languages/python/enrollment"
    assert client.patch(path, json={"status": "PAUSED"}, headers=headers_for(user)).status_code == 404
    body = {"status": "PAUSED", "userId": str(served.learner.id)}
    answer = client.patch(path, json=body, headers=headers_for(user))
    assert (answer.status_code, fields(answer)) == (400, ["userId"])
    assert client.patch(path, json={"status": "PAUSED"}).status_code == 401


def test_a_completed_language_is_completed_again_when_it_is_taken_up(
    client: Client, served: World, learner: Headers
):
    for assignment in (served.first, served.second):
        submit(served, assignment=assignment)
    grade_all(served.database, passed())
    path = "/api/v1/languages/python/enrollment"
    assert client.post(path, headers=learner).json()["status"] == "COMPLETED"
    assert client.patch(path, json={"status": "PAUSED"}, headers=learner).json()["completedAt"]
    assert client.patch(path, json={"status": "ACTIVE"}, headers=learner).json()["status"] == "COMPLETED"


def test_two_enrollments_at_once_are_one(world: World):
    with world.database.transaction() as session:
        stranger = factories.make_user(session)
    barrier, statuses = Barrier(3), []

    def work() -> None:
        barrier.wait()
        with world.database.transaction() as session:
            statuses.append(service.enroll(session, stranger.id, "python").status)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [EnrollmentStatus.ACTIVE] * 3
    assert count(world, LanguageEnrollment) == 3
