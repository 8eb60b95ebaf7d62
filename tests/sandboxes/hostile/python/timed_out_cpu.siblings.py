# Children given away to process 1 burn the processor; the one that made them sleeps.
import ctypes
import os
import time

libc = ctypes.CDLL(None)
while True:
    if libc.syscall(56, 0x8000, 0, 0, 0, 0) == 0:
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass
        os._exit(0)
    time.sleep(0.05)
