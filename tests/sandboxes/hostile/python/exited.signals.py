# Every signal to everybody: the supervisor stays, and so does its word.
import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    for target in (-1, 1, os.getppid()):
        try:
            os.kill(target, number)
        except OSError:
            pass
try:
    signal.pidfd_send_signal(os.pidfd_open(1), signal.SIGKILL)
except OSError:
    pass
print("held", flush=True)
os._exit(0)
