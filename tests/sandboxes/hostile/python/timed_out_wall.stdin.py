# limits: wall_ms=1000
# Waits for ever on a pipe of its own, all signals blocked.
import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
ours, _theirs = os.pipe()
os.read(ours, 1)
