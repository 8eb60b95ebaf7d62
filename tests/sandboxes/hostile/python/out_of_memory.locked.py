# Locked memory is little; unlocked memory has its limit.
import ctypes

libc = ctypes.CDLL(None)
if libc.mlockall(3) == 0:
    print("escaped: mlockall")
held = [bytearray(1 << 24) for _ in range(1000)]
