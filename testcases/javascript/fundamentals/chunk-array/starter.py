def chunk(items, size):
    """Returns the items in pieces of the given size; the last one may be shorter."""
    return [items]
