# The marks of 0 and 1 were never taken off.
import sys
from itertools import accumulate

LIMIT = 1_000_000

prime = bytearray([1]) * (LIMIT + 1)
for number in range(2, int(LIMIT**0.5) + 1):
    if prime[number]:
        multiples = range(number * number, LIMIT + 1, number)
        prime[multiples.start :: number] = bytes(len(multiples))

count_up_to = list(accumulate(prime))

for x in sys.stdin.read().split()[1:]:
    print(count_up_to[int(x)])
