from string import ascii_lowercase as small
from string import ascii_uppercase as capital


def caesar(text, shift):
    shift %= 26
    moved = small[shift:] + small[:shift] + capital[shift:] + capital[:shift]
    return text.translate(str.maketrans(small + capital, moved))
