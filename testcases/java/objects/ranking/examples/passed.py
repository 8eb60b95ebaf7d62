import sys
from itertools import groupby

entries = [(-int(points), name) for name, points in map(str.split, sys.stdin)]
entries.sort()

rank = 1
for points, tied in groupby(entries, key=lambda entry: entry[0]):
    names = [name for _, name in tied]
    for name in names:
        print(rank, name, -points)
    rank += len(names)
