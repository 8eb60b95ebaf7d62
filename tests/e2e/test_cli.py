"""The commands, called as a person calls them: what they print, what they store, and the exit code."""

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import select, text

import codezest
from api.auth.models import User
from api.core.actor import UserRole
from api.core.database import Database
from api.core.settings import Settings, get_settings
from api.learning.curriculum.models import Assignment
from api.learning.submissions.grade import RunStatus, SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, GradingRun
from cli import doctor, trying
from cli.examples import language_of
from grader import selftest
from grader.calibration import WORK
from grader.sandbox import SandboxUnavailable
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest
from tests.conftest import RecordingBell
from tests.grader import probed
from tests.grader.desk import Desk
from tests.grader.fakes import FakeSandbox

Call = Callable[..., Result]


@pytest.fixture
def call(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str
) -> Iterator[Call]:
    """Calls `codezest`, with its output apart: ``.stdout`` and ``.stderr``."""
    # After `settings`, which clears the environment.
    monkeypatch.chdir(tmp_path)
    environment = {"DATA_DIR": tmp_path / "data", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    for name, value in {**environment, "SANDBOX": "local"}.items():
        monkeypatch.setenv(f"CODEZEST_{name}", str(value))
    get_settings.cache_clear()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*words: object, stdin: str = "") -> Result:
        return CliRunner().invoke(codezest.main, [str(word) for word in words], input=stdin)

    yield run
    get_settings.cache_clear()
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def desk(database: Database, settings: Settings, bell: RecordingBell, user: User) -> Desk:
    return Desk(database, settings, bell, user)


def read(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


COMMANDS = [
    *(["up"], ["serve"], ["worker"], ["sweep"], ["sync"], ["try"], ["regrade"], ["submissions", "show"]),
    *(["sandboxes", "build"], ["sandboxes", "list"], ["sandboxes", "check"], ["db", "upgrade"]),
    *(["db", "downgrade"], ["db", "check"], ["create-user"], ["demo"], ["doctor"]),
    *(["deliver"], ["webhooks", "deliveries"], ["webhooks", "replay"], ["top"]),
    *(["regrade-sets", verb] for verb in ("create", "list", "show", "watch", "apply", "cancel", "undo")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]):
    result = CliRunner().invoke(codezest.main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_names_the_exit_codes_and_loads_nothing_it_does_not_need():
    code = "import sys, codezest; codezest.main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Exit codes" in done.stdout
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded & {"sqlalchemy", "litestar", "rq", "docker", "pydantic", "api", "grader"} == set()


@pytest.mark.parametrize(
    "words", [["nonsense"], ["regrade", "not-an-id"], ["try", "no-such-file", "-a", "fizzbuzz"], ["regrade"]]
)
def test_a_wrong_command_line_is_exit_code_2(call: Call, words: list[str]):
    result = call(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_wrong_setting_is_exit_code_2_and_named(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CODEZEST_LEASE_SECONDS", "soon")
    result = call("sweep", "--once")
    assert result.exit_code == 2
    assert "CODEZEST_LEASE_SECONDS" in result.stderr


def test_a_database_that_does_not_answer_is_exit_code_3(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "CODEZEST_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2"
    )
    result = call("db", "check")
    assert result.exit_code == 3
    assert "did not answer" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_taken_port_is_exit_code_3_and_one_line(call: Call, command: str, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("CODEZEST_PORT", str(port))
        result = call(command)
    assert result.exit_code == 3
    assert (
        " ".join(result.stderr.split()) == f"cannot listen at 127.0.0.1, port {port}: Address already in use"
    )


def test_create_user_takes_the_password_from_standard_input(call: Call, database: Database):
    words = ("create-user", "Root@Example.com", "--name", "Root", "--admin", "--password-stdin", "--json")
    made = read(call(*words, stdin="correct horse battery\n"))
    assert (made["email"], made["role"]) == ("root@example.com", "ADMIN")
    with database.transaction() as session:
        assert session.get_one(User, UUID(made["id"])).role is UserRole.ADMIN
    again = call(*words, stdin="correct horse battery\n")
    assert again.exit_code == 1
    assert "Traceback" not in again.stderr


def test_create_user_tells_every_fault(call: Call):
    result = call("create-user", "nobody", "--name", " ", "--password-stdin", stdin="short\n")
    assert result.exit_code == 1
    for field in ("email", "password", "name"):
        assert f"{field}:" in result.stderr


def test_create_user_refuses_a_password_on_the_command_line(call: Call):
    assert call("create-user", "a@example.com", "--name", "A").exit_code == 2


def test_sync_publishes_and_changes_nothing_the_second_time(call: Call, database: Database):
    first, second = read(call("sync", "--json")), read(call("sync", "--json"))
    assert "python/control-flow/fizzbuzz" in first["created"]
    assert (second["created"], second["changed"]) == ([], [])
    with database.transaction() as session:
        assert session.scalars(select(Assignment.slug)).all()


def test_sync_reports_every_fault_and_publishes_nothing(call: Call, tmp_path: Path, database: Database):
    for name in ("one", "two"):
        folder = tmp_path / "cases" / "python" / "basics" / name
        folder.mkdir(parents=True)
        (folder / "suite.json").write_text('{"format": 7}')
    result = call("sync", tmp_path / "cases")
    assert result.exit_code == 1
    assert "one/suite.json" in result.stderr
    assert "two/suite.json" in result.stderr
    with database.transaction() as session:
        assert session.scalars(select(Assignment.slug)).all() == []


def test_regrade_adds_a_run_and_leaves_the_first_as_it_was(call: Call, desk: Desk):
    run_id = desk.submit()
    desk.grader.grade_pending()
    first = desk.run(run_id)
    planned = read(call("regrade", first.submission_id, "--dry-run", "--json"))
    assert planned == [{"submission": str(first.submission_id), "run": 2}]
    with desk.database.transaction() as session:
        assert len(session.scalars(select(GradingRun)).all()) == 1
    assert read(call("regrade", first.submission_id, "--json")) == planned
    assert desk.grader.grade_pending() == 1
    with desk.database.transaction() as session:
        runs = session.scalars(select(GradingRun).order_by(GradingRun.number)).all()
    assert [(run.number, run.status, run.result_status) for run in runs] == [
        (1, RunStatus.DONE, SubmissionStatus.PASSED),
        (2, RunStatus.DONE, SubmissionStatus.PASSED),
    ]
    assert runs[0].finished_at == first.finished_at


def test_regrade_by_assignment_and_status(call: Call, desk: Desk):
    desk.submit()
    desk.grader.grade_pending()
    assert read(call("regrade", "-a", desk.assignment.slug, "--status", "ERROR", "--json")) == []
    assert len(read(call("regrade", "-a", desk.assignment.slug, "--status", "PASSED", "--json"))) == 1


def test_regrade_of_an_unknown_submission_stores_nothing(call: Call, desk: Desk):
    run_id = desk.submit()
    desk.grader.grade_pending()
    result = call("regrade", desk.run(run_id).submission_id, uuid4())
    assert result.exit_code == 1
    with desk.database.transaction() as session:
        assert len(session.scalars(select(GradingRun)).all()) == 1


def test_show_a_submission(call: Call, desk: Desk):
    run_id = desk.submit()
    desk.grader.grade_pending()
    submission_id = desk.run(run_id).submission_id
    with desk.database.transaction() as session:
        session.get_one(AssignmentSubmission, submission_id).feedback = "\x1b[2Jwell done"
    view = read(call("submissions", "show", submission_id, "--json"))
    assert (view["status"], len(view["results"])) == ("PASSED", 4)
    shown = call("submissions", "show", submission_id)
    assert "well done" in shown.stderr
    assert "\x1b" not in shown.stderr + shown.stdout
    assert call("submissions", "show", uuid4()).exit_code == 1


def test_sweep_once_says_what_it_did(call: Call, desk: Desk):
    assert read(call("sweep", "--once", "--json")) == {"expired": 0, "given_up": 0, "unheard": 0}


@pytest.mark.parametrize(
    "words",
    [("sync",), ("sweep", "--once"), ("worker",), ("serve",), ("regrade", "--status", "ERROR")],
    ids=" ".join,
)
def test_a_database_without_our_tables_is_exit_code_3_with_the_cure(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
):
    monkeypatch.setenv("CODEZEST_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    monkeypatch.setenv("CODEZEST_PORT", "0")
    result = call(*words)
    assert result.exit_code == 3
    assert "run `codezest db upgrade`" in " ".join(result.stderr.split())


def test_a_database_of_a_newer_version_is_served(call: Call, database: Database):
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    assert call("sweep", "--once").exit_code == 0


def test_db_check_tells_a_database_without_migrations(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("CODEZEST_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert call("db", "check").exit_code == 1
    assert call("db", "upgrade").exit_code == 0
    assert call("db", "check").exit_code == 0
    assert call("db", "upgrade", "no-such-revision").exit_code == 2
    assert call("db", "downgrade", "base").exit_code == 1  # asks, and nobody says yes
    assert call("db", "downgrade", "base", "--yes").exit_code == 0


@pytest.fixture
def fake_sandbox(monkeypatch: pytest.MonkeyPatch) -> FakeSandbox:
    sandbox = FakeSandbox()
    monkeypatch.setattr(trying, "open_sandbox", lambda *_: sandbox)
    return sandbox


def doubling(folder: Path) -> Path:
    """A folder of test cases with one assignment, `doubling`."""
    from tests.factories import DOUBLING

    place = folder / "cases" / "python" / "basics" / "doubling"
    place.mkdir(parents=True)
    (place / "suite.json").write_text(json.dumps(DOUBLING))
    return folder / "cases"


def test_try_grades_without_database(call: Call, tmp_path: Path, fake_sandbox: FakeSandbox):
    (tmp_path / "mine.py").write_text("print(2 * int(input()))")
    words = ("try", tmp_path / "mine.py", "-a", "doubling", "--testcases", doubling(tmp_path))
    grade = read(call(*words, "--json"))
    assert (grade["status"], grade["score"]) == ("PASSED", 100)
    assert fake_sandbox.closed
    assert fake_sandbox.requests[0].files == {"main.py": b"print(2 * int(input()))"}
    assert not (tmp_path / "data").exists()
    assert "PASSED" in call(*words).stderr


def test_try_fails_with_exit_code_1(call: Call, tmp_path: Path, fake_sandbox: FakeSandbox):
    (tmp_path / "mine.py").write_text("")
    right = fake_sandbox.do
    fake_sandbox.do = lambda request: type(right(request))(compiled=None, cases=_all_wrong(right(request)))
    result = call("try", tmp_path / "mine.py", "-a", "doubling", "--testcases", doubling(tmp_path))
    assert result.exit_code == 1
    assert "FAILED" in result.stderr
    assert "wrong_answer" in result.stdout


def _all_wrong(report: Any) -> Any:
    from dataclasses import replace

    return tuple(replace(case, stdout=b"no\n") for case in report.cases)


@pytest.mark.parametrize(
    ("name", "slug", "code"),
    [("mine.py", "unheard-of", 1), ("mine.cobol", "doubling", 2), ("mine.c", "doubling", 2)],
)
def test_try_refuses_what_the_assignment_does_not_take(
    call: Call, tmp_path: Path, fake_sandbox: FakeSandbox, name: str, slug: str, code: int
):
    (tmp_path / name).write_text("")
    assert call("try", tmp_path / name, "-a", slug, "--testcases", doubling(tmp_path)).exit_code == code
    assert fake_sandbox.requests == []


@pytest.mark.parametrize(
    ("taken", "options", "language"),
    [
        (["cpp-20", "cpp"], (), "cpp"),
        (["cpp-20", "cpp"], ("--language", "cpp-20"), "cpp-20"),
        (["python", "cpp-20"], (), "cpp-20"),
        (["python"], (), None),
        (["python", "cpp-20"], ("--language", "cpp"), None),
    ],
)
def test_try_takes_the_usual_version_unless_told_or_it_is_not_taken(
    call: Call,
    tmp_path: Path,
    fake_sandbox: FakeSandbox,
    taken: list[str],
    options: tuple[str, ...],
    language: str | None,
):
    cases = doubling(tmp_path)
    suite = next(cases.glob("*/*/*/suite.json"))
    suite.write_text(json.dumps({**json.loads(suite.read_text()), "languages": taken}))
    (tmp_path / "mine.cc").write_text("")
    result = call("try", tmp_path / "mine.cc", "-a", "doubling", "--testcases", cases, *options)
    assert result.exit_code == (0 if language else 2)
    assert [request.language for request in fake_sandbox.requests] == ([language] if language else [])


def test_every_ending_is_of_a_plain_language_first():
    for language in languages().values():
        for ending in language.sources:
            found = language_of(Path(f"x{ending}"))
            assert found
            assert "-" not in found


def test_a_sandbox_that_breaks_is_exit_code_3(call: Call, tmp_path: Path, fake_sandbox: FakeSandbox):
    (tmp_path / "mine.py").write_text("")

    def broken(request: Any) -> Any:
        raise SandboxUnavailable("engine down")

    fake_sandbox.do = broken
    result = call("try", tmp_path / "mine.py", "-a", "doubling", "--testcases", doubling(tmp_path))
    assert result.exit_code == 3
    assert "engine down" in result.stderr


def test_calibrating_is_seen_by_doctor_worker_and_try(
    call: Call, tmp_path: Path, fake_sandbox: FakeSandbox, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "machine"
    folder.mkdir()
    for module in ("calibrating", "doctor", "trying"):
        monkeypatch.setattr(f"cli.{module}.machine_folder", lambda: folder)
    monkeypatch.setattr("cli.calibrating.open_sandbox", lambda *_: fake_sandbox)
    monkeypatch.setattr("cli.doctor.LOOKS", (doctor.look_at_speed,))
    told = read(call("doctor", "--json"))
    assert [(finding["name"], finding["works"]) for finding in told] == [("machine speed", None)]
    assert "codezest sandboxes calibrate" in told[0]["cure"]

    right = fake_sandbox.do
    assert call("sandboxes", "calibrate").exit_code == 3  # no C is served here
    fake_sandbox.served = {work.language: f"fake/{work.language}" for work in WORK}
    fake_sandbox.do = as_fast_as_the_reference
    assert read(call("sandboxes", "calibrate", "--json"))["speed"] == 1.0
    assert fake_sandbox.closed
    assert read(call("doctor", "--json"))[0]["detail"].startswith("1.0 of the reference machine's")

    fake_sandbox.do = right
    (tmp_path / "mine.py").write_text("")
    words = ("try", tmp_path / "mine.py", "-a", "doubling", "--testcases", doubling(tmp_path), "--json")
    assert read(call(*words))["machine_speed"] == 1.0


def as_fast_as_the_reference(request: RunRequest) -> RunReport:
    work = next(work for work in WORK if work.language == request.language)
    case = CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=work.answer, cpu_ms=work.reference_ms)
    return RunReport(compiled=None, cases=(case,))


def test_a_worker_whose_self_test_fails_does_not_start_and_says_which(
    call: Call, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    sandbox = FakeSandbox(lambda request: (_ for _ in ()).throw(SandboxUnavailable("no box")))
    monkeypatch.setattr("cli.working.open_sandbox", lambda *_: sandbox)
    run_id = desk.submit()
    result = call("worker", "--language", "python")
    assert result.exit_code == 3
    assert "python: no box" in result.stderr
    assert sandbox.closed
    assert desk.run(run_id).attempt == 0


def test_a_worker_whose_walls_are_not_as_declared_does_not_start_and_names_the_setting(
    call: Call, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def with_a_network(request: Any) -> Any:
        assert request.probe, "a program was run behind walls that differ"
        told = [probed.facts(), probed.facts()]
        told[1]["interfaces"]["eth0"] = True
        return probed.report(*told)

    sandbox = FakeSandbox(with_a_network)
    monkeypatch.setattr("cli.working.open_sandbox", lambda *_: sandbox)
    run_id = desk.submit()
    result = call("worker", "--language", "python")
    assert result.exit_code == 3
    assert "box: network interfaces that are up: declared [], found ['eth0']" in result.stderr.replace(
        "\n", ""
    )
    assert sandbox.closed
    assert desk.run(run_id).attempt == 0


def test_the_doctor_names_the_setting_too(call: Call, monkeypatch: pytest.MonkeyPatch):
    def as_root(request: Any) -> Any:
        told = [probed.facts(), probed.facts()]
        told[0]["status"]["Uid"] = "0 0 0 0"
        return probed.report(*told)

    monkeypatch.setattr("cli.doctor.open_sandbox", lambda *_: FakeSandbox(as_root))
    result = call("doctor", "--json")
    assert result.exit_code == 1
    (walls,) = [finding for finding in json.loads(result.stdout) if finding["name"] == "walls"]
    assert walls["works"] is False
    assert "user ids: declared 1000 1000 1000 1000, found 0 0 0 0" in walls["detail"]
    assert walls["cure"]


def test_smoke_programs_exist_for_every_language():
    for language in languages().values():
        endings = {path.stem for path in selftest.smoke_programs(language)}
        assert endings >= {
            "exited",
            "not_compiled",
            "out_of_memory",
            "output_too_large",
            "signalled",
            "timed_out_cpu",
            "timed_out_wall",
        }
