syllables = int(input())

# Build the password: the syllables, a hyphen, two digits.
password = "ba" * syllables
print(password)
