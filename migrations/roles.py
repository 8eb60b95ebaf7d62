"""Who may do what in PostgreSQL: the owner migrates, the API works with all rows, a grader with what grading takes.

Three roles log in. The *owner* made the tables, and only it can change or empty them. ``codezest_api`` is for the API
and the commands of an administrator. ``codezest_grader`` is for workers and the sweeper: a worker's host runs
strangers' programs, and were it taken over, its role could spoil grades, but read no account, session or mail address,
and change no source that a learner has sent.

`TABLES` decides for every table, column by column where a column matters; a test fails as long as a new one is not
decided. A later migration's table is open to the API at once, by default privileges, and closed to graders; `upgrade`
ends with giving both roles what is decided. That is done by taking everything away first, in one transaction: what is
no longer decided goes too, and nobody sees the moment between.

Keys are checked by PostgreSQL as the owner of the table that is pointed at: a grader's rows may point to
``auth.users`` though it cannot read it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from api.core.database import make_engine
from api.core.errors import Invalid, Unavailable
from api.core.orm import SCHEMAS
from migrations.options import MIGRATION_LOCK


class Roles(NamedTuple):
    """What the two roles that are not the owner are called. They belong to a server, not to one database of it."""

    api: str = "codezest_api"
    grader: str = "codezest_grader"


class May(NamedTuple):
    """What the two roles may do with a table, in the words of GRANT; nothing: nothing."""

    api: str
    grader: str


_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_NOTHING = ""

#: Every table. Of a grader's UPDATE only the columns are named that grading writes, so that it can rewrite no source,
#: owner or suite.
TABLES = {
    "auth.users": May(_ROWS, _NOTHING),
    "auth.sessions": May(_ROWS, _NOTHING),
    "auth.user_profiles": May(_ROWS, _NOTHING),
    "auth.oauth_accounts": May(_ROWS, _NOTHING),
    "auth.password_resets": May(_ROWS, _NOTHING),
    "auth.email_verifications": May(_ROWS, _NOTHING),
    "learning.programming_languages": May(_ROWS, "SELECT"),
    "learning.modules": May(_ROWS, "SELECT"),
    "learning.assignments": May(_ROWS, "SELECT"),
    # Versions of a suite are added, never changed.
    "learning.test_suites": May("SELECT, INSERT", "SELECT"),
    # `user_id` is written with what it was: that holds the row.
    "learning.language_enrollments": May(_ROWS, "SELECT, UPDATE (user_id, status, completed_at)"),
    "learning.module_progress": May(_ROWS, "SELECT, INSERT, UPDATE"),
    "learning.assignment_submissions": May(
        _ROWS,
        "SELECT, UPDATE (status, reason, score, max_score, feedback, current_run, graded_at)",
    ),
    "learning.grading_runs": May(
        _ROWS,
        # The sweeper adds the runs of re-grade sets.
        "SELECT, INSERT, UPDATE (status, attempt, failures, ready_at, started_at, lease_until, worker, last_fault, "
        "finished_at, result_status, reason, score, max_score, feedback, compile_output, analysis, image_digest, "
        "grader_version, isolation, machine_speed)",
    ),
    # Read where single cases are graded again: the others keep their results.
    "learning.case_results": May(_ROWS, "SELECT, INSERT"),
    "learning.regrade_sets": May(_ROWS, "SELECT, UPDATE (status, total, prepared_up_to, ready_at)"),
    "learning.regrade_members": May(_ROWS, "INSERT"),
    "learning.runtimes": May("SELECT", _ROWS),
    "learning.assignment_analyses": May(_ROWS, _NOTHING),
    # Progress is folded over all kinds of items; of a quiz it takes whether it was passed, and no question or answer.
    "learning.materials": May(_ROWS, "SELECT"),
    "learning.material_progress": May(_ROWS, "SELECT"),
    "learning.mcq_quizzes": May(_ROWS, "SELECT"),
    "learning.mcq_attempts": May(_ROWS, "SELECT"),
    "learning.mcq_questions": May(_ROWS, _NOTHING),
    "learning.mcq_options": May(_ROWS, _NOTHING),
    "learning.mcq_answers": May(_ROWS, _NOTHING),
    "learning.quiz_analyses": May(_ROWS, _NOTHING),
    "payments.subscriptions": May(_ROWS, _NOTHING),
    "payments.transactions": May(_ROWS, _NOTHING),
    "payments.invoices": May(_ROWS, _NOTHING),
    "payments.payment_methods": May(_ROWS, _NOTHING),
    # A result that completes a module is told: written, never read.
    "notifications.notifications": May(_ROWS, "INSERT"),
    "notifications.notification_preferences": May(_ROWS, _NOTHING),
    "notifications.email_logs": May(_ROWS, _NOTHING),
    # Events of a grade are written and never sent by a grader. `active`: PostgreSQL asks for it where a row is locked.
    "notifications.webhook_endpoints": May(
        _ROWS, "SELECT (id, user_id, assignment_id, events, active), UPDATE (active)"
    ),
    "notifications.webhook_deliveries": May(_ROWS, "INSERT"),
    "notifications.webhook_attempts": May(_ROWS, _NOTHING),
    "activity.user_activities": May(_ROWS, "SELECT (id, user_id, type, subject_id), INSERT"),
    "activity.analytics_events": May(_ROWS, _NOTHING),
}
#: Alembic's own: whoever starts looks whether the database is migrated.
_VERSION = "alembic_version"


def make(url: str, passwords: dict[str, str] | None = None, roles: Roles | None = None) -> None:
    """Makes the two roles where they are not there, gives them their rights in the database of ``url``, and, for those
    named in ``passwords``, a password. Calling it again changes nothing else.

    The password crosses as a SCRAM verifier: it stands in no log of the server.

    Raises:
        Invalid: there are no roles on SQLite, or the user of ``url`` may not make any.
        Unavailable: the database did not answer.
    """
    roles = roles or Roles()
    if not url.startswith("postgresql"):
        raise Invalid("SQLite has no roles: whoever may open the file may do everything")
    try:
        _in_database(url, lambda connection: _make(connection, roles, passwords or {}))
    except ProgrammingError as error:
        raise Invalid(
            f"{_reason(error)}; let an administrator run what `codezest db roles --print` prints"
        ) from error


def renew(url: str, roles: Roles | None = None) -> None:
    """Gives those of the roles that are there what is decided for today's tables. On SQLite, or where there are none,
    does nothing. Raises Unavailable."""
    roles = roles or Roles()
    if url.startswith("postgresql"):
        _in_database(url, lambda connection: _grant(connection, roles))


def script(roles: Roles | None = None, database: str = "codezest") -> list[str]:
    """The statements of `make`, for an administrator: for a server without the roles and a migrated database."""
    roles = roles or Roles()
    there = ["public." + _VERSION, *TABLES]
    schemas = sorted({name.partition(".")[0] for name in TABLES})
    return [
        *(_create(role) for role in roles),
        *_database(database, roles),
        *_rights(roles, list(roles), schemas, there),
    ]


def _in_database(url: str, act: Callable[[Connection], None]) -> None:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            # Two that grant at once would meet in the catalogue: "tuple concurrently updated".
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            act(connection)
    except OperationalError as error:
        raise Unavailable(f"the database did not answer: {error.orig}") from error
    finally:
        engine.dispose()


def _make(connection: Connection, roles: Roles, passwords: dict[str, str]) -> None:
    there = _existing(connection, roles)
    for role in roles:
        if role not in there:
            _run(connection, [_create(role)])
        if role in passwords:
            verifier = _verifier(connection, role, passwords[role])
            _run(connection, [f"ALTER ROLE {_quoted(role)} PASSWORD '{verifier}'"])
    name = connection.scalar(text("SELECT current_database()"))
    _run(connection, _database(str(name), roles))
    _grant(connection, roles)


def _grant(connection: Connection, roles: Roles) -> None:
    there = inspect(connection)
    schemas = [name for name in SCHEMAS if name in there.get_schema_names()]
    tables = {f"{schema}.{name}" for schema in schemas for name in there.get_table_names(schema)}
    version = [f"public.{_VERSION}"] if there.has_table(_VERSION, "public") else []
    known = [name for name in TABLES if name in tables]
    _run(connection, _rights(roles, _existing(connection, roles), schemas, [*version, *known]))


def _existing(connection: Connection, roles: Roles) -> list[str]:
    found = connection.scalars(text("SELECT rolname FROM pg_roles")).all()
    return [role for role in roles if role in found]


def _create(role: str) -> str:
    return f"CREATE ROLE {_quoted(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


def _database(name: str, roles: Roles) -> Iterator[str]:
    yield f"REVOKE ALL ON DATABASE {_quoted(name)} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {_quoted(name)} TO {', '.join(map(_quoted, roles))}"
    # Before PostgreSQL 15 everybody may make tables in it.
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def _rights(
    roles: Roles, there: Collection[str], schemas: Collection[str], tables: Collection[str]
) -> Iterator[str]:
    """The statements that leave the roles ``there`` with what is decided for ``tables``, and nothing else."""
    for role in there:
        name, is_api = _quoted(role), role == roles.api
        for schema in schemas:
            yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}"
            yield f"REVOKE ALL ON SCHEMA {schema} FROM {name}"
            if is_api:
                # For tables to come, until `upgrade` has decided on them too.
                yield f"GRANT {_ROWS} ON ALL TABLES IN SCHEMA {schema} TO {name}"
                yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {_ROWS} ON TABLES TO {name}"
        open_schemas = set()
        for table in tables:
            may = "SELECT" if table not in TABLES else TABLES[table].api if is_api else TABLES[table].grader
            if is_api and table in TABLES:
                yield f"REVOKE ALL ON {table} FROM {name}"
            if may:
                yield f"GRANT {may} ON {table} TO {name}"
                open_schemas.add(table.partition(".")[0])
        for schema in sorted(schemas if is_api else open_schemas & set(schemas)):
            yield f"GRANT USAGE ON SCHEMA {schema} TO {name}"


def _run(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _verifier(connection: Connection, role: str, password: str) -> str:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def _reason(error: ProgrammingError) -> str:
    return str(error.orig).splitlines()[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
