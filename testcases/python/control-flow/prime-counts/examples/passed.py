import sys
from itertools import accumulate

LIMIT = 1_000_000

prime = bytearray([1]) * (LIMIT + 1)
prime[0] = prime[1] = 0
for number in range(2, int(LIMIT**0.5) + 1):
    if prime[number]:
        multiples = range(number * number, LIMIT + 1, number)
        prime[multiples.start :: number] = bytes(len(multiples))

count_up_to = list(accumulate(prime))

questions = sys.stdin.read().split()[1:]
print("\n".join(str(count_up_to[int(x)]) for x in questions))
