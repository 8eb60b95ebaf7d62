# A text cannot be changed in place: TypeError.
syllables = int(input())
password = "ba" * syllables + "-10"
password[0] = "B"
print(password)
