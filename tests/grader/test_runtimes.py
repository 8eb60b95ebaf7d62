"""What a worker says of its sandbox: what a version command may print, what is remembered, what goes wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.core.database import Database
from api.core.errors import Unavailable
from api.learning.submissions import service as submissions
from api.learning.submissions.models import Runtime
from grader import runtimes
from grader.runtimes import RuntimeReporter, told_version
from grader.sandbox import SandboxUnavailable
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest

from .fakes import FakeSandbox


def says(stdout: bytes = b"", stderr: bytes = b"", **facts: Any) -> RunReport:
    """What a version command comes to."""
    facts = {"outcome": Outcome.EXITED, "exit_code": 0, **facts}
    case = CaseOutcome(stdout=stdout, stderr=stderr, **facts)
    return RunReport(compiled=None, cases=(case,), image="fake/python", isolation="boxed")


def always(report: RunReport) -> Callable[[RunRequest], RunReport]:
    return lambda request: report


def reporter(database: Database, sandbox: FakeSandbox, folder: Path) -> RuntimeReporter:
    return RuntimeReporter(database, sandbox, folder, "host")


@pytest.mark.parametrize(
    "report",
    [
        says(b""),
        says(b"\n \n", b"\n"),
        says(b"1.0", exit_code=1),
        says(b"1.0", outcome=Outcome.SIGNALLED, exit_code=None, signal=9),
        says(b"1.0", outcome=Outcome.OUTPUT_TOO_LARGE, exit_code=None),
        RunReport(compiled=None, cases=()),
    ],
    ids=range(6),
)
def test_what_does_not_end_well_or_says_nothing_is_no_version(report: RunReport):
    assert told_version(report) is None


def test_a_version_is_the_first_line_and_never_long():
    assert told_version(says(b"\n\n  gcc 12.2 \nCopyright")) == "gcc 12.2"
    assert told_version(says(b"", b'openjdk version "17"\nmore')) == 'openjdk version "17"'
    assert told_version(says(b"x" * 100_000)) == "x" * 200
    assert told_version(says(b"\xff\0\xfe")) == "\ufffd" * 3


def test_a_report_says_what_the_image_says(database: Database, tmp_path: Path):
    sandbox = FakeSandbox(always(says(b"\x1b[2JPython 3.11.2\nmore")))
    reporter(database, sandbox, tmp_path).report_if_due()
    (request,) = sandbox.requests
    assert (request.asks_version, request.files, len(request.cases)) == (True, {}, 1)
    with database.transaction() as session:
        row = session.scalars(select(Runtime)).one()
    assert (row.host, row.language, row.image_digest, row.isolation) == (
        "host",
        "python",
        "fake/python",
        "boxed",
    )
    assert row.version == "\ufffd[2JPython 3.11.2"
    assert (row.run, row.functions, row.sources) == ([*languages()["python"].run], True, [".py"])


def test_a_version_is_asked_for_once_per_image(database: Database, tmp_path: Path):
    sandbox = FakeSandbox(always(says(b"1.0")))
    own = reporter(database, sandbox, tmp_path)
    assert [facts.version for facts in own.facts()] == ["1.0"]
    assert [facts.version for facts in own.facts()] == ["1.0"]
    assert len(sandbox.requests) == 1
    # Another worker needs one run to hear how its own sandbox isolates, and believes the note for the rest.
    again = FakeSandbox(always(says(b"2.0")))
    assert [(facts.version, facts.isolation) for facts in reporter(database, again, tmp_path).facts()] == [
        ("1.0", "boxed")
    ]
    assert len(again.requests) == 1
    again.served = {"python": "fake/new"}
    again.do = lambda request: RunReport(compiled=None, cases=says(b"3.0").cases, image="fake/new")
    assert [(facts.version, facts.image_digest) for facts in reporter(database, again, tmp_path).facts()] == [
        ("3.0", "fake/new")
    ]


def test_what_an_older_container_says_is_not_noted_for_the_new_image(database: Database, tmp_path: Path):
    sandbox = FakeSandbox(always(says(b"old")))  # in image fake/python
    sandbox.served = {"python": "fake/new"}
    own = reporter(database, sandbox, tmp_path)
    assert [facts.version for facts in own.facts()] == [None]
    assert not list(tmp_path.glob("version-*"))
    sandbox.do = lambda request: RunReport(compiled=None, cases=says(b"new").cases, image="fake/new")
    assert [facts.version for facts in own.facts()] == ["new"]


def test_a_version_that_could_not_be_told_is_asked_again(database: Database, tmp_path: Path):
    sandbox = FakeSandbox(always(says(b"1.0", exit_code=1)))
    own = reporter(database, sandbox, tmp_path)
    assert [facts.version for facts in own.facts()] == [None]
    sandbox.do = always(says(b"1.0"))
    assert [facts.version for facts in own.facts()] == ["1.0"]


def test_nothing_that_goes_wrong_reaches_the_worker(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> Any:
        raise SandboxUnavailable("engine down")

    def away(*_: Any) -> Any:
        raise Unavailable("database away")

    monkeypatch.setattr(runtimes, "REPORT_SECONDS", 0)
    sandbox = FakeSandbox(broken)
    own = reporter(database, sandbox, tmp_path)
    own.report_if_due()  # a version that is not told is no reason not to report
    with database.transaction() as session:
        assert session.scalars(select(Runtime.version)).all() == [None]
    monkeypatch.setattr(sandbox, "languages", broken)
    own.report_if_due()
    monkeypatch.undo()
    monkeypatch.setattr(submissions, "report_runtimes", away)
    reporter(database, FakeSandbox(always(says(b"1"))), tmp_path).report_if_due()


def test_reports_are_far_apart(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reports: list[str] = []
    monkeypatch.setattr(submissions, "report_runtimes", lambda session, host, facts: reports.append(host))
    moments = iter([100.0, 100.0, 159.9, 160.0, 160.0])
    monkeypatch.setattr(runtimes.time, "monotonic", lambda: next(moments))
    own = reporter(database, FakeSandbox(always(says(b"1"))), tmp_path)
    for due in (1, 1, 2):
        own.report_if_due()
        assert len(reports) == due
