"""Two slots at once: what one takes of the kernel's limits for a user, the other one has not to do without."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.sandbox import Sandbox

from .modes import MODES, Mode, open_slots
from .programs import ended

#: Takes all it gets of what is counted for each user, tells how much that was, and keeps it for a while if asked to.
TAKE = """
import ctypes, fcntl, os, sys, time
libc = ctypes.CDLL(None)
keep = input() == "keep"
watches = 0
held = []
wait, gate = os.pipe()
for child in range(4):
    ours, theirs = os.pipe()
    held.append(theirs)
    if os.fork() == 0:
        os.close(gate)
        taken = 0
        while taken < 60 and libc.syscall(294, 0) >= 0: taken += 1
        try:
            for _ in range(60):
                for end in os.pipe(): held.append(end)
                fcntl.fcntl(held[-1], 1031, 1 << 20)
        except OSError: pass
        os.write(theirs, bytes([taken]))
        os.read(wait, 1)
        os._exit(0)
    watches += os.read(ours, 1)[0]
ours, theirs = os.pipe()
print(watches, fcntl.fcntl(ours, 1032), flush=True)
time.sleep(2 if keep else 0)
"""


def taken(sandbox: Sandbox, word: bytes = b"go\n") -> bytes:
    """What a program on this slot gets: inotify instances, and the size of one more pipe."""
    case = ended(sandbox, "python", TAKE, inputs=[word], wall_ms=20_000, cpu_ms=4000)
    assert case.ended_well, case
    return case.stdout


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=getattr(pytest.mark, mode.needs), id=mode.name) for mode in MODES]
)
def test_a_slot_has_its_limits_for_itself(mode: Mode, request: pytest.FixtureRequest):
    request.getfixturevalue("docker_engine" if mode.in_containers else "boxes_sandbox")
    if not mode.in_containers and os.getuid() != 0:
        pytest.skip("without root the slots of a machine have one user id")
    with open_slots(mode, 2) as (taker, neighbour), ThreadPoolExecutor(1) as thread:
        alone = taken(neighbour)
        taking = thread.submit(taken, taker, b"keep\n")
        while not taking.done():
            assert taken(neighbour) == alone
        assert taking.result() == alone
