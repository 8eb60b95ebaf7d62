"""`codezest doctor --host`: made-up machines, each with one thing wrong, and this one."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import codezest
from api.core.settings import Settings, get_settings
from cli.host import examination
from cli.host.examination import examine
from cli.host.finding import Finding, Host, Level
from cli.host.machine import Machine
from cli.host.versions import is_repaired, read_version
from cli.output import CommandFailed
from grader.engine import EngineReport
from tests.house.tree import ROOT

CPU = "sys/devices/system/cpu"
CLOCK = "sys/devices/system/clocksource/clocksource0"
KERNEL, USER = "proc/sys/kernel", "proc/sys/user"
HUGE = "sys/kernel/mm/transparent_hugepage/enabled"
TCP = "  sl  local_address rem_address   st tx_queue rx_queue\n"

#: A machine with nothing wrong.
SOUND = {
    f"{CPU}/online": "0-3",
    f"{CPU}/smt/active": "0",
    f"{CPU}/intel_pstate/no_turbo": "1",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "performance",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "performance",
    f"{CPU}/vulnerabilities/meltdown": "Not affected",
    f"{CPU}/vulnerabilities/spectre_v1": "Mitigation: barriers",
    f"{CLOCK}/current_clocksource": "tsc",
    f"{CLOCK}/available_clocksource": "tsc hpet acpi_pm",
    HUGE: "always [madvise] never",
    "proc/2/comm": "kthreadd",
    "proc/100/cmdline": "/usr/sbin/dockerd\0-H\0fd://\0",
    "proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled",
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vme tsc",
    "proc/net/tcp": f"{TCP}   0: 0100007F:1538 00000000:0000 0A\n   1: 00000000:0016 00000000:0000 0A\n"
    "   2: 0A000001:A000 0A000002:1538 01",
    "proc/net/tcp6": f"{TCP}   0: 00000000000000000000000001000000:18EB 0:0 0A\n"
    "   1: 0000000000000000FFFF00000100007F:18EC 0:0 0A",
    "proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3",
    "proc/stat": "cpu  1000 0 100 9000 50 0 0 1 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0",
    "proc/swaps": "Filename\tType\tSize",
    "proc/sys/kernel/core_pattern": "core",
    "proc/sys/kernel/dmesg_restrict": "1",
    "proc/sys/kernel/kptr_restrict": "1",
    "proc/sys/kernel/osrelease": "6.1.0-40-amd64",
    "proc/sys/kernel/perf_event_paranoid": "3",
    "proc/sys/kernel/randomize_va_space": "2",
    "proc/sys/kernel/unprivileged_bpf_disabled": "2",
    "proc/sys/kernel/unprivileged_userns_clone": "1",
    "proc/sys/kernel/apparmor_restrict_unprivileged_userns": "0",
    "proc/sys/kernel/yama/ptrace_scope": "1",
    "proc/sys/user/max_user_namespaces": "30000",
    "proc/sys/user/max_net_namespaces": "30000",
    "proc/uptime": "86400.00 1.0",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids",
    "etc/group": "root:x:0:\nnobody:x:77:ann",
    "run/docker.sock": "",
    "var/lib/docker/engine-id": "x",
}  # fmt: skip
INFO = {
    "KernelVersion": "6.1.0-40-amd64",
    "MemoryLimit": True,
    "PidsLimit": True,
    "SwapLimit": True,
    "SecurityOptions": ["name=seccomp,profile=default", "name=userns"],
    "Runtimes": {"runc": {}, "runsc": {}},
    "DockerRootDir": "/var/lib/docker",
}


def version(engine: str = "28.5.1", containerd: str = "2.1.5", runc: str = "1.3.3") -> dict[str, Any]:
    parts = [{"Name": "containerd", "Version": containerd}, {"Name": "runc", "Version": runc}]
    return {"Version": engine, "Components": parts}


REPORT = EngineReport("http+unix:///run/docker.sock", INFO, version(), [])


class Room:
    """Builds machines and looks at them."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings.model_copy(update={"worker_slots": 4})
        self.report: EngineReport | None = REPORT
        self.free = 100.0
        for path, text in SOUND.items():
            self.write(path, text)
        self.socket_mode(0o600)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def apply(self, change: "Change") -> None:
        if callable(change):
            change(self)
            return
        for path, text in change.items():
            self.write(path, text)

    def kernel(self, release: str) -> None:
        self.write(f"{KERNEL}/osrelease", release)
        self.info(KernelVersion=release)

    def changelog(self, package: str, text: str) -> None:
        path = self.root / f"usr/share/doc/{package}/changelog.Debian.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(text.encode()))

    def socket_mode(self, bits: int) -> None:
        (self.root / "run/docker.sock").chmod(bits)

    def own_group(self, members: str) -> None:
        """Names the members of whatever group the made-up socket has."""
        number = (self.root / "run/docker.sock").stat().st_gid
        self.write("etc/group", f"docker:x:{number}:{members}\n")

    def engine(self, **changes: Any) -> None:
        self.report = REPORT._replace(**changes)

    def info(self, **changes: Any) -> None:
        self.engine(info={**INFO, **changes})

    def set(self, **changes: Any) -> None:
        self.settings = self.settings.model_copy(update=changes)

    def findings(self) -> list[Finding]:
        machine = Machine(self.root)
        found = machine.free_gib
        machine.free_gib = lambda path: None if found(path) is None else self.free  # type: ignore[method-assign]
        return list(examine(Host(machine, self.settings, self.report, "nobody answers")))


@pytest.fixture
def room(tmp_path: Path, settings: Settings) -> Room:
    return Room(tmp_path, settings)


ADVICE, WARNING, FAULT = Level.ADVICE, Level.WARNING, Level.FAULT
#: Files and what they hold, or what else to do.
Change = dict[str, str] | Callable[[Room], Any]
#: Name of the finding, its level, a word of what is found or of the cure, and what to change.
WRONG: list[tuple[str, Level, str, Change]] = [
    ("smt", ADVICE, "smt/control", lambda room: room.write(f"{CPU}/smt/active", "1") or room.set(worker_slots=2)),
    ("boost", ADVICE, "echo 1", {f"{CPU}/intel_pstate/no_turbo": "0"}),
    ("boost", ADVICE, "echo 0", {f"{CPU}/cpufreq/boost": "1"}),
    ("governor", ADVICE, "powersave", {f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave"}),
    ("swap", WARNING, "/dev/zram0", {"proc/swaps": "Filename\n/dev/zram0 partition 1"}),
    ("huge pages", ADVICE, "always", {HUGE: "[always] madvise never"}),
    ("address layout", WARNING, "fixed", {f"{KERNEL}/randomize_va_space": "0"}),
    ("clock", ADVICE, "clocksource=tsc", {f"{CLOCK}/current_clocksource": "hpet"}),
    ("machine", ADVICE, "virtual", {"proc/cpuinfo": "flags\t: tsc hypervisor"}),
    ("machine", ADVICE, "xen", {"sys/hypervisor/type": "xen"}),
    ("stolen time", WARNING, "50.0 %", {"proc/stat": "cpu  50 0 50 9000 50 0 0 100 0 0"}),
    ("cores", WARNING, "SLOTS=4", lambda room: room.set(worker_slots=5)),
    ("cores", WARNING, "SLOTS=3", {"proc/self/status": "Cpus_allowed_list:\t0,2-3"}),
    ("kernel", FAULT, "5.2.0", lambda room: room.kernel("5.2.0")),
    ("kernel", WARNING, "5.4", lambda room: room.kernel("5.4.1")),
    ("restart", WARNING, "waits", {"run/reboot-required": ""}),
    ("restart", ADVICE, "100 days", {"proc/uptime": "8640000.1 1"}),
    ("user namespaces", FAULT, "userns_clone=1", {f"{KERNEL}/unprivileged_userns_clone": "0"}),
    ("user namespaces", FAULT, "_userns=0", {f"{KERNEL}/apparmor_restrict_unprivileged_userns": "1"}),
    ("user namespaces", FAULT, "max_user_namespaces=", {f"{USER}/max_user_namespaces": "0"}),
    ("user namespaces", WARNING, "max_net_namespaces=", {f"{USER}/max_net_namespaces": "5"}),
    ("unprivileged bpf", WARNING, "bpf_disabled=1", {f"{KERNEL}/unprivileged_bpf_disabled": "0"}),
    ("ptrace scope", WARNING, "ptrace_scope=1", {f"{KERNEL}/yama/ptrace_scope": "0"}),
    ("ptrace scope", ADVICE, "no kernel.yama", lambda room: room.remove(f"{KERNEL}/yama/ptrace_scope")),
    ("dmesg", ADVICE, "dmesg_restrict=1", {f"{KERNEL}/dmesg_restrict": "0"}),
    ("kernel addresses", ADVICE, "kptr_restrict=1", {f"{KERNEL}/kptr_restrict": "0"}),
    ("perf events", ADVICE, "paranoid=2", {f"{KERNEL}/perf_event_paranoid": "-1"}),
    ("core dumps", WARNING, "apport", {f"{KERNEL}/core_pattern": "|/usr/share/apport/apport %p"}),
    ("processor leaks", WARNING, "meltdown", {f"{CPU}/vulnerabilities/meltdown": "Vulnerable"}),
    ("control groups", FAULT, "cgroup_enable=memory", {"sys/fs/cgroup/cgroup.controllers": "cpu pids"}),
    ("engine socket", FAULT, "everybody", lambda room: room.socket_mode(0o666)),
    ("engine socket", ADVICE, "ann, bob", lambda room: room.socket_mode(0o660) or room.own_group("ann,bob")),
    ("engine over tcp", FAULT, "0.0.0.0", {"proc/100/cmdline": "dockerd\0-H\0tcp://0.0.0.0:2375\0"}),
    ("engine over tcp", FAULT, "tcp://", {"etc/docker/daemon.json": '{"hosts": ["tcp://0.0.0.0:2375"]}'}),
    ("engine over tcp", WARNING, "2376", {"proc/100/cmdline": "dockerd\0--host=tcp://0.0.0.0:2376\0--tlsverify\0"}),
    ("engine over tcp", FAULT, "http://", lambda room: room.engine(address="http://10.0.0.1:2375")),
    ("engine over tcp", WARNING, "https://", lambda room: room.engine(address="https://10.0.0.1:2376")),
    ("other containers", ADVICE, "wiki", lambda room: room.engine(strangers=["wiki"])),
    ("listening ports", ADVICE, "5432", {"proc/net/tcp": f"{TCP} 0: 00000000:1538 0:0 0A"}),
    ("listening ports", ADVICE, "6379", {"proc/net/tcp6": f"{TCP} 0: {'0' * 32}:18EB 0:0 0A"}),
    ("view", WARNING, "inside", {".dockerenv": "", "proc/2/comm": "python3"}),
    ("view", WARNING, "engine's host", lambda room: room.info(KernelVersion="6.6.1-linuxkit")),
    ("container limits", FAULT, "MemoryLimit", lambda room: room.info(MemoryLimit=False)),
    ("container limits", FAULT, "PidsLimit", lambda room: room.info(PidsLimit=False)),
    ("system-call filter", FAULT, "none", lambda room: room.info(SecurityOptions=["name=userns"])),
    ("user mapping", ADVICE, "userns-remap", lambda room: room.info(SecurityOptions=["name=seccomp"])),
    ("second kernel", ADVICE, "runsc install", lambda room: room.info(Runtimes={"runc": {}})),
    ("disk for images", WARNING, "5.0 GiB", lambda room: setattr(room, "free", 5.0)),
    ("disk for images", FAULT, "0.5 GiB", lambda room: setattr(room, "free", 0.5)),
    ("engine", WARNING, "24.0.9", lambda room: room.engine(version=version("24.0.9"))),
    ("engine", FAULT, "19.03", lambda room: room.engine(version=version("19.03.15"))),
    ("runc CVE-2025-31133", WARNING, "zgrep", lambda room: room.engine(version=version(runc="1.3.2"))),
    ("containerd CVE-2024-25621", WARNING, "1.7.28", lambda room: room.engine(version=version(containerd="1.7.28"))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "level", "word", "change"), WRONG, ids=[f"{number}-{row[0]}" for number, row in enumerate(WRONG)]
)
def test_each_thing_wrong_is_found_with_its_cure_and_nothing_else_is(
    room: Room, name: str, level: Level, word: str, change: Change
):
    room.apply(change)
    (wrong,) = [finding for finding in room.findings() if finding.level is not Level.OK]
    assert (wrong.name, wrong.level) == (name, level)
    assert word in f"{wrong.found} {wrong.cure}"
    assert wrong.why
    assert re.search(r"[A-Za-z_]{3,}", wrong.cure)


def test_a_sound_host_needs_no_cure(room: Room):
    findings = room.findings()
    assert [finding for finding in findings if finding.level is not Level.OK or finding.cure] == []
    names = [finding.name for finding in findings]
    assert len(names) == len(set(names))


def test_everything_that_can_be_found_has_been_found_wrong(room: Room):
    assert {finding.name for finding in room.findings()} - {row[0] for row in WRONG} == {
        "runc CVE-2024-21626"
    }


def test_an_old_runc_is_a_fault_unless_the_distribution_repaired_it(room: Room):
    room.engine(version=version(runc="1.1.5+ds1"))

    def runc() -> dict[str, Level]:
        return {row.name: row.level for row in room.findings() if row.name.startswith("runc")}

    assert runc() == {"runc CVE-2024-21626": Level.FAULT, "runc CVE-2025-31133": Level.WARNING}
    room.changelog("runc", "  * CVE-2024-21626: several breakouts\n  * CVE-2025-31133: one of three\n")
    assert runc() == {"runc CVE-2024-21626": Level.OK, "runc CVE-2025-31133": Level.WARNING}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *(("1.2.7", False), ("1.2.8", True), ("1.2.9", True), ("1.3.2", False), ("1.3.3", True)),
        *(("1.4.0", True), ("1.1.15", False), ("0.9", False), ("v1.10.0+ds", True)),
    ],
)
def test_a_version_is_judged_within_its_line(text: str, good: bool):
    number = read_version(text)
    assert number is not None
    assert is_repaired(number, ((1, 2, 8), (1, 3, 3))) is good


def test_an_engine_of_a_distribution_that_minds_it_is_advice(room: Room):
    room.engine(version=version("20.10.24+dfsg1"))
    room.changelog("docker.io", "docker.io (20.10.24+dfsg1-1+deb12u1)\n")
    assert {row.level for row in room.findings() if row.name == "engine"} == {Level.ADVICE}


def test_swap_that_containers_may_not_be_kept_from_counts_twice(room: Room):
    room.write("proc/swaps", "Filename\n/dev/sda2 partition 1")
    room.info(SwapLimit=False)
    wrong = {row.name: row.level for row in room.findings() if row.level is not Level.OK}
    assert wrong == {"swap": Level.WARNING, "container limits": Level.WARNING}


def test_an_engine_behind_ssh_is_not_one_on_a_port(room: Room):
    room.engine(address="ssh://grader@10.0.0.1")
    assert [row.name for row in room.findings() if row.level is not Level.OK] == []


def test_control_groups_of_the_first_generation(room: Room):
    room.remove("sys/fs/cgroup/cgroup.controllers")
    room.write("proc/cgroups", "#name\th\tn\te\ncpu\t1\t2\t1\nmemory\t4\t1\t1\npids\t8\t2\t1")
    assert [row.level for row in room.findings() if row.name == "control groups"] == [Level.ADVICE]
    room.write("proc/cgroups", "#name\th\tn\te\ncpu\t1\t2\t1\nmemory\t0\t1\t0\npids\t8\t2\t1")
    assert [row.level for row in room.findings() if row.name == "control groups"] == [Level.FAULT]


@pytest.mark.parametrize(("sandbox", "level"), [("docker", Level.FAULT), ("auto", Level.ADVICE)])
def test_no_engine_is_a_fault_where_it_was_asked_for(room: Room, sandbox: str, level: Level):
    room.report = None
    room.set(sandbox=sandbox)
    (engine,) = [row for row in room.findings() if row.name == "engine"]
    assert (engine.level, engine.found) == (level, "nobody answers")


@pytest.mark.parametrize("path", SOUND)
def test_a_file_that_is_missing_or_empty_breaks_nothing(room: Room, path: str):
    names = {row.name for row in room.findings()}
    room.write(path, "")
    assert {row.name for row in room.findings()} >= names - {"engine socket"}
    room.remove(path)
    assert {row.name for row in room.findings()} >= names - {"engine socket"}


def test_a_machine_that_tells_nothing_is_no_sound_one(tmp_path: Path, settings: Settings):
    findings = list(examine(Host(Machine(tmp_path), settings)))
    assert {row.name for row in findings if row.level is Level.FAULT} == {"kernel", "control groups"}


def test_the_page_for_people_names_every_finding(room: Room):
    page = (ROOT / "docs/grader-host.md").read_text()
    assert [row.name for row in room.findings() if f"| {row.name.split(' CVE')[0]} |" not in page] == []


@pytest.fixture
def on_host(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """The command examines the made-up machine."""
    monkeypatch.setattr(examination, "Machine", lambda: Machine(room.root))
    monkeypatch.setattr(examination, "_ask_engine", lambda settings: (room.report, ""))
    monkeypatch.setenv("CODEZEST_WORKER_SLOTS", "4")
    get_settings.cache_clear()
    yield room
    get_settings.cache_clear()


@pytest.mark.parametrize(("kernel", "code"), [("5.4.1", 0), ("5.2.0", 1)])
def test_a_fault_is_exit_code_1_and_a_warning_is_not(on_host: Room, kernel: str, code: int):
    on_host.write("proc/sys/kernel/osrelease", kernel)
    result = CliRunner().invoke(codezest.main, ["doctor", "--host", "--json"])
    assert result.exit_code == code
    assert ("kernel" in result.stderr) is bool(code)
    rows = json.loads(result.stdout)
    assert {"name", "level", "found", "why", "cure"} == set(rows[0])
    assert [row["found"] for row in rows if row["name"] == "kernel"] == [kernel]


def test_the_worst_is_shown_last_and_what_a_name_holds_is_only_text(
    on_host: Room, capsys: pytest.CaptureFixture[str]
):
    on_host.engine(strangers=["[bold]\x1b[2Jwiki"])
    on_host.write("proc/sys/kernel/osrelease", "5.2.0")
    with pytest.raises(CommandFailed, match="faults: kernel"):
        examination.doctor_host(as_json=False)
    shown = capsys.readouterr().out
    assert shown.index("smt") < shown.index("[bold]wiki") < shown.index("5.2.0")
    assert "\x1b" not in shown


def test_this_machine_is_examined(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CODEZEST_SANDBOX", "local")
    get_settings.cache_clear()
    try:
        result = CliRunner().invoke(codezest.main, ["doctor", "--host", "--json"])
    finally:
        get_settings.cache_clear()
    rows = json.loads(result.stdout)
    assert result.exit_code == any(row["level"] == "fault" for row in rows)
    assert len(rows) >= 20
