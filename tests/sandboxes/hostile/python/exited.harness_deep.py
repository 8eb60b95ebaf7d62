# returns: nothing
# A value without a bottom is refused before anybody has to read it.
def add(a, b):
    value = []
    value.append(value)
    return value
