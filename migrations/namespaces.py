"""Schemas in migrations: real on PostgreSQL, absent on SQLite.

A migration says ``schema=ns("auth")``. The engine's ``schema_translate_map`` would do for ``create_table``, but batch
mode on SQLite copies tables by names it reflects, and those have no schema: there the name must be gone already.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.operations.ops import MigrateOperation, OpContainer

from api.core.orm import UtcDateTime

_ATTRIBUTES = ("schema", "source_schema", "referent_schema")


def ns(schema: str) -> str | None:
    """The schema of that name, or None where the database has none."""
    return None if op.get_context().dialect.name == "sqlite" else schema


def create_schemas(*names: str) -> None:
    """Makes schemas that may be there already (an administrator may have made them beforehand)."""
    if op.get_context().dialect.name != "sqlite":
        there = sa.inspect(op.get_bind()).get_schema_names()
        for name in names:
            if name not in there:
                op.execute(sa.schema.CreateSchema(name))


def drop_schemas(*names: str) -> None:
    """Removes schemas that are empty; one that still holds something refuses to go."""
    if op.get_context().dialect.name != "sqlite":
        for name in names:
            op.execute(sa.schema.DropSchema(name))


class _Call(str):
    """A schema's name that prints itself as a call of `ns`, for generated migrations."""

    def __repr__(self) -> str:
        return f'ns("{self}")'


def write_calls(_context: Any, _revision: Any, scripts: Iterable[MigrationScript]) -> None:
    """For ``process_revision_directives``: lets a generated migration say ``ns("auth")`` instead of ``'auth'``."""
    for script in scripts:
        for container in (script.upgrade_ops, script.downgrade_ops):
            if container is not None:
                _rename(container)


def _rename(operation: MigrateOperation) -> None:
    for attribute in _ATTRIBUTES:
        if isinstance(name := getattr(operation, attribute, None), str):
            setattr(operation, attribute, _Call(name))
    if isinstance(kw := getattr(operation, "kw", None), dict):
        kw.update({name: _Call(kw[name]) for name in _ATTRIBUTES if isinstance(kw.get(name), str)})
    if isinstance(operation, OpContainer):
        for inner in operation.ops:
            _rename(inner)


def render_item(kind: str, item: Any, context: AutogenContext) -> str | bool:
    """For ``render_item``: own types by what they are in the database, so that a migration needs no code of ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, sa.JSON) and "postgresql" in item._variant_mapping:
        context.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False
