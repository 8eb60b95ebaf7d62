import os
import time

print("held", flush=True)
for number in (0, 1, 2):
    os.close(number)
time.sleep(0.1)
os._exit(0)
