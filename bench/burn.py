"""``python -m bench.burn FOLDER``: a grader slot whose submissions use every core and the way to memory, for as long as
its standard input is open. For measuring beside; nothing is graded for its own sake. FOLDER keeps its compile cache.
"""

import os
import sys
import threading
from pathlib import Path

from api.core.settings import get_settings
from bench import work
from bench.ours import grader, task
from bench.turns import own_output

READY = "ready\n"
_HELD_MIB = 48
_SOURCE = """import os
import sys

sys.stdin.read()
for _ in range({others}):
    if os.fork() == 0:
        break
held = bytearray({mib} << 20)
while True:
    copy = held[:]
    copy[0] = sum(i * i for i in range(20_000)) % 251
    held = copy
"""


def main() -> None:
    """Grades burning submissions until the input ends; each is stopped by its processor limit, and the next begins."""
    answers = own_output()
    settings, cores = get_settings(), len(os.sched_getaffinity(0))
    source = _SOURCE.format(others=cores - 1, mib=_HELD_MIB)
    limits = {
        "cpuMs": min(60_000, settings.max_cpu_ms),
        "memoryMib": min(4096, settings.max_memory_mib),
        "processes": cores + 8,
    }
    quiet = work.Submission("python", "print()\n", [("", "\n")])
    burning = work.Submission("python", source, [("", "")] * 4)
    threading.Thread(target=_end_with_input, daemon=True).start()
    with grader(["python"], folder=Path(sys.argv[1])) as own:
        own.grade(task("python", quiet.source, work.suite(quiet)))
        answers.write(READY)
        while True:
            own.grade(task("python", source, work.suite(burning, **limits)))


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)  # a grade is under way and need not be waited for: its containers end with this process


if __name__ == "__main__":
    main()
