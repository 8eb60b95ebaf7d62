# Reads on after the last line: EOFError, whatever was right before.
while True:
    name, *words = input().split()
    if name == "reverse":
        print(words[0][::-1])
    elif name == "add":
        print(int(words[0]) + int(words[1]))
    elif name == "largest":
        print(max(map(int, words)))
    else:
        print("no function", name)
