import re
import sys
from collections import Counter


def words(text):
    return re.findall("[a-z]+", text.lower())


for word, count in Counter(words(sys.stdin.read())).items():
    print(word, count)
