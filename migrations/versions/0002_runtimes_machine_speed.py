"""What graders can run, and how fast the machine was that graded a run.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.namespaces import ns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table ``runtimes`` and the column ``grading_runs.machine_speed``."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "runtimes",
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("image_digest", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=True),
        sa.Column("isolation", sa.String(length=32), nullable=False),
        sa.Column("compile", json, nullable=False),
        sa.Column("run", json, nullable=False),
        sa.Column("functions", sa.Boolean(), nullable=False),
        sa.Column("sources", json, nullable=False),
        sa.Column("cpu_factor", sa.Double(), nullable=False),
        sa.Column("wall_factor", sa.Double(), nullable=False),
        sa.Column("memory_extra_mib", sa.Integer(), nullable=False),
        sa.Column("processes_extra", sa.Integer(), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runtimes")),
        sa.UniqueConstraint(
            "host", "language", "image_digest", name=op.f("uq_runtimes_host_language_image_digest")
        ),
        schema=ns("learning"),
    )
    # Not in a batch: SQLite would copy the table, and nothing but the column is new.
    op.add_column(
        "grading_runs", sa.Column("machine_speed", sa.Double(), nullable=True), schema=ns("learning")
    )


def downgrade() -> None:
    """Drops both."""
    with op.batch_alter_table("grading_runs", schema=ns("learning")) as batch_op:
        batch_op.drop_column("machine_speed")
    op.drop_table("runtimes", schema=ns("learning"))
