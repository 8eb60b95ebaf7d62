name = input()

# Print three lines: the frame above, the name, the frame below.
print(name)
