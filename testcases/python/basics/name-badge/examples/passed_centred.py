name = input().strip()
width = len(name) + 2
for middle, fill, edge in (("", "-", "+"), (name, " ", "|"), ("", "-", "+")):
    print(f"{edge}{middle:{fill}^{width}}{edge}")
