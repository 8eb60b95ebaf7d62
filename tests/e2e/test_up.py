"""`codezest up` as a process: answers, looks after its children, and leaves nothing running however it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from api.core.embedded import EmbeddedServer
from api.core.queue import connect
from api.core.settings import Settings
from sandboxes.languages import runnable

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not runnable(), reason="no language can be run in local boxes here")


class Installation:
    """A `codezest up` of one grader in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {"DATA_DIR": self.folder, "PORT": self.port, "WORKER_SLOTS": 1, "SANDBOX": "local"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "codezest.py"), "up", "--no-sync"],
            cwd=folder,
            env={**os.environ, **{f"CODEZEST_{name}": str(value) for name, value in settings.items()}},
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_line(self, words: str) -> str:
        """The line of its standard error that holds ``words``."""
        assert self.process.stderr
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(f"it ended with {self.process.wait()} and never said {words!r}")

    def await_answer(self) -> None:
        """Returns when the API answers: the listening line comes just before."""
        self.await_line("listens at")
        self.check_health()

    def check_health(self) -> None:
        """Asks the API how it is."""
        transport = httpx2.HTTPTransport(retries=8)
        with httpx2.Client(transport=transport, timeout=30) as client:
            assert client.get(f"http://127.0.0.1:{self.port}/api/v1/health").status_code == 200

    def await_end_of_children(self) -> None:
        """Returns when nobody holds its standard error any more: all children inherit it."""
        assert self.process.stderr
        self.process.stderr.read()

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
            return True

    def child(self, word: str) -> int:
        """The process id of the child whose command line ends with ``word``."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                parent = (path.parent / "stat").read_text().rpartition(")")[2].split()[1]
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if int(parent) == self.process.pid and word.encode() in words:
                return int(path.parent.name)
        raise AssertionError(f"no child {word}")


@pytest.fixture
def installation(tmp_path: Path, settings: Settings) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.process.kill()
    installation.process.communicate()
    server = EmbeddedServer(installation.folder)
    server.hold()
    server.release()


def test_a_stopped_installation_leaves_nothing_behind(installation: Installation):
    installation.await_answer()
    installation.process.send_signal(signal.SIGINT)
    installation.await_line("stopped")
    assert installation.process.wait() == 0
    installation.await_end_of_children()
    assert installation.port_is_free()
    assert not EmbeddedServer(installation.folder).runs()


def test_a_killed_installation_takes_its_processes_along(installation: Installation):
    installation.await_answer()
    installation.process.kill()
    installation.process.wait()
    installation.await_end_of_children()
    assert installation.port_is_free()


def test_a_child_that_is_killed_is_started_again(installation: Installation):
    installation.await_answer()
    os.kill(installation.child("serve"), signal.SIGKILL)
    assert "api" in installation.await_line("child_ended")
    installation.await_answer()


def test_the_queue_server_that_is_killed_is_started_again(installation: Installation):
    installation.await_answer()
    with connect(EmbeddedServer(installation.folder).url) as connection:
        pid = connection.info("server")["process_id"]
        os.kill(pid, signal.SIGKILL)
        installation.await_line("embedded_server_started_again")
        assert connection.info("server")["process_id"] != pid
    installation.check_health()
