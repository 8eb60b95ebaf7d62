"""The models hold everything that the plan's table (`plan_fields`) names: fields, types, defaults, keys, cascades."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import JSON, Boolean, Enum, Integer, String, Table, UniqueConstraint, Uuid

from api.core.orm import UtcDateTime
from api.models import Base
from tests.api.plan_fields import CASCADES, ENUMS, MODELS

TABLES = {table.fullname: table for table in Base.metadata.tables.values()}
TYPES = {"str": String, "int": Integer, "bool": Boolean, "time": UtcDateTime, "id": Uuid, "json": JSON}


def fields() -> Iterator[Any]:
    for model, planned in MODELS.items():
        for written in planned.fields.split():
            yield pytest.param(planned.table, written, id=f"{model}.{written}")


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def unique_keys(table: Table) -> set[frozenset[str]]:
    """Every set of columns that can hold a value once: by constraint, or by an index over all rows."""
    constraints = {
        frozenset(constraint.columns.keys())
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    return constraints | {frozenset(index.columns.keys()) for index in table.indexes if index.unique}


def test_all_thirty_models_are_there_and_named_as_planned():
    by_table = {mapper.local_table.fullname: mapper.class_.__name__ for mapper in Base.registry.mappers}
    assert len(MODELS) == 30
    assert {planned.table: name for name, planned in MODELS.items()}.items() <= by_table.items()


@pytest.mark.parametrize(("table", "written"), list(fields()))
def test_a_planned_field_is_there_with_type_null_and_default(table, written):
    left, _, default = written.partition("=")
    name, _, kind = left.partition(":")
    column = TABLES[table].columns[snake(name)]
    optional, kind = kind.endswith("?"), kind.removesuffix("?")
    kind = kind or ("id" if name.endswith("Id") else "time")
    assert column.nullable is optional
    if kind in TYPES:
        assert isinstance(column.type, TYPES[kind])
        assert not isinstance(column.type, Enum)
    else:
        assert isinstance(column.type, Enum)
        assert column.type.enum_class is not None
        assert column.type.enum_class.__name__ == kind
    if default:
        assert str(column.default.arg) == default  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(("name", "values"), list(ENUMS.items()))
def test_a_planned_enum_has_the_planned_values(name, values):
    found = {
        column.type.enum_class.__name__: column.type.enums
        for table in TABLES.values()
        for column in table.columns
        if isinstance(column.type, Enum) and column.type.enum_class is not None
    }
    assert found[name] == values.split()


@pytest.mark.parametrize("model", list(MODELS))
def test_planned_unique_keys_are_kept_by_the_database(model):
    planned = MODELS[model]
    wanted = {frozenset(map(snake, key)) for key in planned.unique}
    assert wanted <= unique_keys(TABLES[planned.table])


def test_what_belongs_to_something_goes_with_it():
    found = {
        (table.name, key.column.table.name)
        for table in TABLES.values()
        for key in table.foreign_keys
        if key.ondelete == "CASCADE"
    }
    assert found >= CASCADES


def test_keys_are_uuids_made_by_the_application():
    for table in TABLES.values():
        (key,) = table.primary_key.columns
        assert (key.name, key.type.python_type) == ("id", UUID), table.fullname
        assert key.default is not None, table.fullname
