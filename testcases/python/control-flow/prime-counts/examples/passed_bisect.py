# The primes in order; a binary search tells how many of them are at most x.
import sys
from bisect import bisect_right

questions = [int(x) for x in sys.stdin.read().split()[1:]]
limit = max(2, *questions, 2)

marked = bytearray(limit + 1)
primes = []
for number in range(2, limit + 1):
    if not marked[number]:
        primes.append(number)
        if number * number <= limit:
            marked[number * number :: number] = b"\x01" * len(range(number * number, limit + 1, number))

for x in questions:
    print(bisect_right(primes, x))
