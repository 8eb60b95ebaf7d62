import sys

text = sys.stdin.read()

# Cut the text into words, count them, and print one line for each.
for word in text.split():
    print(word, 1)
