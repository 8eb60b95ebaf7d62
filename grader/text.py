"""Makes what a program wrote fit to be stored and shown: the one place where hostile bytes become text.

A database refuses NUL, JSON refuses half of a surrogate pair, nobody wants a gigabyte. Terminal codes stay:
whoever prints to a terminal strips them there.
"""


def clean_text(data: bytes | str, limit: int) -> str:
    """``data`` as text of at most ``limit`` characters, and a marker behind it if that was not all.

    What is not UTF-8, and NUL, become U+FFFD. Takes time and memory by ``limit``, not by the size of
    ``data``.
    """
    if isinstance(data, str):
        data = data[: limit + 1].encode("utf-8", "surrogatepass")
        cut = ""
    else:
        cut = f"\n[cut: {len(data):,} bytes in all]"
    # A character has at most four bytes, and what stands for a broken one comes from at least one.
    text = data[: 4 * (limit + 1)].decode("utf-8", "replace").replace("\0", "\ufffd")
    return text if len(text) <= limit else text[:limit] + (cut or "\n[cut]")
