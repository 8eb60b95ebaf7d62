"""Re-grade sets, and a key that makes the shown run one that exists.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.namespaces import ns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SHOWN_RUN = "fk_assignment_submissions_id_current_run"


def upgrade() -> None:
    """Makes ``regrade_sets`` and ``regrade_members``, three columns of ``grading_runs``, and the key."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    moments = ("ready_at", "applied_at", "cancelled_at", "undone_at")
    op.create_table(
        "regrade_sets",
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("selection", json, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("suite_id", sa.Uuid(), nullable=True),
        sa.Column("only_cases", json, nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("prepared_up_to", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in moments),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["auth.users.id"], name=op.f("fk_regrade_sets_asked_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["suite_id"], ["learning.test_suites.id"], name=op.f("fk_regrade_sets_suite_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regrade_sets")),
        schema=ns("learning"),
    )
    with op.batch_alter_table("regrade_sets", schema=ns("learning")) as batch_op:
        for name in ("asked_by", "status", "suite_id"):
            batch_op.create_index(batch_op.f(f"ix_regrade_sets_{name}"), [name], unique=False)

    # Not in a batch: SQLite would copy the table, and nothing but the columns is new.
    op.add_column(
        "grading_runs", sa.Column("regrade_set_id", sa.Uuid(), nullable=True), schema=ns("learning")
    )
    op.add_column("grading_runs", sa.Column("base_run", sa.Integer(), nullable=True), schema=ns("learning"))
    op.add_column("grading_runs", sa.Column("only_cases", json, nullable=True), schema=ns("learning"))
    op.create_index(
        op.f("ix_grading_runs_regrade_set_id_status"),
        "grading_runs",
        ["regrade_set_id", "status"],
        unique=False,
        schema=ns("learning"),
    )
    op.create_table(
        "regrade_members",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"],
            ["learning.regrade_sets.id"],
            name=op.f("fk_regrade_members_set_id"),
            ondelete="CASCADE",
        ),
        *(
            sa.ForeignKeyConstraint(
                ["submission_id", number],
                ["learning.grading_runs.submission_id", "learning.grading_runs.number"],
                name=op.f(f"fk_regrade_members_submission_id_{number}"),
                ondelete="CASCADE",
            )
            for number in ("number", "before")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regrade_members")),
        sa.UniqueConstraint("set_id", "submission_id", name=op.f("uq_regrade_members_set_id_submission_id")),
        schema=ns("learning"),
    )
    with op.batch_alter_table("regrade_members", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_regrade_members_submission_id"), ["submission_id"], unique=False)

    # In a batch: SQLite adds a key only to a copy of the table.
    with op.batch_alter_table("assignment_submissions", schema=ns("learning")) as batch_op:
        batch_op.create_foreign_key(
            _SHOWN_RUN,
            "grading_runs",
            ["id", "current_run"],
            ["submission_id", "number"],
            referent_schema=ns("learning"),
            deferrable=True,
            initially="DEFERRED",
        )


def downgrade() -> None:
    """Takes it back. Previews go with their sets, but for those that are shown: these stay, as plain runs."""
    with op.batch_alter_table("assignment_submissions", schema=ns("learning")) as batch_op:
        batch_op.drop_constraint(_SHOWN_RUN, type_="foreignkey")

    with op.batch_alter_table("regrade_members", schema=ns("learning")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_regrade_members_submission_id"))

    op.drop_table("regrade_members", schema=ns("learning"))
    _drop_previews()
    op.drop_index(
        op.f("ix_grading_runs_regrade_set_id_status"), table_name="grading_runs", schema=ns("learning")
    )
    with op.batch_alter_table("grading_runs", schema=ns("learning")) as batch_op:
        batch_op.drop_column("only_cases")
        batch_op.drop_column("base_run")
        batch_op.drop_column("regrade_set_id")

    with op.batch_alter_table("regrade_sets", schema=ns("learning")) as batch_op:
        for name in ("asked_by", "status", "suite_id"):
            batch_op.drop_index(batch_op.f(f"ix_regrade_sets_{name}"))

    op.drop_table("regrade_sets", schema=ns("learning"))


def _drop_previews() -> None:
    # The version before knows no previews: it would take them for runs that are to be shown, and WITHDRAWN for
    # nothing it has heard of.
    schema = ns("learning")
    runs = sa.table(
        "grading_runs", *map(sa.column, ("id", "submission_id", "number", "regrade_set_id")), schema=schema
    )
    submissions = sa.table("assignment_submissions", sa.column("id"), sa.column("current_run"), schema=schema)
    results = sa.table("case_results", sa.column("run_id"), schema=schema)
    shown = sa.exists().where(
        submissions.c.id == runs.c.submission_id, submissions.c.current_run == runs.c.number
    )
    dropped = sa.select(runs.c.id).where(runs.c.regrade_set_id.is_not(None), ~shown)
    # By hand: on SQLite the keys are off while migrations run, and nothing cascades.
    op.execute(sa.delete(results).where(results.c.run_id.in_(dropped)))
    op.execute(sa.delete(runs).where(runs.c.regrade_set_id.is_not(None), ~shown))
