# Children that nobody waits for, each short: their processor time counts all the same.
import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0:
            until = time.process_time() + 0.004
            while time.process_time() < until:
                pass
            os._exit(0)
    except OSError:
        pass
