# Texts cannot be negative: "bad operand type for unary -".
import sys

entries = [line.split() for line in sys.stdin]
entries.sort(key=lambda entry: (-entry[1], entry[0]))
for rank, (name, points) in enumerate(entries, start=1):
    print(rank, name, points)
