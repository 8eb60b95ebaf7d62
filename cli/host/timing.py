"""What makes one program take different times in two runs. Verdicts go by processor time; it varies too, with these.

The advice is the usual one of programming contests, but for one point: the address layout stays random.
"""

import re
from collections.abc import Iterator

from cli.host.finding import Check, Finding, Host, Level, judged

_CPU = "sys/devices/system/cpu"
_HUGE = "sys/kernel/mm/transparent_hugepage/enabled"
_CLOCK = "sys/devices/system/clocksource/clocksource0"
#: Read without entering the kernel. All others cost a system call or, by a chip, microseconds.
_QUICK_CLOCKS = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource"}
_STOLEN_PER_CENT = 1.0
_FOR_GOOD = (
    "for good, on the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)"
)


def smt(host: Host) -> Iterator[Finding]:
    """Two hardware threads on one core."""
    is_on = host.machine.text(f"{_CPU}/smt/active") == "1"
    yield judged(
        "smt",
        Level.ADVICE if is_on else Level.OK,
        "on" if is_on else "off, or not to be seen from here",
        "two programs on one core slow each other by a third or more, and can watch each other's caches",
        f"echo off > /{_CPU}/smt/control; {_FOR_GOOD}: nosmt",
    )


def boost(host: Host) -> Iterator[Finding]:
    """Clocks above the nominal one, as long as it is cool."""
    turbo = host.machine.text(f"{_CPU}/intel_pstate/no_turbo") == "0"
    path = f"{_CPU}/intel_pstate/no_turbo" if turbo else f"{_CPU}/cpufreq/boost"
    is_on = turbo or host.machine.text(path) == "1"
    yield judged(
        "boost",
        Level.ADVICE if is_on else Level.OK,
        "on" if is_on else "off, or not to be seen from here",
        "a core runs faster while its neighbours idle: times measured idle are not reached under load",
        f"echo {1 if turbo else 0} > /{path}; for good: a systemd unit or the firmware's setup",
    )


def governor(host: Host) -> Iterator[Finding]:
    """Who chooses the cores' clock."""
    found = host.machine.matching(f"{_CPU}/cpu[0-9]*/cpufreq/scaling_governor")
    others = sorted(set(found.values()) - {"performance"})
    yield judged(
        "governor",
        Level.ADVICE if others else Level.OK,
        ", ".join(others or sorted(set(found.values()))) or "the machine chooses no clock",
        "a core that slept starts slowly, and short programs end before it is fast",
        'cpupower frequency-set -g performance; for good: GOVERNOR="performance" in /etc/default/cpufrequtils',
    )


def swap(host: Host) -> Iterator[Finding]:
    """Memory that goes to disk."""
    used = [line.split()[0] for line in host.machine.lines("proc/swaps")[1:] if line.strip()]
    yield judged(
        "swap",
        Level.WARNING if used else Level.OK,
        ", ".join(used) or "off",
        "a program gets more memory than its limit, waits for the disk, and leaves its data there",
        "swapoff -a, and take the swap lines out of /etc/fstab",
    )


def huge_pages(host: Host) -> Iterator[Finding]:
    """Pages of 2 MiB without being asked."""
    chosen = re.search(r"\[(\w+)\]", host.machine.text(_HUGE) or "")
    word = chosen.group(1) if chosen else "not known to this kernel"
    yield judged(
        "huge pages",
        Level.ADVICE if word == "always" else Level.OK,
        word,
        "whether a huge page is free decides how long an allocation takes and how much memory is counted",
        f"echo madvise > /{_HUGE}; {_FOR_GOOD}: transparent_hugepage=madvise",
    )


def address_layout(host: Host) -> Iterator[Finding]:
    """Random addresses: contests turn them off for steadier times, we do not."""
    value = host.machine.text("proc/sys/kernel/randomize_va_space")
    yield judged(
        "address layout",
        Level.OK if value == "2" else Level.WARNING,
        {"2": "random", "1": "random without the heap", "0": "fixed"}.get(value or "", "unknown"),
        "leave it random, though some judges fix it for steadier times: it hinders attacks on runner and compilers",
        "sysctl -w kernel.randomize_va_space=2; for good: the same in /etc/sysctl.d/60-codezest.conf",
    )


def clock(host: Host) -> Iterator[Finding]:
    """Where the kernel reads the time."""
    current = host.machine.text(f"{_CLOCK}/current_clocksource")
    offered = (host.machine.text(f"{_CLOCK}/available_clocksource") or "").split()
    better = next((name for name in offered if name in _QUICK_CLOCKS), None)
    is_slow = current is not None and current not in _QUICK_CLOCKS
    yield judged(
        "clock",
        Level.ADVICE if is_slow else Level.OK,
        current or "unknown",
        "reading a slow clock costs a microsecond or more, in every program that looks at the time",
        f"echo {better} > /{_CLOCK}/current_clocksource; {_FOR_GOOD}: clocksource={better}"
        if better
        else "none that is quick is offered: see `dmesg | grep -i tsc`, or take another kind of host",
    )


def machine_kind(host: Host) -> Iterator[Finding]:
    """Bare metal, or a guest that shares its cores."""
    flags = next((line for line in host.machine.lines("proc/cpuinfo") if line.startswith("flags")), "")
    kind = host.machine.text("sys/hypervisor/type")
    is_guest = "hypervisor" in flags.split() or kind is not None
    product = host.machine.text("sys/class/dmi/id/product_name") or kind or "of unknown make"
    yield judged(
        "machine",
        Level.ADVICE if is_guest else Level.OK,
        f"virtual, {product}" if is_guest else "not known to be virtual",
        "other guests share caches and memory with it, and no setting in here changes that",
        "bare metal, or a guest with cores of its own (dedicated CPUs, pinned)",
    )


def stolen_time(host: Host) -> Iterator[Finding]:
    """What the hypervisor gave to others, since the start, of the time that this machine wanted."""
    line = next((line for line in host.machine.lines("proc/stat") if line.startswith("cpu ")), "")
    ticks = [int(word) for word in line.split()[1:9]]
    stolen = ticks[7] if len(ticks) == 8 else 0
    busy = sum(ticks) - sum(ticks[3:5])
    per_cent = 100 * stolen / busy if busy else 0.0
    yield judged(
        "stolen time",
        Level.WARNING if per_cent > _STOLEN_PER_CENT else Level.OK,
        f"{per_cent:.1f} % of the busy time since the start",
        "programs wait for a core while their wall time runs, and find cold caches when they get it",
        "a guest with cores of its own (dedicated CPUs, pinned), or bare metal",
    )


def cores(host: Host) -> Iterator[Finding]:
    """Graders against cores."""
    usable = _count(_allowed(host) or host.machine.text(f"{_CPU}/online") or "0")
    whole = usable // 2 if host.machine.text(f"{_CPU}/smt/active") == "1" else usable
    slots = host.settings.worker_slots
    yield judged(
        "cores",
        Level.WARNING if slots > max(whole, 1) else Level.OK,
        f"{whole} whole cores for {slots} graders",
        "graders that share a core push each other's programs over wall limits",
        f"CODEZEST_WORKER_SLOTS={max(whole, 1)}",
    )


def _allowed(host: Host) -> str | None:
    lines = host.machine.lines("proc/self/status")
    return next((line.split()[1] for line in lines if line.startswith("Cpus_allowed_list:")), None)


def _count(ranges: str) -> int:
    """How many numbers there are in ``0-3,8``."""
    ends = [part.split("-") for part in ranges.split(",")]
    return sum(int(end[-1]) - int(end[0]) + 1 for end in ends)


CHECKS: tuple[Check, ...] = (
    smt, boost, governor, swap, huge_pages, address_layout, clock, machine_kind, stolen_time, cores,
)  # fmt: skip
