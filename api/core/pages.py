"""Reading a list by pages: the rows of one page, and how many there are in all."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

Row = TypeVar("Row")


def count_rows(session: Session, statement: Select[*tuple[Any, ...]]) -> int:
    """How many rows ``statement`` finds. Counts every one of them: not for what may find a million."""
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def read_page(
    session: Session, statement: Select[Row], *order: Any, limit: int, offset: int
) -> tuple[Sequence[Row], int]:
    """``limit`` of the rows from ``offset`` on, in this ``order``, and how many there are in all.

    ``statement`` selects one entity and has no order of its own; every row is counted (see `count_rows`).
    """
    rows = session.scalars(statement.order_by(*order).limit(limit).offset(offset)).all()
    return rows, count_rows(session, statement)
