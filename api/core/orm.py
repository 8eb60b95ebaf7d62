"""The declarative base and the column types every model uses.

One set of models serves two databases. On PostgreSQL the namespaces are real schemas (``auth.users``); on
SQLite `api/core/database.py` maps every schema to none, so the tables lie flat and their names must be unique
over all namespaces. Three things make that hold, and each was a trap:

* constraint and index names are built from table and column *names* (``_N_``), not labels: a label contains
  the schema, so the two databases would disagree for ever in ``alembic check``;
* SQLAlchemy's SQLite compiler drops a foreign key whose two tables are in different schemas, judging by the
  names before translation, so a compile hook writes it all the same;
* no native enum types: a check of values lives in the application, a new value needs no type migration.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, DateTime, Enum, ForeignKeyConstraint, MetaData, Uuid, bindparam
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeDecorator

from api.core.clock import now
from api.core.ids import new_id

SCHEMAS = ("auth", "learning", "payments", "notifications", "activity")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. Refuses naive values on the way in; SQLite's naive ones come back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: use api.core.clock.now()")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: JSONB on PostgreSQL, JSON text on SQLite; Python's None is SQL NULL, so ``IS NULL`` finds it.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def enum_type(values: type[StrEnum], *, in_text: bool = False) -> Enum:
    """A column type for a StrEnum: short text, the member's value, no database type of its own.

    ``in_text``: what the column is compared to stands in the statement's text and is no parameter. For a column that
    partial indexes are made of: SQLite never uses one for a parameter, PostgreSQL not in a plan that it keeps.
    """
    return (_EnumInText if in_text else Enum)(
        values,
        native_enum=False,
        length=32,
        validate_strings=True,
        values_callable=lambda members: [m.value for m in members],
    )


class _EnumInText(Enum):
    cache_ok = True

    class comparator_factory(Enum.Comparator):  # noqa: N801  SQLAlchemy's name for it
        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            return super().operate(op, *map(self._written, other), **kwargs)

        def _written(self, value: Any) -> Any:
            if not isinstance(value, StrEnum):
                return value
            return bindparam(None, value, type_=self.type, unique=True, literal_execute=True)


class Base(DeclarativeBase):
    """All tables. Every row has a time-ordered UUID key made by the application."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime(), UUID: Uuid()}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Timestamps:
    """When a row came to be and when it last changed."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime(), default=now, onupdate=now)


class SoftDelete:
    """A row that is hidden instead of removed. Every read of its slice says ``deleted_at IS NULL`` itself: a
    filter added behind the query's back would also hide what a submission still points at.
    """

    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), default=None)


@compiles(ForeignKeyConstraint, "sqlite")
def _keep_foreign_key_across_schemas(constraint: ForeignKeyConstraint, compiler: Any, **kw: Any) -> str:
    return DDLCompiler.visit_foreign_key_constraint(compiler, constraint, **kw)
