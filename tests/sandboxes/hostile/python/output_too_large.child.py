# The program has long ended well when its child floods; it waits for it, so both count.
import os

pid = os.fork()
if pid == 0:
    while True:
        os.write(1, b"x" * 4096)
os.waitpid(pid, 0)
