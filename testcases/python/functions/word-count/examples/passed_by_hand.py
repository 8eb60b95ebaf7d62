# Letter by letter, and the most frequent word first: the order is free.
import sys


def count_words(text):
    counts = {}
    word = ""
    for letter in text.lower() + "\n":
        if "a" <= letter <= "z":
            word += letter
        elif word:
            counts[word] = counts.get(word, 0) + 1
            word = ""
    return counts


counts = count_words(sys.stdin.read())
for word in sorted(counts, key=counts.get, reverse=True):
    print(word, counts[word])
