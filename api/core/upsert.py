"""Inserting a row that somebody else may be inserting at this very moment, without an error.

The two databases spell it alike (``ON CONFLICT DO NOTHING``) and SQLAlchemy has it per dialect. A SAVEPOINT
around a plain insert would do on PostgreSQL; on SQLite the driver opens no transaction before a SAVEPOINT, so
that releasing an outermost one would commit.
"""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.core.orm import Base


def insert_once(session: Session, model: type[Base], unique: tuple[str, ...], values: dict[str, Any]) -> bool:
    """Inserts ``values`` (by column name) into the table of ``model``; False if ``unique`` is taken already.

    If another transaction is inserting the same key, this waits for its end. Defaults of the columns apply.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(model).values(**values).on_conflict_do_nothing(index_elements=unique)
    # A returned key says it all; the count of rows is not known to every driver.
    return session.scalar(statement.returning(model.id)) is not None
