# limits: cpu_ms=3000 wall_ms=10000
# What the kernel counts for a user as a whole, taken until it says no: the next case gets all it needs.
import ctypes
import os
import resource

libc = ctypes.CDLL(None, use_errno=True)
for _ in range(10):
    if os.fork() == 0:
        while libc.syscall(294, 0) >= 0:  # inotify_init1
            pass
        queued = (ctypes.c_char * 128)()
        ctypes.memmove(queued, (ctypes.c_int * 3)(0, 0, -1), 12)
        mask = ctypes.c_ulong((1 << 64) - 1)
        libc.syscall(14, 0, ctypes.byref(mask), None, 8)
        timers = 0
        record = (ctypes.c_int * 16)()
        for _number in range(100_000):
            if libc.syscall(129, os.getpid(), 40, queued) != 0:  # rt_sigqueueinfo
                break
        for _number in range(100_000):
            if libc.syscall(222, 1, None, record) != 0:  # timer_create
                break
        os._exit(0)
try:
    while True:
        os.wait()
except OSError:
    pass
print("held")
