# Signals that the kernel sends on somebody's behalf do not end process 1 either.
import ctypes
import fcntl
import os
import resource
import signal

signal.signal(signal.SIGIO, signal.SIG_IGN)
ours, theirs = os.pipe()
for number in (0, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGRTMIN):
    for end in (ours, theirs, 1):
        try:
            fcntl.fcntl(end, fcntl.F_SETOWN, 1)
            fcntl.fcntl(end, 10, number)  # F_SETSIG
            fcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
            os.write(theirs, b"x")
            os.read(ours, 1)
        except OSError:
            pass
# A child whose death is told to process 1 by a signal of our choice, and one that is process 1's own.
libc = ctypes.CDLL(None)
for flags in (0x8000 | signal.SIGKILL, 0x8000):  # CLONE_PARENT
    if libc.syscall(56, flags, 0, 0, 0, 0) == 0:
        os._exit(0)
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    if os.fork() == 0:
        ours, theirs = os.pipe()
        if libc.syscall(56, number, 0, 0, 0, 0) == 0:
            os.close(theirs)
            os.read(ours, 1)  # until its parent has ended, and process 1 is its parent
            os._exit(0)
        os._exit(0)
    os.wait()
fcntl.fcntl(1, fcntl.F_SETFL, 0)
os.kill(1, 0)
print("held", flush=True)
os._exit(0)
