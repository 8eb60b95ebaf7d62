"""Indexes that keep a million finished submissions out of the way of those that wait.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

from migrations.namespaces import ns

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

_NEW = (
    ("assignment_submissions", ("user_id", "submitted_at", "id")),
    ("assignment_submissions", ("assignment_id", "submitted_at", "id")),
    ("assignment_submissions", ("status", "submitted_at", "id")),
    ("assignment_submissions", ("submitted_at", "id")),
    ("grading_runs", ("finished_at",)),
)
_PARTIAL = (
    ("ix_grading_runs_pending", "PENDING", ("status", "priority", "queued_at", "id")),
    ("ix_grading_runs_running", "RUNNING", ("status", "user_id", "lease_until")),
)
_OLD = "ix_grading_runs_status_priority_queued_at"


def upgrade() -> None:
    """Adds indexes for lists and for runs that are not done; the latter replace one over all runs."""
    for table, columns in _NEW:
        op.create_index(_name(table, columns), table, [*columns], schema=ns("learning"))
    for name, status, columns in _PARTIAL:
        where = sa.text(f"status = '{status}'")
        op.create_index(
            name,
            "grading_runs",
            [*columns],
            schema=ns("learning"),
            sqlite_where=where,
            postgresql_where=where,
        )
    op.drop_index(_OLD, "grading_runs", schema=ns("learning"))


def downgrade() -> None:
    """Takes them back."""
    op.create_index(_OLD, "grading_runs", ["status", "priority", "queued_at"], schema=ns("learning"))
    for name, _, _ in _PARTIAL:
        op.drop_index(name, "grading_runs", schema=ns("learning"))
    for table, columns in reversed(_NEW):
        op.drop_index(_name(table, columns), table, schema=ns("learning"))


def _name(table: str, columns: tuple[str, ...]) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")
