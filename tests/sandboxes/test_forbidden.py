"""System calls that foreign code is never to make, each with what it would be used for.

The filter is made from a list of what is allowed, and a list grows. This one pins what may not be added to it.
"""

import pytest

from grader.walls import questions
from sandboxes.seccomp import policy

FORBIDDEN = {
    # Ways past the filter, or to more rights.
    "io_uring_setup": "makes calls, sockets among them, that no filter sees",
    "io_uring_enter": "the same",
    "io_uring_register": "the same",
    "bpf": "programs for the kernel to run: the richest source of ways into it",
    "userfaultfd": "holds the kernel up in the middle of a copy, so that a race is won every time",
    "perf_event_open": "a large surface, and it watches what others do",
    "seccomp": "a listener of its own would answer for calls that ours refuses",
    "keyctl": "key rings belong to a user, not to a namespace: they outlive the box",
    "add_key": "the same",
    "request_key": "the same, and it has the kernel start a helper",
    "modify_ldt": "16-bit segments, with a history of faults",
    "iopl": "reaches devices",
    "ioperm": "reaches devices",
    "uselib": "an old loader with a history of faults",
    "remap_file_pages": "an old call with a history of faults",
    "lookup_dcookie": "a call for profilers",
    # Namespaces and mounts: how the box was made.
    "unshare": "a user namespace gives all capabilities in it, and with them most of the kernel's surface",
    "setns": "enters a namespace that a descriptor names",
    "clone3": "makes namespaces, by flags that a filter cannot see",
    "mount": "changes what a path leads to",
    "umount2": "uncovers what a mount hides",
    "pivot_root": "changes the root",
    "chroot": "changes the root",
    "mount_setattr": "makes a read-only mount writable",
    "open_tree": "mounts, by the newer calls",
    "move_mount": "the same",
    "fsopen": "the same",
    "fsconfig": "the same",
    "fsmount": "the same",
    "fspick": "the same",
    "open_by_handle_at": "opens files that no path of the box leads to",
    "name_to_handle_at": "makes the handles for it",
    # Other processes: process 1 of the box supervises this one.
    "ptrace": "changes another process",
    "process_vm_readv": "reads another process",
    "process_vm_writev": "writes to another process",
    "process_madvise": "drops another process's pages",
    "process_mrelease": "the same",
    "pidfd_getfd": "takes another process's descriptors",
    "kcmp": "tells where kernel objects lie",
    "setpriority": "slows down a supervisor",
    "sched_setaffinity": "leaves the cores that a slot was given",
    "sched_setscheduler": "goes before others",
    "sched_setattr": "goes before others",
    "sched_setparam": "goes before others",
    "ioprio_set": "goes before others",
    "migrate_pages": "moves another process's memory",
    "move_pages": "the same",
    # What lasts, or is nobody's.
    "memfd_create": "pages that no process maps are counted for none",
    "memfd_secret": "pages that not even the kernel can read",
    "shmget": "System V memory lives on when its processes end",
    "semget": "the same",
    "msgget": "the same",
    "mq_open": "queues are counted per user, over all boxes",
    "io_setup": "requests are counted for the whole machine",
    "fanotify_init": "watches, and holds up, what others open",
    "vmsplice": "gives pages to a pipe and keeps them: a history of faults",
    # The machine itself.
    "sync": "stalls every disk of the host",
    "syncfs": "stalls a disk of the host",
    "quotactl": "disk quotas",
    "acct": "writes a record of every process",
    "swapon": "swap",
    "swapoff": "swap",
    "reboot": "the machine",
    "kexec_load": "another kernel",
    "kexec_file_load": "another kernel",
    "init_module": "code in the kernel",
    "finit_module": "code in the kernel",
    "delete_module": "code in the kernel",
    "settimeofday": "the clock",
    "clock_settime": "the clock",
    "clock_adjtime": "the clock",
    "adjtimex": "the clock",
    "sethostname": "names",
    "setdomainname": "names",
    "syslog": "the kernel's messages, with its addresses",
    "vhangup": "somebody's terminal",
    "landlock_create_ruleset": "rules we have no use for",
}


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_it_is_not_allowed_and_every_box_is_asked_about_it(name: str):
    assert name in policy.syscall_numbers()
    assert name not in policy.ALLOWED
    assert name not in policy.CHECKED, "arguments alone do not make it harmless"
    assert name in {question.label for question in questions()}


def test_every_forbidden_call_has_a_reason():
    assert all(FORBIDDEN.values())


def test_what_the_runner_needs_is_no_more_than_it_must():
    """Nothing that reaches other processes, the kernel's code or the machine; the launcher makes boxes."""
    makes_boxes = {"unshare", "mount", "umount2", "pivot_root", "mount_setattr", "sethostname", "seccomp"}
    assert FORBIDDEN.keys() & policy.RUNNER_ONLY == makes_boxes | {"memfd_create"}
