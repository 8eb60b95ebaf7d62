# The output pipe made as small as can be, and read by its writer: only its own words are lost.
import fcntl
import os

os.write(1, b"held\n")
fcntl.fcntl(1, 1031, 4096)  # F_SETPIPE_SZ
fcntl.flock(1, fcntl.LOCK_EX)
again = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
while any(fcntl.ioctl(again, 0x541B, bytes(4))):  # FIONREAD: until those words have been taken
    pass
os.write(1, b"lost, or not\n")
if os.fork() == 0:
    os.read(again, 5)
    os._exit(0)
os._exit(0)
