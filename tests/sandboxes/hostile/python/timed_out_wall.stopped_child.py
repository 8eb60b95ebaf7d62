# limits: wall_ms=1000
# The whole group stopped, with a daemon that stops it again whenever it is woken.
import os
import signal
import time

parent = os.getpid()
if os.fork() == 0:
    os.setsid()
    while True:
        os.kill(parent, signal.SIGSTOP)
        time.sleep(0.01)
while True:
    time.sleep(1)
