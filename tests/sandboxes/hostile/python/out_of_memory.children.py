# Each of them stays below the limit; together they do not.
import os
import time

for _ in range(8):
    if os.fork() == 0:
        held = os.urandom(20 << 20)
        time.sleep(60)
time.sleep(60)
