"""Column types give back what they were given, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import StatementError

from api.auth.models import Session as UserSession
from api.core.actor import UserRole
from api.core.ids import new_id
from api.core.orm import SCHEMAS, Base, UtcDateTime, enum_type
from api.learning.curriculum.models import Assignment
from api.learning.submissions.grade import RunStatus
from api.learning.submissions.models import GradingRun
from tests import factories

MOMENT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["database", pytest.param("postgres_database", marks=pytest.mark.postgres)])
def session(request):
    """A transaction on SQLite and on PostgreSQL."""
    with request.getfixturevalue(request.param).transaction() as session:
        yield session
        session.rollback()


@pytest.mark.parametrize(
    "zone", [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))]
)
def test_a_moment_comes_back_aware_and_in_utc(session, zone):
    user = factories.make_user(session, deleted_at=MOMENT.astimezone(zone))
    session.expire(user)
    assert user.deleted_at == MOMENT
    assert user.deleted_at.utcoffset() == timedelta(0)


def test_moments_compare_in_the_database_whatever_their_zone(session):
    user = factories.make_user(session)
    token = UserSession(user_id=user.id, token="x", expires_at=MOMENT)
    session.add(token)
    session.flush()
    early = (MOMENT - timedelta(seconds=1)).astimezone(timezone(timedelta(hours=12)))
    late = (MOMENT + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-11)))
    assert session.scalar(select(UserSession.id).where(UserSession.expires_at > early)) == token.id
    assert session.scalar(select(UserSession.id).where(UserSession.expires_at > late)) is None


def test_a_moment_without_a_zone_is_refused(session):
    with pytest.raises(StatementError, match="naive"):
        factories.make_user(session, deleted_at=datetime(2026, 1, 1))


def test_no_json_is_null_and_json_comes_back(session):
    row = factories.make_assignment(session, hints=None, starter_code={"*": "é\u2028"})
    session.expire(row)
    assert row.starter_code == {"*": "é\u2028"}
    assert session.scalar(select(Assignment.id).where(Assignment.hints.is_(None))) == row.id


def test_an_enum_is_stored_as_its_value_and_comes_back_as_itself(session):
    user = factories.make_user(session, role=UserRole.ADMIN)
    table = "users" if session.get_bind().dialect.name == "sqlite" else "auth.users"
    assert session.scalar(text(f"SELECT role FROM {table}")) == "ADMIN"
    session.expire(user)
    assert user.role is UserRole.ADMIN


def test_a_value_that_is_none_of_the_enums_is_refused(session):
    with pytest.raises(StatementError):
        factories.make_user(session, role="ROOT")


def test_ids_sort_by_the_time_they_were_made():
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_every_table_is_in_a_schema_of_ours_and_every_moment_is_utc():
    for table in Base.metadata.tables.values():
        assert table.schema in SCHEMAS, table.name
        for column in table.columns:
            if column.type.python_type is datetime:
                assert isinstance(column.type, UtcDateTime), f"{table.name}.{column.name}"


def test_every_foreign_key_has_an_index_that_begins_with_it():
    """PostgreSQL makes none by itself, and a delete would read the whole table for each row."""
    missing = []
    for table in Base.metadata.tables.values():
        first = {index.columns[0].name for index in table.indexes}
        first |= {
            next(iter(constraint.columns)).name
            for constraint in table.constraints
            if getattr(constraint, "columns", None) and type(constraint).__name__ == "UniqueConstraint"
        }
        first |= {next(iter(table.primary_key.columns)).name}
        begin = [next(iter(key.columns)).name for key in table.foreign_key_constraints]
        missing += [f"{table.name}.{name}" for name in begin if name not in first]
    assert missing == []


def test_values_of_an_enum_column_fit_into_it():
    class Long(StrEnum):
        """One value longer than any of ours."""

        X = "x" * 33

    with pytest.raises(ValueError, match="length"):
        enum_type(Long)


def test_a_value_in_the_text_is_no_parameter_and_is_read_and_written_as_any_other(database):
    """Partial indexes are of no use to a statement whose status is a parameter."""
    statement = select(GradingRun.id).where(GradingRun.status == RunStatus.PENDING, GradingRun.number == 7)
    sent = []

    def note(_connection, _cursor, text, parameters, *_rest):
        sent.append((text, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.transaction() as session:
        for _ in range(2):
            assert session.scalars(statement).all() == []
        session.scalars(statement.where(GradingRun.status != RunStatus.DONE)).all()
    event.remove(database.engine, "before_cursor_execute", note)
    for written, parameters in sent:
        assert "status = 'PENDING'" in written
        assert tuple(parameters) == (7,)
    assert "status != 'DONE'" in sent[-1][0]
