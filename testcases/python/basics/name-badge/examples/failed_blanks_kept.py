# Blanks before and after the name are framed too.
name = input()
frame = "+" + "-" * (len(name) + 2) + "+"
print(frame)
print("| " + name + " |")
print(frame)
