# For less than ten syllables the number has one digit.
syllables = int(input())
word = "ta" * syllables
print(f"{word.capitalize()}-{syllables}")
