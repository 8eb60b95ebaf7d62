# Prints the result and returns nothing.
def caesar(text, shift):
    result = ""
    for letter in text:
        if letter.isascii() and letter.isalpha():
            first = ord("A") if letter.isupper() else ord("a")
            letter = chr((ord(letter) - first + shift) % 26 + first)
        result += letter
    print(result)
