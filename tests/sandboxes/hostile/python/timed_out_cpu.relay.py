# Orphans hand over to each other before anybody can look at them for long.
import os
import time

if os.fork():
    time.sleep(60)
while True:
    until = time.process_time() + 0.03
    while time.process_time() < until:
        pass
    if os.fork():
        os._exit(0)
