# returns: 7
# A thread that goes on after the answer, and a child that holds the channel open.
import os
import threading
import time

threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)


def add(a, b):
    return 7
