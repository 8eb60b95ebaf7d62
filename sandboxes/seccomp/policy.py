"""Which system calls foreign code may make, and the container profile that follows from it.

The box's filter is an allow list. What it names is allowed; what the kernel of the table knows and the list does not
name answers EPERM; what is newer than the table answers ENOSYS, so that the C library falls back. Calls in
`CHECKED` are allowed for harmless arguments only. Calls in `NOTHING_TO_DO`
succeed without being made.

Not in the list, each for a reason others paid for: io_uring (opens sockets past the filter), key rings, userfaultfd,
perf, bpf, ptrace and its kin, everything about mounts and namespaces (the runner's own means, closed behind it),
System V and POSIX message queues, setting another process's priority, affinity or limits (the supervisor's could be
set), memory files (unmapped pages belong to no process, so nobody counts them), sync (stalls the host's disks), leases
on files (another box that opens the same one waits for its holder).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

ALLOWED = frozenset(
    """
    read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
    rt_sigreturn pread64 pwrite64 readv writev access pipe select sched_yield mremap msync mincore dup
    dup2 pause nanosleep getitimer alarm setitimer getpid sendfile connect accept sendto recvfrom sendmsg recvmsg
    shutdown bind listen getsockname getpeername getsockopt fork vfork execve exit wait4
    kill uname flock truncate ftruncate getdents getcwd chdir fchdir rename mkdir rmdir
    creat link unlink symlink readlink chmod fchmod chown fchown lchown umask gettimeofday getrlimit getrusage
    sysinfo times getuid getgid setuid setgid geteuid getegid setpgid getppid getpgrp setsid setreuid setregid
    getgroups setgroups setresuid getresuid setresgid getresgid getpgid setfsuid setfsgid getsid capget capset
    rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend sigaltstack utime statfs fstatfs getpriority
    sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval mlock
    munlock mlockall munlockall arch_prctl setrlimit gettid readahead setxattr lsetxattr fsetxattr
    getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr tkill time
    futex sched_getaffinity epoll_create getdents64 set_tid_address restart_syscall fadvise64 timer_create
    timer_settime timer_gettime timer_getoverrun timer_delete clock_gettime clock_getres clock_nanosleep
    exit_group epoll_wait epoll_ctl tgkill utimes waitid ioprio_get inotify_init inotify_add_watch
    inotify_rm_watch openat mkdirat fchownat futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat
    fchmodat faccessat pselect6 ppoll set_robust_list get_robust_list splice tee
    utimensat epoll_pwait signalfd timerfd_create eventfd fallocate timerfd_settime timerfd_gettime accept4
    signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo recvmmsg
    sendmmsg getcpu sched_getattr renameat2 getrandom execveat membarrier mlock2 copy_file_range preadv2 pwritev2
    pkey_mprotect pkey_alloc pkey_free statx rseq pidfd_send_signal pidfd_open close_range openat2 faccessat2
    epoll_pwait2 futex_waitv mknod mknodat
    """.split()
)

#: Answered ENOSYS though known: the C library then takes the older call, whose arguments a filter can see.
UNKNOWN = frozenset({"clone3", "memfd_create"})

#: A program's own files lie in memory, so these have nothing to write. Made on a system directory, which on a machine
#: without containers is the machine's own, they would have its disks write everybody's files.
NOTHING_TO_DO = frozenset({"fsync", "fdatasync", "sync_file_range"})

#: Any of these flags of clone(2) makes a namespace.
NAMESPACE_FLAGS = 0x7E020000
#: AF_UNIX, AF_INET, AF_INET6: not AF_VSOCK, AF_ALG, AF_PACKET or AF_NETLINK.
UNIX_FAMILY, INTERNET_FAMILIES = 1, (2, 10)
#: Of the internet's families, the default protocol, TCP and UDP. Asking for another (SCTP, DCCP, MPTCP) would have the
#: host's kernel load the code for it.
INTERNET_PROTOCOLS = (0, 6, 17)
#: SO_ATTACH_FILTER, SO_ATTACH_BPF and SO_ATTACH_REUSEPORT_*: programs of the sender's for the kernel to run.
FORBIDDEN_SOCKET_OPTIONS = (26, 50, 51, 52)
#: TIOCSTI, TIOCLINUX, TIOCSETD: characters pushed into somebody's terminal.
FORBIDDEN_IOCTLS = (0x5412, 0x541C, 0x5423)
#: PR_SCHED_CORE: a program that shares a core with nobody slows down its neighbour. PR_SET_SECCOMP: ours is enough.
#: PR_SET_MEMORY_MERGE: how long a write to a merged page takes tells that a neighbour holds the same one.
FORBIDDEN_PRCTLS = (62, 22, 67)
#: MADV_MERGEABLE, for the same reason.
FORBIDDEN_ADVICE = (12,)
#: F_SETLEASE and F_NOTIFY: files that all boxes share would tell of, and wait for, their neighbours.
FORBIDDEN_FCNTLS = (1024, 1026)
#: personality(2) as a question, and the default one.
PERSONALITIES = (0xFFFFFFFF, 0)

CHECKED = frozenset(
    {
        "clone",
        "socket",
        "socketpair",
        "setsockopt",
        "ioctl",
        "fcntl",
        "madvise",
        "prctl",
        "prlimit64",
        "personality",
    }
)

#: What the runner needs beyond the box's list to make boxes; the container's profile adds these and nothing more.
RUNNER_ONLY = frozenset(
    "clone unshare mount umount2 pivot_root mount_setattr sethostname seccomp memfd_create "
    "socket socketpair setsockopt ioctl fcntl madvise prctl prlimit64 personality".split()
)

SUPPORTED_MACHINE = "x86_64"


@cache
def syscall_numbers(machine: str = SUPPORTED_MACHINE) -> dict[str, int]:
    """Name to number for a machine (``uname -m``), from the kernel's table. Raises OSError for another machine."""
    if machine != SUPPORTED_MACHINE:
        raise OSError(f"boxes are made for {SUPPORTED_MACHINE}, not for {machine}: no system-call table")
    return json.loads(Path(__file__).with_name(f"{machine}.json").read_text())


def container_profile() -> dict[str, Any]:
    """The engine's seccomp profile for pool containers: the box's list and what the runner needs, the rest EPERM."""
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [
            {"names": sorted(ALLOWED | NOTHING_TO_DO | RUNNER_ONLY), "action": "SCMP_ACT_ALLOW"},
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        ],
    }
