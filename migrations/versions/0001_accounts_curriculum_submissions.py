"""Accounts, curriculum, progress, submissions and their runs.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.namespaces import create_schemas, drop_schemas, ns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the schemas ``auth`` and ``learning`` and their tables."""
    create_schemas("auth", "learning")
    op.create_table(
        "users",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('ADMIN', 'INSTRUCTOR', 'STUDENT')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        schema=ns("auth"),
    )
    with op.batch_alter_table("users", schema=ns("auth")) as batch_op:
        batch_op.create_index(
            "uq_users_email_live",
            ["email"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "programming_languages",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("icon", sa.String(length=500), nullable=True),
        sa.Column("difficulty", sa.String(length=32), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programming_languages")),
        sa.UniqueConstraint("name", name=op.f("uq_programming_languages_name")),
        sa.UniqueConstraint("slug", name=op.f("uq_programming_languages_slug")),
        schema=ns("learning"),
    )
    op.create_table(
        "sessions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token", name=op.f("uq_sessions_token")),
        schema=ns("auth"),
    )
    with op.batch_alter_table("sessions", schema=ns("auth")) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "language_enrollments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("language_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["language_id"],
            ["learning.programming_languages.id"],
            name=op.f("fk_language_enrollments_language_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_language_enrollments_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_language_enrollments")),
        sa.UniqueConstraint(
            "user_id", "language_id", name=op.f("uq_language_enrollments_user_id_language_id")
        ),
        schema=ns("learning"),
    )
    with op.batch_alter_table("language_enrollments", schema=ns("learning")) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_language_enrollments_language_id"), ["language_id"], unique=False
        )

    op.create_table(
        "modules",
        sa.Column("language_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("syllabus", sa.Text(), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["language_id"], ["learning.programming_languages.id"], name=op.f("fk_modules_language_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modules")),
        sa.UniqueConstraint("language_id", "slug", name=op.f("uq_modules_language_id_slug")),
        schema=ns("learning"),
    )
    op.create_table(
        "assignments",
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("difficulty", sa.String(length=32), nullable=False),
        sa.Column("starter_code", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("hints", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("max_score", sa.Integer(), nullable=False),
        sa.Column("time_limit", sa.Integer(), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("suite_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["module_id"], ["learning.modules.id"], name=op.f("fk_assignments_module_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("module_id", "slug", name=op.f("uq_assignments_module_id_slug")),
        schema=ns("learning"),
    )
    with op.batch_alter_table("assignments", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignments_slug"), ["slug"], unique=False)

    op.create_table(
        "module_progress",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("progress_percent", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_accessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["module_id"], ["learning.modules.id"], name=op.f("fk_module_progress_module_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_module_progress_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_progress")),
        sa.UniqueConstraint("user_id", "module_id", name=op.f("uq_module_progress_user_id_module_id")),
        schema=ns("learning"),
    )
    with op.batch_alter_table("module_progress", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_module_progress_module_id"), ["module_id"], unique=False)

    op.create_table(
        "assignment_submissions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("max_score", sa.Integer(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("current_run", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("body_digest", sa.String(length=80), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["learning.assignments.id"],
            name=op.f("fk_assignment_submissions_assignment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_assignment_submissions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_submissions")),
        sa.UniqueConstraint(
            "user_id", "idempotency_key", name=op.f("uq_assignment_submissions_user_id_idempotency_key")
        ),
        schema=ns("learning"),
    )
    with op.batch_alter_table("assignment_submissions", schema=ns("learning")) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assignment_submissions_assignment_id_status"),
            ["assignment_id", "status"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_assignment_submissions_user_id_assignment_id_status"),
            ["user_id", "assignment_id", "status"],
            unique=False,
        )

    op.create_table(
        "test_suites",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("languages", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("shown", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["learning.assignments.id"], name=op.f("fk_test_suites_assignment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_suites")),
        sa.UniqueConstraint("assignment_id", "version", name=op.f("uq_test_suites_assignment_id_version")),
        schema=ns("learning"),
    )
    op.create_table(
        "grading_runs",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("suite_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("last_fault", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_status", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("max_score", sa.Integer(), nullable=True),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("compile_output", sa.Text(), nullable=True),
        sa.Column("analysis", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("image_digest", sa.String(length=200), nullable=True),
        sa.Column("grader_version", sa.String(length=64), nullable=True),
        sa.Column("isolation", sa.String(length=32), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["learning.assignment_submissions.id"],
            name=op.f("fk_grading_runs_submission_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["suite_id"], ["learning.test_suites.id"], name=op.f("fk_grading_runs_suite_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_grading_runs_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grading_runs")),
        sa.UniqueConstraint("submission_id", "number", name=op.f("uq_grading_runs_submission_id_number")),
        schema=ns("learning"),
    )
    with op.batch_alter_table("grading_runs", schema=ns("learning")) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_grading_runs_status_priority_queued_at"),
            ["status", "priority", "queued_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_grading_runs_suite_id"), ["suite_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_grading_runs_user_id_status"), ["user_id", "status"], unique=False
        )

    op.create_table(
        "case_results",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("max_points", sa.Double(), nullable=False),
        sa.Column("cpu_ms", sa.Integer(), nullable=True),
        sa.Column("wall_ms", sa.Integer(), nullable=True),
        sa.Column("memory_kib", sa.Integer(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("signal", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("stdin", sa.Text(), nullable=True),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("stdout", sa.Text(), nullable=True),
        sa.Column("stderr", sa.Text(), nullable=True),
        sa.Column(
            "first_difference", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["learning.grading_runs.id"], name=op.f("fk_case_results_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_results")),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_case_results_run_id_position")),
        schema=ns("learning"),
    )


def downgrade() -> None:
    """Takes it all back, data included."""
    op.drop_table("case_results", schema=ns("learning"))
    with op.batch_alter_table("grading_runs", schema=ns("learning")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grading_runs_user_id_status"))
        batch_op.drop_index(batch_op.f("ix_grading_runs_suite_id"))
        batch_op.drop_index(batch_op.f("ix_grading_runs_status_priority_queued_at"))

    op.drop_table("grading_runs", schema=ns("learning"))
    op.drop_table("test_suites", schema=ns("learning"))
    with op.batch_alter_table("assignment_submissions", schema=ns("learning")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_submissions_user_id_assignment_id_status"))
        batch_op.drop_index(batch_op.f("ix_assignment_submissions_assignment_id_status"))

    op.drop_table("assignment_submissions", schema=ns("learning"))
    with op.batch_alter_table("module_progress", schema=ns("learning")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_module_progress_module_id"))

    op.drop_table("module_progress", schema=ns("learning"))
    with op.batch_alter_table("assignments", schema=ns("learning")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignments_slug"))

    op.drop_table("assignments", schema=ns("learning"))
    op.drop_table("modules", schema=ns("learning"))
    with op.batch_alter_table("language_enrollments", schema=ns("learning")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_language_enrollments_language_id"))

    op.drop_table("language_enrollments", schema=ns("learning"))
    with op.batch_alter_table("sessions", schema=ns("auth")) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_expires_at"))

    op.drop_table("sessions", schema=ns("auth"))
    op.drop_table("programming_languages", schema=ns("learning"))
    with op.batch_alter_table("users", schema=ns("auth")) as batch_op:
        batch_op.drop_index(
            "uq_users_email_live",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.drop_table("users", schema=ns("auth"))
    drop_schemas("learning", "auth")
