# A subreaper keeps its orphans from process 1, and never looks at them.
import ctypes
import os
import time

ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
for _ in range(6):
    if os.fork() == 0:
        if os.fork() == 0:
            until = time.process_time() + 0.15
            while time.process_time() < until:
                pass
            os._exit(0)
        os._exit(0)
    time.sleep(0.16)
time.sleep(60)
