"""`codezest sync`: a folder of test cases becomes the published curriculum."""

from pathlib import Path

from api.learning.curriculum.sync import sync as publish
from cli.installation import SHIPPED
from cli.output import print_json, say
from cli.services import services


def sync(folder: Path | None, *, as_json: bool) -> None:
    """Publishes ``folder``; None: the shipped curriculum. All or nothing; every fault is shown.

    Raises:
        CommandFailed: files have faults; nothing is published.
    """
    with services() as opened, opened.database.transaction() as session:
        report = publish(session, folder or SHIPPED)
    if as_json:
        print_json(report.as_dict())
    else:
        say(str(report))
