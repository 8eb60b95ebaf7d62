import sys

questions = [int(line) for line in sys.stdin.read().split()[1:]]

for x in questions:
    # How many primes are at most x?
    print(x)
