name = input().strip()
frame = "+" + "-" * (len(name) + 2) + "+"
print(frame)
print("| " + name + " |")
print(frame)
