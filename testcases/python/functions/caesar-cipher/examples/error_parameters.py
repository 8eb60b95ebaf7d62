# The function takes one argument only; the call has two.
def caesar(text):
    return "".join(chr((ord(c) - ord("a") + 3) % 26 + ord("a")) for c in text)
