"""The production stack without images: every command of the compose files is run as a process.

No registry can be reached from where these tests must run, so nothing is pulled and no container of the stack started.
What is taken from the files is everything else: each service's arguments, environment, secrets, health check and time
to stop. What a container would give is put in its place by `Stack.map`: host names, ports, the paths of secrets and
data.
PostgreSQL is the machine's own instead of the image's; Redis is started by the file's own command.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url

from api.core.queue import connect
from grader.engine import Engine
from grader.sandbox import SandboxUnavailable
from sandboxes.languages import runnable
from tests import services
from tests.compose import GRADER, MAIN, load
from tests.house.tree import ROOT

from .running import CODEZEST, Learner, Process, free_port

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.timeout(600)]

SECRETS = {
    "database_owner_password": "owner-1",
    "database_api_password": "api's: @/%",
    "database_grader_password": "grader's 'own'",
    "redis_api_password": "api#2",
    "redis_grader_password": "grader 2",
}


class Stack:
    """The services of both files, each startable as a process of this machine."""

    def __init__(self, folder: Path, postgres_url: str, sandbox: str) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.port, self.redis_port = free_port(), free_port()
        self.postgres_folder = str(make_url(postgres_url).query["host"])
        grader_host = {
            "CODEZEST_DATABASE_URL": "postgresql+psycopg://codezest_grader@postgres/codezest",
            "CODEZEST_REDIS_URL": "redis://codezest_grader@redis:6379/0",
        }
        chosen = {"GRADER_LANGUAGES": "python", "GRADER_NAME": "test", "DOCKER_GROUP_ID": "0", **grader_host}
        self.files = {name: load(name, chosen) for name in (MAIN, GRADER)}
        self.processes: list[Process] = []
        (folder / "users.acl").write_text(
            (ROOT / "deploy" / "redis-users.acl").read_text() + "user admin on nopass ~* &* +@all\n"
        )

    def map(self, text: str, name: str) -> str:
        """A word of a compose file as it reads on this machine."""
        own = self.folder / name
        places = {
            "@postgres/codezest": f"@/codezest?host={self.postgres_folder}",
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "redis-server ": f"redis-server --port {self.redis_port} --bind 127.0.0.1 ",
            "redis-cli ": f"redis-cli -p {self.redis_port} ",
            "127.0.0.1:8000": f"127.0.0.1:{self.port}",
            "/run/secrets": f"{own}/secrets",
            "/etc/redis-users.acl": f"{self.folder}/users.acl",
            "/tmp/users.acl": f"{own}/users.acl",
            "--dir /data": f"--dir {own}",
        }
        for theirs, ours in places.items():
            text = text.replace(theirs, ours)
        return text

    def start(self, name: str, file: str = MAIN) -> Process:
        service = self.files[file]["services"][name]
        own = self.folder / name
        (own / "secrets").mkdir(parents=True, exist_ok=True)
        for secret in service["secrets"]:
            given = {"source": secret} if isinstance(secret, str) else secret
            path = own / "secrets" / given.get("target", given["source"])
            path.write_text(SECRETS[given["source"]] + "\n")
        environment = {key: self.map(value, name) for key, value in service.get("environment", {}).items()}
        if "CODEZEST_SANDBOX" in environment:
            environment["CODEZEST_SANDBOX"] = self.sandbox
        # What the image says, and where a container has its secrets and its data.
        image = {"DATA_DIR": own / "data", "SECRETS_DIR": own / "secrets", "PORT": self.port}
        environment |= {f"CODEZEST_{key}": str(value) for key, value in image.items()}
        words = [self.map(word, name) for word in service["command"]]
        entry = [] if name == "redis" else CODEZEST
        self.processes.append(Process([*entry, *words], environment, own, name))
        return self.processes[-1]

    def start_healthy(self, name: str, file: str = MAIN) -> Process:
        """Started, and found well by its own health check."""
        process = self.start(name, file)
        kind, *words = self.files[file]["services"][name]["healthcheck"]["test"]
        words = [self.map(word, name) for word in words]
        if kind == "CMD-SHELL":
            words = ["sh", "-c", *words]
        elif words[0] in ("codezest", "python3"):
            words[:1] = CODEZEST if words[0] == "codezest" else [sys.executable]
        assert words[0] != "codezest"
        process.await_that(lambda: process.check(words))
        return process

    def start_services(self) -> Process:
        """The queue's process, healthy, over a database that is migrated; as they are if they run already."""
        running = [p for p in self.processes if p.name == "redis" and p.process.poll() is None]
        if running:
            return running[0]
        redis = self.start_healthy("redis")
        migrate = self.start("migrate")
        assert migrate.end(120) == 0, migrate.tail()
        return redis

    def stop(self, process: Process) -> None:
        """By SIGTERM, within its time; it must say that all is well."""
        file = MAIN if process.name in self.files[MAIN]["services"] else GRADER
        grace = self.files[file]["services"][process.name]["stop_grace_period"]
        assert process.stop(float(grace.removesuffix("s"))) == 0, process.tail()

    def refused_by_redis(self) -> list[Any]:
        with connect(f"redis://admin:x@127.0.0.1:{self.redis_port}/0") as connection:
            return [(line["username"], line["object"]) for line in connection.acl_log()]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    for program in ("redis-server", "redis-cli", "pg_isready", "sha256sum"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine")
    if "python" not in runnable():
        pytest.skip("no Python for local boxes here")
    with services.own_postgres(SECRETS["database_owner_password"]) as url:
        yield from _stack(url, tmp_path_factory.mktemp("stack"))


def _stack(url: str, folder: Path) -> Iterator[Stack]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE codezest")
    engine.dispose()
    stack = Stack(folder, url, _sandbox())
    yield stack
    for process in stack.processes:
        process.kill()


def _sandbox() -> str:
    try:
        return "docker" if Engine(None).image("codezest/python") else "local"
    except SandboxUnavailable:
        return "local"


def test_every_service_starts_is_found_well_works_and_stops(stack: Stack):
    assert shutil.which("pg_isready")
    redis = stack.start_services()
    probe = stack.files[MAIN]["services"]["postgres"]["healthcheck"]["test"][1:]
    assert os.spawnvpe(os.P_WAIT, probe[0], probe, {**os.environ, "PGHOST": stack.postgres_folder}) == 0
    curriculum = stack.start("curriculum")
    assert curriculum.end(120) == 0, curriculum.tail()
    names = ("api", "sweeper", "deliverer", "grader")
    api, sweeper, deliverer, grader = (stack.start_healthy(name) for name in names)

    learner = Learner(stack.port)
    learner.enter("python")
    assignment = learner.ask("GET", "/assignments", params={"languageSlug": "python", "slug": "calculator"})[
        "items"
    ]
    assignment_id = assignment[0]["id"]
    [example] = list(ROOT.glob("testcases/python/*/calculator/examples/passed.py"))
    first = learner.await_result(learner.submit(assignment_id, example.read_text(), "python", "first"))
    assert (first["status"], first["score"]) == ("PASSED", first["maxScore"])

    stack.stop(grader)  # and a host that only grades takes over
    dedicated = stack.start_healthy("grader", GRADER)
    second = learner.await_result(learner.submit(assignment_id, "print('wrong')", "python", "second"))
    assert second["status"] in ("FAILED", "ERROR")
    assert second["reason"] != "platform"
    learner.close()

    assert stack.refused_by_redis() == []
    for process in (dedicated, deliverer, sweeper, api, redis):
        stack.stop(process)
    log = "".join(process.log.read_text(errors="replace") for process in stack.processes)
    for word in (
        "permission denied",
        "NOPERM",
        "without_redis",
        "not_recorded",
        "not_swept",
        *SECRETS.values(),
    ):
        assert word not in log, word


def test_a_sweeper_that_is_gone_or_hangs_is_not_found_well(stack: Stack):
    check = [*CODEZEST, "alive", "sweeper"]
    stack.start_services()
    sweeper = stack.start_healthy("sweeper")
    assert sweeper.check(check)
    sweeper.kill()
    assert not sweeper.check(check)


def test_a_worker_with_one_slot_too_few_is_not_found_well(stack: Stack):
    stack.start_services()
    grader = stack.start_healthy("grader")
    assert grader.check([*CODEZEST, "alive", "worker", "--slots", "2"])
    assert not grader.check([*CODEZEST, "alive", "worker", "--slots", "3"])
    stack.stop(grader)
