# Advances by one item instead of by one piece.
def chunk(items, size):
    return [items[start : start + size] for start in range(len(items))]
