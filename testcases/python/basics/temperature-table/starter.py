count = int(input())
for _ in range(count):
    temperature, scale = input().split()
    # Convert the temperature to the other scale.
    print(temperature)
