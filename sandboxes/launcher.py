"""Makes boxes, one for every case. A long-lived process that never sees a learner's data, only asks for boxes.

Started by the runner as ``python3 -B launcher.py SOCKET-FD CONFIG``, in the interpreter that Python submissions get, so
that a warm start is a fork of it. It moves into a user and mount namespace of its own, builds the read-only root that
all boxes share (system directories, six devices, nothing else), and then answers each request on its socket with a
cloned box: the request carries the box's end of a socket pair, the answer its pid and a pidfd.

Every box is a copy of this process's memory. It must therefore hold nothing worth reading: no request, no source, no
input ever passes through here.
"""

import _signal  # pyright: ignore[reportMissingImports]
import gc
import marshal
import os
import sys
from _socket import socket

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sandboxes import box, kernel, zygote
from sandboxes.job import CODE, READY, Job
from sandboxes.maker import Maker

_ACCOUNTS = {
    "passwd": f"root:x:0:0:root:/root:/bin/sh\nlearner:x:{box.LEARNER_ID}:{box.LEARNER_ID}::/tmp:/bin/sh\n",
    "group": f"root:x:0:\nlearner:x:{box.LEARNER_ID}:\n",
    "hosts": f"127.0.0.1 localhost {box.HOSTNAME}\n",
}
_STAGE = "/tmp"
_NAMESPACES = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS


def main() -> Job | None:
    """Serves until the runner goes away. Returns a job in the process that is to become a program."""
    requests = socket(fileno=int(sys.argv[1]))
    kernel.die_with_parent(9)
    # The runner's choices end here: boxes get the kernel's own answers, which also keep their process 1 from being
    # interrupted from inside.
    for number in (_signal.SIGINT, _signal.SIGHUP, _signal.SIGUSR1, _signal.SIGUSR2):
        _signal.signal(number, _signal.SIG_DFL)
    visible, program_filter, environment, library = marshal.loads(requests.recv(1 << 16))
    user, group = os.getuid(), os.getgid()
    maker = Maker(library, user, group, program_filter)
    before = kernel.namespaces()
    kernel.unshare(_NAMESPACES)
    kernel.expect_fresh(_NAMESPACES, before)
    box.map_ids((user, user), (group, group))
    build_root(visible)
    kernel.set_dumpable(False)
    zygote.prepare(environment)
    gc.collect()
    gc.freeze()
    gc.disable()  # until a program runs: a collection in a box would touch, and so copy, half of its memory
    requests.send(READY)
    return maker.serve(requests)


def build_root(visible: list[list[str]]) -> None:
    """Builds the boxes' read-only root on a fresh tmpfs and moves into it; ``visible`` adds [source, target] pairs."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    visible = [[os.path.realpath(source), target] for source, target in visible]
    sources = {source: os.open(source, os.O_PATH | os.O_CLOEXEC) for source, _ in visible}
    kernel.mount("tmpfs", _STAGE, "tmpfs", kernel.MS_NOSUID, "size=1m,mode=755")
    for path in box.SYSTEM:
        _show(path, _STAGE + path)
    os.mkdir(f"{_STAGE}/etc")
    for name in box.SETTINGS:
        _show(f"/etc/{name}", f"{_STAGE}/etc/{name}")
    for name, text in _ACCOUNTS.items():
        with open(f"{_STAGE}/etc/{name}", "w") as file:
            file.write(text)
    for source, target in visible:
        os.makedirs(_STAGE + target, exist_ok=True)
        kernel.mount(
            f"/proc/self/fd/{sources[source]}", _STAGE + target, None, kernel.MS_BIND | kernel.MS_REC
        )
        os.close(sources[source])
    kernel.set_mount_attributes(_STAGE, kernel.MOUNT_ATTR_NODEV, recursive=True)
    _make_devices()
    for path in ("/proc", "/tmp", CODE):
        os.makedirs(_STAGE + path, exist_ok=True)
    kernel.set_mount_attributes(_STAGE, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID, recursive=True)
    # A box may mount its own /proc only where one is in sight already, and writes its id maps through it before; the
    # box's own covers this one.
    kernel.mount("/proc", f"{_STAGE}/proc", None, kernel.MS_BIND | kernel.MS_REC)
    kernel.change_root(_STAGE)


def _show(source: str, target: str) -> None:
    if os.path.islink(source) and source in box.SYSTEM:
        os.symlink(os.readlink(source), target)
    elif os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
        kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)
    elif os.path.exists(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o644))
        kernel.mount(os.path.realpath(source), target, None, kernel.MS_BIND)


def _make_devices() -> None:
    os.mkdir(f"{_STAGE}/dev")
    for name in box.DEVICES:
        target = f"{_STAGE}/dev/{name}"
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT, 0o666))
        kernel.mount(f"/dev/{name}", target, None, kernel.MS_BIND)
    os.mkdir(f"{_STAGE}/dev/shm")
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{_STAGE}/dev/{name}")


if __name__ == "__main__":
    job = main()
    if job is not None:
        zygote.run(job)
