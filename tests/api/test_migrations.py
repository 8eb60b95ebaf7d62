"""One history for both databases: up, down and up again, nothing different from the models, nothing lost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import IntegrityError

from api.auth.models import Session as UserSession
from api.core.database import Database, make_engine
from api.core.errors import Invalid, Unavailable
from api.core.ids import new_id
from api.core.orm import SCHEMAS, Base
from api.learning.curriculum.models import Assignment, Module, ProgrammingLanguage, TestSuite
from api.learning.regrades.models import RegradeMember, RegradeSet
from api.learning.submissions.grade import Verdict
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from migrations import commands
from tests import factories

(HEAD,) = commands.heads()
BOTH = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)]

#: A later migration of a table that others point to; on SQLite it can only be copied and dropped.
COPYING = f"""
import sqlalchemy as sa
from alembic import op

from migrations.namespaces import ns

revision = "copying"
down_revision = "{HEAD}"


def upgrade():
    with op.batch_alter_table("users", schema=ns("auth")) as batch:
        batch.add_column(sa.Column("nickname", sa.String(50)))
        batch.add_column(sa.Column("friend_id", sa.Uuid()))
        batch.create_foreign_key("fk_users_friend_id", "users", ["friend_id"], ["id"], referent_schema=ns("auth"))
        batch.alter_column("name", existing_type=sa.String(200), nullable=True)


def downgrade():
    with op.batch_alter_table("users", schema=ns("auth")) as batch:
        batch.alter_column("name", existing_type=sa.String(200), nullable=False)
        batch.drop_constraint("fk_users_friend_id", type_="foreignkey")
        batch.drop_column("friend_id")
        batch.drop_column("nickname")
"""

#: A migration that breaks off after its first half.
BREAKING = f"""
import sqlalchemy as sa
from alembic import op

revision = "breaking"
down_revision = "{HEAD}"


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer()))
    raise RuntimeError("broken off")
"""


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the kind that the parameter names."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'empty.sqlite3'}"


@pytest.fixture
def further(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Adds a migration of the test's own to the history."""
    folder = tmp_path / "versions"
    folder.mkdir()
    original = commands._config

    def config():
        found = original()
        shipped = Path(commands.__file__).parent / "versions"
        found.set_main_option("version_locations", f"{shipped}:{folder}")
        return found

    monkeypatch.setattr(commands, "_config", config)
    return lambda name, source: (folder / f"{name}.py").write_text(source.replace("HEAD", HEAD))


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    schemas = (None, *(SCHEMAS if engine.dialect.name == "postgresql" else ()))
    found = {name for schema in schemas for name in inspect(engine).get_table_names(schema)}
    engine.dispose()
    return found - {"alembic_version"}


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_up_down_and_up_again_ends_at_the_models(url):
    assert commands.current(url) is None
    commands.upgrade(url)
    assert commands.check(url) == []
    assert tables(url) == {table.name for table in Base.metadata.tables.values()}
    assert [commands.current(url)] == commands.heads()
    commands.downgrade(url, "base")
    assert tables(url) == set()
    commands.upgrade(url)
    assert commands.check(url) == []


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_check_tells_an_empty_database_and_each_difference(url):
    told = commands.check(url)
    assert told[0].startswith("the database is at revision None")
    assert any("users" in line for line in told)
    commands.upgrade(url)
    engine = make_engine(url)
    table = "users" if engine.dialect.name == "sqlite" else "auth.users"
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN name"))
    engine.dispose()
    assert commands.check(url) == [f"add column {'' if table == 'users' else 'auth '}users {table}.name"]


UPGRADE = "import sys; from migrations.commands import upgrade; upgrade(sys.argv[1])"


def start_upgrade(url: str) -> subprocess.Popen[bytes]:
    root = Path(commands.__file__).parents[1]
    return subprocess.Popen([sys.executable, "-c", UPGRADE, url], cwd=root, stderr=subprocess.PIPE)


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_upgrades_at_the_same_time_wait_for_each_other(url):
    engine = make_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Held until both have come to the lock: without one, they would never be seen waiting.
            connection.execute(text("SELECT pg_advisory_xact_lock(6700417)"))
            both = [start_upgrade(url), start_upgrade(url)]
            waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while connection.scalar(waiting) != 2:
                assert [process.poll() for process in both] == [None, None]
            connection.rollback()
        else:
            both = [start_upgrade(url), start_upgrade(url)]
    engine.dispose()
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in both]
    assert [code for _, code in ends] == [0, 0], ends
    assert commands.check(url) == []


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_changing_a_table_keeps_the_rows_that_point_to_it(url, further):
    commands.upgrade(url)
    database = Database(url)
    with database.transaction() as session:
        user = factories.make_user(session)
        factories.make_token(session, user)
    further("copying", COPYING)
    commands.upgrade(url, "copying")
    assert any("nickname" in line for line in commands.check(url))
    commands.downgrade(url, HEAD)
    with database.transaction() as session:
        assert session.query(UserSession).count() == 1
        session.delete(session.merge(user))
        session.flush()
        assert session.query(UserSession).count() == 0
    database.close()
    commands.upgrade(url, HEAD)
    assert [line for line in commands.check(url) if not line.startswith("the database is at")] == []


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_going_down_from_machine_speeds_keeps_the_runs(url):
    commands.upgrade(url)
    database = Database(url)
    with database.transaction() as session:
        assignment = factories.make_assignment(session)
        suite = session.scalars(select(TestSuite)).one()
        submission = factories.make_submission(session, factories.make_user(session), assignment)
        run = factories.make_run(session, submission, suite, machine_speed=1.25)
        session.add(
            CaseResult(run_id=run.id, position=0, name="c", group="g", visible=True, verdict=Verdict.PASSED)
        )
    commands.downgrade(url, "0001")
    assert "runtimes" not in tables(url)
    commands.upgrade(url)
    with database.transaction() as session:
        kept = session.scalars(select(GradingRun)).one()
        assert (kept.id, kept.machine_speed) == (run.id, None)
        assert session.scalars(select(CaseResult.run_id)).all() == [run.id]
    database.close()
    assert commands.check(url) == []


INSERT_USER = """
INSERT INTO {users} (id, email, name, role, created_at, updated_at)
VALUES (:id, :email, 'Ada', :role, '2026-01-01', '2026-01-01')
"""


@contextmanager
def on_users(url: str) -> Iterator[tuple[Connection, str]]:
    """A transaction, and the name of the table of accounts."""
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            yield connection, "users" if engine.dialect.name == "sqlite" else "auth.users"
    finally:
        engine.dispose()


def roles(url: str) -> dict[str, str]:
    """The role of every account, by the name before the ``@``."""
    with on_users(url) as (connection, users):
        rows = connection.execute(text(f"SELECT email, role FROM {users}")).all()
    return {email.partition("@")[0]: role for email, role in rows}


def insert_user(url: str, role: str, name: str | None = None) -> None:
    """An account as revision 0001 had them; by SQL, for the models know only the newest revision."""
    values = {"id": new_id().hex, "email": f"{name or role.lower()}@example.com", "role": role}
    with on_users(url) as (connection, users):
        connection.execute(text(INSERT_USER.format(users=users)), values)


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_new_roles_keep_everybodys_access_both_ways(url):
    commands.upgrade(url, "0001")
    for role in ("ADMIN", "INSTRUCTOR", "STUDENT"):
        insert_user(url, role)
    commands.upgrade(url)
    assert roles(url) == {"admin": "ADMIN", "instructor": "USER", "student": "USER"}
    commands.downgrade(url, "0001")
    assert roles(url) == {"admin": "ADMIN", "instructor": "STUDENT", "student": "STUDENT"}
    commands.upgrade(url)
    assert commands.check(url) == []


@pytest.mark.parametrize("url", BOTH, indirect=True)
@pytest.mark.parametrize(("revision", "stranger"), [("0001", "USER"), (HEAD, "STUDENT"), (HEAD, "OWNER")])
def test_the_database_itself_refuses_a_role_that_is_none(url, revision, stranger):
    commands.upgrade(url, revision)
    with pytest.raises(IntegrityError):
        insert_user(url, stranger)


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_a_database_made_before_roles_were_checked_gets_the_new_roles_too(url):
    commands.upgrade(url, "0001")
    with on_users(url) as (connection, users):
        if users == "users":
            # SQLite cannot drop a check: the table is told to be what it was without one.
            connection.execute(text("PRAGMA writable_schema=ON"))
            connection.execute(
                text("UPDATE sqlite_master SET sql = replace(sql, :check, '') WHERE name = 'users'"),
                {
                    "check": ", \n\tCONSTRAINT ck_users_role CHECK (role IN ('ADMIN', 'INSTRUCTOR', 'STUDENT'))"
                },
            )
        else:
            connection.execute(text("ALTER TABLE auth.users DROP CONSTRAINT ck_users_role"))
    insert_user(url, "USER", "ada")  # as such a database may hold already
    insert_user(url, "ADMIN", "root")
    commands.upgrade(url)
    assert roles(url) == {"ada": "USER", "root": "ADMIN"}
    assert commands.check(url) == []


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_what_was_there_before_publishing_is_published(url):
    commands.upgrade(url)
    database = Database(url)
    with database.transaction() as session:
        assignment = factories.make_assignment(session)
    commands.downgrade(url, "0008")
    commands.upgrade(url)
    with database.transaction() as session:
        kept = session.get_one(Assignment, assignment.id)
        assert (kept.published, kept.reveal, kept.hints_after) == (True, None, None)
        assert session.get_one(Module, kept.module_id).published is True
        assert session.scalars(select(ProgrammingLanguage.sequential)).all() == [False]
    database.close()


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_going_down_from_regrade_sets_keeps_what_is_shown_and_drops_what_waits(url):
    commands.upgrade(url)
    database = Database(url)
    with database.transaction() as session:
        assignment = factories.make_assignment(session)
        suite = session.scalars(select(TestSuite)).one()
        submission = factories.make_submission(session, factories.make_user(session), assignment)
        regrade_set = RegradeSet(why="x", selection={"status": "PASSED"})
        session.add(regrade_set)
        session.flush()
        for number, set_id in enumerate((None, regrade_set.id, regrade_set.id), start=1):
            run = factories.make_run(session, submission, suite, number=number, regrade_set_id=set_id)
            session.add(
                CaseResult(
                    run_id=run.id, position=0, name="c", group="g", visible=True, verdict=Verdict.PASSED
                )
            )
        session.flush()
        session.add(RegradeMember(set_id=regrade_set.id, submission_id=submission.id, number=2, before=1))
        submission.current_run = 2
    commands.downgrade(url, "0002")
    commands.upgrade(url)
    with database.transaction() as session:
        assert session.scalars(select(GradingRun.number).order_by(GradingRun.number)).all() == [1, 2]
        assert session.get_one(AssignmentSubmission, submission.id).current_run == 2
        assert len(session.scalars(select(CaseResult.run_id)).all()) == 2
        assert session.scalars(select(RegradeSet)).all() == []
    database.close()
    assert commands.check(url) == []


@pytest.mark.parametrize("url", BOTH, indirect=True)
def test_a_migration_that_breaks_off_leaves_nothing(url, further):
    commands.upgrade(url)
    further("breaking", BREAKING)
    with pytest.raises(RuntimeError, match="broken off"):
        commands.upgrade(url, "breaking")
    assert commands.current(url) == HEAD
    assert "half" not in tables(url)


def test_an_unknown_revision_is_refused(tmp_path):
    with pytest.raises(Invalid, match="nonsense"):
        commands.upgrade(f"sqlite:///{tmp_path / 'x.sqlite3'}", "nonsense")


def test_a_database_that_cannot_be_opened_is_told(tmp_path):
    with pytest.raises(Unavailable):
        commands.check(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}")
    with pytest.raises(Unavailable):
        commands.upgrade(f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}")


def test_keys_between_schemas_exist_on_sqlite(database):
    """SQLAlchemy would leave them out without a word (`api/core/orm.py`)."""
    found = inspect(database.engine)
    keys = {
        (table, key["referred_table"])
        for table in found.get_table_names()
        for key in found.get_foreign_keys(table)
    }
    wanted = {
        (table.name, element.column.table.name)
        for table in Base.metadata.tables.values()
        for key in table.foreign_key_constraints
        for element in key.elements
    }
    assert keys == wanted
    assert ("language_enrollments", "users") in keys


@pytest.mark.postgres
def test_a_generated_migration_names_schemas_by_ns_and_needs_no_types_of_ours(
    postgres_url, further, tmp_path
):
    commands.upgrade(postgres_url)
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        for column in ("name", "deleted_at", "role"):
            connection.execute(text(f"ALTER TABLE auth.users DROP COLUMN {column} CASCADE"))
        connection.execute(text("DROP TABLE learning.module_progress"))
    engine.dispose()
    config = commands._config()
    config.attributes["url"] = postgres_url
    script = command.revision(config, "later", autogenerate=True, version_path=str(tmp_path / "versions"))
    source = Path(script.path).read_text()
    assert "op.batch_alter_table('users', schema=ns(\"auth\"))" in source
    assert "sa.Column('deleted_at', sa.DateTime(timezone=True)" in source
    assert "sa.Column('role', sa.String(length=32)" in source
    assert 'schema=ns("learning")' in source
    assert "schema='" not in source
    assert "api." not in source
