"""The database's migrations from the command line."""

import sys

from api.core.settings import Settings
from cli.output import CommandFailed, print_json, say
from cli.services import services
from migrations import commands
from migrations import roles as database_roles
from migrations.roles import Roles


def upgrade(revision: str, *, roles: bool) -> None:
    """Migrates up to ``revision``; with ``roles``, makes them too."""
    with services(migrated=False) as opened:
        commands.upgrade(opened.addresses.database_url, revision)
        say(f"the database is at {commands.current(opened.addresses.database_url)}")
    if roles:
        make_roles(only_print=False)


def make_roles(*, only_print: bool) -> None:
    """Makes the roles for API and graders, or prints what an administrator would run.

    Raises:
        Invalid: the database has no roles, or its user may not make them.
    """
    if only_print:
        sys.stdout.writelines(f"{statement};\n" for statement in database_roles.script())
        return
    names = Roles()
    with services(migrated=False) as opened:
        passwords = _passwords(names, opened.settings)
        database_roles.make(opened.addresses.database_url, passwords, names)
    for role in names:
        say(f"{role}: {'has its password and' if role in passwords else 'has'} its rights")


def downgrade(revision: str) -> None:
    """Migrates down to ``revision``; what later migrations added is dropped."""
    with services(migrated=False) as opened:
        commands.downgrade(opened.addresses.database_url, revision)
        say(f"the database is at {commands.current(opened.addresses.database_url)}")


def check(*, as_json: bool) -> None:
    """Whether the database is at the newest migration and matches the models. Raises CommandFailed if not."""
    with services(migrated=False) as opened:
        differences = commands.check(opened.addresses.database_url)
    if as_json:
        print_json({"differences": differences})
    if differences:
        raise CommandFailed("\n".join(differences))
    say("the database is at the newest migration and matches the models")


def _passwords(names: Roles, settings: Settings) -> dict[str, str]:
    given = {names.api: settings.database_api_password, names.grader: settings.database_grader_password}
    return {role: secret.get_secret_value() for role, secret in given.items() if secret is not None}
