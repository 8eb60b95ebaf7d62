# A number cannot be added to a text: TypeError.
name = input().strip()
frame = "+" + "-" * (len(name) + 2) + "+"
print(frame)
print("| " + name + " |" + 0)
print(frame)
