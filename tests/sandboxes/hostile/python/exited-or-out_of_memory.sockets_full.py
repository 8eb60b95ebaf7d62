# limits: cpu_ms=4000 wall_ms=8000
# Socket and pipe buffers are the kernel's memory and no process's: they have an end, and they go.
import fcntl
import os
import socket

held = []
try:
    while True:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
        held.append((ours, theirs))
        try:
            while True:
                ours.send(bytes(1 << 16))
        except BlockingIOError:
            pass
except OSError:
    pass
held.clear()
try:
    while True:
        reader, writer = os.pipe()
        held.append((reader, writer))
        try:
            fcntl.fcntl(writer, 1031, 1 << 20)
        except OSError:
            pass
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, bytes(1 << 16))
        except BlockingIOError:
            pass
except OSError:
    pass
os.write(1, b"held\n")
os._exit(0)
