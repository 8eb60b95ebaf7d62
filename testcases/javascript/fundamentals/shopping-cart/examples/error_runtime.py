# int() does not read decimals: ValueError.
import sys

total = 0
for line in sys.stdin:
    name, quantity, price = line.split()
    cost = int(quantity) * int(price)
    print(name, cost)
    total += cost
print("total", total)
