# limits: wall_ms=1000
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
