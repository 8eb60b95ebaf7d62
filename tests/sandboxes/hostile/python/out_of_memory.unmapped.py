# only: boxed single-use
# limits: cpu_ms=6000 wall_ms=20000
# because: pages that no process maps are nobody's resident memory; only a container's control group counts them
import ctypes
import mmap

libc = ctypes.CDLL(None)
held = []
while True:
    piece = mmap.mmap(-1, 1 << 24)
    piece.write(b"x" * (1 << 24))
    piece.madvise(mmap.MADV_DONTNEED)
    held.append(piece)
