"""What a probe and an engine say is held against what is declared; every single difference is named."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import container_walls
from grader.container_walls import compare_container, verify
from grader.engine import ContainerSpec
from grader.sandbox import SandboxUnavailable
from grader.slots import user_of
from grader.walls import LOCAL, NAMESPACES, Box, compare, compare_report, probe_request, questions
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport
from sandboxes.seccomp import policy

from .probed import facts, mount, report

Facts = dict[str, Any]
IN_CONTAINER = Box(languages()["python"], local=False)
LOCALLY = Box(languages()["python"], local=True)


def put(part: str, name: Any, value: Any) -> Callable[[Facts], None]:
    """Sets one fact."""

    def change(told: Facts) -> None:
        told[part][name] = value

    return change


def put_part(part: str, value: Any) -> Callable[[Facts], None]:
    """Sets all facts of a part."""
    return lambda told: told.update({part: value})


def add_mount(*words: str) -> Callable[[Facts], None]:
    """Adds a mount, or replaces what is mounted there."""

    def change(told: Facts) -> None:
        told["mounts"] = [one for one in told["mounts"] if one["target"] != words[0]] + [mount(*words)]

    return change


ROOT = [[0, 0, 1]]
TMP = "size=65536k,nr_inodes=4096"
CHANGED: list[tuple[str, Callable[[Facts], None]]] = [
    ("user ids: declared 1000 1000 1000 1000, found 0 0 0 0", put("status", "Uid", "0 0 0 0")),
    ("group ids", put("status", "Gid", "1000 0 1000 1000")),
    ("supplementary groups: declared none, found 0 27", put("status", "Groups", "0 27 1000")),
    *(
        (f"capabilities {name}: declared 0, found 1", put("status", name, "0000000000000001"))
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    ),
    ("seccomp mode: declared 2, found 0", put("status", "Seccomp", "0")),
    ("seccomp filters: declared at least 2, found 1", put("status", "Seccomp_filters", "1")),
    ("no_new_privs: declared 1, found 0", put("attributes", "no_new_privs", 0)),
    ("umask", put("attributes", "umask", 0)),
    *(
        (f"namespace {kind}: declared the box's own", put("namespaces", kind, f"{kind}:[4026531837]"))
        for kind in NAMESPACES
    ),
    ("namespace net: declared the box's own, found none", put_part("namespaces", {})),
    ("uid_map: declared outside it is 64000 or more, found 0", put("maps", "uid_map", [[1000, 0, 1]])),
    ("uid_map: declared [[1000, 64000, 1]]", put("maps", "uid_map", [[0, user_of(0, 0), 65536]])),
    ("uid_map: declared [[1000, 0, 1]], found []", put("maps", "uid_map", [])),
    ("gid_map", put("maps", "gid_map", ROOT)),
    ("setgroups", put("maps", "setgroups", "allow")),
    ("mount /usr: declared nodev,nosuid,ro, found nodev,ro", add_mount("/usr", "ext4", "ro,nodev")),
    (
        "mount /usr: declared nodev,nosuid,ro, found nodev,nosuid",
        add_mount("/usr", "ext4", "rw,nosuid,nodev"),
    ),
    ("mount /tmp: declared nodev,nosuid, found nodev", add_mount("/tmp", "tmpfs", "rw,nodev", TMP)),
    ("mount /tmp: declared tmpfs, found ext4", add_mount("/tmp", "ext4", "rw,nosuid,nodev", TMP)),
    ("mount /tmp: declared ['nr_inodes=4096'", add_mount("/tmp", "tmpfs", "rw,nosuid,nodev", "size=65536k")),
    ("mount /tmp: declared tmpfs, found none", put_part("mounts", [])),
    ("mount /proc: declared ['subset=pid'], found []", add_mount("/proc", "proc", "ro,nosuid,nodev,noexec")),
    ("mount /home: declared no such mount, found ext4", add_mount("/home", "ext4", "ro,nosuid,nodev")),
    ("mount /usrlocal: declared no such mount", add_mount("/usrlocal", "ext4", "ro,nosuid,nodev")),
    ("writable beyond the declared: declared [], found ['/etc']", put_part("writable", ["/etc"])),
    ("writable: declared", put_part("writable", ["/tmp"])),
    ("RLIMIT_CORE: declared at most [1, 1], found [-1, -1]", put("limits", "RLIMIT_CORE", [-1, -1])),
    ("RLIMIT_CPU: declared at most", put("limits", "RLIMIT_CPU", [-1, -1])),
    ("RLIMIT_NPROC", put("limits", "RLIMIT_NPROC", [17, 1000])),
    ("RLIMIT_NOFILE", put("limits", "RLIMIT_NOFILE", [1024, 1024])),
    ("oom_score_adj: declared 1000, found 0", put("scores", "oom_score_adj", 0)),
    ("environment: declared", put("environment", "now", {"PATH": "/usr/bin"})),
    ("environment of the interpreter", put("environment", "started", ["CODEZEST_DATABASE_URL"])),
    ("network interfaces that are up: declared [], found ['eth0']", put("interfaces", "eth0", True)),
    ("ways out: declared [], found ['192.0.2.1']", put("reachable", "192.0.2.1", "ok")),
    ("host name", put("names", "host", "grader-7")),
    ("processes in sight: declared [1, 2], found [1, 2, 300]", put_part("pids", [1, 2, 300])),
    ("of process 1 could be opened", put_part("process_1", ["/proc/1/mem"])),
    ("descriptors", put("descriptors", "5", "socket:[9]")),
    ("descriptors", put("descriptors", "0", "/dev/pts/0")),
    ("entry x32: declared SIGSYS, found ENOSYS", put("entries", "x32", "ENOSYS")),
    ("entry int 0x80: declared SIGSYS, found ok", put("entries", "int 0x80", "ok")),
    ("call ptrace: declared EPERM, found ESRCH", put("calls", "ptrace", "ESRCH")),
    ("call clone3: declared ENOSYS, found EPERM", put("calls", "clone3", "EPERM")),
    ("call socket AF_VSOCK: declared EAFNOSUPPORT, found ok", put("calls", "socket AF_VSOCK", "ok")),
    (
        "call prlimit64 of process 1: declared EPERM, found none",
        put("calls", "prlimit64 of process 1", "none"),
    ),
    ("call bpf: declared EPERM, found nothing", lambda told: told["calls"].pop("bpf")),
]


def test_nothing_is_said_of_a_box_that_is_as_declared():
    assert compare(facts(), IN_CONTAINER) == []


@pytest.mark.parametrize(("line", "change"), CHANGED, ids=[line for line, _ in CHANGED])
def test_a_single_difference_is_named(line: str, change: Callable[[Facts], None]):
    told = facts()
    change(told)
    assert [found for found in compare(told, IN_CONTAINER) if found.startswith(f"box: {line}")]


@pytest.mark.parametrize("part", sorted(facts()))
@pytest.mark.parametrize("value", [{"unread": "OSError: no"}, "gone", None, 7, ["x"]])
def test_a_part_that_is_not_told_is_a_difference(part: str, value: Any):
    told = facts()
    if value == "gone":
        del told[part]
    else:
        told[part] = value
    assert compare(told, IN_CONTAINER)


def test_a_kernel_that_does_not_count_filters_is_believed_by_what_it_answers():
    told = facts()
    del told["status"]["Seccomp_filters"]
    assert compare(told, IN_CONTAINER) == []


def test_a_box_without_a_container_is_held_against_this_process():
    told = facts()
    told["namespaces"]["net"] = str(Path("/proc/self/ns/net").readlink())
    assert any(line.startswith("box: namespace net") for line in compare(told, LOCALLY))


def test_a_box_without_a_container_may_be_this_users_but_never_roots(monkeypatch: pytest.MonkeyPatch):
    told = facts()
    told["maps"]["uid_map"] = [[1000, 1001, 1]]
    monkeypatch.setattr(os, "getuid", lambda: 1001)
    assert compare(told, LOCALLY) == []
    assert compare(told, IN_CONTAINER) == ["box: uid_map: declared outside it is 64000 or more, found 1001"]
    told["maps"]["uid_map"] = [[1000, 0, 1]]
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert compare(told, LOCALLY) == ["box: uid_map: declared outside it is 64000 or more, found 0"]


def test_every_call_that_is_not_allowed_is_asked_about_once():
    labels = [question.label for question in questions()]
    assert len(set(labels)) == len(labels)
    forbidden = set(policy.syscall_numbers()) - policy.ALLOWED - policy.CHECKED
    assert forbidden < set(labels)
    assert {label.split()[0] for label in labels} >= policy.CHECKED
    asked = json.loads(probe_request("python").cases[0].stdin)["calls"]
    assert [label for label, _, _ in asked] == labels


def test_two_boxes_that_share_a_namespace_are_not_fresh():
    first, second = facts(), facts()
    assert compare_report("python", report(first, second)) == []
    second["namespaces"]["ipc"] = first["namespaces"]["ipc"]
    (line,) = compare_report("python", report(first, second))
    assert line.startswith("box: namespace ipc: declared fresh for every case, found ipc:[")


@pytest.mark.parametrize(
    "cases",
    [
        (),
        (CaseOutcome(outcome=Outcome.EXITED, exit_code=1, stderr=b"\x1b[2JTraceback"),) * 2,
        (CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=b"[]"),) * 2,
        (CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=b"{"),) * 2,
        (CaseOutcome(outcome=Outcome.TIMED_OUT, limit="wall"),) * 2,
    ],
)
def test_a_probe_that_says_nothing_is_a_difference(cases: tuple[CaseOutcome, ...]):
    (line,) = compare_report("python", RunReport(compiled=None, cases=cases, isolation=LOCAL))
    assert line.isascii()
    assert "\x1b" not in line


SPEC = ContainerSpec(
    image="sha256:1", command=["/usr/bin/python3"], uid=64_001, memory_mib=64, processes=32, labels={"a": "b"}
)


def settings_of(**changed: Any) -> dict[str, Any]:
    """An engine's word on a container that is as declared, whose processes are not in sight from here."""
    seccomp = f"seccomp={json.dumps(policy.container_profile())}"
    host = {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "IpcMode": "none",
        "AutoRemove": True,
        "LogConfig": {"Type": "none", "Config": {}},
        "Ulimits": [{"Name": "core", "Hard": 1, "Soft": 1}],
        "Memory": 64 << 20,
        "MemorySwap": 64 << 20,
        "PidsLimit": 32,
        "Runtime": "runc",
        "SecurityOpt": [seccomp, "no-new-privileges", "apparmor=unconfined"],
        "Binds": None,
    }
    config = {
        "User": "64001:64001",
        "Image": "sha256:1",
        "Cmd": ["/usr/bin/python3"],
        "WorkingDir": "/",
        "OpenStdin": True,
        "StdinOnce": True,
        "Env": ["LANG=C.UTF-8", "PATH=/usr/bin"],
        "Labels": {"a": "b", "of the image": "c"},
    }
    for name, value in changed.items():
        (config if name in config or name in container_walls._CONFIG_NOTHING else host)[name] = value
    return {"Id": "0" * 64, "State": {"Pid": 1}, "HostConfig": host, "Config": config}


def test_nothing_is_said_of_a_container_that_is_as_declared():
    assert compare_container(SPEC, settings_of()) == []
    assert compare_container(SPEC._replace(runtime="runc"), settings_of()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("NetworkMode", "bridge"), ("ReadonlyRootfs", False), ("CapDrop", None), ("CapAdd", ["SYS_ADMIN"])),
        *(("IpcMode", "host"), ("AutoRemove", False), ("LogConfig", {"Type": "json-file", "Config": {}})),
        *(("Ulimits", []), ("Memory", 0), ("MemorySwap", -1), ("PidsLimit", None), ("Privileged", True)),
        *(("Binds", ["/:/mnt"]), ("Devices", [{"PathOnHost": "/dev/kvm"}]), ("PidMode", "host")),
        *(("UsernsMode", "host"), ("OomKillDisable", True), ("RestartPolicy", {"Name": "always"})),
        *(("SecurityOpt", None), ("SecurityOpt", ["seccomp=unconfined", "no-new-privileges"])),
        *(
            ("User", ""),
            ("User", "0:0"),
            ("Image", "sha256:2"),
            ("Cmd", ["sh"]),
            ("Healthcheck", {"Test": ["x"]}),
        ),
        *(
            ("Entrypoint", ["/x"]),
            ("Tty", True),
            ("StdinOnce", False),
            ("Labels", None),
            ("Env", ["CODEZEST_X=1"]),
        ),
    ],
)
def test_a_single_difference_of_a_container_is_named(name: str, value: Any):
    lines = compare_container(SPEC, settings_of(**{name: value}))
    assert lines
    assert all(line.startswith((f"container: {name}", "container: seccomp profile")) for line in lines)


def test_another_profile_is_told_by_its_digest():
    loose = {**policy.container_profile(), "defaultAction": "SCMP_ACT_ALLOW"}
    options = [f"seccomp={json.dumps(loose)}", "no-new-privileges", "apparmor=unconfined"]
    (line,) = compare_container(SPEC, settings_of(SecurityOpt=options))
    assert line.startswith("container: seccomp profile: declared sha256:")


def test_another_runtime_than_the_one_named_is_a_difference():
    (line,) = compare_container(SPEC._replace(runtime="runsc"), settings_of())
    assert line == "container: Runtime: declared runsc, found runc"


def test_what_makes_no_sense_is_a_difference():
    assert compare_container(SPEC, {}) == ["container: could not be understood: KeyError('HostConfig')"]


def test_a_container_that_differs_is_not_used():
    class FakeEngine:
        def settings(self, container_id: str) -> dict[str, Any]:
            return settings_of(Privileged=True)

    with pytest.raises(SandboxUnavailable, match="container: Privileged: declared nothing, found True"):
        verify(FakeEngine(), "0" * 64, SPEC)  # pyright: ignore[reportArgumentType]
