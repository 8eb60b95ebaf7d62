# reverse=True turns round the names of a tie as well.
import sys

entries = []
for line in sys.stdin:
    name, points = line.split()
    entries.append((int(points), name))
entries.sort(reverse=True)

rank = 0
for position, (points, name) in enumerate(entries, start=1):
    if position == 1 or points != entries[position - 2][0]:
        rank = position
    print(rank, name, points)
