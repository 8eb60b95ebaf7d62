# Floods through every name its outputs have, from many processes at once.
import os

for _ in range(4):
    os.fork()
again = os.open("/proc/self/fd/2", os.O_WRONLY)
while True:
    os.write(again, b"\xff\0\x1b[2J" * 5000)
