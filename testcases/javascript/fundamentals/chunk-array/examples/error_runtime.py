# The division gives 2.0, and range() takes whole numbers only: TypeError.
def chunk(items, size):
    pieces = []
    for number in range(len(items) / size):
        pieces.append(items[number * size : (number + 1) * size])
    return pieces
