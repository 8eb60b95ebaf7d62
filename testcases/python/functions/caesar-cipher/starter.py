def caesar(text, shift):
    """Returns the text with every letter a-z and A-Z moved on by shift places."""
    return text
