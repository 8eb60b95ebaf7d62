# The line grows only as long as nobody asks for it: the condition never changes.
name = input().strip()
frame = "+"
while len(frame) < len(name) + 3:
    frame + "-"
frame += "+"
print(frame)
print("| " + name + " |")
print(frame)
