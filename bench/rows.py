"""Rows of a busy past, made by the database itself: finished submissions with their runs and some case results.

A million rows through the services would take hours. What is written is what they write: ids in order of time, one
run for each submission, texts of usual length, many learners and a few dozen assignments. Constraints are not checked
while it is written; the rows keep them.
"""

from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from api.core.clock import now
from api.core.database import Database
from api.learning.curriculum.models import Assignment, LanguageEnrollment, TestSuite
from api.learning.submissions.models import AssignmentSubmission, CaseResult, GradingRun
from tests import factories

LEARNERS, ASSIGNMENTS, CASES = 1000, 40, 3
_SECONDS_APART = 2  # between two submissions: a million are three weeks' worth
_SOURCE = "for line in open(0):\n    print(sum(map(int, line.split())))\n" * 4


def fill(database: Database, count: int, *, results_of_every: int = 10) -> None:
    """Adds ``count`` graded submissions, case results of one in ``results_of_every``, and has the database analysed."""
    with database.transaction() as session:
        language = factories.make_language(session, slug="past")
        module = factories.make_module(session, language)
        for _ in range(ASSIGNMENTS):
            factories.make_assignment(session, module)
        for _ in range(LEARNERS):
            factories.make_enrollment(session, factories.make_user(session), language)
    names = {
        "submissions": _name(database.engine, AssignmentSubmission.__table__),
        "runs": _name(database.engine, GradingRun.__table__),
        "results": _name(database.engine, CaseResult.__table__),
        "assignments": _name(database.engine, Assignment.__table__),
        "suites": _name(database.engine, TestSuite.__table__),
        "enrollments": _name(database.engine, LanguageEnrollment.__table__),
        "language": f"'{language.id.hex}'",
        "learners": LEARNERS,
        "kinds": ASSIGNMENTS,
        "count": count,
        "cases": CASES,
        "every": results_of_every,
    }
    with database.engine.connect() as connection:
        _write(connection, database.is_sqlite, names)


def _name(engine: Engine, table: object) -> str:
    schema, name = getattr(table, "schema"), getattr(table, "name")  # noqa: B009  no Table to the type checker
    return name if engine.dialect.name == "sqlite" else f"{schema}.{name}"


def _write(connection: Connection, is_sqlite: bool, names: dict[str, object]) -> None:
    first = now() - timedelta(seconds=_SECONDS_APART * int(str(names["count"])) + 86_400)
    dialect = _SQLITE if is_sqlite else _POSTGRES
    names = {**dialect, **names, "source": _SOURCE.replace("'", "''"), "apart": _SECONDS_APART}
    names |= {"began": first.strftime("%Y-%m-%d %H:%M:%S"), "epoch": int(first.timestamp())}
    for statement in (*dialect["before"].split(";"), *_STATEMENTS):
        # In two steps: what a dialect says of a moment or an id names the number of the row.
        connection.exec_driver_sql(statement.format(**names).format(**names).replace("%", dialect["percent"]))
    connection.commit()
    connection.execute(text("ANALYZE"))
    connection.commit()
    connection.invalidate()  # what was switched off for this must serve nobody else


# An id is 48 bits of time in ms, the version 7, and the number of the row: one row knows the id of another.
_STATEMENTS = (
    """CREATE TEMPORARY TABLE past_learners AS
    SELECT user_id, row_number() OVER (ORDER BY user_id) - 1 AS number
    FROM {enrollments} WHERE language_id = {language}""",
    """CREATE TEMPORARY TABLE past_suites AS
    SELECT id, assignment_id, row_number() OVER (ORDER BY id) - 1 AS number
    FROM (SELECT id, assignment_id FROM {suites} ORDER BY id DESC LIMIT {kinds}) AS latest""",
    """INSERT INTO {submissions} (id, user_id, assignment_id, code, language, status, reason, score, max_score,
        feedback, current_run, submitted_at, graded_at)
    {numbers} SELECT {id_1}, past_learners.user_id, past_suites.assignment_id, '{source}', 'python',
        CASE WHEN i % 3 = 0 THEN 'FAILED' WHEN i % 50 = 1 THEN 'ERROR' ELSE 'PASSED' END, NULL, i % 101, 100,
        'All cases passed.', 1, {moment}, {moment}
    FROM numbers JOIN past_learners ON past_learners.number = i % {learners}
        JOIN past_suites ON past_suites.number = (i / 7) % {kinds}""",
    """INSERT INTO {runs} (id, submission_id, user_id, suite_id, number, status, priority, language, attempt, failures,
        queued_at, ready_at, started_at, finished_at, result_status, score, max_score, feedback, isolation)
    {numbers} SELECT {id_2}, {id_1}, past_learners.user_id, past_suites.id, 1, 'DONE', 0, 'python', 1, 0, {moment},
        {moment}, {moment}, {moment}, 'PASSED', 100, 100, 'All cases passed.', 'docker'
    FROM numbers JOIN past_learners ON past_learners.number = i % {learners}
        JOIN past_suites ON past_suites.number = (i / 7) % {kinds}""",
    """INSERT INTO {results} (id, run_id, position, name, "group", visible, verdict, points, max_points, cpu_ms,
        wall_ms, memory_kib, exit_code)
    {numbers} SELECT {id_3}, {id_2_of_case}, i % {cases}, 'case', 'group', {yes}, 'PASSED', 1, 1, 10, 20, 9000, 0
    FROM numbers WHERE (i / {cases}) % {every} = 0 AND i / {cases} >= 1""",
    "DROP TABLE past_learners",
    "DROP TABLE past_suites",
)
_SQLITE = {
    "percent": "%",
    # Without a large cache, each row reads and writes pages of eight indexes again.
    "before": "PRAGMA foreign_keys=OFF;PRAGMA synchronous=OFF;PRAGMA cache_size=-1000000",
    "numbers": "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})",
    "id_1": "printf('%012x7001%016x', {epoch} * 1000 + i * {apart} * 1000, i)",
    "id_2": "printf('%012x7002%016x', {epoch} * 1000 + i * {apart} * 1000, i)",
    "id_3": "printf('%012x7003%016x', {epoch} * 1000 + i * {apart} * 1000, i)",
    "id_2_of_case": "printf('%012x7002%016x', {epoch} * 1000 + (i / {cases}) * {apart} * 1000, i / {cases})",
    "moment": "strftime('%Y-%m-%d %H:%M:%f000', {epoch} + i * {apart}, 'unixepoch')",
    "yes": "1",
}
_ID = (
    "(lpad(to_hex(({{epoch}} + {0} * {{apart}}::bigint) * 1000), 12, '0')"
    " || '700{1}' || lpad(to_hex({0}), 16, '0'))::uuid"
)
_POSTGRES = {
    "percent": "%%",  # to psycopg, one that is no parameter
    "before": "SET session_replication_role = replica",
    "numbers": "WITH numbers AS (SELECT i::bigint AS i FROM generate_series(1, {count}) AS i)",
    "id_1": _ID.format("i", 1),
    "id_2": _ID.format("i", 2),
    "id_3": _ID.format("i", 3),
    "id_2_of_case": _ID.format("(i / {cases})", 2),
    "moment": "timestamptz '{began}+00' + i * interval '{apart} seconds'",
    "yes": "true",
}
