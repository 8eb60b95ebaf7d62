import random

VOWELS = "aeiou"
CONSONANTS = "bcdfghjklmnpqrstvwxyz"

syllables = int(input())
password = ""
for _ in range(syllables):
    password += random.choice(CONSONANTS) + random.choice(VOWELS)
print(f"{password.capitalize()}-{random.randrange(100):02d}")
