"""The database's migrations from the command line."""

from cli.output import CommandFailed, print_json, say
from cli.services import services
from migrations import commands


def upgrade(revision: str) -> None:
    """Migrates up to ``revision``."""
    with services(migrated=False) as opened:
        commands.upgrade(opened.addresses.database_url, revision)
        say(f"the database is at {commands.current(opened.addresses.database_url)}")


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
