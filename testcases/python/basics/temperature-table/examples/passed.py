count = int(input())
for _ in range(count):
    text, scale = input().split()
    temperature = float(text)
    if scale == "C":
        print(temperature * 9 / 5 + 32)
    else:
        print((temperature - 32) * 5 / 9)
