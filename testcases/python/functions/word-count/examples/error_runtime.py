# A word that is counted for the first time is not in the dictionary yet: KeyError.
import re
import sys

counts = {}
for word in re.findall("[a-z]+", sys.stdin.read().lower()):
    counts[word] += 1
for word, count in counts.items():
    print(word, count)
