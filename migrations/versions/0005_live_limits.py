"""An index to count what was graded of late, however much was graded before.

Revision 0005.
"""

from alembic import op

from migrations.namespaces import ns

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the index."""
    op.create_index(
        op.f("ix_grading_runs_finished_at"), "grading_runs", ["finished_at"], schema=ns("learning")
    )


def downgrade() -> None:
    """Drops it."""
    op.drop_index(op.f("ix_grading_runs_finished_at"), table_name="grading_runs", schema=ns("learning"))
