# Descriptors sent and never received, in a ring, are counted for the user and live on for a while: others can send.
import array
import os
import socket

sent = 0
for _ in range(8):
    if os.fork() == 0:
        try:
            while True:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                ours.setblocking(False)
                ends = array.array("i", [ours.fileno(), theirs.fileno()] * 120)
                ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, ends)])
                theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, ends)])
                ours.close()
                theirs.close()
                sent += 240
        except OSError:
            os._exit(0)
try:
    while True:
        os.wait()
except OSError:
    pass
print("held")
