# beside: a secret
# No file that can be seen holds a secret: none of an earlier submission, none of the worker, none of the host.
import os

found = []
for folder in ("/tmp", "/code", "/dev/shm", "/etc", "/opt", "/proc/self", "/proc/1"):
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("fd", "map_files", "cwd", "root", "task")]
        for name in names:
            path = f"{where}/{name}"
            if path in ("/proc/self/mem", "/proc/self/pagemap", "/code/main.py"):
                continue
            try:
                with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                    if b"canary-" in file.read(1 << 20):
                        found.append(path)
            except OSError:
                pass
for path in ("/root", "/home", "/var", "/run", "/srv", "/mnt", "/media", "/sys", "/boot", "/proc/sys", "/proc/net/tcp"):
    if os.path.exists(path) and not path.startswith("/proc/net"):
        found.append(path)
for path in ("/etc/shadow", "/etc/hostname", "/etc/resolv.conf", "/etc/machine-id", "/run/docker.sock", "/.dockerenv"):
    if os.path.exists(path):
        found.append(path)
print(found or "held")
