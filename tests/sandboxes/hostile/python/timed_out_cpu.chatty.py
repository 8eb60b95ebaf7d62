# Prints all the time, and little: nobody is left a quiet moment to look at the clock.
import os

for byte in range(60_000):
    os.write(1, b".")
    for _ in range(20_000):
        pass
