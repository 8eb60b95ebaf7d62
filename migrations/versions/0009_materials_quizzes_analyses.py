"""Materials, quizzes with their attempts, what is said about work; what is published, and in which order it opens.

Revision 0009.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.namespaces import ns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the rest of ``learning``. What is there already stays visible: it counts as published."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "materials",
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["learning.modules.id"], name=op.f("fk_materials_module_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
        sa.UniqueConstraint("module_id", "slug", name=op.f("uq_materials_module_id_slug")),
        schema=ns("learning"),
    )

    op.create_table(
        "mcq_quizzes",
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("passing_score", sa.Integer(), nullable=False),
        sa.Column("time_limit", sa.Integer(), nullable=True),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("shuffle", sa.Boolean(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["module_id"], ["learning.modules.id"], name=op.f("fk_mcq_quizzes_module_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcq_quizzes")),
        sa.UniqueConstraint("module_id", "slug", name=op.f("uq_mcq_quizzes_module_id_slug")),
        schema=ns("learning"),
    )

    op.create_table(
        "material_progress",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("view_count", sa.Integer(), nullable=False),
        sa.Column("last_viewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["learning.materials.id"], name=op.f("fk_material_progress_material_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_material_progress_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_progress")),
        sa.UniqueConstraint("user_id", "material_id", name=op.f("uq_material_progress_user_id_material_id")),
        schema=ns("learning"),
    )

    with op.batch_alter_table("material_progress", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_material_progress_material_id"), ["material_id"], unique=False)

    op.create_table(
        "mcq_attempts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("quiz_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("layout", json, nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("points", sa.Double(), nullable=True),
        sa.Column("max_points", sa.Double(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quiz_id"], ["learning.mcq_quizzes.id"], name=op.f("fk_mcq_attempts_quiz_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth.users.id"], name=op.f("fk_mcq_attempts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcq_attempts")),
        sa.UniqueConstraint(
            "user_id", "quiz_id", "number", name=op.f("uq_mcq_attempts_user_id_quiz_id_number")
        ),
        schema=ns("learning"),
    )

    with op.batch_alter_table("mcq_attempts", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_mcq_attempts_quiz_id"), ["quiz_id"], unique=False)
        batch_op.create_index(
            "uq_mcq_attempts_open",
            ["user_id", "quiz_id"],
            unique=True,
            sqlite_where=sa.text("completed_at IS NULL"),
            postgresql_where=sa.text("completed_at IS NULL"),
        )

    op.create_table(
        "mcq_questions",
        sa.Column("quiz_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("topic", sa.String(length=100), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("answer_key", json, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quiz_id"],
            ["learning.mcq_quizzes.id"],
            name=op.f("fk_mcq_questions_quiz_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcq_questions")),
        schema=ns("learning"),
    )

    with op.batch_alter_table("mcq_questions", schema=ns("learning")) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mcq_questions_quiz_id_order"), ["quiz_id", "order"], unique=False
        )

    op.create_table(
        "assignment_analyses",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("analysis_type", sa.String(length=32), nullable=False),
        sa.Column("overall_score", sa.Integer(), nullable=True),
        sa.Column("strengths", json, nullable=False),
        sa.Column("weaknesses", json, nullable=False),
        sa.Column("suggestions", json, nullable=False),
        sa.Column("code_quality", json, nullable=True),
        sa.Column("detailed_feedback", sa.Text(), nullable=True),
        sa.Column("ai_model", sa.String(length=200), nullable=True),
        sa.Column("ai_prompt", sa.Text(), nullable=True),
        sa.Column("analyzed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analyzed_by"],
            ["auth.users.id"],
            name=op.f("fk_assignment_analyses_analyzed_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["learning.assignment_submissions.id"],
            name=op.f("fk_assignment_analyses_submission_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_analyses")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_assignment_analyses_submission_id")),
        schema=ns("learning"),
    )

    with op.batch_alter_table("assignment_analyses", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_analyses_analyzed_by"), ["analyzed_by"], unique=False)

    op.create_table(
        "mcq_options",
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("option_text", sa.Text(), nullable=False),
        sa.Column("is_correct", sa.Boolean(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["learning.mcq_questions.id"],
            name=op.f("fk_mcq_options_question_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcq_options")),
        schema=ns("learning"),
    )

    with op.batch_alter_table("mcq_options", schema=ns("learning")) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_mcq_options_question_id_order"), ["question_id", "order"], unique=False
        )

    op.create_table(
        "quiz_analyses",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("analysis_type", sa.String(length=32), nullable=False),
        sa.Column("performance_breakdown", json, nullable=False),
        sa.Column("strong_topics", json, nullable=False),
        sa.Column("weak_topics", json, nullable=False),
        sa.Column("recommendations", json, nullable=False),
        sa.Column("insights", sa.Text(), nullable=True),
        sa.Column("avg_time_per_question", sa.Integer(), nullable=True),
        sa.Column("time_management", sa.String(length=200), nullable=True),
        sa.Column("ai_model", sa.String(length=200), nullable=True),
        sa.Column("analyzed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analyzed_by"], ["auth.users.id"], name=op.f("fk_quiz_analyses_analyzed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["learning.mcq_attempts.id"],
            name=op.f("fk_quiz_analyses_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_analyses")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_quiz_analyses_attempt_id")),
        schema=ns("learning"),
    )

    with op.batch_alter_table("quiz_analyses", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_quiz_analyses_analyzed_by"), ["analyzed_by"], unique=False)

    op.create_table(
        "mcq_answers",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("selected_option_id", sa.Uuid(), nullable=True),
        sa.Column("response", json, nullable=True),
        sa.Column("is_correct", sa.Boolean(), nullable=True),
        sa.Column("points", sa.Double(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["learning.mcq_attempts.id"],
            name=op.f("fk_mcq_answers_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["learning.mcq_questions.id"], name=op.f("fk_mcq_answers_question_id")
        ),
        sa.ForeignKeyConstraint(
            ["selected_option_id"],
            ["learning.mcq_options.id"],
            name=op.f("fk_mcq_answers_selected_option_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mcq_answers")),
        sa.UniqueConstraint("attempt_id", "question_id", name=op.f("uq_mcq_answers_attempt_id_question_id")),
        schema=ns("learning"),
    )

    with op.batch_alter_table("mcq_answers", schema=ns("learning")) as batch_op:
        batch_op.create_index(batch_op.f("ix_mcq_answers_question_id"), ["question_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_mcq_answers_selected_option_id"), ["selected_option_id"], unique=False
        )

    # Not in batches: SQLite would copy the tables. The defaults in the database are for the rows that are there.
    def add(table: str, name: str, kind: Any, default: Any = None) -> None:
        column = sa.Column(name, kind, nullable=default is None, server_default=default)
        op.add_column(table, column, schema=ns("learning"))

    add("programming_languages", "sequential", sa.Boolean(), sa.false())
    add("modules", "prerequisites", json)
    add("modules", "published", sa.Boolean(), sa.true())
    add("assignments", "hints_after", json)
    add("assignments", "reveal", json)
    add("assignments", "published", sa.Boolean(), sa.true())


def downgrade() -> None:
    """Drops what was made."""
    for table, names in (
        ("assignments", ("published", "reveal", "hints_after")),
        ("modules", ("published", "prerequisites")),
        ("programming_languages", ("sequential",)),
    ):
        with op.batch_alter_table(table, schema=ns("learning")) as batch_op:
            for name in names:
                batch_op.drop_column(name)
    op.drop_table("mcq_answers", schema=ns("learning"))
    op.drop_table("quiz_analyses", schema=ns("learning"))
    op.drop_table("mcq_options", schema=ns("learning"))
    op.drop_table("assignment_analyses", schema=ns("learning"))
    op.drop_table("mcq_questions", schema=ns("learning"))
    op.drop_table("mcq_attempts", schema=ns("learning"))
    op.drop_table("material_progress", schema=ns("learning"))
    op.drop_table("mcq_quizzes", schema=ns("learning"))
    op.drop_table("materials", schema=ns("learning"))
