# The first letter stays small.
syllables = int(input())
print("lo" * syllables + "-77")
