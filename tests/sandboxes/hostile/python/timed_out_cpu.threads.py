# Many threads of one process together have one process's time.
import ctypes
import threading

for _ in range(12):
    # Without the interpreter's lock: sorting in C.
    threading.Thread(target=lambda: ctypes.CDLL(None).qsort, daemon=True).start()
import hashlib

def burn():
    while True:
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 1_000_000)

for _ in range(8):
    threading.Thread(target=burn, daemon=True).start()
burn()
