"""From the roles ADMIN, INSTRUCTOR and STUDENT to USER and ADMIN, with everybody's access kept.

Dropping the column and adding a new one, as the first draft of this change did, would have made every administrator a
USER. Here ADMIN stays ADMIN, and the other two become USER.

Which USER was an INSTRUCTOR is not kept: on the way down every USER becomes a STUDENT, which was the old default and
gives nobody more than before.

Revision 0007.
"""

import sqlalchemy as sa
from alembic import op

from migrations.namespaces import ns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OLD = "role IN ('ADMIN', 'INSTRUCTOR', 'STUDENT')"
NEW = "role IN ('USER', 'ADMIN')"


def upgrade() -> None:
    """Renames the roles; a role that is neither old nor new stops the migration."""
    _replace_check(
        "ck_users_role", to={"INSTRUCTOR": "USER", "STUDENT": "USER"}, name="ck_users_user_role", text=NEW
    )


def downgrade() -> None:
    """ADMIN stays ADMIN, USER becomes STUDENT."""
    _replace_check("ck_users_user_role", to={"USER": "STUDENT"}, name="ck_users_role", text=OLD)


def _replace_check(old: str, *, to: dict[str, str], name: str, text: str) -> None:
    users = sa.table("users", sa.column("role"), schema=ns("auth"))
    # A database made before revision 0001 had this check has none to drop.
    has_check = old in {
        check["name"] for check in sa.inspect(op.get_bind()).get_check_constraints("users", ns("auth"))
    }
    if has_check:
        with op.batch_alter_table("users", schema=ns("auth")) as batch_op:
            batch_op.drop_constraint(op.f(old), type_="check")
    for before, after in to.items():
        op.execute(users.update().where(users.c.role == before).values(role=after))
    with op.batch_alter_table("users", schema=ns("auth")) as batch_op:
        batch_op.create_check_constraint(op.f(name), sa.text(text))
