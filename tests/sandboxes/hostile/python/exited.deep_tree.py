# A tree too deep for any path, closed to everybody, under names that are no text.
import os

os.chdir("/tmp")
for depth in range(3000):
    name = b"\xff\n\x1b[2J" + b"d" * 100
    os.mkdir(name)
    os.chdir(name)
os.chmod(".", 0)
print("held")
