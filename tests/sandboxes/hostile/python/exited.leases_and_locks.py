# only: boxed single-use
# because: without a container the files below the system directories are the machine's own
# A lease on a shared file is refused; a lock is this container's own and goes with its process.
import fcntl
import os

found = []
if os.fork() == 0:
    for path in ("/usr/bin/python3", "/usr/lib", "/etc/passwd", "/bin/sh", "/dev/null", "/opt/harness"):
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            found.append(path)
    os._exit(bool(found))
if os.wait()[1]:
    print("a lock is held")
for path in ("/usr/bin/python3", "/etc/passwd", "/opt/harness/python/harness.py"):
    handle = os.open(path, os.O_RDONLY)
    for kind in (fcntl.F_RDLCK, fcntl.F_WRLCK):
        try:
            fcntl.fcntl(handle, fcntl.F_SETLEASE, kind)
            found.append(("lease", path))
        except OSError:
            pass
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found.append(("lock", path))
    except OSError:
        pass
print(found or "held")
