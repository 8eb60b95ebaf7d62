"""How Alembic is to look at a database: the same for running migrations and for comparing."""

from typing import Any

from sqlalchemy import Connection, MetaData
from sqlalchemy.sql.schema import BLANK_SCHEMA

from api.core.orm import SCHEMAS
from api.models import Base
from migrations.namespaces import render_item, write_calls

#: For pg_advisory_xact_lock: any number that nobody else in this database uses.
MIGRATION_LOCK = 6_700_417


def options(connection: Connection) -> dict[str, Any]:
    """The arguments of ``context.configure`` for ``connection``, besides itself."""
    common = {
        "compare_type": True,
        "render_as_batch": True,
        "render_item": render_item,
        "process_revision_directives": write_calls,
        # Both databases can take a CREATE TABLE back; Alembic does not expect it of SQLite (see env.py).
        "transactional_ddl": True,
    }
    if connection.dialect.name == "sqlite":
        return {**common, "target_metadata": _flat(Base.metadata)}
    return {
        **common,
        "target_metadata": Base.metadata,
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name in SCHEMAS,
    }


def _flat(metadata: MetaData) -> MetaData:
    flat = MetaData(naming_convention=metadata.naming_convention)
    none: Any = None  # documented, but missing from the annotation
    for table in metadata.tables.values():
        table.to_metadata(flat, schema=none, referred_schema_fn=_no_schema)
    return flat


def _no_schema(*_: Any) -> Any:
    # Here None would say "as it was", and the keys would find no table.
    return BLANK_SCHEMA
