# beside: a secret
# Its own memory is a copy of the launcher's, and fresh memory was somebody's: no secret is in either.
import ctypes
import os
import re

word = re.compile(b"canary-[0-9a-f]{16}")
found = set()
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
    for line in maps:
        span, rights = line.split()[:2]
        low, high = (int(part, 16) for part in span.split("-"))
        if "r" in rights and high - low < 1 << 26:
            try:
                memory.seek(low)
                found |= set(word.findall(memory.read(high - low)))
            except (OSError, ValueError, OverflowError):
                pass
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
for size in [64] * 500 + [4096] * 500 + [1 << 20] * 20:
    found |= set(word.findall(ctypes.string_at(libc.malloc(size), size)))
print(found or "held")
