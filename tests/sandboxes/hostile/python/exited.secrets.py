# The environment, the file system and the descriptors hold nothing but what a program needs.
import os
import socket

found = []
extra = set(os.environ) - {"PATH", "HOME", "LANG"}
if extra:
    found.append(extra)
roots = set(os.listdir("/")) - set("bin code dev etc lib lib32 lib64 libx32 opt proc sbin tmp usr".split())
if roots:
    found.append(roots)
accounts = {"alternatives", "group", "hosts", "java-17-openjdk", "java-21-openjdk", "ld.so.cache", "ld.so.conf"}
settings = set(os.listdir("/etc")) - accounts - {"localtime", "passwd", "ssl"}
if settings:
    found.append(settings)
if set(os.listdir("/dev")) - {"null", "zero", "full", "random", "urandom", "shm", "fd", "stdin", "stdout", "stderr"}:
    found.append(os.listdir("/dev"))
if os.listdir("/opt") != ["harness"] or os.listdir("/tmp") or os.listdir("/dev/shm"):
    found.append("leftovers")
if os.listdir("/code") != ["main.py"]:
    found.append(os.listdir("/code"))
if (os.getuid(), os.geteuid(), os.getgid()) != (1000, 1000, 1000) or set(os.getgroups()) - {1000, 65534}:
    found.append((os.getuid(), os.getgid(), os.getgroups()))
if socket.gethostname() != "box":
    found.append(socket.gethostname())
print(found or "held")
