"""Says what a program in a box really has: runs as process 2, in a learner's program's place, and prints a JSON object.

Theory of operation
-------------------
The runner runs this file in the place of a language's program when a request asks for it; the grader's `walls.py`
compares what it prints with what is declared. Nothing here knows what is right: a probe that judged itself could be
wrong in the same way as the walls are.

Everything is tried and nothing is believed: a path is writable if a file could be made there, a call is refused if the
kernel has refused it. What is tried comes as JSON on standard input, ``{"calls": [[label, number, arguments], ...]}``:
system calls with arguments that do no harm should they be let through. They are made in a child, for one that is let
through may change the process that makes it; the two entries that end a program have a child each.

A part that cannot be read is told as ``{"unread": why}``, so that it is found missing and not taken for well.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Call = tuple[str, int, list[int]]  # label, number, arguments

_libc = ctypes.CDLL(None, use_errno=True)
_PR_GET_DUMPABLE, _PR_GET_NO_NEW_PRIVS = 3, 39
_SIOCGIFNAME, _SIOCGIFFLAGS, _IFF_UP = 0x8910, 0x8913, 1
_MOST_INTERFACES = 64
#: Folders are tried down to this depth below the root, and no more of them than this: what lies deeper is on the same
#: mounts, whose options are told beside.
_DEPTH, _MOST_FOLDERS = 3, 5000
_SECONDS = 10  # for all calls together; none of them waits
_X32_GETPID = 0x40000000 | 39
#: mov eax, 20 (the 32-bit getpid); int 0x80; ret
_INT_80 = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"
#: Addresses for documentation (RFC 5737, RFC 3849) and our own: a datagram socket's connect only asks for a route.
_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "2001:db8::1"))
_OF_PROCESS_1 = (
    "auxv",
    "environ",
    "maps",
    "mem",
    "stack",
    "syscall",
    "personality",
    "fd",
    "ns/user",
    "root",
    "cwd",
)


def main() -> None:
    """Prints the facts."""
    asked = json.loads(sys.stdin.buffer.read() or b"{}")
    facts = {part.__name__: _told(part) for part in PARTS}
    facts["calls"] = _told(lambda: calls(asked.get("calls", [])))
    sys.stdout.write(json.dumps(facts))


def _told(part: "Callable[[], Any]") -> "Any":
    try:
        return part()
    except Exception as error:
        return {"unread": f"{type(error).__name__}: {error}"}


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _error_name(number: int | None) -> str:
    return errno.errorcode.get(number or 0, str(number))


def descriptors() -> dict[str, str]:
    """Number to what it is, without the one this listing needs."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue
    return found


def pids() -> list[int]:
    """The processes in sight."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def status() -> dict[str, str]:
    """``/proc/self/status``: identity, capabilities, filters."""
    lines = (line.partition(":") for line in _read("/proc/self/status").splitlines())
    wanted = ("Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters")
    return {
        name: " ".join(rest.split()) for name, _, rest in lines if name in wanted or name.startswith("Cap")
    }


def attributes() -> dict[str, int]:
    """What the kernel says when asked directly; a kernel's status file may leave it out."""
    return {"no_new_privs": _libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), "umask": _umask()}


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found


def namespaces() -> dict[str, str]:
    """Kind to identity, such as ``net:[4026532000]``."""
    return {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}


def maps() -> dict[str, "Any"]:
    """User and group ids: lists of [inside, outside, how many], and what setgroups(2) may do."""
    ids = {
        name: [[int(word) for word in line.split()] for line in _read(f"/proc/self/{name}").splitlines()]
        for name in ("uid_map", "gid_map")
    }
    return {**ids, "setgroups": _read("/proc/self/setgroups").strip()}


def mounts() -> list[dict[str, "Any"]]:
    """Every mount that can be reached, in order: target, kind, its own options and its file system's."""
    result = []
    for line in _read("/proc/self/mountinfo").splitlines():
        words = line.split(" ")
        dash = words.index("-")
        target = words[4].encode().decode("unicode_escape")
        if _is_reached(target, words[0]):
            options, more = words[5].split(","), words[dash + 3].split(",")
            result.append({"target": target, "kind": words[dash + 1], "options": options, "filesystem": more})
    return result


def _is_reached(target: str, number: str) -> bool:
    """Whether the mount of that number is what the path leads to: a later one may cover it, or what it stands on."""
    try:
        fd = os.open(target, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        lines = _read(f"/proc/self/fdinfo/{fd}").splitlines()
    finally:
        os.close(fd)
    told = [line.split()[1] for line in lines if line.startswith("mnt_id:")]
    return not told or told[0] == number


def writable() -> list[str]:
    """Paths that could be written to, by doing it: folders in which a file was made, files that opened for writing.

    Of a folder that is writable only itself is told.
    """
    found, pending, tried = [], ["/"], 0
    while pending and tried < _MOST_FOLDERS:
        folder = pending.pop()
        tried += 1
        if _can_make(folder):
            found.append(folder)
        for entry in _entries(folder):
            # Folders that are writable get looked into too: another file system may stand in them.
            if entry.is_dir(follow_symlinks=False):
                if entry.path != "/proc" and entry.path.count("/") <= _DEPTH:
                    pending.append(entry.path)
            elif folder not in found and _can_open(entry.path, os.O_WRONLY):
                found.append(entry.path)
    own = [f"/proc/{pid}/{name}" for pid in ("self", "1") for name in os.listdir(f"/proc/{pid}")]
    return sorted(found + [path for path in (*own, "/proc/sysrq-trigger") if _can_open(path, os.O_WRONLY)])


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _can_make(folder: str) -> bool:
    path = f"{folder.rstrip('/')}/.probe"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.unlink(path)
    except OSError:
        return False
    return True


def _can_open(path: str, flags: int) -> bool:
    try:
        os.close(os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW))
    except OSError:
        return False
    return True


def limits() -> dict[str, list[int]]:
    """Name to [soft, hard]; -1 is no limit."""
    kinds = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: list(resource.getrlimit(getattr(resource, name))) for name in kinds}


def scores() -> dict[str, int]:
    """How early the kernel takes this process when memory runs out, and how nice it is."""
    return {
        "oom_score_adj": int(_read("/proc/self/oom_score_adj")),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
    }


def environment() -> dict[str, "Any"]:
    """The program's variables, and those its interpreter was started with, which ``/proc`` still shows."""
    started = [item.partition("=")[0] for item in _read("/proc/self/environ").split("\0") if item]
    return {"now": dict(os.environ), "started": sorted(started)}


def interfaces() -> dict[str, bool]:
    """Network interface to whether it is up. Asked by number: a fresh namespace counts from 1."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for number in range(1, _MOST_INTERFACES):
            try:
                record = fcntl.ioctl(asker, _SIOCGIFNAME, struct.pack("16si20x", b"", number))
                flags = fcntl.ioctl(asker, _SIOCGIFFLAGS, record)
            except OSError:
                continue
            found[record[:16].rstrip(b"\0").decode()] = bool(struct.unpack_from("H", flags, 16)[0] & _IFF_UP)
    return found


def reachable() -> dict[str, str]:
    """Address to what the kernel says when asked for a way there; ``ok``: there is one. Nothing is sent."""
    found = {}
    for family, address in _FAR:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as asker:
                asker.connect((address, 9))
            found[address] = "ok"
        except OSError as error:
            found[address] = _error_name(error.errno)
    return found


def names() -> dict[str, str]:
    """What this machine calls itself in here."""
    return {"host": socket.gethostname()}


def process_1() -> list[str]:
    """What of process 1 could be opened."""
    paths = [f"/proc/1/{name}" for name in _OF_PROCESS_1]
    return [path for path in paths if _can_open(path, os.O_RDONLY) or _leads_somewhere(path)]


def _leads_somewhere(path: str) -> bool:
    try:
        os.readlink(path)
    except OSError:
        return False
    return True


def calls(asked: list["Call"]) -> dict[str, str]:
    """Label to what the kernel answered: ``ok``, an error's name, or ``none`` where the child ended before it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(_SECONDS)
        for _, number, arguments in asked:
            os.write(writer, f"{_call(number, arguments)}\n".encode())
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="ascii") as answers:
        told = answers.read().split()
    os.waitpid(child, 0)
    told += ["none"] * (len(asked) - len(told))  # ended before it came to them
    return {label: answer for (label, _, _), answer in zip(asked, told, strict=True)}


def _call(number: int, arguments: list[int]) -> str:
    ctypes.set_errno(0)
    result = _libc.syscall(ctypes.c_long(number), *(ctypes.c_long(value) for value in arguments))
    return _error_name(ctypes.get_errno()) if result == -1 else "ok"


def entries() -> dict[str, str]:
    """The kernel's other two doors: ``ok`` if a call through one came back, else the signal that ended it."""
    return {"x32": _in_child(lambda: _call(_X32_GETPID, [])), "int 0x80": _in_child(_through_int_80)}


def _through_int_80() -> str:
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(_INT_80)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    return "ok" if result > 0 else _error_name(-result)


def _in_child(attempt: "Callable[[], str]") -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, attempt().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="ascii") as answer:
        told = answer.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return signal.Signals(-ended).name if ended < 0 else told or "none"


#: Descriptors and processes first: others open some, and start some.
PARTS = (
    *(descriptors, pids, status, attributes, namespaces, maps, mounts, writable, limits, scores),
    *(environment, interfaces, reachable, names, process_1, entries),
)

if __name__ == "__main__":
    main()
