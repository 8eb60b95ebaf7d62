def move(letter, shift, first):
    return chr((ord(letter) - ord(first) + shift) % 26 + ord(first))


def caesar(text, shift):
    result = ""
    for letter in text:
        if "a" <= letter <= "z":
            result += move(letter, shift, "a")
        elif "A" <= letter <= "Z":
            result += move(letter, shift, "A")
        else:
            result += letter
    return result
