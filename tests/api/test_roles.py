"""PostgreSQL's roles: what each is refused, column by column, and that it can do its work with what is left."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, create_engine, inspect, make_url, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

import codezest
from api.app import create_app
from api.core.database import Database
from api.core.errors import Invalid
from api.core.orm import Base
from api.core.settings import Settings, get_settings
from api.learning.curriculum.models import LanguageEnrollment
from api.learning.curriculum.sync import sync
from api.learning.progress.models import ModuleProgress
from api.learning.submissions import service
from api.learning.submissions.grade import SubmissionStatus
from api.learning.submissions.models import AssignmentSubmission, CaseResult, Runtime
from cli.installation import SHIPPED
from migrations import commands, roles
from migrations.roles import Roles
from tests import services
from tests.api.learning.test_runtimes import PYTHON
from tests.api.learning.world import make_world, must_claim, passed, record, submit
from tests.conftest import RecordingBell

pytestmark = pytest.mark.postgres

OWNER_PASSWORD = "owner"
PASSWORDS = {"codezest_api": "api's: @/%ü", "codezest_grader": "grader's"}


class Server:
    """A database with the roles made, and ways in as each of them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engines: dict[str, Engine] = {}
        roles.make(url, PASSWORDS)

    def url_as(self, role: str, password: str | None = None) -> str:
        login = {"username": role, "password": password or PASSWORDS[role]}
        return make_url(self.url).set(**login).render_as_string(hide_password=False)

    def refuses(self, role: str, statement: str) -> bool:
        """Whether a role may not do what the statement says; nothing stays of it if it may."""
        engine = self._engines.setdefault(role, create_engine(self.url_as(role)))
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        except ProgrammingError as error:
            if isinstance(error.orig, InsufficientPrivilege):
                return True
            raise
        return False

    def close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()


@pytest.fixture(scope="module")
def postgres_cluster() -> Iterator[str]:
    """A cluster of our own: roles belong to a server, and those of a configured one are not ours to change."""
    with services.own_postgres(OWNER_PASSWORD) as url:
        yield url


@pytest.fixture(scope="module")
def postgres_migrated(postgres_cluster: str) -> Iterator[str]:
    """The name of a database with all tables."""
    with services.fresh_database(postgres_cluster) as url:
        commands.upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture
def server(postgres_cluster: str, postgres_migrated: str) -> Iterator[Server]:
    with services.fresh_database(postgres_cluster, postgres_migrated) as url:
        server = Server(url)
        yield server
        server.close()


@pytest.fixture
def owner(server: Server) -> Iterator[Database]:
    database = Database(server.url)
    yield database
    database.close()


@pytest.fixture
def as_role(server: Server) -> Iterator[Callable[[str], Database]]:
    opened: list[Database] = []

    def open_as(role: str) -> Database:
        opened.append(Database(server.url_as(role)))
        return opened[-1]

    yield open_as
    for database in opened:
        database.close()


def test_every_table_is_decided():
    tables = {table.fullname for table in Base.metadata.tables.values()}
    assert tables - set(roles.TABLES) == set(), (
        "decide in migrations/roles.py what API and grader may do with it"
    )
    assert set(roles.TABLES) - tables == set(), "there is no such table any more"


FORBIDDEN_TO_A_GRADER = [
    "SELECT id FROM auth.users",
    "SELECT 1 FROM auth.sessions",
    "UPDATE auth.users SET role = 'ADMIN'",
    "INSERT INTO auth.sessions (id) VALUES (gen_random_uuid())",
    "DELETE FROM auth.users",
    "SELECT id FROM learning.mcq_options",
    "SELECT answer_key FROM learning.mcq_questions",
    "SELECT id FROM learning.mcq_answers",
    "SELECT title FROM notifications.notifications",
    "SELECT body FROM notifications.email_logs",
    "SELECT secret FROM notifications.webhook_endpoints",
    "SELECT payload FROM notifications.webhook_deliveries",
    "SELECT id FROM payments.subscriptions",
    "SELECT description FROM activity.user_activities",
    "UPDATE learning.case_results SET verdict = 'PASSED'",
    "DELETE FROM learning.grading_runs",
    "UPDATE learning.grading_runs SET submission_id = submission_id",
    "UPDATE learning.grading_runs SET user_id = user_id",
    "INSERT INTO learning.regrade_sets (id) VALUES (gen_random_uuid())",
    "UPDATE learning.regrade_members SET changed = true",
    "UPDATE learning.assignment_submissions SET code = 'x'",
    "UPDATE learning.assignment_submissions SET files = NULL",
    "UPDATE learning.assignment_submissions SET user_id = user_id",
    "UPDATE learning.assignment_submissions SET idempotency_key = NULL",
    "INSERT INTO learning.assignment_submissions (id) VALUES (gen_random_uuid())",
    "DELETE FROM learning.assignment_submissions",
    "UPDATE learning.test_suites SET document = NULL",
    "INSERT INTO learning.test_suites (id) VALUES (gen_random_uuid())",
    "UPDATE learning.assignments SET suite_version = 1",
    "UPDATE learning.language_enrollments SET language_id = language_id",
    "INSERT INTO learning.language_enrollments (id) VALUES (gen_random_uuid())",
    "DELETE FROM learning.module_progress",
    "TRUNCATE learning.runtimes",
    "CREATE TABLE learning.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "ALTER TABLE learning.runtimes ADD COLUMN mine int",
    "DROP TABLE learning.runtimes",
    "UPDATE public.alembic_version SET version_num = '0001'",
    "CREATE ROLE mine",
    "SET ROLE codezest",
    "SET ROLE codezest_api",
    "COPY learning.runtimes TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
]
FORBIDDEN_TO_THE_API = [
    "CREATE TABLE auth.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION hstore",
    "ALTER TABLE auth.users ADD COLUMN mine int",
    "ALTER TABLE auth.users DISABLE TRIGGER ALL",
    "DROP TABLE auth.users CASCADE",
    "TRUNCATE auth.sessions",
    "CREATE INDEX ON auth.users (name)",
    "UPDATE learning.test_suites SET document = NULL",
    "DELETE FROM learning.test_suites",
    "DELETE FROM learning.runtimes",
    "UPDATE public.alembic_version SET version_num = '0001'",
    "CREATE ROLE mine",
    "ALTER ROLE codezest_api SUPERUSER",
    "SET ROLE codezest",
    "SET ROLE codezest_grader",
]


def test_a_grader_is_refused_what_grading_does_not_take(server: Server):
    assert [words for words in FORBIDDEN_TO_A_GRADER if not server.refuses("codezest_grader", words)] == []


def test_the_api_changes_no_table_and_no_right(server: Server):
    assert [words for words in FORBIDDEN_TO_THE_API if not server.refuses("codezest_api", words)] == []


def test_the_api_hands_no_right_on(server: Server, owner: Database, as_role: Callable[[str], Database]):
    with as_role("codezest_api").transaction() as session:
        session.execute(text("GRANT SELECT ON auth.users TO codezest_grader"))  # PostgreSQL only warns
    assert server.refuses("codezest_grader", "SELECT id FROM auth.users")


def test_a_grader_has_no_right_on_any_column_of_accounts(server: Server, owner: Database):
    right = text("SELECT has_any_column_privilege('codezest_grader', CAST(:name AS text), :may)")
    with owner.transaction() as session:
        named = [table for table in roles.TABLES if table.startswith("auth.")]
        rights = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
        found = [session.scalar(right, {"name": table, "may": may}) for table in named for may in rights]
    assert len(found) == 4 * 6
    assert not any(found)


def test_without_the_password_nobody_comes_in(server: Server):
    for role in Roles():
        engine = create_engine(server.url_as(role, "wrong"))
        with pytest.raises(OperationalError, match="password authentication failed"):
            engine.connect()
        engine.dispose()


def test_a_role_of_somebody_else_is_not_let_into_the_database(server: Server, owner: Database):
    with owner.transaction() as session:
        session.execute(text("CREATE ROLE stranger LOGIN PASSWORD 'stranger'"))
    engine = create_engine(server.url_as("stranger", "stranger"))
    with pytest.raises(OperationalError, match="permission denied for database"):
        engine.connect()
    engine.dispose()
    with owner.transaction() as session:
        session.execute(text("DROP ROLE stranger"))


def test_a_grader_claims_renews_gives_back_and_records(owner: Database, as_role: Callable[[str], Database]):
    world, grader = make_world(owner), as_role("codezest_grader")
    submitted = submit(world)
    task = must_claim(grader)
    with grader.transaction() as session:
        assert service.renew_lease(session, task.run_id, task.attempt, 15)
        assert service.release_run(
            session, task.run_id, task.attempt, reason="stop", counts_attempt=False, max_attempts=3
        )
    assert record(grader, must_claim(grader), passed())
    submit(world, assignment=world.second)
    assert record(grader, must_claim(grader), passed())
    with owner.transaction() as session:
        row = session.get_one(AssignmentSubmission, submitted.submission.id)
        assert (row.status, row.score) == (SubmissionStatus.PASSED, 100)
        assert len(session.scalars(select(CaseResult)).all()) == 4
        assert session.scalars(select(ModuleProgress.progress_percent)).one() == 100
        enrollment = session.scalars(
            select(LanguageEnrollment).where(LanguageEnrollment.user_id == world.learner.id)
        ).one()
        assert enrollment.completed_at is not None


def test_a_sweeper_takes_back_and_gives_up_as_the_graders_role(
    owner: Database, as_role: Callable[[str], Database]
):
    world, grader = make_world(owner), as_role("codezest_grader")
    submitted = submit(world)
    for expected in ((1, 0), (1, 1)):
        must_claim(grader, lease_seconds=-1)
        with grader.transaction() as session:
            swept = service.sweep(session, max_attempts=2)
        assert (swept.expired, swept.given_up) == expected
    with owner.transaction() as session:
        row = session.get_one(AssignmentSubmission, submitted.submission.id)
        assert row.status is SubmissionStatus.ERROR


def test_a_grader_reports_what_it_can_run(owner: Database, as_role: Callable[[str], Database]):
    grader = as_role("codezest_grader")
    for _ in range(2):
        with grader.transaction() as session:
            service.report_runtimes(session, "host", [PYTHON])
    with owner.transaction() as session:
        assert len(session.scalars(select(Runtime)).all()) == 1


def test_the_api_registers_enrolls_submits_and_polls(
    settings: Settings, owner: Database, as_role: Callable[[str], Database]
):
    world = make_world(owner)
    app = create_app(settings, database=as_role("codezest_api"), bell=RecordingBell())
    with TestClient(app) as client:
        who = {"email": "ada@example.com", "password": "a long enough pass", "name": "Ada"}
        registered = client.post("/api/v1/auth/register", json=who)
        client.headers["Authorization"] = f"Bearer {registered.json()['token']}"
        assert client.post("/api/v1/languages/python/enrollment").status_code == 201
        path = f"/api/v1/assignments/{world.first.id}/submissions"
        body = {"code": "print(2 * int(input()))", "language": "python"}
        sent = [client.post(path, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert sent[0].status_code == 202
        assert sent[0].json()["id"] == sent[1].json()["id"]
        polled = client.get(f"/api/v1/submissions/{sent[0].json()['id']}").json()
        assert polled["status"] == "PENDING"
        assert client.get("/api/v1/me/progress").status_code == 200
        assert client.get("/api/v1/health").status_code == 200
        assert client.post("/api/v1/auth/logout").status_code == 204


def test_an_administrator_publishes_and_regrades_as_the_apis_role(
    owner: Database, as_role: Callable[[str], Database]
):
    world, api = make_world(owner), as_role("codezest_api")
    submitted = submit(dataclasses.replace(world, database=api))
    with api.transaction() as session:
        sync(session, SHIPPED)
        assert service.regrade(session, submitted.submission.id).number == 1  # waits already


def test_both_can_look_whether_the_database_is_migrated(server: Server):
    for role in Roles():
        assert not commands.is_behind(server.url_as(role))


def test_a_table_of_a_later_migration_is_open_to_the_api_and_closed_to_graders(
    server: Server, owner: Database
):
    with owner.transaction() as session:
        session.execute(text("CREATE TABLE learning.later (id int)"))
    assert not server.refuses("codezest_api", "INSERT INTO learning.later VALUES (1)")
    assert server.refuses("codezest_grader", "SELECT * FROM learning.later")
    commands.upgrade(server.url)  # `renew` goes over it
    assert not server.refuses("codezest_api", "DELETE FROM learning.later")


def test_an_upgrade_sets_rights_right_that_somebody_has_changed(server: Server, owner: Database):
    with owner.transaction() as session:
        session.execute(text("GRANT USAGE ON SCHEMA auth TO codezest_grader"))
        session.execute(text("GRANT SELECT (email) ON auth.users TO codezest_grader"))
        session.execute(text("REVOKE SELECT ON learning.test_suites FROM codezest_grader"))
    assert not server.refuses("codezest_grader", "SELECT email FROM auth.users")
    commands.upgrade(server.url)
    assert server.refuses("codezest_grader", "SELECT email FROM auth.users")
    assert not server.refuses("codezest_grader", "SELECT document FROM learning.test_suites")


def test_making_the_roles_again_keeps_passwords_that_are_not_given(server: Server):
    roles.make(server.url, {})
    assert not server.refuses("codezest_api", "SELECT 1 FROM auth.users")


def test_who_may_not_make_roles_is_told_of_the_script(server: Server):
    with pytest.raises(Invalid, match="db roles --print"):
        roles.make(server.url_as("codezest_api"), {}, Roles("other_api", "other_grader"))


def test_the_printed_script_comes_to_the_same(postgres_cluster: str, server: Server):
    wanted = rights(server.url, Roles())
    other = Roles("printed_api", "printed_grader")
    with services.fresh_database(postgres_cluster) as url:
        commands.upgrade(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in roles.script(other, make_url(url).database or ""):
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM printed_api")
        engine.dispose()
        assert rights(url, other) == wanted
    engine = create_engine(postgres_cluster)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE printed_api, printed_grader")
    engine.dispose()


def rights(url: str, names: Roles) -> set[tuple[str, ...]]:
    """Every right on tables and columns of the two roles."""
    engine = create_engine(url)
    statement = text(
        "SELECT grantee, table_schema, table_name, column_name, privilege_type "
        "FROM information_schema.column_privileges WHERE grantee IN (:api, :grader) UNION ALL "
        "SELECT grantee, table_schema, table_name, '', privilege_type "
        "FROM information_schema.table_privileges WHERE grantee IN (:api, :grader)"
    )
    with engine.connect() as connection:
        assert inspect(connection).has_table("alembic_version")
        rows = connection.execute(statement, names._asdict()).all()
    engine.dispose()
    called = {names.api: "api", names.grader: "grader"}
    return {(called[row[0]], *row[1:]) for row in rows}


def test_the_command_prints_the_script_and_refuses_sqlite(
    settings: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, database_url: str
):
    monkeypatch.setenv("CODEZEST_DATABASE_URL", database_url)
    monkeypatch.setenv("CODEZEST_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    printed = CliRunner().invoke(codezest.main, ["db", "roles", "--print"])
    assert printed.exit_code == 0
    assert 'CREATE ROLE "codezest_grader" LOGIN NOSUPERUSER' in printed.stdout
    with pytest.raises(SystemExit, match="2"):
        codezest.main(["db", "roles"], standalone_mode=False)
    get_settings.cache_clear()


def test_the_command_migrates_and_makes_the_roles_with_passwords_from_files(
    postgres_cluster: str, settings: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    secrets = {"database_password": OWNER_PASSWORD, "database_api_password": "new one"}
    for name, value in secrets.items():
        (tmp_path / f"codezest_{name}").write_text(f"{value}\n")
    with services.fresh_database(postgres_cluster) as url:
        plain = url.replace(f":{OWNER_PASSWORD}@", "@")
        assert plain != url
        monkeypatch.setenv("CODEZEST_DATABASE_URL", plain)
        monkeypatch.setenv("CODEZEST_REDIS_URL", "redis://127.0.0.1:1/0")
        monkeypatch.setenv("CODEZEST_SECRETS_DIR", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        get_settings.cache_clear()
        done = CliRunner().invoke(codezest.main, ["db", "upgrade", "--roles"])
        get_settings.cache_clear()
        assert (done.exit_code, "codezest_api: has its password" in done.stderr) == (0, True)
        api = make_url(url).set(username="codezest_api", password="new one")
        assert not commands.is_behind(api.render_as_string(hide_password=False))
    with services.fresh_database(postgres_cluster) as url:
        Server(url)  # gives the usual passwords back
