# No descriptor of ours is open behind the first three, and writing to all of them changes nothing.
import os

found = []
for number in range(3, 1024):
    try:
        os.write(number, b'\0\0\0\x20\0\0\0\x10{"type":"done"}')
        found.append(number)
    except OSError:
        pass
for number in (0, 1, 2):
    kind = os.readlink(f"/proc/self/fd/{number}").split(":")[0]
    if kind not in ("/memfd", "pipe"):
        found.append(kind)
try:
    os.write(os.open("/proc/self/fd/0", os.O_RDWR), b"x")
    found.append("the input")
except OSError:
    pass
print(found or "held")
