# Grows between two bytes of output, and leaves nobody a quiet moment to look.
import os

held = []
for byte in range(60_000):
    os.write(1, b".")
    held.append(b"x" * 100_000)
