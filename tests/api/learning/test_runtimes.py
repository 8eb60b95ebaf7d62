"""What graders can run: hostile reports, hosts that differ or go away, and the public list of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import select

from api.core import clock
from api.core.database import Database
from api.core.errors import Invalid
from api.learning.submissions import queries, runtimes, service
from api.learning.submissions.grade import RuntimeFacts
from api.learning.submissions.models import Runtime

Client = TestClient[Litestar]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)

PYTHON = RuntimeFacts(
    language="python",
    title="Python",
    version="Python 3.11.2",
    image_digest="sha256:0123",
    isolation="docker",
    compile=(),
    run=("/usr/bin/python3", "-B", "{main}"),
    functions=True,
    sources=(".py",),
    cpu_factor=1.0,
    wall_factor=1.0,
    memory_extra_mib=0,
    processes_extra=0,
)
CPP = msgspec.structs.replace(
    PYTHON,
    language="cpp",
    title="C++",
    version=None,
    compile=(("/usr/bin/g++", "{sources}"),),
    functions=False,
    sources=(".cpp", ".cc"),
    cpu_factor=1.5,
    memory_extra_mib=64,
)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Sets the time: minutes after the start."""

    def set_time(minutes: float) -> datetime:
        moment = START + timedelta(minutes=minutes)
        for module in (clock, runtimes, queries):
            monkeypatch.setattr(module, "now", lambda: moment)
        return moment

    set_time(0)
    return set_time


def report(database: Database, *facts: RuntimeFacts, host: str = "one") -> None:
    with database.transaction() as session:
        service.report_runtimes(session, host, facts)


def listed(database: Database, limit: int = 50, offset: int = 0) -> list[tuple[Any, ...]]:
    """Language, version, digest and number of hosts of what is listed."""
    with database.transaction() as session:
        offered, _ = queries.list_runtimes(session, limit=limit, offset=offset)
        return [(o.runtime.language, o.runtime.version, o.runtime.image_digest, o.hosts) for o in offered]


def test_hostile_text_is_stored_as_one_harmless_line(store: Database, at):
    nasty = "\n\n \x1b[31mP\0y\ud800th\u202eon\x07<script>" + "x" * 1000 + "\nsecond line"
    forged = msgspec.structs.replace(
        PYTHON, title=nasty, version=nasty, image_digest=nasty, isolation=nasty, run=("a\0\ud800",)
    )
    report(store, forged, host=nasty)
    with store.transaction() as session:
        row = session.scalars(select(Runtime)).one()
    for text, length in ((row.title, 100), (row.version, 200), (row.image_digest, 200), (row.host, 200)):
        assert text is not None
        assert text.isprintable()
        assert text.startswith("\N{REPLACEMENT CHARACTER}[31mP")
        assert len(text) == length
    assert len(row.isolation) == 32
    assert row.run == ["a\N{REPLACEMENT CHARACTER}?"]


@pytest.mark.parametrize("name", ["", "Python", "../python", "python\n", "c++", "a" * 65, "python\0", "<b>"])
def test_a_language_has_a_name_or_the_whole_report_is_refused(store: Database, at, name: str):
    with pytest.raises(Invalid, match="no language"):
        report(store, CPP, msgspec.structs.replace(PYTHON, language=name))
    assert listed(store) == []


def test_a_report_without_end_is_refused(store: Database, at):
    many = [msgspec.structs.replace(PYTHON, image_digest=f"sha256:{n}") for n in range(201)]
    with pytest.raises(Invalid, match="201"):
        report(store, *many)
    assert listed(store) == []


def test_two_hosts_that_disagree_are_told_apart_and_those_alike_counted(store: Database, at):
    other = msgspec.structs.replace(PYTHON, version="Python 3.12.1", image_digest="sha256:4567")
    liar = msgspec.structs.replace(PYTHON, version="Python 9")  # the same image, and says something else
    report(store, PYTHON, CPP)
    report(store, other, host="two")
    report(store, PYTHON, host="three")
    report(store, liar, host="four")
    assert listed(store) == [
        ("cpp", None, "sha256:0123", 1),
        ("python", "Python 3.11.2", "sha256:0123", 2),
        ("python", "Python 9", "sha256:0123", 1),
        ("python", "Python 3.12.1", "sha256:4567", 1),
    ]


def test_a_host_that_is_gone_is_listed_no_more_and_forgotten_in_the_end(store: Database, at):
    report(store, PYTHON, host="gone")
    at(9)
    report(store, PYTHON, host="here")
    at(10)
    assert listed(store) == [("python", "Python 3.11.2", "sha256:0123", 2)]
    at(10.1)
    assert listed(store) == [("python", "Python 3.11.2", "sha256:0123", 1)]
    at(24 * 60 + 1)
    report(store, PYTHON, host="here")
    with store.transaction() as session:
        assert session.scalars(select(Runtime.host)).all() == ["here"]


def test_a_report_says_again_what_is_so_now(store: Database, at):
    report(store, msgspec.structs.replace(PYTHON, version=None))
    later = at(5)
    report(store, PYTHON)
    with store.transaction() as session:
        row = session.scalars(select(Runtime)).one()
    assert (row.version, row.last_seen) == ("Python 3.11.2", later)
    rebuilt = msgspec.structs.replace(PYTHON, image_digest="sha256:new")
    at(11)
    report(store, rebuilt)
    assert [line[2] for line in listed(store)] == ["sha256:0123", "sha256:new"]
    at(16)
    assert [line[2] for line in listed(store)] == ["sha256:new"]


def test_anybody_may_read_the_list_and_nobody_learns_the_hosts(client: Client, database: Database):
    assert client.get("/api/v1/runtimes").json() == {"items": [], "total": 0}
    report(database, PYTHON, CPP, host="secret-host")
    answer = client.get("/api/v1/runtimes")
    assert answer.status_code == 200
    assert "secret-host" not in answer.text
    body = answer.json()
    assert body["total"] == 2
    seen = body["items"][0].pop("lastSeen")
    assert seen.endswith("Z")
    assert body["items"][0] == {
        "language": "cpp",
        "title": "C++",
        "version": None,
        "imageDigest": "sha256:0123",
        "isolation": "docker",
        "compile": [["/usr/bin/g++", "{sources}"]],
        "run": ["/usr/bin/python3", "-B", "{main}"],
        "functions": False,
        "sources": [".cpp", ".cc"],
        "factors": {"cpu": 1.5, "wall": 1.0, "memoryMib": 64, "processes": 0},
        "hosts": 1,
    }
    page = client.get("/api/v1/runtimes", params={"limit": 1, "offset": 1}).json()
    assert [item["language"] for item in page["items"]] == ["python"]
    assert page["total"] == 2
    assert client.post("/api/v1/runtimes", json={}).status_code == 405
