"""The box's walls as they are declared, and what a program in a box found them to be.

Theory of operation
-------------------
`sandboxes/probe.py` runs in a box where a learner's program would and tells what it has: identity, capabilities,
filters, namespaces, mounts, limits, and the kernel's answer to every system call that is not allowed. `compare` holds
that against the declarations that boxes are made from (`box.py`, `policy.py`, the language's folder) and says each
difference in a line. What the box takes from those files is checked to have had its effect; what it must have whatever
they say (seven namespaces, no capabilities, ids that are not root's) is declared here a second time, so that one
careless change does not pass both.

Calls are made with arguments that do no harm, and, where there are such, arguments to which the kernel itself would
answer something else than the filter does. Two boxes are asked one after the other: the second was there before the
first had ended, so what they share is not fresh.

`container_walls.py` does the same for the container around.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from grader.slots import user_of
from sandboxes import box
from sandboxes.languages import HARNESS_DIRECTORY, Language, languages
from sandboxes.protocol import CaseInput, Limits, RunReport, RunRequest
from sandboxes.seccomp import policy

#: What a probe's report says of boxes that no container stands around.
LOCAL = "local"
_FIRST_USER = user_of(0, 0)
NAMESPACES = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup")
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
_DEVICES = tuple(f"/dev/{name}" for name in box.DEVICES)
_LIMITS = Limits(cpu_ms=5_000, wall_ms=20_000, memory_mib=128, output_kib=512, processes=16)
_BOXES = 2
_FILTERED, _REFUSED, _UNKNOWN = "2", "EPERM", "ENOSYS"
#: The namespaces that a machine starts with are numbered below this; later ones, which others are in, from here on.
_FIRST_NAMESPACES = range(0xEFFFFFF8, 0xF0000002)
_NO_ARGUMENT = [-1] * 6
#: Without CLONE_VM the kernel refuses this flag as invalid: a call that is let through starts nothing.
_CLONE_SIGHAND = 0x800
_FAMILIES = range(46)
_SOCK_STREAM, _SOCK_RAW, _SOL_SOCKET, _UNAME26, _RLIMIT_NOFILE = 1, 3, 1, 0x20000, 7
_ICMP, _SCTP, _MPTCP = 1, 132, 262


class Question(NamedTuple):
    """A system call to try, and the filter's answer to it."""

    label: str
    number: int
    arguments: list[int]
    answer: str


class Box(NamedTuple):
    """What is known of a box before looking. ``local``: there is no container around it."""

    language: Language
    local: bool


def probe_request(language: str) -> RunRequest:
    """What has boxes of a language tell what they are."""
    stdin = json.dumps({"calls": [question[:3] for question in questions()]}).encode()
    cases = [CaseInput(stdin=stdin, limits=_LIMITS)] * _BOXES
    return RunRequest(language=language, files={}, cases=cases, compile_limits=_LIMITS, probe=True)


def compare_report(language: str, report: RunReport) -> list[str]:
    """What is not as declared in the boxes that answered a `probe_request`, one line each; empty if all is."""
    here = Box(languages()[language], report.isolation == LOCAL)
    told: list[dict[str, Any]] = []
    for case in report.cases:
        try:
            facts = json.loads(case.stdout) if case.ended_well else None
        except ValueError:
            facts = None
        if not isinstance(facts, dict):
            words = (case.stdout + case.stderr).decode(errors="replace").strip()[-200:]
            return [f"box: the probe came to {case.outcome}: {words!a}"]
        told.append(facts)
    if len(told) != _BOXES:
        return [f"box: {len(told)} of {_BOXES} answered the probe"]
    found = [line for facts in told for line in compare(facts, here)]
    return list(dict.fromkeys([*found, *_not_fresh(told)]))


def compare(facts: dict[str, Any], here: Box) -> list[str]:
    """What is not as declared among the facts of one box, one line each: setting, declared, found."""
    lines: list[str] = []
    for part, check in _CHECKS.items():
        told = facts.get(part, {"unread": "it was not told"})
        if isinstance(told, dict) and "unread" in told:
            lines.append(f"box: {part}: could not be read: {told['unread']}")
            continue
        try:
            lines += [f"box: {line}" for line in check(told, here)]
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            lines.append(f"box: {part}: could not be understood: {error!r}")
    return lines


def differs(name: str, declared: object, found: object) -> Iterator[str]:
    """A line if these two are not the same."""
    if declared != found:
        yield difference(name, declared, found)


def difference(name: str, declared: object, found: object) -> str:
    """The line that says so."""
    return f"{name}: declared {_short(declared)}, found {_short(found)}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return ascii(text if len(text) < 120 else f"{text[:117]}...")[1:-1]


def questions() -> list[Question]:
    """Every call that the box's filter does not allow, and forbidden arguments of those that it allows in part."""
    numbers = policy.syscall_numbers()
    forbidden = sorted(set(numbers) - policy.ALLOWED - policy.CHECKED)
    newer = max(numbers.values()) + 1
    return [
        *(Question(name, numbers[name], _NO_ARGUMENT, _answer(name)) for name in forbidden),
        Question("a call newer than the table", newer, _NO_ARGUMENT, _UNKNOWN),
        *(
            Question(label, numbers[label.split()[0]], arguments, answer)
            for label, arguments, answer in _checked()
        ),
    ]


def _answer(name: str) -> str:
    if name in policy.NOTHING_TO_DO:
        return "ok"  # of a descriptor that is none: the kernel's own answer would be another
    return _UNKNOWN if name in policy.UNKNOWN else _REFUSED


def _checked() -> Iterator[tuple[str, list[int], str]]:
    """Forbidden arguments of calls that are allowed in part: label, arguments, the filter's answer."""
    for bit in range(32):
        if policy.NAMESPACE_FLAGS >> bit & 1:
            yield f"clone flag {1 << bit:#x}", [1 << bit | _CLONE_SIGHAND, 0, 0, 0, 0], _REFUSED
    for option in policy.FORBIDDEN_SOCKET_OPTIONS:
        yield f"setsockopt {option}", [-1, _SOL_SOCKET, option, 0, 0], _REFUSED
    for request in policy.FORBIDDEN_IOCTLS:
        yield f"ioctl {request:#x}", [-1, request, 0], _REFUSED
    for option in policy.FORBIDDEN_PRCTLS:
        yield f"prctl {option}", [option, -1, 0, 0, 0], _REFUSED
    for command in policy.FORBIDDEN_FCNTLS:
        yield f"fcntl {command}", [-1, command, 0], _REFUSED
    for advice in policy.FORBIDDEN_ADVICE:
        yield f"madvise {advice}", [0, 0, advice], _REFUSED
    yield "prlimit64 of process 1", [1, _RLIMIT_NOFILE, 0, 0], _REFUSED
    yield "personality", [_UNAME26], _REFUSED
    yield from _sockets()


def _sockets() -> Iterator[tuple[str, list[int], str]]:
    for family in _FAMILIES:
        name = _family_name(family)
        if family in policy.INTERNET_FAMILIES:
            for protocol in (_ICMP, _SCTP, _MPTCP):
                yield f"socket {name} protocol {protocol}", [family, _SOCK_RAW, protocol], "EPROTONOSUPPORT"
        elif family != policy.UNIX_FAMILY:
            yield f"socket {name}", [family, _SOCK_STREAM, 0], "EAFNOSUPPORT"
        if family != policy.UNIX_FAMILY:
            yield f"socketpair {name}", [family, _SOCK_STREAM, 0, 0], "EAFNOSUPPORT"


def _family_name(number: int) -> str:
    try:
        return socket.AddressFamily(number).name
    except ValueError:
        return f"family {number}"


def _calls(told: dict[str, str], here: Box) -> Iterator[str]:
    for question in questions():
        yield from differs(f"call {question.label}", question.answer, told.get(question.label, "nothing"))


def _entries(told: dict[str, str], here: Box) -> Iterator[str]:
    for entry in ("x32", "int 0x80"):
        yield from differs(f"entry {entry}", "SIGSYS", told.get(entry))


def _status(told: dict[str, str], here: Box) -> Iterator[str]:
    learner = " ".join([str(box.LEARNER_ID)] * 4)
    yield from differs("user ids", learner, told["Uid"])
    yield from differs("group ids", learner, told["Gid"])
    # Where nobody may change groups before a box is made, those of the user who runs it stay, as nobody's.
    strange = (
        set(told.get("Groups", "").split()) - {str(box.LEARNER_ID)} - ({"65534"} if here.local else set())
    )
    yield from differs("supplementary groups", "none", " ".join(sorted(strange)) or "none")
    for name in CAPABILITY_SETS:
        yield from differs(f"capabilities {name}", 0, int(told[name], 16))
    yield from differs("seccomp mode", _FILTERED, told["Seccomp"])
    # A kernel that is not Linux, or is older than 5.9, does not count them.
    count, least = told.get("Seccomp_filters"), _filters_of_this_process() + 1 if here.local else 2
    if count is not None and int(count) < least:
        yield difference("seccomp filters", f"at least {least}", count)


def _filters_of_this_process() -> int:
    lines = _read("/proc/self/status").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Seccomp_filters:")), 0)


def _read(path: str) -> str:
    with open(path) as file:  # noqa: PTH123 - pathlib would add nothing
        return file.read()


def _attributes(told: dict[str, int], here: Box) -> Iterator[str]:
    yield from differs("no_new_privs", 1, told["no_new_privs"])
    yield from differs("umask", 0o022, told["umask"])


def _namespaces(told: dict[str, str], here: Box) -> Iterator[str]:
    for kind in NAMESPACES:
        found = told.get(kind, "")
        number = int(found.partition("[")[2].rstrip("]") or 0)
        # The worker's own count only where boxes share its kernel for sure.
        if not number or number in _FIRST_NAMESPACES or (here.local and found == _own_namespace(kind)):
            yield difference(f"namespace {kind}", "the box's own", found or "none")


def _own_namespace(kind: str) -> str:
    return os.readlink(f"/proc/self/ns/{kind}")  # noqa: PTH115 - pathlib would add nothing


def _not_fresh(told: list[dict[str, Any]]) -> Iterator[str]:
    for kind in NAMESPACES:
        numbers = [str(facts.get("namespaces", {}).get(kind)) for facts in told]
        if len(set(numbers)) != len(numbers):
            yield difference(f"box: namespace {kind}", "fresh for every case", f"{numbers[0]} again")


def _maps(told: dict[str, Any], here: Box) -> Iterator[str]:
    for name, own in (("uid_map", os.getuid()), ("gid_map", os.getgid())):
        rows = told[name]
        outside = rows[0][1] if rows else 0
        yield from differs(name, [[box.LEARNER_ID, outside, 1]], rows)
        if outside < _FIRST_USER and not (here.local and outside == own != 0):
            yield difference(name, f"outside it is {_FIRST_USER} or more", outside)
    yield from differs("setgroups", "deny", told["setgroups"])


def _mounts(told: list[dict[str, Any]], here: Box) -> Iterator[str]:
    scratch = {target: f"size={mebibytes * 1024}k" for target, mebibytes in box.SCRATCH}
    for mount in told:
        target, options = mount["target"], set(mount["options"])
        needed = _options(target, is_scratch=target in scratch)
        yield from differs(f"mount {target}", ",".join(sorted(needed)), ",".join(sorted(needed & options)))
        if not _is_declared(target):
            yield difference(f"mount {target}", "no such mount", mount["kind"])
    found = {mount["target"]: mount for mount in told}
    for target, size in scratch.items():
        limits = {size, f"nr_inodes={box.SCRATCH_INODES}"}
        mount = found.get(target, {"kind": "none", "filesystem": []})
        yield from differs(f"mount {target}", "tmpfs", mount["kind"])
        yield from differs(f"mount {target}", sorted(limits), sorted(limits & set(mount["filesystem"])))
    proc = found.get("/proc", {"kind": "none", "filesystem": []})
    yield from differs("mount /proc", "proc", proc["kind"])
    yield from differs("mount /proc", ["subset=pid"], [o for o in proc["filesystem"] if o == "subset=pid"])


def _options(target: str, *, is_scratch: bool) -> set[str]:
    needed = {"nosuid"} if is_scratch else {"nosuid", "ro"}
    if target not in _DEVICES:
        needed.add("nodev")
    if target == "/proc":
        needed.add("noexec")
    return needed


def _is_declared(target: str) -> bool:
    exactly = ("/", "/proc", *(path for path, _ in box.SCRATCH), *_DEVICES)
    # A system directory may have file systems of its own below it; those have been made read-only with it.
    within = (*box.SYSTEM, *(f"/etc/{name}" for name in box.SETTINGS), HARNESS_DIRECTORY)
    return target in (*exactly, *within) or target.startswith(tuple(f"{path}/" for path in within))


def _writable(told: list[str], here: Box) -> Iterator[str]:
    declared = {*(path for path, _ in box.SCRATCH), *_DEVICES}
    yield from differs("writable beyond the declared", [], sorted(set(told) - declared))
    yield from differs("writable", sorted(declared), sorted(declared & set(told)))


def _limits(told: dict[str, list[int]], here: Box) -> Iterator[str]:
    # Processor time is the runner's to choose, with room for its own word to come first.
    seconds = 2 * _LIMITS.cpu_ms // 1000
    declared = [*box.backstops(seconds, _LIMITS.processes), ("RLIMIT_NOFILE", box.OPEN_FILES, box.OPEN_FILES)]
    for name, soft, hard in declared:
        found = told[name]
        if not (0 <= found[0] <= soft and 0 <= found[1] <= hard):
            yield difference(name, f"at most {[soft, hard]}", found)


def _scores(told: dict[str, int], here: Box) -> Iterator[str]:
    yield from differs("oom_score_adj", box.OOM_SCORE_ADJ, told["oom_score_adj"])


def _environment(told: dict[str, Any], here: Box) -> Iterator[str]:
    yield from differs("environment", here.language.full_environment(), told["now"])
    known = set(languages()["python"].full_environment())
    yield from differs("environment of the interpreter", [], sorted(set(told["started"]) - known))


def _interfaces(told: dict[str, bool], here: Box) -> Iterator[str]:
    yield from differs(
        "network interfaces that are up", [], sorted(name for name, is_up in told.items() if is_up)
    )


def _reachable(told: dict[str, str], here: Box) -> Iterator[str]:
    yield from differs("ways out", [], sorted(address for address, answer in told.items() if answer == "ok"))


def _names(told: dict[str, str], here: Box) -> Iterator[str]:
    yield from differs("host name", box.HOSTNAME, told["host"])


def _pids(told: list[int], here: Box) -> Iterator[str]:
    yield from differs("processes in sight", [1, 2], told)


def _process_1(told: list[str], here: Box) -> Iterator[str]:
    yield from differs("of process 1 could be opened", [], told)


def _descriptors(told: dict[str, str], here: Box) -> Iterator[str]:
    kinds = {number: what.partition(":")[0] for number, what in told.items()}
    yield from differs("descriptors", {"0": "/memfd", "1": "pipe", "2": "pipe"}, kinds)


_CHECKS: dict[str, Callable[[Any, Box], Iterator[str]]] = {
    "descriptors": _descriptors,
    "pids": _pids,
    "status": _status,
    "attributes": _attributes,
    "namespaces": _namespaces,
    "maps": _maps,
    "mounts": _mounts,
    "writable": _writable,
    "limits": _limits,
    "scores": _scores,
    "environment": _environment,
    "interfaces": _interfaces,
    "reachable": _reachable,
    "names": _names,
    "process_1": _process_1,
    "entries": _entries,
    "calls": _calls,
}
