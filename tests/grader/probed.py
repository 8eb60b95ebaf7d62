"""What a probe tells of a box that is as declared, for tests that need no box."""

import itertools
import json
from typing import Any

from grader import walls
from grader.slots import user_of
from sandboxes import box
from sandboxes.languages import languages
from sandboxes.protocol import CaseOutcome, Outcome, RunReport, RunRequest

_numbers = itertools.count(0xF0001000)


def facts(language: str = "python") -> dict[str, Any]:
    """Of a fresh box in a container: no two have a namespace in common."""
    devices = [f"/dev/{name}" for name in box.DEVICES]
    scratch = [
        mount(path, "tmpfs", "rw,nosuid,nodev", f"size={mebibytes * 1024}k,nr_inodes={box.SCRATCH_INODES}")
        for path, mebibytes in box.SCRATCH
    ]
    limits = {name: [soft, hard] for name, soft, hard in box.backstops(6, 16)}
    return {
        "descriptors": {"0": "/memfd:input (deleted)", "1": "pipe:[1]", "2": "pipe:[2]"},
        "pids": [1, 2],
        "status": {
            **dict.fromkeys(walls.CAPABILITY_SETS, "0000000000000000"),
            "Uid": "1000 1000 1000 1000",
            "Gid": "1000 1000 1000 1000",
            "Groups": "1000",
            "Seccomp": "2",
            "Seccomp_filters": "2",
        },
        "attributes": {"no_new_privs": 1, "umask": 0o022},
        "namespaces": {kind: f"{kind}:[{next(_numbers)}]" for kind in walls.NAMESPACES},
        "maps": {
            "uid_map": [[1000, user_of(0, 0), 1]],
            "gid_map": [[1000, user_of(0, 0), 1]],
            "setgroups": "deny",
        },
        "mounts": [
            mount("/", "tmpfs", "ro,nosuid,nodev"),
            mount("/usr", "overlay", "ro,nosuid,nodev"),
            *(mount(device, "tmpfs", "ro,nosuid") for device in devices),
            mount("/proc", "proc", "ro,nosuid,nodev,noexec", "ro,subset=pid"),
            *scratch,
        ],
        "writable": sorted([*devices, *(path for path, _ in box.SCRATCH)]),
        "limits": {**limits, "RLIMIT_NOFILE": [box.OPEN_FILES, box.OPEN_FILES]},
        "scores": {"oom_score_adj": box.OOM_SCORE_ADJ, "nice": 0},
        "environment": {"now": languages()[language].full_environment(), "started": ["HOME", "LANG", "PATH"]},
        "interfaces": {"lo": False},
        "reachable": {"192.0.2.1": "ENETUNREACH"},
        "names": {"host": box.HOSTNAME},
        "process_1": [],
        "entries": {"x32": "SIGSYS", "int 0x80": "SIGSYS"},
        "calls": {question.label: question.answer for question in walls.questions()},
    }


def mount(target: str, kind: str, options: str, filesystem: str = "rw") -> dict[str, Any]:
    """A line of the mount table as a probe tells it."""
    return {
        "target": target,
        "kind": kind,
        "options": options.split(","),
        "filesystem": filesystem.split(","),
    }


def report(*told: dict[str, Any]) -> RunReport:
    """What a sandbox says whose boxes tell this."""
    cases = [
        CaseOutcome(outcome=Outcome.EXITED, exit_code=0, stdout=json.dumps(one).encode()) for one in told
    ]
    return RunReport(compiled=None, cases=tuple(cases), isolation="docker")


def as_declared(request: RunRequest) -> RunReport:
    """The answer to any request for a probe."""
    assert request.probe
    return report(*(facts(request.language) for _ in request.cases))
