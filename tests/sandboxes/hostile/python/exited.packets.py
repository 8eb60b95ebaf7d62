# A pipe of one-byte packets costs the reader a call for each: the reader bears it, and what comes out is all of it.
import fcntl
import os

os.write(1, b"held\n")
fcntl.fcntl(1, fcntl.F_SETFL, os.O_DIRECT)
for _ in range(4000):
    os.write(1, b"x")
