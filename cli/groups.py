"""Groups of commands that would make `codezest.py` too long. As there, a command imports what it needs when called."""

from datetime import datetime
from uuid import UUID

import rich_click as click

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group("regrade-sets")
def regrade_sets() -> None:
    """Grade many submissions again: look at what would change, then apply all of it or nothing."""


@regrade_sets.command("create")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--why", "--reason", "why", required=True, help="Why; it is kept with the set.")
@click.option("--assignment", "-a", metavar="SLUG", help="Only of this assignment.")
@click.option("--suite-version", type=click.IntRange(1), help="Only with a result of these test cases.")
@click.option("--status", type=click.Choice(["PASSED", "FAILED", "ERROR"]), help="Only those of this status.")
@click.option("--result", metavar="REASON", help="Only those that failed so, for example compile_error.")
@click.option("--user", type=click.UUID, help="Only of this learner.")
@click.option("--language", "-l", help="Only in this language.")
@click.option("--since", type=click.DateTime(), help="Only submitted at this time (UTC) or later.")
@click.option("--until", type=click.DateTime(), help="Only submitted before this time (UTC).")
@click.option("--case", "cases", multiple=True, metavar="GROUP/NAME", help="Only this case; repeatable.")
@click.option("--dry-run", is_flag=True, help="Say how many it would be; store nothing.")
@click.option("--wait", is_flag=True, help="Until all is graded.")
@as_json
def create_regrade_set(assignment: str | None, why: str, **options: object) -> None:
    """Grade submissions again without showing it: those of IDS, or all that fit the options."""
    from cli.regrades import create, criteria

    flags = {name: bool(options.pop(name)) for name in ("dry_run", "wait", "as_json")}
    chosen = criteria(**options)  # pyright: ignore[reportArgumentType]
    create(why, chosen, assignment=assignment, **flags)


@regrade_sets.command("list")
@as_json
def list_regrade_sets(as_json: bool) -> None:
    """List the newest sets."""
    from cli.regrades import list_sets

    list_sets(as_json=as_json)


@regrade_sets.command("show")
@click.argument("set_id", type=click.UUID)
@click.option(
    "--kind", type=click.Choice(["up", "down", "same", "flip", "fault", "newer"]), help="Only these."
)
@as_json
def show_regrade_set(set_id: UUID, kind: str | None, as_json: bool) -> None:
    """Show what a set would change or has changed, per learner and per submission."""
    from cli.regrades import show

    show(set_id, kind=kind, as_json=as_json)


@regrade_sets.command("watch")
@click.argument("set_id", type=click.UUID)
@as_json
def watch_regrade_set(set_id: UUID, as_json: bool) -> None:
    """Wait until a set is graded."""
    from cli.regrades import watch

    watch(set_id, as_json=as_json)


@regrade_sets.command("apply")
@click.argument("set_id", type=click.UUID)
@as_json
def apply_regrade_set(set_id: UUID, as_json: bool) -> None:
    """Show all results of a set at once."""
    from cli.regrades import act

    act("apply", set_id, as_json=as_json)


@regrade_sets.command("cancel")
@click.argument("set_id", type=click.UUID)
@as_json
def cancel_regrade_set(set_id: UUID, as_json: bool) -> None:
    """Give a set up; nothing that is shown changes."""
    from cli.regrades import act

    act("cancel", set_id, as_json=as_json)


@regrade_sets.command("undo")
@click.argument("set_id", type=click.UUID)
@as_json
def undo_regrade_set(set_id: UUID, as_json: bool) -> None:
    """Show again what was shown before a set was applied."""
    from cli.regrades import act

    act("undo", set_id, as_json=as_json)


@click.group("webhooks")
def webhooks() -> None:
    """Look at what webhooks were told, and tell them again."""


@webhooks.command("deliveries")
@click.option("--endpoint", type=click.UUID, metavar="ID", help="Only of this webhook.")
@click.option(
    "--status", type=click.Choice(["PENDING", "DELIVERED", "GAVE_UP"]), help="Only those of this status."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
def list_deliveries(endpoint: UUID | None, status: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, newest first."""
    from cli.webhooks import deliveries

    deliveries(endpoint, status=status, limit=limit, as_json=as_json)


@webhooks.command("replay")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--endpoint", type=click.UUID, metavar="ID", help="All of this webhook's, see --since.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="Those made then or later, in UTC if no zone is given.",
)
@as_json
def replay_deliveries(
    ids: tuple[UUID, ...], endpoint: UUID | None, since: datetime | None, as_json: bool
) -> None:
    """Send deliveries again, delivered or not, with their ids."""
    from cli.webhooks import replay

    replay(ids, endpoint_id=endpoint, since=since, as_json=as_json)
