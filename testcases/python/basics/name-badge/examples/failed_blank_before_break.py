# print() with an empty text at the end puts a blank before the line break: looks right, and is not.
name = input().strip()
frame = "+" + "-" * (len(name) + 2) + "+"
print(frame, "")
print("|", name, "|")
print(frame, "")
