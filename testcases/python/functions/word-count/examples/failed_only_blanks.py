# Cuts at blanks and line breaks only: "dog." and "dog?" are two words here.
import sys

counts = {}
for word in sys.stdin.read().lower().split():
    counts[word] = counts.get(word, 0) + 1
for word, count in counts.items():
    print(word, count)
