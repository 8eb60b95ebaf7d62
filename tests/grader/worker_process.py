"""A worker process for tests: the real one, with a sandbox that does what its standard input says.

For every request it says ``running`` and waits for a line: ``go`` lets the program come to the right answers. After
each round it says ``graded N``. Arguments: database URL, Redis URL.
"""

import sys

import api.models  # noqa: F401
from api.core import log
from api.core.database import Database
from api.core.queue import Bell, connect
from api.core.settings import Settings
from grader.jobs import Grader
from grader.worker import Worker, worker_name
from sandboxes.protocol import RunReport, RunRequest
from tests.grader.fakes import FakeSandbox, doubled


def say(word: str) -> None:
    """One line for the test."""
    print(word, flush=True)  # noqa: T201


def do(request: RunRequest) -> RunReport:
    """Waits for the test's word."""
    say("running")
    assert sys.stdin.readline() == "go\n"
    return doubled(request)


class SpokenGrader(Grader):
    """Says when a round is over."""

    def grade_pending(self) -> int:
        graded = super().grade_pending()
        say(f"graded {graded}")
        return graded


def main() -> None:
    """Works until it is stopped."""
    settings = Settings(_env_file=None)
    log.configure(settings)
    database = Database(sys.argv[1])
    bell = Bell(connect(sys.argv[2]))
    grader = SpokenGrader(database, FakeSandbox(do), bell, settings, worker_name())
    Worker(grader, sys.argv[2], worker_name(), settings.lease_seconds).run()
    say("ended")


if __name__ == "__main__":
    main()
