# beside: a secret
# Another interpreter, the same box.
import os
import socket

found = []
if set(os.environ) - {"PATH", "HOME", "LANG", "PYPY_GC_NURSERY"}:
    found.append(sorted(os.environ))
for path in ("/proc/1/environ", "/proc/1/mem", "/etc/shadow", "/run/docker.sock"):
    try:
        found.append((path, open(path, "rb").read(10)))
    except OSError:
        pass
for folder in ("/tmp", "/dev/shm"):
    found += os.listdir(folder)
for number in range(3, 1024):
    try:
        os.write(number, b"x")
        found.append(number)
    except OSError:
        pass
try:
    socket.create_connection(("1.1.1.1", 80), 1)
    found.append("network")
except OSError:
    pass
os.kill(1, 9)
print(found or "held")
