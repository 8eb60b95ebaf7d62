"""Which sandbox the settings choose. There is no silent way below the one asked for."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from api.core.settings import Settings
from grader import open_sandbox as module
from grader.cores import Cores
from grader.local_sandbox import LocalSandbox
from grader.open_sandbox import open_sandbox
from grader.sandbox import SandboxUnavailable


class FakeDocker:
    """Stands for containers; ``served`` are the languages with an image."""

    served: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, engine: Any, **given: Any) -> None:
        self.given = given
        self.closed = False

    def languages(self) -> dict[str, str]:
        return self.served

    def close(self) -> None:
        self.closed = True


class FakeEngine:
    """Stands for an engine."""

    offered = frozenset({"runc"})

    def __init__(self, host: str | None) -> None:
        self.host = host

    def runtimes(self) -> frozenset[str]:
        return self.offered


@pytest.fixture
def engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Engine", FakeEngine)
    monkeypatch.setattr(module, "DockerSandbox", FakeDocker)


@pytest.fixture
def engine_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(host: str | None) -> None:
        raise SandboxUnavailable("the Docker engine does not answer")

    monkeypatch.setattr(module, "Engine", refuse)


def with_sandbox(settings: Settings, name: str) -> Settings:
    return settings.model_copy(update={"sandbox": name})


@pytest.mark.usefixtures("engine_is_down")
def test_docker_means_docker(settings: Settings):
    with pytest.raises(SandboxUnavailable):
        open_sandbox(with_sandbox(settings, "docker"), 0)


@pytest.mark.usefixtures("engine_is_down")
def test_without_an_engine_boxes_are_local_and_it_is_said(settings: Settings):
    with capture_logs() as logs:
        assert isinstance(open_sandbox(with_sandbox(settings, "auto"), 0), LocalSandbox)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("sandbox_is_local", "warning")]


@pytest.mark.usefixtures("engine_answers")
def test_without_images_boxes_are_local_and_the_cure_is_said(settings: Settings):
    with capture_logs() as logs:
        assert isinstance(open_sandbox(with_sandbox(settings, "auto"), 0), LocalSandbox)
    assert "codezest sandboxes build" in logs[0]["because"]


@pytest.mark.usefixtures("engine_answers")
def test_docker_without_images_is_still_docker(settings: Settings):
    assert isinstance(open_sandbox(with_sandbox(settings, "docker"), 0), FakeDocker)


@pytest.mark.usefixtures("engine_answers")
def test_local_asks_no_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "Engine", lambda host: pytest.fail("nobody asked for it"))
    assert isinstance(open_sandbox(with_sandbox(settings, "local"), 0), LocalSandbox)


@pytest.mark.usefixtures("engine_answers")
def test_settings_and_slot_reach_the_containers(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(FakeDocker, "served", {"c": "sha256:x"})
    changed = settings.model_copy(
        update={
            "max_memory_mib": 77,
            "max_processes": 9,
            "docker_runtime": "crun",
            "isolation": "single-use",
            "lanes": 3,
            "max_containers": 7,
            "compile_cache_mib": 0,
        }
    )
    sandbox: Any = open_sandbox(changed, 5, frozenset({"c"}))
    assert isinstance(sandbox.given.pop("cores"), Cores)
    assert sandbox.given == {
        "slot": 5, "prefix": "codezest", "memory_mib": 77, "processes": 9, "wanted": {"c"}, "runtime": "crun",
        "single_use": True, "lanes": 3, "most_containers": 7, "cache": None,
    }  # fmt: skip


@pytest.fixture
def gvisor(engine_answers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeEngine, "offered", frozenset({"runc", "runsc"}))
    monkeypatch.setattr(FakeDocker, "served", {"c": "sha256:x"})


@pytest.mark.usefixtures("gvisor")
def test_left_to_us_the_strongest_runtime_whose_walls_hold_is_taken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "check_walls", lambda sandbox, most: [])
    chosen: Any = open_sandbox(with_sandbox(settings, "docker"), 0)
    assert chosen.given["runtime"] == "runsc"


@pytest.mark.usefixtures("gvisor")
def test_a_runtime_whose_walls_do_not_hold_is_not_taken_and_it_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    tried: list[Any] = []
    monkeypatch.setattr(
        module, "check_walls", lambda sandbox, most: [tried.append(sandbox), "box: no filter"][1:]
    )
    with capture_logs() as logs:
        chosen: Any = open_sandbox(with_sandbox(settings, "docker"), 0)
    assert chosen.given["runtime"] is None
    assert [sandbox.closed for sandbox in tried] == [True]
    assert logs[0]["because"] == "box: no filter"


@pytest.mark.usefixtures("gvisor")
@pytest.mark.parametrize(
    "asked", [{"docker_runtime": "runc"}, {"isolation": "boxed"}, {"isolation": "single-use"}]
)
def test_what_is_asked_for_is_what_is_had(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
):
    monkeypatch.setattr(module, "check_walls", lambda sandbox, most: pytest.fail("nobody asked for it"))
    chosen: Any = open_sandbox(settings.model_copy(update={"sandbox": "docker", **asked}), 0)
    assert chosen.given["runtime"] == asked.get("docker_runtime")
