# A daemon, two forks and a session away, ends with the program.
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open("/tmp/alive", "a").write("x")
            time.sleep(0.01)
    os._exit(0)
os.wait()
print("held", flush=True)
