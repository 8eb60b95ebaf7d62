# Temporary files have a limit of their own, in bytes and in number.
import os

written = 0
chunk = bytes(1 << 20)
for folder in ("/tmp", "/dev/shm", "/code"):
    for part in range(4):
        try:
            with open(f"{folder}/big{part}", "wb", buffering=0) as file:
                while True:
                    written += file.write(chunk)
        except OSError:
            pass
made = 0
try:
    while True:
        os.mkdir(f"/tmp/{made}")
        made += 1
except OSError:
    pass
for folder in ("/tmp", "/dev/shm", "/code"):
    for part in range(4):
        if os.path.exists(f"{folder}/big{part}"):
            os.unlink(f"{folder}/big{part}")
print("held" if written <= 3 * 64 << 20 and made <= 4096 else (written, made))
