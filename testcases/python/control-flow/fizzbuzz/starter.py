n = int(input())

for number in range(1, n + 1):
    # Decide what to print for this number.
    print(number)
