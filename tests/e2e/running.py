"""Processes of the platform for tests: started as an operator would, waited for by asking them, stopped by signal."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from tests.house.tree import ROOT

CODEZEST = [sys.executable, str(ROOT / "codezest.py")]
PATIENCE_SECONDS = 120.0


class Process:
    """One process with its log in a file. ``environment`` is all that it has beside PATH and HOME."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log, self.name = folder / f"{name}.log", name
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(words),
                cwd=folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def said(self, words: str) -> bool:
        return words in self.log.read_text(errors="replace")

    def check(self, words: Sequence[str]) -> bool:
        """Whether a command beside it, in the same environment, says that it is well."""
        done = subprocess.run(
            list(words),
            env=self._environment,
            cwd=self.log.parent,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return done.returncode == 0

    def await_that(self, holds: Callable[[], bool]) -> None:
        """Returns as soon as something holds; the process may not end before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            assert time.monotonic() < deadline, f"{self.name} does not come to it:\n{self.tail()}"

    def end(self, seconds: float = 60) -> int:
        """Its exit code, once it has ended by itself."""
        return self.process.wait(seconds)

    def stop(self, seconds: float = 60) -> int:
        """Its exit code after SIGTERM. Raises TimeoutExpired if it takes longer."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    def kill(self) -> None:
        """Ends it with everything it has started: a server that is killed alone leaves its worker process behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Learner:
    """A client over HTTP that does what a client should: sends again what got no answer, with the same key."""

    def __init__(self, port: int) -> None:
        self.http = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30, transport=httpx2.HTTPTransport(retries=8)
        )
        self.repeated = 0

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of the answer. A connection that fails and a 503 are tried again."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.http.request(method, path, **more)
                if answer.status_code != 503:
                    assert answer.status_code < 400, answer.text
                    return answer.json()
            except httpx2.TransportError:
                pass
            self.repeated += 1
            assert time.monotonic() < deadline, f"{method} {path} is not answered"
            time.sleep(0.05)

    def enter(self, language: str, email: str = "learner@example.com") -> None:
        """Registers and enrolls."""
        who = {"email": email, "password": "a long enough password", "name": "Learner"}
        self.http.headers["Authorization"] = f"Bearer {self.ask('POST', '/auth/register', json=who)['token']}"
        self.ask("POST", f"/languages/{language}/enrollment")

    def submit(self, assignment_id: str, code: str, language: str, key: str) -> str:
        body = {"code": code, "language": language}
        path = f"/assignments/{assignment_id}/submissions"
        return self.ask("POST", path, json=body, headers={"Idempotency-Key": key})["id"]

    def await_result(self, submission_id: str) -> dict[str, Any]:
        """The submission once it is graded."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self.ask("GET", f"/submissions/{submission_id}")
            if found["status"] not in ("PENDING", "RUNNING"):
                return found
            assert time.monotonic() < deadline, f"{submission_id} is {found['status']}"
            time.sleep(0.1)

    def close(self) -> None:
        self.http.close()
