"""Writes ``docs/data-model.md`` from the models: ``python -m tests.house.data_model``, or ``make data-model``.

A diagram of Mermaid's for each namespace, since one of all tables is a wall of lines; then every table with its
columns, keys and what goes with what. What a table is for is the first paragraph of its model's docstring.
"""

import inspect
import sys
from collections.abc import Iterator

from sqlalchemy import Column, Enum, ForeignKey, Table, UniqueConstraint

from api.core.orm import SCHEMAS
from api.models import Base

MODELS = {mapper.local_table.fullname: mapper.class_ for mapper in Base.registry.mappers}
HEAD = """# Data model

Written by `make data-model` from the models; do not edit. Every table has a time-ordered UUID `id` (RFC 9562,
version 7) made by the application. On PostgreSQL the namespaces are schemas, on SQLite the tables lie flat under the
same names. Times are UTC. What is soft-deleted (`deleted_at`) stays in its table.
"""


def data_model() -> str:
    """The page, as it must stand in ``docs/data-model.md``."""
    parts = [HEAD]
    for schema in SCHEMAS:
        tables = sorted(
            (t for t in Base.metadata.tables.values() if t.schema == schema), key=lambda table: table.name
        )
        parts += [f"\n## {schema}\n", "\n```mermaid\nerDiagram\n", *_diagram(tables), "```\n"]
        for table in tables:
            parts += _section(table)
    return "".join(parts)


def _diagram(tables: list[Table]) -> Iterator[str]:
    for table in tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            one_to_one = any(
                {c.name for c in constraint.columns} == {key.parent.name}
                for constraint in table.constraints
                if isinstance(constraint, UniqueConstraint)
            )
            many = "o|" if one_to_one else "o{"
            one = "|o" if key.parent.nullable else "||"
            yield f'    {_model(key.column.table)} {one}--{many} {_model(table)} : "{key.parent.name}"\n'


def _section(table: Table) -> Iterator[str]:
    yield f"\n### {_model(table)} (`{table.fullname}`)\n\n{_purpose(table)}\n\n"
    yield "| column | type | null | default | refers to |\n|---|---|---|---|---|\n"
    for column in table.columns:
        if not column.primary_key:
            cells = f"`{column.name}`", _type(column), "yes" if column.nullable else ""
            yield "| " + " | ".join([*cells, _default(column), _refers(column)]) + " |\n"
    if unique := sorted(_unique(table)):
        yield f"\nUnique: {'; '.join(unique)}.\n"


def _unique(table: Table) -> Iterator[str]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield ", ".join(f"`{name}`" for name in (c.name for c in constraint.columns))
    for index in table.indexes:
        if index.unique:
            where = index.dialect_options["postgresql"]["where"]
            names = ", ".join(f"`{name}`" for name in (c.name for c in index.columns))
            yield f"{names} where {where}" if where is not None else names


def _model(table: Table) -> str:
    return MODELS[table.fullname].__name__


def _purpose(table: Table) -> str:
    text = inspect.getdoc(MODELS[table.fullname]) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("``", "`")


def _type(column: Column[object]) -> str:
    if isinstance(column.type, Enum) and column.type.enum_class is not None:
        return " ".join([column.type.enum_class.__name__, *(f"`{value}`" for value in column.type.enums)])
    name = type(column.type).__name__
    length = getattr(column.type, "length", None)
    known = {"UtcDateTime": "time", "Uuid": "uuid", "JSON": "json", "LargeBinary": "bytes"}
    return known.get(name, name.lower()) + (f"({length})" if length else "")


def _default(column: Column[object]) -> str:
    if column.default is None:
        return ""
    value = getattr(column.default, "arg", None)
    if callable(value):
        return {"now": "now", "dict": "`{}`", "list": "`[]`"}.get(value.__name__, "")
    return "" if value is None else f"`{value}`"


def _refers(column: Column[object]) -> str:
    return "; ".join(_target(key) for key in column.foreign_keys)


def _target(key: ForeignKey) -> str:
    ends = {"CASCADE": ", goes with it", "SET NULL": ", forgets it"}
    return _model(key.column.table) + ends.get(key.ondelete or "", "")


if __name__ == "__main__":
    sys.stdout.write(data_model())
