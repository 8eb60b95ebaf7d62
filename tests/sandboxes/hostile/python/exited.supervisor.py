# Process 1 cannot be traced, read, limited, slowed down or robbed of a descriptor.
import ctypes
import os
import resource

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(256)
record = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 256)
found = []


def refused(name, number, *arguments):
    if libc.syscall(number, *arguments) != -1:
        found.append(name)


refused("PTRACE_ATTACH", 101, 16, 1, 0, 0)
refused("PTRACE_SEIZE", 101, 0x4206, 1, 0, 0)
refused("PTRACE_TRACEME", 101, 0, 0, 0, 0)
refused("process_vm_readv", 310, 1, record, 1, record, 1, 0)
refused("process_vm_writev", 311, 1, record, 1, record, 1, 0)
refused("kcmp", 312, 1, os.getpid(), 0, 0, 0)
refused("pidfd_getfd", 438, os.pidfd_open(1), 0, 0)
refused("process_madvise", 440, os.pidfd_open(1), record, 1, 4, 0)
refused("prlimit64", 302, 1, 7, record, None)
refused("prlimit64, upper half of the pid", 302, ctypes.c_ulong((1 << 32) | 1), 7, record, None)
for who in (0, 1):
    refused("setpriority", 141, 0, who, 19)
    refused("sched_setscheduler", 144, who, 5, buffer)
    refused("sched_setparam", 142, who, buffer)
    refused("sched_setattr", 314, who, buffer, 0)
    refused("sched_setaffinity", 203, who, 8, buffer)
    refused("ioprio_set", 251, 1, who, (3 << 13) | 7)
refused("migrate_pages", 256, 1, 1, record, record)
refused("move_pages", 279, 1, 0, None, None, None, 0)
try:
    resource.setrlimit(resource.RLIMIT_NPROC, (10_000, 10_000))
    found.append("more processes")
except (OSError, ValueError):
    pass
print(found or "held")
