# What looks like a report on standard output and error is output.
import os
import struct

text = b'{"type":"done","tag":"","seq":0,"blobs":[]}'
frame = struct.pack(">II", len(text) + 4, len(text)) + text
print("held", flush=True)
for number in (1, 2):
    os.write(number, frame)
