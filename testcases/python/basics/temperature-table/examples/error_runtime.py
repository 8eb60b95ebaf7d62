# input() gives text, and range() wants a number: TypeError.
count = input()
for _ in range(count):
    text, scale = input().split()
    temperature = float(text)
    if scale == "C":
        print(temperature * 9 / 5 + 32)
    else:
        print((temperature - 32) * 5 / 9)
