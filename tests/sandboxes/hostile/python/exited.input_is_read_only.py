# The input is nobody's to change.
import fcntl
import mmap
import os

found = []
for number in (0,):
    for change in (
        lambda: os.write(number, b"x"),
        lambda: os.ftruncate(number, 5),
        lambda: fcntl.fcntl(number, 1033, 0),  # F_ADD_SEALS
        lambda: os.write(os.open(f"/proc/self/fd/{number}", os.O_RDWR), b"x"),
        lambda: mmap.mmap(number, 4096, mmap.MAP_SHARED, mmap.PROT_WRITE),
    ):
        try:
            change()
            found.append(change.__code__.co_names)
        except (OSError, ValueError):
            pass
print(found or "held")
