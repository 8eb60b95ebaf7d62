"""The supervisor: starts again what dies, stops in order, and takes everything along when it is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import processes
from cli.processes import Child, Supervisor

ROOT = Path(__file__).parents[2]

#: Plays `codezest`: says its name and process id on descriptor 1, and on SIGTERM "stopped".
CHILD = f"""
import os, signal, sys, threading
sys.path.insert(0, {str(ROOT)!r})
from cli.processes import end_with_supervisor
name = sys.argv[-1]
def say(text): os.write(1, f"{{name}} {{text}}\\n".encode())
over = threading.Event()
if name != "deaf":
    signal.signal(signal.SIGTERM, lambda *_: (say("stopped"), over.set()))
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_with_supervisor()
say(str(os.getpid()))
if name == "short":
    sys.exit(7)
over.wait()
"""

SUPERVISOR = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from cli import processes
processes.FRONT_DOOR = Path(sys.argv[1])
supervisor = processes.Supervisor([processes.Child(n, [n], 0, 5) for n in ("a", "b")])
supervisor.start()
supervisor.run()
"""


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Pipe"]:
    (tmp_path / "child.py").write_text(CHILD)
    monkeypatch.setattr(processes, "FRONT_DOOR", tmp_path / "child.py")
    pipe = Pipe()
    yield pipe
    pipe.close()


class Pipe:
    """What the children say, line by line; reading waits for it."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.reading = os.fdopen(reading, "rb")
        self.writing = os.fdopen(writing, "wb", buffering=0)

    def child(self, name: str, *, stage: int = 0, stop_seconds: float = 30) -> Child:
        return Child(name, [name], stage, stop_seconds, output=self.writing)

    def hear(self) -> tuple[str, str]:
        name, word = self.reading.readline().decode().split()
        return name, word

    def close(self) -> None:
        self.reading.close()
        self.writing.close()


def test_a_child_that_will_not_stop_is_made_to(pipe: Pipe):
    deaf = pipe.child("deaf", stop_seconds=0.1)
    deaf.start()
    pid = int(pipe.hear()[1])
    Supervisor([deaf]).stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_takes_in_work_stops_before_what_does_it(pipe: Pipe):
    supervisor = Supervisor([pipe.child("worker", stage=1), pipe.child("api", stage=0)])
    supervisor.start()
    pipe.hear(), pipe.hear()
    supervisor.stop()
    assert [pipe.hear(), pipe.hear()] == [("api", "stopped"), ("worker", "stopped")]


def test_what_dies_is_started_again_after_a_pause_that_grows(pipe: Pipe, monkeypatch: pytest.MonkeyPatch):
    moment = [1000.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: moment[0])
    child = pipe.child("short")
    supervisor = Supervisor([child])
    supervisor.start()
    pauses = []
    for _ in range(6):
        pipe.hear()
        assert child.process is not None
        assert child.process.wait() == 7
        supervisor.look_after()  # finds it dead
        assert child.process is None
        pauses.append(child.not_before - moment[0])
        supervisor.look_after()  # too early
        assert child.process is None
        moment[0] = child.not_before
        supervisor.look_after()
        assert child.process is not None
    pipe.hear()
    supervisor.stop()
    assert pauses == [2, 4, 8, 16, 30, 30]


def test_one_that_lived_long_is_started_again_soon(pipe: Pipe, monkeypatch: pytest.MonkeyPatch):
    moment = [1000.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: moment[0])
    child = pipe.child("short")
    child.start()
    child.pause = 30
    pipe.hear()
    child.process.wait()
    moment[0] += 3600
    Supervisor([child]).look_after()
    assert child.not_before == moment[0] + 1


def test_a_supervisor_that_is_killed_takes_its_children_along(pipe: Pipe):
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(processes.FRONT_DOOR)],
        stdout=pipe.writing,
        stderr=subprocess.DEVNULL,
    )
    pipe.writing.close()
    assert {pipe.hear()[0], pipe.hear()[0]} == {"a", "b"}
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    # The end of the pipe: nobody is left who could write.
    assert sorted(pipe.reading.read().split()) == [b"a", b"b", b"stopped", b"stopped"]
