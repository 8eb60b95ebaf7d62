"""The command line: CodeZest's front door for people.

Each command imports what it needs when it is called, so that ``codezest --help`` answers at once; the work is done in
`cli/` and the packages behind it.
"""

import sys
from pathlib import Path
from uuid import UUID

import rich_click as click
from click.exceptions import Exit

from cli.groups import as_json, regrade_sets, webhooks

EPILOG = """Exit codes: 0 all is well; 1 something failed, or a verdict was not the expected one; 2 the command
line or a setting is wrong; 3 a service (database, queue, sandbox) is not available."""


class FrontDoor(click.RichGroup):
    """Turns what went wrong into one line and an exit code; nobody is shown a stack trace unasked."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, Exit, click.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            from cli.output import explain

            sys.exit(explain(error))


@click.group(cls=FrontDoor, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codezest", prog_name="codezest")
@click.option("--supervised", is_flag=True, hidden=True, help="End when standard input ends.")
@click.pass_context
def main(ctx: click.Context, supervised: bool) -> None:
    """Grades code: HTTP service, graders in sandboxes, and the tools around them."""
    ctx.obj = supervised


main.add_command(regrade_sets)
main.add_command(webhooks)


@main.command()
@click.option("--sync/--no-sync", default=True, help="Publish the shipped curriculum first (default: yes).")
def up(sync: bool) -> None:
    """Run everything until Ctrl-C: API, graders, sweeper, webhooks; embedded services where none are configured."""
    from cli.up import up as run

    run(sync=sync)


@main.command()
@click.pass_obj
def serve(supervised: bool) -> None:
    """Serve the HTTP API."""
    from cli.serving import serve as run

    run(supervised=supervised)


@main.command()
@click.option("--language", "-l", "single", multiple=True, help="Grade only this; may be given again.")
@click.option("--languages", "listed", default="", metavar="A,B", help="Grade only these; none: all.")
@click.option(
    "--slots", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes to grade in."
)
@click.pass_obj
def worker(supervised: bool, single: tuple[str, ...], listed: str, slots: int) -> None:
    """Grade submissions, after every language's sandbox has proved itself."""
    from cli.working import work

    named = (name.strip() for name in listed.split(","))
    work([*single, *filter(None, named)], slots=slots, supervised=supervised)


@main.command()
@click.argument("what", type=click.Choice(["sweeper", "deliverer", "worker"]))
@click.option("--slots", type=click.IntRange(1, 64), default=1, show_default=True, help="Workers to expect.")
def alive(what: str, slots: int) -> None:
    """Do sweeper, deliverer or workers of this data folder still turn their loops? For health checks: 1 if not."""
    from cli.watching import alive as run

    run(what, slots)


@main.command()
@click.option("--once", is_flag=True, help="One pass, and print what it did.")
@as_json
@click.pass_obj
def sweep(supervised: bool, once: bool, as_json: bool) -> None:
    """Take back runs whose grader died, and ring for runs whose bell was lost."""
    from cli.output import print_json, say
    from cli.working import sweep as run

    swept = run(once=once, supervised=supervised)
    if as_json:
        print_json(swept)
    elif swept:
        say(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in swept.items()))


@main.command()
@click.option("--once", is_flag=True, help="One try of all that is due, and print how it went.")
@as_json
@click.pass_obj
def deliver(supervised: bool, once: bool, as_json: bool) -> None:
    """Send webhooks and mails: what is due, and again what failed."""
    from cli.delivering import deliver as run
    from cli.output import print_json, say

    tries = run(once=once, supervised=supervised)
    if as_json:
        print_json(tries)
    elif once:
        say(", ".join(f"{outcome}: {count}" for outcome, count in tries.items()) or "nothing is due")


@main.command()
@click.option(
    "--interval",
    type=click.FloatRange(0.5, 3600),
    default=2,
    show_default=True,
    help="Seconds between looks.",
)
@click.option("--once", is_flag=True, help="Print it once; so does an output that is no terminal.")
@as_json
def top(interval: float, once: bool, as_json: bool) -> None:
    """Watch grading: queue, workers, recent verdicts, platform faults. q or Ctrl-C leaves."""
    from cli.top import top as run

    run(interval=interval, once=once, as_json=as_json)


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@as_json
def sync(folder: Path | None, as_json: bool) -> None:
    """Publish a folder of test cases (default: the shipped ones); every fault of every file is reported."""
    from cli.curriculum import sync as run

    run(folder, as_json=as_json)


@main.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--assignment", "-a", required=True, metavar="SLUG", help="Whose test cases to run.")
@click.option("--language", "-l", help="Default: told from the file's name.")
@click.option(
    "--testcases", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another folder."
)
@as_json
def try_(file: Path, assignment: str, language: str | None, testcases: Path | None, as_json: bool) -> None:
    """Grade FILE here and now, without database and queue. Exit code 0 only if it passes."""
    from cli.trying import try_file

    try_file(file, assignment, language=language, testcases=testcases, as_json=as_json)


@main.command()
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--assignment", "-a", metavar="SLUG", help="All submissions of this assignment.")
@click.option("--status", type=click.Choice(["PASSED", "FAILED", "ERROR"]), help="Only those of this status.")
@click.option("--dry-run", is_flag=True, help="Say what would be graded again; store nothing.")
@as_json
def regrade(
    ids: tuple[UUID, ...], assignment: str | None, status: str | None, dry_run: bool, as_json: bool
) -> None:
    """Grade submissions again, against the current test cases. Old runs stay as they were.

    Each result is shown as soon as it is there; `regrade-sets` looks at all of them first.
    """
    from cli.grading import regrade as run

    run(ids, assignment=assignment, status=status, dry_run=dry_run, as_json=as_json)


@main.group()
def submissions() -> None:
    """Look at submissions."""


@submissions.command("show")
@click.argument("submission_id", type=click.UUID)
@as_json
def show_submission(submission_id: UUID, as_json: bool) -> None:
    """Show a submission with its cases."""
    from cli.grading import show

    show(submission_id, as_json=as_json)


@main.group()
def sandboxes() -> None:
    """Build and check the images that programs run in."""


@sandboxes.command("build")
@click.argument("languages", nargs=-1)
@click.option(
    "--if-possible", is_flag=True, help="Where no engine answers or a build fails, say so and exit with 0."
)
def build_sandboxes(languages: tuple[str, ...], if_possible: bool) -> None:
    """Build the images (default: of all languages)."""
    from cli.images import build, build_if_possible

    (build_if_possible if if_possible else build)(languages)


@sandboxes.command("list")
@as_json
def list_sandboxes(as_json: bool) -> None:
    """List the images."""
    from cli.images import show

    show(as_json=as_json)


@sandboxes.command("check")
@click.argument("languages", nargs=-1)
@as_json
def check_sandboxes(languages: tuple[str, ...], as_json: bool) -> None:
    """Run the smoke programs of every language: does a sandbox do what it promises?"""
    from cli.images import check

    check(languages, as_json=as_json)


@sandboxes.command("calibrate")
@click.option(
    "--runs", type=click.IntRange(3, 1000), default=15, show_default=True, help="Of each piece of work."
)
@as_json
def calibrate_sandboxes(runs: int, as_json: bool) -> None:
    """Measure how fast this machine is; workers record it with each run. Best while nothing else runs here."""
    from cli.calibrating import calibrate_machine

    calibrate_machine(runs, as_json=as_json)


@main.group()
def db() -> None:
    """Migrate the database."""


@db.command("upgrade")
@click.argument("revision", default="head")
@click.option("--roles", is_flag=True, help="Make the roles for API and graders too, as `db roles` does.")
def upgrade_db(revision: str, roles: bool) -> None:
    """Migrate up to REVISION (default: the newest)."""
    from cli.migrating import upgrade

    upgrade(revision, roles=roles)


@db.command("downgrade")
@click.argument("revision")
@click.confirmation_option("--yes", prompt="Tables and columns that the migration added are dropped. Go on?")
def downgrade_db(revision: str) -> None:
    """Migrate down to REVISION (-1: one step)."""
    from cli.migrating import downgrade

    downgrade(revision)


@db.command("roles")
@click.option(
    "--print", "only_print", is_flag=True, help="Print the SQL for an administrator; change nothing."
)
def roles_db(only_print: bool) -> None:
    """Make PostgreSQL's roles for API and graders, with what each may do; again after a change of version."""
    from cli.migrating import make_roles

    make_roles(only_print=only_print)


@db.command("check")
@as_json
def check_db(as_json: bool) -> None:
    """Is the database at the newest migration, and does it match the models?"""
    from cli.migrating import check

    check(as_json=as_json)


@main.command("create-user")
@click.argument("email")
@click.option("--name", required=True, help="How the account is called.")
@click.option("--admin", is_flag=True, help="An administrator instead of a learner.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
@as_json
def create_user(email: str, name: str, admin: bool, password_stdin: bool, as_json: bool) -> None:
    """Create an account."""
    from cli.users import create_user as run

    run(email, name, admin=admin, password=sys.stdin.readline().rstrip("\r\n"), as_json=as_json)


@main.command()
@click.option(
    "--language", "-l", "languages", multiple=True, help="Only examples in this; may be given again."
)
@as_json
def demo(languages: tuple[str, ...], as_json: bool) -> None:
    """Grade every shipped example over HTTP, in an installation made for it. Exit code 0 only if all is as expected."""
    from cli.demo import demo as run

    run(languages, as_json=as_json)


@main.command()
@click.option("--host", "is_host", is_flag=True, help="Check this machine as a grader host instead.")
@as_json
def doctor(is_host: bool, as_json: bool) -> None:
    """Check the installation: database, migrations, queue, engine, images, boxes; each fault with its cure."""
    if is_host:
        from cli.host.examination import doctor_host

        doctor_host(as_json=as_json)
        return
    from cli.doctor import doctor as run

    run(as_json=as_json)


if __name__ == "__main__":
    main()
