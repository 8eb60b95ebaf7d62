"""Real containers and real boxes are what is declared; and one thing really changed is found, and named.

Boxes are changed in a copy of the tree behind the wall: what is declared is that of the tree itself.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.container_walls import compare_container
from grader.docker_sandbox import DockerSandbox
from grader.engine import ContainerSpec, Engine
from grader.local_sandbox import LocalSandbox
from grader.sandbox import Sandbox, SandboxUnavailable
from grader.selftest import check_walls, prove
from grader.slots import user_of
from grader.walls import compare_report, probe_request
from sandboxes import languages
from sandboxes.languages import HERE
from sandboxes.seccomp.policy import container_profile

from .conftest import PREFIX

SECONDS = 30
PROFILE = f"seccomp={json.dumps(container_profile())}"
NO_NEW, NO_APPARMOR = "no-new-privileges", "apparmor=unconfined"
LOOSE = f"seccomp={json.dumps({**container_profile(), 'defaultAction': 'SCMP_ACT_ALLOW'})}"


def test_every_language_runs_behind_the_walls_that_are_declared(sandbox: Sandbox):
    assert check_walls(sandbox) == []


@pytest.fixture
def fresh(docker_engine: Engine, slot: int) -> Iterator[DockerSandbox]:
    """A sandbox of the test's own, without containers yet."""
    wanted = frozenset({"python"})
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=PREFIX, memory_mib=64, processes=64, wanted=wanted
    )
    yield sandbox
    sandbox.close()


@pytest.mark.docker
@pytest.mark.parametrize("options", [{"single_use": True}, {"runtime": "runc"}], ids=str)
def test_so_do_other_kinds_of_containers(docker_engine: Engine, slot: int, options: dict[str, Any]):
    wanted = frozenset({"bash"})
    sandbox = DockerSandbox(
        docker_engine, slot=slot, prefix=PREFIX, memory_mib=64, processes=64, wanted=wanted, **options
    )
    try:
        assert check_walls(sandbox) == []
    finally:
        sandbox.close()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("named", "changed"),
    [
        ("CapDrop", {"CapDrop": []}),
        ("CapAdd", {"CapAdd": ["SYS_PTRACE"]}),
        ("seccomp profile", {"SecurityOpt": [NO_NEW, NO_APPARMOR, "seccomp=unconfined"]}),
        ("seccomp profile", {"SecurityOpt": [NO_NEW, NO_APPARMOR, LOOSE]}),
        ("SecurityOpt", {"SecurityOpt": [NO_APPARMOR, PROFILE]}),
        ("NetworkMode", {"NetworkMode": "host"}),
        ("Memory", {"Memory": 1 << 30, "MemorySwap": 1 << 30}),
        ("MemorySwap", {"MemorySwap": -1}),
        ("PidsLimit", {"PidsLimit": 4096}),
        ("ReadonlyRootfs", {"ReadonlyRootfs": False}),
        ("User", {"user": "65534:65534"}),
        ("Privileged", {"Privileged": True}),
        ("IpcMode", {"IpcMode": "private"}),
        ("PidMode", {"PidMode": "host"}),
        ("LogConfig", {"LogConfig": {"Type": "json-file", "Config": {}}}),
        ("Ulimits", {"Ulimits": []}),
        ("mounts", {"Binds": ["/usr/share:/opt/host:ro"]}),
        ("Env beyond the declared", {"environment": {"CODEZEST_DATABASE_URL": "x"}}),
        ("Labels", {"labels": {"codezest.owner": "x/1/1"}}),
    ],
)
def test_a_container_started_differently_is_not_used(
    docker_engine: Engine,
    fresh: DockerSandbox,
    monkeypatch: pytest.MonkeyPatch,
    named: str,
    changed: dict[str, Any],
):
    api = docker_engine._client.api
    create, made = api.create_container, []

    def create_differently(*words: Any, host_config: dict[str, Any], **more: Any) -> Any:
        mine = {name: value for name, value in changed.items() if name[0].islower()}
        host = {name: value for name, value in changed.items() if name not in mine}
        made.append(create(*words, host_config={**host_config, **host}, **{**more, **mine}))
        return made[-1]

    monkeypatch.setattr(api, "create_container", create_differently)
    with pytest.raises(SandboxUnavailable, match=f"container: {named}: declared"):
        fresh.run(probe_request("python"))
    assert made[0]["Id"] not in docker_engine.owned()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("named", "declared"),
    [
        ("memory", {"memory_mib": 99}),
        ("pids.max", {"processes": 7}),
        ("the runner's Uid", {"uid": 64_999}),
        ("the runner's Groups", {"uid": 64_999}),
    ],
)
def test_what_the_engine_believes_is_held_against_the_kernel(
    docker_engine: Engine, slot: int, named: str, declared: dict[str, Any]
):
    """An engine's word alone would pass here."""
    container, spec = started(docker_engine, slot)
    try:
        settings = docker_engine.settings(container.id)
        if settings["Id"] not in Path(f"/proc/{settings['State']['Pid']}/cgroup").read_text():
            pytest.skip("the engine's processes are not in sight")
        assert compare_container(spec, settings) == []
        other = spec._replace(**declared)
        settings["HostConfig"].update(
            Memory=other.memory_mib << 20, MemorySwap=other.memory_mib << 20, PidsLimit=other.processes
        )
        settings["Config"]["User"] = f"{other.uid}:{other.uid}"
        lines = compare_container(other, settings)
        assert any(line.startswith(f"container: {named}") for line in lines), lines
    finally:
        container.close()


def started(engine: Engine, slot: int) -> tuple[Any, ContainerSpec]:
    """A container that has begun to run what it was asked to: its first bytes have come."""
    image = engine.image(f"{PREFIX}/python")
    assert image is not None
    echo = ["/usr/bin/python3", "-c", "print('up', flush=True); input()"]
    spec = ContainerSpec(
        image=image.digest, command=echo, uid=user_of(slot, 0), memory_mib=64, processes=32, labels={}
    )
    container = engine.start(spec)
    container.set_deadline(time.monotonic() + SECONDS)
    assert container.receive(3) == b"up\n"
    return container, spec


FILTER = 'must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan->filter), "seccomp");'
#: Together: without the second, only who has kept the first may take a filter.
RIGHTS = """must(syscall(SYS_capset, &head, none), "capset");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");"""
#: What is named, the file behind the wall, what stands there, and what is put in its place.
CHANGED_BOXES = [
    ("seccomp mode", "box.c", FILTER, "(void)plan;"),
    ("call ptrace", "box.c", FILTER, "(void)plan;"),
    ("capabilities CapEff", "box.c", "must(syscall(SYS_capset, &head, none), \"capset\");", "(void)head, (void)none;"),
    ("no_new_privs", "box.c", RIGHTS, "(void)head, (void)none;"),
    ("capabilities CapBnd", "box.c", "prctl(PR_CAPBSET_DROP, right", "prctl(PR_CAPBSET_DROP, right + 64"),
    ("of process 1 could be opened", "box.c", "must(prctl(PR_SET_DUMPABLE, 0", "must(prctl(PR_SET_DUMPABLE, 1"),
    ("namespace net", "box.py", "    | kernel.CLONE_NEWNET\n", ""),
    ("namespace ipc", "box.py", "    | kernel.CLONE_NEWIPC\n", ""),
    ("namespace cgroup", "box.py", "    | kernel.CLONE_NEWCGROUP\n", ""),
    ("user ids", "box.py", "LEARNER_ID = 1000", "LEARNER_ID = 0"),
    ("oom_score_adj", "box.py", "OOM_SCORE_ADJ = 1000", "OOM_SCORE_ADJ = 500"),
    ("host name", "box.py", 'HOSTNAME = "box"', 'HOSTNAME = "grader-7"'),
    ("mount /tmp", "box.py", '("/tmp", 64)', '("/tmp", 640)'),
    ("mount /tmp", "box.py", "kernel.MS_NOSUID | kernel.MS_NODEV, options)", "kernel.MS_NODEV, options)"),
    ("mount /proc", "box.py", '"subset=pid"', '"hidepid=0"'),
    ("writable beyond the declared", "box.py", "kernel.MS_NOEXEC | kernel.MS_RDONLY", "kernel.MS_NOEXEC"),
    ("RLIMIT_CORE", "box.py", '("RLIMIT_CORE", 1, 1)', '("RLIMIT_CORE", 9, 9)'),
    ("RLIMIT_NPROC", "box.py", "processes + 1, processes + 1", "processes + 9, processes + 9"),
    ("RLIMIT_NOFILE", "box.py", "OPEN_FILES = 256", "OPEN_FILES = 512"),
    ("descriptors", "box.c", "syscall(SYS_close_range, CONTROL + 1, ~0U, 0);", ""),
    ("umask", "box.c", "umask(022)", "umask(0)"),
    ("writable beyond the declared", "launcher.py", "kernel.MOUNT_ATTR_RDONLY | ", ""),
    ("mount /usr: declared nodev,nosuid,ro", "launcher.py", "kernel.MOUNT_ATTR_RDONLY | ", ""),
    ("mount /usr: declared nodev,nosuid,ro", "launcher.py", " | kernel.MOUNT_ATTR_NOSUID", ""),
    ("mount /usr: declared nodev,nosuid,ro", "launcher.py", "_STAGE, kernel.MOUNT_ATTR_NODEV", "_STAGE, 0"),
    ("mount /var: declared no such mount", "box.py", 'SYSTEM = ("/usr"', 'SYSTEM = ("/var", "/usr"'),
    ("environment", "languages.py", '"LANG": "C.UTF-8"}', '"LANG": "C.UTF-8", "CODEZEST_REDIS_URL": "x"}'),
    ("environment of the interpreter", "boxes.py", '"HOME": "/nonexistent"', '"HOME": "/", "TOKEN": "x"'),
    ("call ptrace", "seccomp/policy.py", "    read write open", "    ptrace read write open"),
    ("call socket AF_VSOCK", "seccomp/policy.py", "INTERNET_FAMILIES = 1, (2, 10)", "INTERNET_FAMILIES = 1, (2, 40)"),
    ("call prlimit64 of process 1", "seccomp/bpf.py", '_argument_in(0, (0,), ALLOW', '_argument_in(0, (0, 1), ALLOW'),
    ("call clone flag 0x10000000", "seccomp/policy.py", "= 0x7E020000", "= 0x6E020000"),
    ("entry x32", "seccomp/bpf.py", "_X32_BIT = 0x40000000", "_X32_BIT = 0x80000000"),
    ("entry int 0x80", "seccomp/bpf.py", "(_JEQ, 1, 0, _X86_64)", "(_JEQ, 1, 1, _X86_64)"),
]  # fmt: skip


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tree behind the wall that local runners are started from."""
    target = tmp_path / "sandboxes"
    shutil.copytree(HERE, target, ignore=shutil.ignore_patterns("__pycache__", "smoke"))
    monkeypatch.setattr(languages, "HERE", target)
    return target


@pytest.mark.boxes
@pytest.mark.usefixtures("boxes_sandbox")
@pytest.mark.parametrize(
    ("named", "file", "declared", "instead"),
    CHANGED_BOXES,
    ids=[f"{row[0]} by {row[2]}" for row in CHANGED_BOXES],
)
def test_a_box_made_differently_is_found(
    copied: Path, slot: int, named: str, file: str, declared: str, instead: str
):
    text = (copied / file).read_text()
    assert text.count(declared) == 1, "what the test changes is not there any more"
    (copied / file).write_text(text.replace(declared, instead))
    sandbox = LocalSandbox(slot)
    try:
        lines = compare_report("python", sandbox.run(probe_request("python")))
    finally:
        sandbox.close()
    assert any(line.startswith(f"box: {named}") for line in lines), lines


@pytest.mark.boxes
@pytest.mark.usefixtures("boxes_sandbox")
def test_a_copy_that_is_not_changed_is_as_declared(copied: Path, slot: int):
    """Else the tests above would prove nothing."""
    sandbox = LocalSandbox(slot)
    try:
        assert compare_report("python", sandbox.run(probe_request("python"))) == []
    finally:
        sandbox.close()


@pytest.mark.boxes
@pytest.mark.usefixtures("boxes_sandbox")
def test_behind_a_real_wall_that_differs_nothing_is_proved(copied: Path, slot: int, tmp_path: Path):
    box = copied / "box.c"
    box.write_text(box.read_text().replace(FILTER, "(void)plan;"))
    sandbox = LocalSandbox(slot, frozenset({"python"}))
    try:
        faults = prove(sandbox, tmp_path)
    finally:
        sandbox.close()
    assert "python: box: seccomp mode: declared 2, found 0" in faults
    assert list(tmp_path.glob("proved-*")) == []
