"""Accounts from the command line: the only way to make an administrator."""

from api.auth import service as auth
from api.core.actor import UserRole
from cli.output import print_json, say
from cli.services import services


def create_user(email: str, name: str, *, admin: bool, password: str, as_json: bool) -> None:
    """Creates an account.

    Raises:
        Invalid: with every fault of the three.
        Conflict: the address is taken.
    """
    role = UserRole.ADMIN if admin else UserRole.USER
    with services() as opened, opened.database.transaction() as session:
        user = auth.create_user(session, email=email, password=password, name=name, role=role)
        made = {"id": str(user.id), "email": user.email, "name": user.name, "role": user.role.value}
    if as_json:
        print_json(made)
    else:
        say(f"created {made['role']} {made['email']} with id {made['id']}")
