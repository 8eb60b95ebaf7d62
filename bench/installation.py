"""A whole installation in a temporary folder, as `make up` runs it, with an administrator and a learner over HTTP."""

import secrets
import socket
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from api.auth import service as auth
from api.core.actor import UserRole
from api.core.settings import Settings, get_settings
from cli.installation import await_api, for_one_account, prepared, supervisor
from cli.processes import Child, Supervisor
from cli.services import Services

FINAL = ("PASSED", "FAILED", "ERROR")
POLL_SECONDS = 0.004


class Client:
    """Speaks to the API for one account."""

    def __init__(self, base_url: str, email: str, password: str) -> None:
        self.http = httpx2.Client(base_url=base_url, timeout=60)
        self.token: str = self.post("/auth/login", {"email": email, "password": password})["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

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
    """A running installation, two clients of it, the port of its API, and what it stores in."""

    running: Supervisor
    admin: Client
    learner: Client
    port: int
    services: Services

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
def installation(workers: int, languages: Collection[str] = ()) -> Iterator[Installation]:
    """API, queue, sweeper and ``workers`` graders of ``languages`` (none: all) for the block; everything is gone
    afterwards.
    """
    accounts = {name: (f"{name}@example.com", secrets.token_urlsafe(18)) for name in ("admin", "learner")}
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as folder:
        settings = _settings(Path(folder), None).model_copy(update=for_one_account(workers))
        with prepared(settings, publish=False) as opened:
            with opened.database.transaction() as session:
                for name, (email, password) in accounts.items():
                    role = UserRole.ADMIN if name == "admin" else UserRole.USER
                    auth.create_user(session, email=email, password=password, name=name, role=role)
            with (Path(folder) / "log").open("wb") as output:
                running = supervisor(workers, languages, output=output)
                with _answering(running, settings):
                    base_url = f"http://127.0.0.1:{settings.port}/api/v1"
                    clients = {name: Client(base_url, *account) for name, account in accounts.items()}
                    yield Installation(running, clients["admin"], clients["learner"], settings.port, opened)


@contextmanager
def served(database_url: str) -> Iterator[int]:
    """The port of an API over this database, which is migrated, for the block; nothing is graded."""
    with tempfile.TemporaryDirectory(prefix="codezest-bench-") as folder:
        settings = _settings(Path(folder), database_url)
        with prepared(settings, publish=False), (Path(folder) / "log").open("wb") as output:
            running = Supervisor([Child("api", ["serve"], stage=0, stop_seconds=15, output=output)])
            with _answering(running, settings):
                yield settings.port


def _settings(folder: Path, database_url: str | None) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"data_dir": folder, "database_url": database_url, "redis_url": None, "port": port}
    return get_settings().model_copy(update={**own, "host": "127.0.0.1"})


@contextmanager
def _answering(running: Supervisor, settings: Settings) -> Iterator[None]:
    running.start()
    try:
        await_api(f"http://127.0.0.1:{settings.port}/api/v1", running)
        yield
    except BaseException:
        print((settings.data_dir / "log").read_text(errors="replace")[-3000:])
        raise
    finally:
        running.stop()
