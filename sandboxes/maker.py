"""`box.c` as Python calls it: the launcher stays in it, and only what Python is to do comes back."""

import ctypes
from _socket import socket

from sandboxes import box
from sandboxes.job import CODE, Job

_MOST_FDS, _MOST_MESSAGE = 8, 64 * 1024
_PROGRAM = 1


class _Mounting(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("target", ctypes.c_char_p),
        ("options", ctypes.c_char_p),
        ("flags", ctypes.c_ulong),
    )


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


class _Plan(ctypes.Structure):
    _fields_ = (
        ("namespaces", ctypes.c_ulong),
        ("uid_map", ctypes.c_char_p),
        ("gid_map", ctypes.c_char_p),
        ("oom_score", ctypes.c_char_p),
        ("hostname", ctypes.c_char_p),
        ("folder", ctypes.c_char_p),
        ("mounts", ctypes.POINTER(_Mounting)),
        ("mount_count", ctypes.c_long),
        ("filter", _Filter),
        ("open_files", ctypes.c_long),
    )


class _Outcome(ctypes.Structure):
    _fields_ = (
        ("fds", ctypes.c_int * _MOST_FDS),
        ("link", ctypes.c_int),
        ("control", ctypes.c_int),
        ("size", ctypes.c_int),
        ("status", ctypes.c_long),
        ("cpu_us", ctypes.c_long),
        ("wall_us", ctypes.c_long),
        ("peak_kib", ctypes.c_long),
        ("not_compiled", ctypes.c_long),
        ("message", ctypes.c_char * _MOST_MESSAGE),
    )


class Maker:
    """The compiled library, loaded, and everything worked out that is the same for all boxes.

    ``user`` and ``group`` are the launcher's outside of boxes: a box cannot ask, until its ids are mapped it is nobody.
    """

    def __init__(self, library: str, user: int, group: int, program_filter: bytes) -> None:
        # PyDLL keeps the interpreter lock: around a clone no other code of this process may run.
        self._serve = ctypes.PyDLL(library).serve
        self._before, self._after = ctypes.pythonapi.PyOS_BeforeFork, ctypes.pythonapi.PyOS_AfterFork_Child
        rows = [
            _Mounting(kind.encode(), target.encode(), options.encode(), flags)
            for kind, target, flags, options in box.mounts()
        ]
        self._plan = _Plan(
            box.NAMESPACES,
            f"{box.LEARNER_ID} {user} 1".encode(),
            f"{box.LEARNER_ID} {group} 1".encode(),
            str(box.OOM_SCORE_ADJ).encode(),
            box.HOSTNAME.encode(),
            CODE.encode(),
            (_Mounting * len(rows))(*rows),
            len(rows),
            _Filter(len(program_filter) // 8, program_filter),
            box.OPEN_FILES,
        )
        self._outcome = _Outcome()

    def serve(self, requests: socket) -> Job | None:
        """Makes a box for each request until the runner goes away. Returns a job in the process that is to become a
        program by this interpreter."""
        out = self._outcome
        # Python's own part of a fork: the first half here, once for all boxes, the second where Python goes on.
        self._before()
        word = self._serve(requests.fileno(), ctypes.byref(self._plan), ctypes.byref(out))
        if not word:
            return None
        self._after()
        requests.detach()  # closed already, and its number may be the program's
        if word != _PROGRAM:
            facts = out.status, out.cpu_us, out.wall_us, out.peak_kib
            box.collect(socket(fileno=out.link), list(out.fds), facts)
        job = Job.unpack(ctypes.string_at(ctypes.addressof(out) + _Outcome.message.offset, out.size))
        job.control = out.control
        return job
