"""A whole installation in a temporary folder, as `make up` runs it, with an administrator and a learner over HTTP."""

import secrets
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from api.auth import service as auth
from api.core.actor import UserRole
from api.core.settings import get_settings
from cli.installation import await_api, for_one_account, prepared, supervisor
from cli.processes import Supervisor

FINAL = ("PASSED", "FAILED", "ERROR")
POLL_SECONDS = 0.004


class Client:
    """Speaks to the API for one account."""

    def __init__(self, base_url: str, email: str, password: str) -> None:
        self.http = httpx2.Client(base_url=base_url, timeout=60)
        answer = self.post("/auth/login", {"email": email, "password": password})
        self.http.headers["Authorization"] = f"Bearer {answer['token']}"

    def post(self, path: str, body: object) -> Any:
        """The answer's body. Raises RuntimeError with the problem document of anything but a 2xx."""
        answer = self.http.post(path, json=body)
        if answer.status_code >= 300:
            raise RuntimeError(f"POST {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        answer.raise_for_status()
        return answer.json()

    def final(self, submission_id: str, pause: float = POLL_SECONDS) -> dict[str, Any]:
        """Polls until the status is final."""
        while True:
            found = self.get(f"/submissions/{submission_id}")
            if found["status"] in FINAL:
                return found
            time.sleep(pause)


@dataclass
class Installation:
    """A running installation and two clients of it."""

    running: Supervisor
    admin: Client
    learner: Client

    def workers(self) -> list[int]:
        """The pids of the grader processes."""
        return [c.process.pid for c in self.running.children if c.name.startswith("worker") and c.process]

    def api(self) -> int:
        """The pid of the API's main process."""
        process = self.running.children[0].process
        assert process is not None
        return process.pid

    def assignment(self, suite: dict[str, Any], *, language: str = "python") -> str:
        """The id of a new assignment with this suite, in a language course the learner is enrolled in."""
        slug = f"bench-{language}"
        if not any(item["slug"] == slug for item in self.admin.get("/languages?limit=200")["items"]):
            self.admin.post("/languages", {"name": slug, "slug": slug})
            self.admin.post(f"/languages/{slug}/modules", {"title": slug, "slug": slug, "order": 1})
            self.learner.post(f"/languages/{slug}/enrollment", {})
        module = self.admin.get(f"/languages/{slug}/modules")["items"][0]
        name = f"a-{secrets.token_hex(6)}"
        body = {
            "title": name,
            "slug": name,
            "description": name,
            "difficulty": "BEGINNER",
            "testCases": suite,
        }
        return self.admin.post(f"/modules/{module['id']}/assignments", body)["id"]


@contextmanager
def installation(workers: int) -> Iterator[Installation]:
    """API, queue, sweeper and ``workers`` graders for the block; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        own = {
            "data_dir": Path(folder),
            "database_url": None,
            "redis_url": None,
            "host": "127.0.0.1",
            "port": port,
            **for_one_account(workers),
        }
        settings = get_settings().model_copy(update=own)
        accounts = {name: (f"{name}@example.com", secrets.token_urlsafe(18)) for name in ("admin", "learner")}
        with (Path(folder) / "log").open("wb") as output, prepared(settings, publish=False) as opened:
            with opened.database.transaction() as session:
                for name, (email, password) in accounts.items():
                    role = UserRole.ADMIN if name == "admin" else UserRole.USER
                    auth.create_user(session, email=email, password=password, name=name, role=role)
            running = supervisor(workers, output=output)
            running.start()
            base_url = f"http://127.0.0.1:{port}/api/v1"
            try:
                await_api(base_url, running)
                clients = {name: Client(base_url, *account) for name, account in accounts.items()}
                yield Installation(running, clients["admin"], clients["learner"])
            except BaseException:
                print((Path(folder) / "log").read_text(errors="replace")[-3000:])
                raise
            finally:
                running.stop()
