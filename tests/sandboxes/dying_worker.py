"""A worker for a test to kill: runs a program that sleeps, and says so once it does.

``python -m tests.sandboxes.dying_worker boxes|docker SLOT`` prints one line: the runner's pid, or the container's id.
"""

import sys

from api.core.settings import get_settings
from grader.docker_sandbox import DockerSandbox
from grader.engine import Engine
from grader.local_sandbox import LocalSandbox
from sandboxes.protocol import CaseInput, RunRequest

from .programs import COMPILE, limits_of, runner_of

SOURCE = b"import os, time\nif input() == 'sleep':\n    os.fork()\n    time.sleep(100)\n"


def main() -> None:
    """Does not return by itself."""
    kind, slot = sys.argv[1], int(sys.argv[2])
    if kind == "docker":
        sandbox = DockerSandbox(
            Engine(), slot=slot, prefix=get_settings().image_prefix, memory_mib=256, processes=64
        )
    else:
        sandbox = LocalSandbox(slot)

    def tell(_index: int, _outcome: object) -> None:
        # The first case has ended, so the second is at work or about to be.
        runner = runner_of(sandbox)
        name = runner._process.pid if isinstance(sandbox, LocalSandbox) else runner.id
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()

    limits = limits_of("python", wall_ms=100_000)
    cases = [CaseInput(stdin=word, limits=limits) for word in (b"go\n", b"sleep\n")]
    sandbox.run(
        RunRequest(language="python", files={"main.py": SOURCE}, cases=cases, compile_limits=COMPILE), tell
    )


main()
